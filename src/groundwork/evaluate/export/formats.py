"""A network -> a file that others read: ONNX, torch.export, or safetensors with JSON; and how each is run."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from groundwork.core.errors import UserError
from groundwork.core.pair import Pair
from groundwork.core.trust import checked_config
from groundwork.model import Network
from groundwork.train.build import build_network
from groundwork.train.served import served

# Beyond 2 GB protobuf holds no weights: they lie in a file of their own beside the graph.
LARGEST_ONNX = 1_500_000_000
Inputs = tuple[Tensor, ...]


class Predictor(nn.Module):
    """Turn raw inputs into predictions in one graph: normalization, backbone, head, softmax or original units."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor, rows: Tensor | None = None) -> Tensor:
        """Predict (B, K) probabilities, or (B, T) values in original units.

        Args:
            inputs: Images, or rows of a table.
            rows: Of a table, for a network that reads them beside images.
        """
        return self.network.decode(self.network(inputs if rows is None else Pair(inputs, rows)))


@dataclass(frozen=True)
class Format:
    """Say how a format is written and run.

    Attributes:
        file: Name of the model's file.
        packages: What must be installed beside the project itself.
        write: (network, an example batch of each input, description, file) -> the file.
        run: (file, each input) -> predictions.
    """

    file: str
    packages: tuple[str, ...]
    write: Callable[[Network, Inputs, dict[str, Any], Path], None]
    run: Callable[[Path, Sequence[NDArray[Any]]], NDArray[Any]]

    def require(self) -> None:
        """Refuse a format whose packages are not installed."""
        if absent := [name for name in self.packages if find_spec(name) is None]:
            raise UserError(
                f"this format must have {', '.join(self.packages)}, but {absent[0]} is not installed. "
                f"Run: uv sync --extra export, or pip install -e '.[export]'"
            )


def input_names(data: Mapping[str, Any]) -> list[str]:
    """Name the graph's inputs in their order."""
    if data["kind"] != "image":
        return ["rows"]
    return ["images", "rows"] if data.get("columns") else ["images"]


def output_name(task: str) -> str:
    """Name the graph's output."""
    return "values" if task == "regression" else "probabilities"


def _any_number(example: Inputs) -> tuple[dict[int, Any], ...]:
    """Leave open how many samples come at once."""
    return ({0: torch.export.Dim("batch")}, *[{0: torch.export.Dim.DYNAMIC}] * (len(example) - 1))


def _write_onnx(network: Network, example: Inputs, description: dict[str, Any], path: Path) -> None:
    program = torch.onnx.export(
        Predictor(network).eval(),
        example,
        dynamo=True,
        verbose=False,
        input_names=input_names(description["data"]),
        output_names=[output_name(description["data"]["target"]["task"])],
        dynamic_shapes=_any_number(example),
    )
    assert program is not None
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    program.save(path, external_data=size > LARGEST_ONNX)


def _run_onnx(path: Path, inputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
    from onnxruntime import InferenceSession  # of the extra `export`

    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    (prediction,) = session.run(None, dict(zip(names, inputs, strict=True)))
    return np.asarray(prediction)


def _write_torch(network: Network, example: Inputs, description: dict[str, Any], path: Path) -> None:
    program = torch.export.export(Predictor(network).eval(), example, dynamic_shapes=_any_number(example))
    torch.export.save(program, path)


def _run_torch(path: Path, inputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
    with torch.inference_mode():
        prediction: Tensor = torch.export.load(path).module()(*map(torch.from_numpy, inputs))
    return prediction.numpy()


def _write_safetensors(network: Network, example: Inputs, description: dict[str, Any], path: Path) -> None:
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, path)
    text = json.dumps(description, indent=2, ensure_ascii=False)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def _run_safetensors(path: Path, inputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
    network = read_safetensors(path)
    with torch.inference_mode():
        return np.asarray(Predictor(network)(*map(torch.from_numpy, inputs)))


def read_safetensors(path: Path) -> Network:
    """Build the network that `export.py format=safetensors` wrote, from its two files."""
    description = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    config, reads = checked_config(description["config"], path.with_suffix(".json")), description["reads"]
    network = build_network(config, description["data"], False, (reads["stages"], reads["pool"]))
    network.load_state_dict(load_file(path))
    network.temperature = float(description.get("temperature", 1.0))
    network.views = served(config).views
    return network.eval()


FORMATS = {
    "onnx": Format("model.onnx", ("onnx", "onnxruntime", "onnxscript"), _write_onnx, _run_onnx),
    "torch": Format("model.pt2", (), _write_torch, _run_torch),
    "safetensors": Format("model.safetensors", ("safetensors",), _write_safetensors, _run_safetensors),
}
