"""The shares of phases -> their epochs."""

from collections.abc import Sequence


def share_epochs(shares: Sequence[float], total: int) -> list[int]:
    """Share epochs out among phases: by their shares, at least one for each, `total` together where it suffices."""
    wanted = [share * total for share in shares]
    epochs = [max(1, int(share)) for share in wanted]
    while sum(epochs) < total:
        epochs[max(range(len(epochs)), key=lambda at: wanted[at] - epochs[at])] += 1
    while sum(epochs) > total and max(epochs) > 1:
        epochs[max(range(len(epochs)), key=lambda at: (epochs[at] > 1, epochs[at] - wanted[at]))] -= 1
    return epochs
