"""A finished run -> the features of its training and validation samples in two dimensions."""

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

from groundwork.core.atomic import write_text
from groundwork.core.batch import Split
from groundwork.data.prepared import Prepared
from groundwork.model import evaluating
from groundwork.train.context import Context
from groundwork.train.model import Model

MOST_ROWS = 5_000  # t-SNE of more takes minutes
NUM_COMPONENTS = 50  # that t-SNE starts from, as its authors do
PERPLEXITY = 30.0
LEARNED: tuple[Split, ...] = ("train", "val")


def write_map(context: Context, model: Model) -> None:
    """Write `figures/map.csv` of a run with `report.map`: coordinates and targets.

    Test samples never take part. Of more rows than 5,000, a random part is shown.
    """
    if not context.config.report.get("map"):  # configurations of earlier versions do not have it
        return
    prepared = context.prepared
    if prepared.target.has_labels:
        context.console.note("report.map=true has no effect: a map shows one class or value per sample")
        return
    rows = np.concatenate([prepared.rows[split] for split in LEARNED])
    shown = np.arange(len(rows))
    if len(rows) > MOST_ROWS:
        shown = np.sort(np.random.default_rng(0).choice(len(rows), MOST_ROWS, replace=False))
    with context.console.progress("mapping the features"):
        found = project(_features(context, model, rows, shown), PERPLEXITY)
    table = pd.DataFrame(
        {
            "sample_id": prepared.samples.sample_id.to_numpy()[rows[shown]],
            "split": prepared.split[rows[shown]],
            "target": _targets(prepared, rows[shown]),
        }
    )
    text = pd.concat([table, found], axis=1).to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_text(context.folder.map, text)


def project(features: NDArray[np.floating], perplexity: float) -> pd.DataFrame:
    """Project standardized features (N, D) to `pca_1`, `pca_2` and `tsne_1`, `tsne_2`; t-SNE starts from PCA.

    Source:
        van der Maaten and Hinton, JMLR 9, 2008.
    """
    scaled = StandardScaler().fit_transform(np.asarray(features, np.float64))
    number = max(2, min(NUM_COMPONENTS, *scaled.shape))
    if scaled.shape[1] < 2:
        scaled = np.column_stack([scaled, np.zeros(len(scaled))])
    parts = PCA(number, svd_solver="full" if scaled.shape[1] <= 1_000 else "randomized", random_state=0)
    main = parts.fit_transform(scaled)
    perplexity = min(perplexity, (len(main) - 1) / 3)
    placed = TSNE(2, perplexity=perplexity, init="pca", random_state=0, n_jobs=1).fit_transform(main)
    columns = np.hstack([main[:, :2], placed])
    return pd.DataFrame(columns, columns=["pca_1", "pca_2", "tsne_1", "tsne_2"])


def _features(
    context: Context, model: Model, rows: NDArray[np.int64], shown: NDArray[np.int64]
) -> NDArray[np.floating]:
    """Give what the head reads of some rows: cached where the backbone is frozen, else computed."""
    if (cached := model.features(context.plan)) is not None:
        return np.concatenate([cached[split] for split in LEARNED])[shown]
    network, source, size = model.network.to(context.device), context.prepared.inputs, 256
    parts = [rows[shown][start : start + size] for start in range(0, len(shown), size)]
    with evaluating(network), torch.inference_mode():
        found = [network.features(source.batch(part).to(context.device)).cpu().numpy() for part in parts]
    return np.concatenate(found)


def _targets(prepared: Prepared, rows: NDArray[np.int64]) -> NDArray[np.generic]:
    """Name the class of each row, or give its first target."""
    encoded = prepared.encoded[rows]
    if encoded.ndim == 1:
        return np.where(encoded < 0, "", np.asarray(prepared.names, dtype=object)[encoded])
    return np.asarray(encoded[:, 0])
