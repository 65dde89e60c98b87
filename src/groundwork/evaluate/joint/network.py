"""Networks of several runs -> one graph that averages what they predict."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from groundwork.data.categories import FIRST, UNSEEN
from groundwork.model import Network


class JointNetwork(nn.Module):
    """Average the predictions of networks inside of one graph.

    Args:
        networks: Raw inputs -> output, and `decode` -> prediction.
        recodes: What turns the inputs of the joint model into those of each network.
        rounds: Whether the mean is rounded to whole numbers, as each prediction is.
    """

    def __init__(self, networks: Sequence[Network], recodes: Sequence[nn.Module], rounds: bool):
        super().__init__()
        self.networks, self.recodes = nn.ModuleList(networks), nn.ModuleList(recodes)
        self.rounds = rounds
        self.head = nn.Identity()  # what `measure` asks for rounding

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute the mean probability (B, K), or the mean value (B, T) in original units."""
        pairs: Any = zip(self.networks, self.recodes, strict=True)
        predictions = [network.decode(network(recode(inputs))) for network, recode in pairs]
        return torch.stack(predictions).mean(dim=0)

    def decode(self, output: Tensor) -> Tensor:
        """Give the mean as it is, or rounded."""
        return output.round() if self.rounds else output


class Recode(nn.Module):
    """Turn codes of categories that any member knows into those of one member.

    Args:
        tables: Column number -> (2 + U,) code of the member for each of the U joint categories, after the codes of
            missing and unseen ones.
    """

    def __init__(self, tables: Mapping[int, Sequence[int]]):
        super().__init__()
        self.columns = sorted(tables)
        for column in self.columns:
            self.register_buffer(f"table_{column}", torch.tensor(tables[column], dtype=torch.float64))

    def forward(self, rows: Tensor) -> Tensor:
        """Recode rows (B, D)."""
        columns = list(rows.unbind(dim=1))
        for column in self.columns:
            table: Tensor = self.get_buffer(f"table_{column}")
            columns[column] = table.to(rows.dtype)[columns[column].long()]
        return torch.stack(columns, dim=1)


def join_columns(states: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[nn.Module]]:
    """Find the categories that any member knows, and what recodes them for each member.

    Args:
        states: Description of the columns of each member; the columns are the same.

    Returns:
        The description of the columns of the joint model, and a module for each member.
    """
    columns, tables = [], [dict[int, list[int]]() for _ in states]
    for number, column in enumerate(states[0]["columns"]):
        of_members = [state["columns"][number] for state in states]
        gapless = any(one["fill"] is None for one in of_members)
        joined = {**column, "fill": None if gapless else column["fill"]}
        if column["kind"] == "categorical":
            known = [list(one["categories"]) for one in of_members]
            every = list(dict.fromkeys(name for names in known for name in names))
            joined["categories"] = every
            for table, names in zip(tables, known, strict=True):
                if names != every:
                    codes = [FIRST + names.index(one) if one in names else UNSEEN for one in every]
                    table[number] = [*range(FIRST), *codes]
        columns.append(joined)
    modules: list[nn.Module] = [Recode(table) if table else nn.Identity() for table in tables]
    return {**states[0], "columns": columns}, modules
