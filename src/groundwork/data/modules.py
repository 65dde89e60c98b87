"""A folder, a table, or a choice of `conf/data/` -> a data module with every default of `conf/`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from omegaconf import DictConfig, OmegaConf

from groundwork.core.choice import choose
from groundwork.core.errors import UserError
from groundwork.core.paths import machine_paths
from groundwork.data.read import read_data
from groundwork.data.samples_module import SamplesDataModule

PARTS = {"split": "stratified", "balance": "none", "normalize": "auto", "missing": "auto", "subset": "all"}


class ChosenDataModule(SamplesDataModule):
    """Build a data module by the names of choices."""

    @classmethod
    def from_choice(cls, name: str, *, seed: int = 0, **changes: Any) -> Self:
        """Build a data module from a choice of `conf/data/`.

        Args:
            name: Of the choice, such as "solar_cells".
            seed: Draws the order of each training epoch.
            changes: Keys of the choice, such as `image_size=224`; choices of `split`, `balance`, `normalize`,
                `missing` and `subset` by name, or objects in their place; `cache`, the folder of decoded images.
        """
        paths: DictConfig = machine_paths()
        if "cache" in changes:
            paths.cache = str(Path(changes.pop("cache")).expanduser().absolute())
        chosen = {part: changes.pop(part, default) for part, default in PARTS.items()}
        parts = {part: choose(part, each) if isinstance(each, str) else each for part, each in chosen.items()}
        data = choose("data", name, changes, paths=paths)
        if data.kind != cls.kind:
            raise UserError(f"data={name} must hold {cls.kind}s for {cls.__name__}, but holds {data.kind}s.")
        task = data.get("task")
        # A plain copy without references, so that processes started by Lightning can be handed it.
        copied = OmegaConf.create({"data": OmegaConf.to_container(data, resolve=True)}).data
        config = SimpleNamespace(paths=paths, data=copied, seed=seed, **parts)
        return cls.from_config(config, partial(read_data, copied, task))


class ImageDataModule(ChosenDataModule):
    """Cut images into batches, see `SamplesDataModule`."""

    kind = "image"

    @classmethod
    def from_folder(cls, root: str | Path, **changes: Any) -> Self:
        """Read root/<class>/*.jpg, or root/{train,val,test}/<class>/*.jpg.

        Args:
            root: The folder.
            changes: See `from_choice` and `conf/data/image_folder.yaml`.
        """
        return cls.from_choice("image_folder", root=str(root), **changes)

    @classmethod
    def from_table(cls, table: str | Path, image_column: str, target: Any, **changes: Any) -> Self:
        """Read a table that names one image per row.

        Args:
            table: Its file.
            image_column: Column of paths.
            target: Column to predict, or several.
            changes: See `from_choice` and `conf/data/image_table.yaml`.
        """
        return cls.from_choice(
            "image_table", table=str(table), image_column=image_column, target=target, **changes
        )


class TableDataModule(ChosenDataModule):
    """Cut the rows of a table into batches, see `SamplesDataModule`."""

    kind = "table"

    @classmethod
    def from_table(cls, table: str | Path, target: Any, **changes: Any) -> Self:
        """Read one sample per row.

        Args:
            table: csv, parquet, xlsx and others, or `sqlite:///file.db?table=name`.
            target: Column to predict, or several.
            changes: See `from_choice` and `conf/data/table.yaml`.
        """
        return cls.from_choice("table", table=str(table), target=target, **changes)
