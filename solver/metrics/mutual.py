"""Scores of the information of each neuron about each source.

With I (n, d), the information of n neurons about d sources less what chance would give, and U, I in units of the
entropies of the sources, from 0 to 1 (`estimates`):

1. A neuron (for modularity) or a source (for compactness) of which nothing is beyond chance counts as zero.
2. The ratio is the largest entry of each row of I divided by the row's sum; InfoM is the ratio of the rows of U, and
   InfoC of its columns.
3. Rescale each share from [1 / m, 1] to [0, 1], where a row has m entries; of a single entry take 1.
4. Average over rows. The gap is the mean over columns of U of the largest entry less the second largest.
5. Where so few samples could not show even a neuron that is the source, all scores are NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.metrics.estimates import neuron_information
from solver.metrics.samples import scored_samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from solver.metrics.estimates import NeuronInformation
    from theory.arrays import Array

__all__ = [
    "compactness_of",
    "conditional_information_nearest",
    "gap_of",
    "info_compactness",
    "info_modularity",
    "modularity_of",
    "mutual_information_gap",
    "mutual_information_ratio",
    "ratio_of",
]


def mutual_information_ratio(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """Mean over neurons of the largest share of one source in the information about all, rescaled to 0 to 1.

    Source: Whittington et al. (ICLR 2023), "mutual information ratio".

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> mutual_information_ratio(sources, sources) > mutual_information_ratio(sources @ [[1, 1], [-1, 1]], sources)
        True
    """
    return ratio_of(neuron_information(scored_samples(activity, sources, classes=classes), seed))


def mutual_information_gap(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """Mean over sources of the information that the best neuron has about them and the second best has not.

    In units of the source's entropy. Unlike the ratio it asks for one neuron per source, so that a source coded by two
    neurons scores low; a source that no neuron tells about counts as zero.

    Source: Chen, Li, Grosse, Duvenaud, "Isolating sources of disentanglement in variational autoencoders" (NeurIPS
    2018).

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> mutual_information_gap(sources, sources) > 0.9
        True
        >>> mutual_information_gap(np.column_stack([sources, sources]), sources) < 0.1
        True
    """
    return gap_of(neuron_information(scored_samples(activity, sources, classes=classes), seed))


def info_modularity(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """The mutual-information ratio with every source in units of its entropy (InfoM).

    Source: Hsu, Dorrell, Whittington, Wu, Finn, "Disentanglement via latent quantization" (NeurIPS 2023).

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> info_modularity(sources, sources) > 0.9 > info_modularity(sources @ [[1, 1], [-1, 1]], sources)
        True
    """
    return modularity_of(neuron_information(scored_samples(activity, sources, classes=classes), seed))


def info_compactness(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """Mean over sources of the largest share of one neuron in what all tell about the source, from 0 to 1 (InfoC).

    A source that no neuron tells about counts as zero; a single neuron is as compact as can be.

    Source: Hsu et al. (NeurIPS 2023), as above.

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> halves = np.column_stack([sources, sources])
        >>> info_compactness(sources, sources) > 0.9, info_compactness(halves, sources) < 0.5
        (True, True)
    """
    return compactness_of(neuron_information(scored_samples(activity, sources, classes=classes), seed))


def conditional_information_nearest(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """InfoM of what each neuron tells about a source beyond all others, so that dependence of sources does not count.

    In units of the entropy of the source when all others are known. Estimated by nearest neighbours, so that neurons
    need not be linear; `conditional_information` has linear predictors, which need fewer samples.

    Source: Dorrell et al. (ICLR 2025), conditional information.

    Example:
        >>> first, second = np.random.default_rng(0).uniform(size=(2, 300))
        >>> sources = np.column_stack([first, first + second])
        >>> bool(conditional_information_nearest(np.abs(sources - 0.5), sources) > 0.95)
        True
    """
    return modularity_of(neuron_information(scored_samples(activity, sources, classes=classes), seed, conditional=True))


def ratio_of(estimated: NeuronInformation) -> float:
    """See `mutual_information_ratio`."""
    return _largest_share(estimated.information, estimated.sure) if estimated.telling else float("nan")


def modularity_of(estimated: NeuronInformation) -> float:
    """See `info_modularity`."""
    return _largest_share(estimated.shares, estimated.sure) if estimated.telling else float("nan")


def compactness_of(estimated: NeuronInformation) -> float:
    """See `info_compactness`."""
    return _largest_share(estimated.shares.T, estimated.sure.T) if estimated.telling else float("nan")


def gap_of(estimated: NeuronInformation) -> float:
    """See `mutual_information_gap`."""
    if not estimated.telling:
        return float("nan")
    padded = np.vstack([estimated.shares, np.zeros((2, estimated.shares.shape[1]))])
    second, best = np.sort(padded, axis=0)[-2:]
    return float(np.mean(np.where(estimated.sure.any(axis=0), best - second, 0.0)))


def _largest_share(information: Array, sure: NDArray[np.bool_]) -> float:
    """Mean over rows of the largest share of their sums, rescaled to 0 to 1; zero where nothing is sure."""
    count, width = information.shape
    if not count or not width:
        return 0.0
    # Steps 2 and 3.
    total = information.sum(axis=1)
    share = information.max(axis=1) / np.where(total > 0, total, 1.0)
    rescaled = (share - 1 / width) / (1 - 1 / width) if width > 1 else share
    # Steps 1 and 4.
    return float(np.where(sure.any(axis=1), rescaled, 0.0).mean())
