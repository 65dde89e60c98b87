"""Where each file of a run folder lies: the one place that spells their names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from groundwork.core.batch import Split

CONFIG = "config.yaml"
FOLDERS = ("checkpoints", "predictions", "figures")
# A run's, and those of an audit, an advice, a search and a logger, whose folders are run folders, too.
JsonName = Literal[
    "result", "data", "environment", "audit", "advice", "search", "wandb", "loggers", "suspects"
]


@dataclass(frozen=True)
class RunFiles:
    """Name the files of one run.

    Attributes:
        path: Absolute folder `<paths.runs>/<name>/<run id>`.
    """

    path: Path

    @property
    def config_file(self) -> Path:
        """The resolved configuration, written before anything can fail."""
        return self.path / CONFIG

    def json_file(self, name: JsonName) -> Path:
        """What is known of a run, one JSON object for each kind of knowledge."""
        # Notebooks of the first edition say "data.json".
        return self.path / f"{name.removesuffix('.json')}.json"

    @property
    def best(self) -> Path:
        """The checkpoint that validation chose."""
        return self.path / "checkpoints" / "best.ckpt"

    @property
    def boosting(self) -> Path:
        """The trees of gradient boosting, of a run on a table."""
        return self.path / "checkpoints" / "gradient_boosting.npz"

    @property
    def last(self) -> Path:
        """The checkpoint to go on from."""
        return self.path / "checkpoints" / "last.ckpt"

    @property
    def previous(self) -> Path:
        """The checkpoint before the last."""
        return self.path / "checkpoints" / "previous.ckpt"

    @property
    def finished(self) -> Path:
        """The best checkpoint of the phase before, while the next one trains."""
        return self.path / "checkpoints" / "finished.ckpt"

    @property
    def advised(self) -> Path:
        """What val chose among before the run took a scenario, until the run is trained."""
        return self.path / "checkpoints" / "advised.ckpt"

    @property
    def pretrained(self) -> Path:
        """The backbone of the run of one's own that this one started from; there only then."""
        return self.path / "checkpoints" / "pretrained.ckpt"

    @property
    def history(self) -> Path:
        """One row per validation."""
        return self.path / "history.csv"

    @property
    def steps(self) -> Path:
        """One row per logged step."""
        return self.path / "steps.csv"

    @property
    def splits(self) -> Path:
        """sample_id, split."""
        return self.path / "splits.csv"

    def predictions(self, split: Split) -> Path:
        """One row per sample of a split."""
        return self.path / "predictions" / f"{split}.parquet"

    @property
    def out_of_fold(self) -> Path:
        """One row per sample of train and val, predicted by the fold that did not learn from it."""
        return self.path / "predictions" / "oof.parquet"

    @property
    def partial_dependence(self) -> Path:
        """How the prediction follows each column of a table."""
        return self.path / "partial_dependence.csv"

    @property
    def figures(self) -> Path:
        """The folder of pictures, and of the arrays that they are drawn from."""
        return self.path / "figures"

    @property
    def augmentation(self) -> Path:
        """Training images as the network sees them."""
        return self.figures / "augmentation.png"

    @property
    def attention(self) -> Path:
        """Some images, with maps of where the network looks."""
        return self.figures / "attention.npz"

    @property
    def map(self) -> Path:
        """Samples of train and val, with the place of each in two dimensions."""
        return self.figures / "map.csv"

    @property
    def thumbs(self) -> Path:
        """Small copies of the photographs that the report shows."""
        return self.figures / "thumbs.npz"

    @property
    def report(self) -> Path:
        """The page of a run, an advice or a search."""
        return self.path / "report.html"

    @property
    def audit_page(self) -> Path:
        """The page of an audit."""
        return self.path / "audit.html"

    @property
    def suspects(self) -> Path:
        """Labels that may be wrong, the most suspect first, of an audit."""
        return self.path / "suspects.csv"

    @property
    def suspects_page(self) -> Path:
        """The page that shows them."""
        return self.path / "suspects.html"

    @property
    def log(self) -> Path:
        """What the run said."""
        return self.path / "train.log"

    @property
    def console(self) -> Path:
        """Everything that the process of a run printed, where that is not a terminal's."""
        return self.path / "console.log"

    @property
    def lock(self) -> Path:
        """Held by the process that works in this folder."""
        return self.path / ".lock"
