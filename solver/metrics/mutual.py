"""Scores of the information of each neuron about each source (`solver.metrics.estimates`)."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from solver.metrics.estimates import neuron_information
from solver.metrics.samples import scored_samples


def mutual_information_ratio(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """Mean over neurons of the largest share of one source in the information about all, rescaled to 0 to 1.

    Source: Whittington et al. (ICLR 2023), "mutual information ratio".

    Example:
        >>> import numpy as np
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> mutual_information_ratio(sources, sources) > mutual_information_ratio(sources @ [[1, 1], [-1, 1]], sources)
        True
    """
    return neuron_information(scored_samples(activity, sources, classes=classes), seed).ratio


def mutual_information_gap(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """Mean over sources of the information that the best neuron has about them and the second best has not.

    In units of the source's entropy. Unlike the ratio it asks for one neuron per source, so that a source coded by two
    neurons scores low; a source that no neuron tells about counts as zero.

    Source: Chen, Li, Grosse, Duvenaud, "Isolating sources of disentanglement in variational autoencoders" (NeurIPS
    2018).

    Example:
        >>> import numpy as np
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> mutual_information_gap(sources, sources) > 0.9
        True
        >>> mutual_information_gap(np.column_stack([sources, sources]), sources) < 0.1
        True
    """
    return neuron_information(scored_samples(activity, sources, classes=classes), seed).gap


def info_modularity(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """The mutual-information ratio with every source in units of its entropy (InfoM).

    Source: Hsu, Dorrell, Whittington, Wu, Finn, "Disentanglement via latent quantization" (NeurIPS 2023).

    Example:
        >>> import numpy as np
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> info_modularity(sources, sources) > 0.9 > info_modularity(sources @ [[1, 1], [-1, 1]], sources)
        True
    """
    return neuron_information(scored_samples(activity, sources, classes=classes), seed).modularity


def info_compactness(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """Mean over sources of the largest share of one neuron in what all tell about the source, from 0 to 1 (InfoC).

    A source that no neuron tells about counts as zero; a single neuron is as compact as can be.

    Source: Hsu et al. (NeurIPS 2023), as above.

    Example:
        >>> import numpy as np
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> halves = np.column_stack([sources, sources])
        >>> info_compactness(sources, sources) > 0.9, info_compactness(halves, sources) < 0.5
        (True, True)
    """
    return neuron_information(scored_samples(activity, sources, classes=classes), seed).compactness


def conditional_information_nearest(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """InfoM of what each neuron tells about a source beyond all others, so that dependence of sources does not count.

    In units of the entropy of the source when all others are known. Estimated by nearest neighbours, so that neurons
    need not be linear; `conditional_information` has linear predictors, which need fewer samples.

    Source: Dorrell et al. (ICLR 2025), conditional information.

    Example:
        >>> import numpy as np
        >>> first, second = np.random.default_rng(0).uniform(size=(2, 300))
        >>> sources = np.column_stack([first, first + second])
        >>> bool(conditional_information_nearest(np.abs(sources - 0.5), sources) > 0.95)
        True
    """
    return neuron_information(scored_samples(activity, sources, classes=classes), seed, conditional=True).modularity
