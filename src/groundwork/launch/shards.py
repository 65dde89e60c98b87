"""A configuration -> its images as shards, and a word on what the pass found."""

from pathlib import Path

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.data import convert_images
from groundwork.data.shards.place import is_remote
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.own import refuse_own
from groundwork.train.prepare import build_data
from groundwork.train.samples import read_samples


def start(composition: Composition, url: str, console: Console) -> None:
    """Write the images of a configuration to a folder or an address."""
    if not url:
        raise UserError("shards must name a folder or an address, but got nothing. Add shards=FOLDER.")
    place = url.rstrip("/") if is_remote(url) else str(Path(url).expanduser().absolute())
    refuse_own(composition.config, "convert.py", data_alone=True)
    samples, target = read_samples(composition.config)
    console.say(target.why)
    config = composition.derive(target.task).config
    how = build_data(config, samples, target, console).how
    found = convert_images(samples, target, how, place, console)
    number = found["num_samples"]
    console.say(
        f"{sum(number.values()):,} images in {place}: {number['train']:,} train, {number['val']:,} val, "
        f"{number['test']:,} test (split {found['split_hash']})"
    )
    if found["duplicates"]:
        console.note(f"{found['duplicates']:,} images have the same pixels as an earlier one")
    if found["broken"]:
        console.note(f"{len(found['broken']):,} images cannot be read, and are not in the shards")
