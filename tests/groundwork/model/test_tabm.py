"""TabM: k networks side by side, each with its own loss, that predict by their mean."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from groundwork.core.errors import UserError
from groundwork.loss import CrossEntropy
from groundwork.model import (
    ClassificationHead,
    Network,
    RegressionHead,
    StagePool,
    TableNormalize,
    TabM,
    complete_embeddings,
    tabm_size,
)
from groundwork.task import ClassificationTask


def column(name: str, **changes: object) -> dict[str, object]:
    numeric = {"name": name, "kind": "numeric", "fill": 0.0, "indicator": False, "center": 0.0, "scale": 1.0}
    return {**numeric, "categories": [], "knots": [-1.0, 0.0, 0.5, 2.0], **changes}


CATEGORY = {"kind": "categorical", "fill": 0.0, "categories": ["a", "b"], "counts": [0, 0, 6, 2], "knots": []}
COLUMNS = [column("size", indicator=True), column("kind", **CATEGORY)]


def build(head: str = "values", **changes: object) -> Network:
    torch.manual_seed(0)
    normalize = TableNormalize({str(one["name"]): one for one in COLUMNS})
    given: dict[str, object] = {"k": 3, "width": 4, "depth": 2, "dropout": 0.0, "numbers": "piecewise_linear"}
    given |= {"number_width": 5, "frequency_scale": 0.1, "embedding_width": 8, "one_hot": 32, "num_rows": 8}
    told = {"num_numeric": normalize.num_numeric, "cardinalities": normalize.cardinalities}
    backbone = TabM(**told, bins=normalize.bins, **(given | changes))  # type: ignore[arg-type]
    backbone.show_counts(normalize.counts)
    last, members = backbone.channels[-1], backbone.num_members
    made: torch.nn.Module = (
        ClassificationHead(last, 2, 0.0, members)
        if head == "classes"
        else RegressionHead(last, 1, [5.0], [2.0], "none", None, 0.0, num_members=members)
    )
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return Network(normalize, backbone, StagePool((backbone.num_stages - 1,), ("mean",)), made)


def rows(number: int = 6) -> torch.Tensor:
    made = torch.linspace(-2.0, 3.0, number, dtype=torch.float64)
    return torch.stack([made, 2.0 + torch.arange(number) % 2], dim=1)


def test_each_network_sees_its_own_output_while_training_and_differs() -> None:
    outputs = build().train()(rows())
    assert outputs.shape == (6, 3, 1)
    assert (outputs[:, 0] - outputs[:, 1]).abs().max() > 1e-3


@pytest.mark.parametrize("numbers", ["piecewise_linear", "periodic", "plain"])
def test_values_are_the_mean_of_the_networks(numbers: str) -> None:
    network = build(numbers=numbers)
    apart = network.train()(rows())
    expected = 5.0 + 2.0 * apart.double().mean(dim=1)
    assert torch.allclose(network.decode(network.eval()(rows())), expected, atol=1e-5)


def test_probabilities_are_the_mean_of_the_networks_not_of_their_logits() -> None:
    network = build("classes")
    expected = network.train()(rows()).softmax(dim=2).mean(dim=1)
    found = network.decode(network.eval()(rows()))
    assert torch.allclose(found, expected, atol=1e-6)


def test_the_loss_is_the_mean_of_the_networks_losses() -> None:
    network, target = build("classes"), torch.tensor([0, 1, 1, 0, 1, 0])
    weight = torch.linspace(0.5, 1.5, 6)
    task = ClassificationTask(network=network, loss=CrossEntropy(0.0))
    outputs = network.train()(rows())
    apart = [cross_entropy(outputs[:, one], target, reduction="none") for one in range(3)]
    assert torch.allclose(task.losses(outputs, target, weight), torch.stack(apart).mean(dim=0) * weight)
    assert task.losses(network.eval()(rows()), target, None).shape == (6,)


def test_an_unseen_category_gets_the_mean_of_the_known_ones_and_stays_so_in_the_weights() -> None:
    network = build().eval()
    unseen = torch.tensor([[0.3, 1.0]], dtype=torch.float64)
    embeddings = network.backbone.layers[0]
    vector = embeddings(network.normalize(unseen))[0, -4:]
    assert torch.allclose(vector, torch.tensor([0.0, 0.0, 0.75, 0.25]))  # one-hot, six of a and two of b
    before = network(unseen)
    assert complete_embeddings(network)
    assert torch.allclose(embeddings.tables[0].weight[1], vector)
    assert torch.equal(network(unseen), before)


def test_a_missing_number_is_filled_and_told_by_the_indicator() -> None:
    network = build().eval()
    gap, filled = network.normalize(torch.tensor([[float("nan"), 2.0], [0.0, 2.0]], dtype=torch.float64))
    assert gap.tolist() == [0.0, 1.0, 2.0]
    assert filled.tolist() == [0.0, 0.0, 2.0]
    assert torch.isfinite(network(torch.tensor([[float("nan"), 0.0]], dtype=torch.float64))).all()


def test_constant_and_close_edges_give_finite_features() -> None:
    torch.manual_seed(0)
    bins = [[3.0], [0.0, 1e-12, 1.0], [1e20, 1e20 + 1e5]]
    backbone = TabM(3, (), bins, 5, 2, 4, 1, 0.0, "piecewise_linear", 4, 0.1, 8, 0)
    assert torch.isfinite(backbone(torch.tensor([[3.0, 0.5, 1e20], [-5.0, 2.0, 0.0]]))[-1]).all()


def test_one_hot_vectors_do_not_train_and_scalings_do_not_decay() -> None:
    network = build()
    network.train_stages(range(network.num_stages), "adapt")
    assert not network.backbone.layers[0].tables[0].weight.requires_grad
    kept = network.no_weight_decay()
    assert {"backbone.layers.1.0.r", "backbone.layers.2.0.s"} <= kept
    assert "backbone.layers.1.0.weight" not in kept


def test_a_pruned_backbone_is_one_network() -> None:
    backbone = build().backbone
    backbone.prune(0)
    assert (backbone.num_stages, backbone.num_members) == (1, 1)


def test_size_follows_rows_and_columns() -> None:
    assert tabm_size(300, 80, 2) == (32, 256)
    assert tabm_size(3_500, 160, 2) == (16, 64)
    assert tabm_size(1_000_000, 160, 2) == (8, 64)
    assert build(k="auto", width="auto").backbone.num_members == 32
    assert build(number_width="auto").backbone.size == {"k": 3, "width": 4, "number_width": 16}
    bins, told = [[-1.0, 0.0, 1.0]] * 13, (5, 2, 4, 1, 0.0, "piecewise_linear", "auto", 0.1, 8, 0)
    assert [TabM(n, (), bins[:n], *told).size["number_width"] for n in (12, 13)] == [16, 8]


@pytest.mark.parametrize(("key", "value"), [("k", 0), ("width", "wide"), ("number_width", 0)])
def test_a_wrong_size_is_named(key: str, value: object) -> None:
    with pytest.raises(UserError, match=f"model.{key} must be auto or a whole number"):
        build(**{key: value})
