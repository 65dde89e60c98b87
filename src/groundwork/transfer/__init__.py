"""pretrained network -> what to keep, freeze, cache, solve and tune, and which scenario."""

from groundwork.transfer.choose import Candidate, Choice, Trial, candidates, choose_cut, gather
from groundwork.transfer.extract import StageReader, take_pool
from groundwork.transfer.features import FeatureCache, feature_key, prune
from groundwork.transfer.plan import Phase, Plan
from groundwork.transfer.ridge import solve_ridge
from groundwork.transfer.softmax import solve_softmax
from groundwork.transfer.solve import average_views, solve_head
from groundwork.transfer.spectrum import Linear
from groundwork.transfer.views import view

__all__ = [
    "Candidate",
    "Choice",
    "FeatureCache",
    "Linear",
    "Phase",
    "Plan",
    "StageReader",
    "Trial",
    "average_views",
    "candidates",
    "choose_cut",
    "feature_key",
    "gather",
    "prune",
    "solve_head",
    "solve_ridge",
    "solve_softmax",
    "take_pool",
    "view",
]
