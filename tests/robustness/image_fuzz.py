"""Damage image files in every way known to happen, build a store of them, and check that nothing is hidden.

    uv run tests/robustness/image_fuzz.py [number of files, default 1000]

Prints a table of kind of file, how many, how many were named as bad. Fails if the build crashes, if an intact
file is called bad, or if a broken one goes unnamed.
"""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from struct import pack
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from PIL import Image

from groundwork.data.samples import Samples
from groundwork.data.store.store import build_store

Maker = Callable[[np.random.Generator, Path], object]
SIZE = 48


def picture(rng: np.random.Generator, mode: str = "RGB", size: int = SIZE) -> Image.Image:
    coarse = rng.integers(0, 255, (4, 4, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((size, size + size // 9)), dtype=np.int16)
    noisy = np.clip(smooth + rng.integers(-9, 9, smooth.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(noisy).convert(mode)


def saved(mode: str, suffix: str, size: int = SIZE, **options: object) -> Maker:
    def make(rng: np.random.Generator, path: Path) -> None:
        picture(rng, mode, size).save(path.with_suffix(suffix), **options)

    return make


def deep(suffix: str) -> Maker:
    def make(rng: np.random.Generator, path: Path) -> None:
        values = rng.integers(0, 65535, (SIZE, SIZE), dtype=np.uint16)
        Image.fromarray(values).save(path.with_suffix(suffix))

    return make


def array(suffix: str) -> Maker:
    def make(rng: np.random.Generator, path: Path) -> None:
        values = np.asarray(picture(rng))
        write = np.save if suffix == ".npy" else np.savez_compressed
        write(path.with_suffix(suffix), values)

    return make


def oriented(rng: np.random.Generator, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = int(rng.integers(1, 9))
    picture(rng).save(path.with_suffix(".jpg"), exif=exif)


def animated(suffix: str) -> Maker:
    def make(rng: np.random.Generator, path: Path) -> None:
        frames = [picture(rng) for _ in range(3)]
        frames[0].save(path.with_suffix(suffix), save_all=True, append_images=frames[1:])

    return make


def transparent_palette(rng: np.random.Generator, path: Path) -> None:
    picture(rng, "P").save(
        path.with_suffix(".png"), transparency=bytes(rng.integers(0, 255, 256, dtype=np.uint8))
    )


INTACT: dict[str, Maker] = {
    "jpeg": saved("RGB", ".jpg"),
    "jpeg progressive": saved("RGB", ".jpg", progressive=True),
    "jpeg grey": saved("L", ".jpg"),
    "jpeg cmyk": saved("CMYK", ".jpg"),
    "png": saved("RGB", ".png"),
    "png rgba": saved("RGBA", ".png"),
    "png la": saved("LA", ".png"),
    "png 1 bit": saved("1", ".png"),
    "png palette": saved("P", ".png"),
    "png palette transparent": transparent_palette,
    "png 1 x 1": saved("RGB", ".png", size=1),
    "gif": saved("P", ".gif"),
    "gif animated": animated(".gif"),
    "webp": saved("RGB", ".webp"),
    "webp animated": animated(".webp"),
    "bmp": saved("RGB", ".bmp"),
    "tiff": saved("RGB", ".tif"),
    "tiff lzw": saved("RGB", ".tif", compression="tiff_lzw"),
    "exif 1 to 8": oriented,
    "wrong suffix": saved("RGB", ".jpg", format="PNG"),
    "png 16 bit": deep(".png"),
    "tiff 16 bit": deep(".tif"),
    "npy": array(".npy"),
    "npz": array(".npz"),
}


def bomb(rng: np.random.Generator, path: Path) -> None:
    """Write a PNG of a few bytes that claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    path.with_suffix(".png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + rows)


def holding(content: bytes) -> Maker:
    return lambda rng, path: path.with_suffix(".jpg").write_bytes(content)


def truncated(rng: np.random.Generator, path: Path) -> None:
    written = make_any(rng, path, {name: INTACT[name] for name in ("jpeg", "png", "gif", "webp", "bmp")})
    content = written.read_bytes()
    written.write_bytes(content[: int(len(content) * rng.uniform(0.0, 0.8))])


BROKEN: dict[str, Maker] = {
    "bomb": bomb,
    "text": holding(b"<html>404 not found</html>"),
    "empty": holding(b""),
    "truncated": truncated,
}


def flipped(rng: np.random.Generator, path: Path) -> None:
    """Flip up to 8 bits of a file: it may still decode, and nobody can tell."""
    written = make_any(rng, path, INTACT)
    content = bytearray(written.read_bytes())
    for _ in range(int(rng.integers(1, 9))):
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    written.write_bytes(bytes(content))


def shortened(rng: np.random.Generator, path: Path) -> None:
    """Cut the last bytes off: some formats end in padding that nobody misses."""
    written = make_any(rng, path, INTACT)
    content = written.read_bytes()
    written.write_bytes(content[: -int(rng.integers(1, max(2, len(content) // 4)))])


def make_any(rng: np.random.Generator, path: Path, makers: dict[str, Maker]) -> Path:
    list(makers.values())[int(rng.integers(len(makers)))](rng, path)
    return next(path.parent.glob(f"{path.name}.*"))


def write_files(folder: Path, num_files: int, seed: int) -> dict[str, str]:
    """Write files and return their kind by name."""
    rng, kinds = np.random.default_rng(seed), {}
    makers = {**INTACT, **BROKEN, "bits flipped": flipped, "end cut off": shortened}
    # Half of the files are mutated ones, whose number is what counts.
    names = [*makers, *["bits flipped", "end cut off", "truncated"] * (len(makers) // 3)]
    for number in range(num_files):
        kind, path = names[number % len(names)], folder / f"{number:05d}"
        makers[kind](rng, path)
        kinds[next(folder.glob(f"{path.name}.*")).name] = kind
    return kinds


def main(num_files: int, seed: int = 0) -> int:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "files"
        folder.mkdir()
        kinds = write_files(folder, num_files, seed)
        names = pd.Series(list(kinds))
        samples = Samples(
            kind="image",
            sample_id=names,
            target=pd.DataFrame({"label": np.zeros(len(names), dtype=int)}),
            inputs=pd.DataFrame(index=range(len(names))),
            categorical=(),
            root=folder,
            path=names.map(lambda name: str(folder / name)),
        )
        store = build_store(samples, 32, "crop", Path(temporary) / "cache", 2, [0, 255], 2**40, None)
    bad = dict(store.bad)
    hidden = [name for name, kind in kinds.items() if kind in BROKEN and name not in bad]
    accused = [f"{name} ({kinds[name]}): {reason}" for name, reason in bad.items() if kinds[name] in INTACT]
    for kind, count in Counter(kinds.values()).most_common():
        print(f"{kind:26}{count:6}{sum(kinds[name] == kind for name in bad):6} bad")
    for reason, count in Counter(reason.split(" (")[0][:60] for reason in bad.values()).most_common(12):
        print(f"{count:6}  {reason}")
    print(f"{len(kinds)} files, {len(bad)} bad, hidden: {hidden}, wrongly accused: {accused}")
    return int(bool(hidden or accused))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
