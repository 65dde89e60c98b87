"""A trial that has ended -> what its sweeper gets: the monitored value on val, or the failure."""

from collections.abc import Mapping
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from groundwork.launch.sweep.sweep import Trial, TrialError


class Ended(JobReturn):
    """Hold what became of a combination; of a failed one without the line that Hydra prints."""

    raises = True

    @property
    def return_value(self) -> Any:
        """Return the monitored value; of a failed run raise what ended it, or return it where a sweeper must go on."""
        if self.raises and self.status == JobStatus.FAILED:
            raise self._return_value
        return self._return_value

    @return_value.setter
    def return_value(self, value: Any) -> None:
        self._return_value = value


def job_return(trial: Trial, entry: Mapping[str, Any], raises: bool) -> JobReturn:
    """Tell a sweeper what became of a trial, as its entry in the record has it; see `Ended` for `raises`."""
    done = entry["status"] == "done"
    given = Ended(
        overrides=list(trial.composition.overrides),
        cfg=trial.composition.config,
        working_dir=str(trial.folder.path),
        status=JobStatus.COMPLETED if done else JobStatus.FAILED,
    )
    given.raises = raises
    given.return_value = monitored(trial) if done else TrialError(f"{trial.label}: {entry['error']}")
    return given


def monitored(trial: Trial) -> float | None:
    """Read the value on val by which a finished trial is judged; None where it is undefined."""
    result = trial.folder.read_json("result")
    value: float | None = result.get("val", {}).get(result.get("monitor"))
    return value
