"""Shards in a bucket: written, fetched by chunks, kept within the cap; moto plays S3 on this machine."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from groundwork.core.errors import UserError
from groundwork.data.shards.convert import _check_free
from groundwork.data.shards.place import Place, provider

pytestmark = pytest.mark.slow  # the server takes seconds to import


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    import boto3  # only here: every process of the tests reads this file, and these take seconds
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        given = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "us-east-1"}
        for name, value in {**given, "ENDPOINT_URL": f"http://{host}:{port}"}.items():
            patch.setenv(f"AWS_{name}", value)
        boto3.client("s3").create_bucket(Bucket="birds")
        yield "s3://birds"
    provider.cache_clear()
    server.stop()


@pytest.fixture(scope="module")
def remote(bucket: str, folder: Path, convert, tmp_path_factory: pytest.TempPathFactory) -> str:
    cache = tmp_path_factory.mktemp("s3") / "cache"
    convert(folder, cache, f"{bucket}/shards")
    assert not [*(cache / "shards").iterdir()]  # nothing stays on the machine that wrote them
    return f"{bucket}/shards"


def test_a_bucket_gives_the_batches_of_a_folder(remote: str, shards: Path, tmp_path: Path, of_shards) -> None:
    there, here = (of_shards(url, tmp_path / "cache", num_workers=2) for url in (remote, shards))
    for module in (there, here):
        module.setup()
    for one, other in zip(there.train_dataloader(), here.train_dataloader(), strict=True):
        assert torch.equal(one.index, other.index)
        assert torch.equal(one.inputs, other.inputs)
    assert there.info["image"] == here.info["image"]
    (entry,) = (tmp_path / "cache" / "shards").iterdir()
    train = {int(each) for each in np.unique(there.source.chunk[there.rows["train"]])}
    kept = {int(path.stem.split("-")[-1]) for path in entry.glob("*.bin")}
    assert kept == train  # chunks of val and test alone were not fetched
    with pytest.raises(UserError, match="must be an address without shards"):
        _check_free(remote)


def test_the_cache_keeps_what_was_used_last(remote: str, shards: Path, tmp_path: Path) -> None:
    size = (shards / "chunk-0-0.bin").stat().st_size
    place = Place(remote, tmp_path, 3 * size)
    for number in range(8):
        place.find(f"chunk-0-{number}.bin")
        place.find("chunk-0-0.bin")
    kept = {path.name for path in tmp_path.glob("*.bin")}
    assert {"chunk-0-0.bin", "chunk-0-7.bin"} <= kept
    assert len(kept) <= 3
    assert (tmp_path / "chunk-0-0.bin").read_bytes() == (shards / "chunk-0-0.bin").read_bytes()


def test_what_an_address_does_not_have_is_told(remote: str, tmp_path: Path, of_shards) -> None:
    with pytest.raises(UserError, match="has no shards to read"):
        of_shards("s3://birds/none", tmp_path).reader()
    with pytest.raises(UserError, match="cannot be read"):
        Place(remote, tmp_path, 10**9).find("chunk-0-999.bin")
    with pytest.raises(UserError, match="must hold 7 bytes"):
        Place(remote, tmp_path, 10**9).find("chunk-0-0.bin", 7)
    with pytest.raises(UserError, match="cannot be opened"):
        of_shards("ftp://birds/none", tmp_path).reader()
    assert not [*tmp_path.glob("chunk*"), *tmp_path.glob(".chunk*")]


def test_a_cache_must_hold_what_is_read_at_a_time(remote: str, tmp_path: Path, of_shards) -> None:
    with pytest.raises(UserError, match="must hold the 192 chunks"):
        of_shards(remote, tmp_path, cache_gb=1e-5).reader()
