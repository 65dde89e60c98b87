"""TabM with everything that a table may ask of its graph: ranks, gaps, categories, a target on another scale."""

from pathlib import Path

import numpy as np
import pytest
import torch

from groundwork.data import fit_target_scale
from groundwork.data.normalize import quantile_knots
from groundwork.evaluate.export.formats import FORMATS
from groundwork.model import Network, RegressionHead, StagePool, TableNormalize, TabM


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    knots, scores = quantile_knots(rng.normal(size=200))
    number = {
        "kind": "numeric",
        "fill": 0.0,
        "indicator": True,
        "center": 0.0,
        "scale": 1.0,
        "categories": [],
    }
    kind = {"kind": "categorical", "fill": 0.0, "categories": ["a", "b"], "counts": [0, 0, 6, 2]}
    normalize = TableNormalize({"size": {**number, "knots": knots, "scores": scores}, "kind": kind})
    told = (normalize.num_numeric, normalize.cardinalities, normalize.bins)
    backbone = TabM(*told, 8, 3, 4, 2, 0.1, "piecewise_linear", 5, 0.1, 8, 32)
    backbone.show_counts(normalize.counts)
    prices = np.exp(rng.normal(size=(200, 1)))
    state = fit_target_scale(prices, "log", ("price",))
    head = RegressionHead(backbone.channels[-1], 1, [1.0], [1.0], "none", None, 0.1, "value", 3, state)
    for parameter in head.linear.parameters():
        torch.nn.init.normal_(parameter)
    head.target_scale.learn_residuals(torch.ones(200, 1).double(), torch.from_numpy(prices))  # type: ignore[union-attr]
    return Network(normalize, backbone, StagePool((2,), ("mean",)), head).eval()


@pytest.mark.parametrize("name", ["onnx", "torch"])
def test_the_graph_predicts_as_the_network(name: str, network: Network, tmp_path: Path) -> None:
    rows = torch.tensor([[0.5, 2.0], [np.nan, 1.0], [1e6, 3.0], [-0.2, 0.0]], dtype=torch.float64)
    described = {"data": {"kind": "table", "target": {"task": "regression"}}}
    form = FORMATS[name]
    form.write(network, (rows[:2],), described, tmp_path / form.file)
    with torch.inference_mode():
        expected = network.decode(network(rows)).numpy()
    assert np.ptp(expected) > 0.1
    for part in (slice(None), slice(0, 1)):
        assert np.allclose(form.run(tmp_path / form.file, [rows[part].numpy()]), expected[part], rtol=1e-4)
