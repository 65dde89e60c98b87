"""pretrained network -> what to keep, freeze, cache, solve and tune, and which scenario."""

from groundwork.transfer.advise import Advice
from groundwork.transfer.attempts import Attempts, HeldOut, OutOfFold
from groundwork.transfer.candidates import Candidate, candidates, gather
from groundwork.transfer.choose import (
    Choice,
    Score,
    Trial,
    choose_cut,
    past_the_best,
    simplest,
    standard_error,
)
from groundwork.transfer.curve import Probe
from groundwork.transfer.evidence import Evidence, measure
from groundwork.transfer.extract import StageReader, take_pool
from groundwork.transfer.features import FeatureCache, feature_key
from groundwork.transfer.maps import MapCache
from groundwork.transfer.plan import Phase, Plan
from groundwork.transfer.ridge import solve_ridge
from groundwork.transfer.softmax import solve_softmax
from groundwork.transfer.solve import head_loss, head_losses, solve_head
from groundwork.transfer.spectrum import Linear

__all__ = [
    "Advice",
    "Attempts",
    "Candidate",
    "Choice",
    "Evidence",
    "FeatureCache",
    "HeldOut",
    "Linear",
    "MapCache",
    "OutOfFold",
    "Phase",
    "Plan",
    "Probe",
    "Score",
    "StageReader",
    "Trial",
    "candidates",
    "choose_cut",
    "feature_key",
    "gather",
    "head_loss",
    "head_losses",
    "measure",
    "past_the_best",
    "simplest",
    "solve_head",
    "solve_ridge",
    "solve_softmax",
    "standard_error",
    "take_pool",
]
