"""How modular is an activity? The field's scores, for any activity and any sources: 0 is fully mixed, 1 is modular.

A certified verdict says more than any of these; they are here so that codes can be compared with those in the papers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from theory.errors import InputError
from theory.sources import as_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = [
    "conditional_information",
    "dci",
    "linear_columns",
    "modularity_scores",
    "mutual_information_gap",
    "mutual_information_ratio",
]

SILENT = 1e-12
"""Variance, relative to the largest, below which a neuron says nothing and is left out."""

NEIGHBOURS = 4
"""Nearest neighbours of a sample that mutual information is estimated from."""

MOST_SAMPLES = 5_000
"""Samples that mutual information is estimated from."""

SPARSITY = 1e-4
"""Lasso penalty of the DCI regressions, for standardised variables."""


def modularity_scores(
    activity: ArrayLike,
    sources: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    classes: Sequence[bool] | None = None,
) -> dict[str, float]:
    """All scores of this module.

    Args:
        activity: (T, n) of the neurons.
        sources: (T, d) on the same samples.
        probabilities: (T,) weights of the samples, equal if not given; the estimate of mutual information knows none.
        classes: for each source whether its values are numbers of classes; none are if not given.

    Returns:
        "mutual_information_ratio", "conditional_information", "dci_disentanglement", "dci_completeness",
        "dci_informativeness".

    Raises:
        InputError: shapes that do not fit, one source, fewer than five samples, no neuron that varies, or scikit-learn
            not installed.

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(200, 2))
        >>> round(modularity_scores(sources, sources)["conditional_information"], 6)
        1.0
    """
    return {
        "mutual_information_ratio": mutual_information_ratio(activity, sources, classes=classes),
        "conditional_information": conditional_information(
            activity, sources, probabilities=probabilities, classes=classes
        ),
        **dci(activity, sources, probabilities=probabilities, classes=classes),
    }


def mutual_information_ratio(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """Mean over neurons of the largest share of one source in the information about all, rescaled to 0 to 1.

    Mutual information is estimated from nearest neighbours (scikit-learn), on at most 5,000 samples, all taken to be
    equally likely. NaN if the samples are so few that the estimate finds no information at all.

    Source: Whittington et al. (ICLR 2023), "mutual information ratio".

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> mutual_information_ratio(sources, sources) > mutual_information_ratio(sources @ [[1, 1], [-1, 1]], sources)
        True
    """
    information = _information(activity, sources, seed, classes)
    total = information.sum(axis=1)
    told = total > 0
    if not told.any():
        return float("nan")
    return _rescaled(float((information[told].max(axis=1) / total[told]).mean()), information.shape[1])


def mutual_information_gap(
    activity: ArrayLike, sources: ArrayLike, *, seed: int = 0, classes: Sequence[bool] | None = None
) -> float:
    """Mean over sources of the information that the best neuron has about them and the second best has not.

    In units of the best neuron's, since sources without classes have no entropy to measure in. Other than the ratio it
    asks for one neuron a source, so that a source coded by two neurons of its own scores low. Estimated likewise.

    Source: Chen, Li, Grosse, Duvenaud, "Isolating sources of disentanglement in variational autoencoders" (NeurIPS
    2018), with another unit.

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> mutual_information_gap(sources, sources) > 0.9
        True
        >>> mutual_information_gap(np.column_stack([sources, sources]), sources) < 0.1
        True
    """
    information = np.sort(_information(activity, sources, seed, classes), axis=0)
    best = information[-1]
    second = information[-2] if len(information) > 1 else np.zeros_like(best)
    return float(np.mean((best - second)[best > 0] / best[best > 0])) if (best > 0).any() else float("nan")


def conditional_information(
    activity: ArrayLike,
    sources: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    classes: Sequence[bool] | None = None,
) -> float:
    """Mean over neurons of the largest share of one source in what only it explains linearly, rescaled to 0 to 1.

    For neuron z and source s_j this is the variance of z that is explained by all sources but not by all others, so
    that correlated sources are not taken for one another.

    Source: Dorrell et al. (ICLR 2025), conditional information with linear predictors, in units of variance because the
    neurons of a linear code are functions of the sources without noise.

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> round(conditional_information(sources, sources), 9)
        1.0
    """
    neurons, factors, weights = _checked(activity, sources, probabilities)
    columns = linear_columns(factors, classes)
    whole = _unexplained(neurons, np.column_stack(columns), weights)
    others = [np.column_stack(columns[:source] + columns[source + 1 :]) for source in range(len(columns))]
    only = np.maximum(np.array([_unexplained(neurons, other, weights) - whole for other in others]).T, 0.0)
    total = only.sum(axis=1)
    told = total > SILENT * _variance(neurons, weights)
    if not told.any():
        return 0.0
    return _rescaled(float((only[told].max(axis=1) / total[told]).mean()), factors.shape[1])


def dci(
    activity: ArrayLike,
    sources: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    classes: Sequence[bool] | None = None,
) -> dict[str, float]:
    """Disentanglement, completeness and informativeness of Lasso regressions of each source on all neurons.

    Of a source with classes the membership in each is regressed, and the weights averaged.

    Source: Eastwood and Williams, "A framework for the quantitative evaluation of disentangled representations" (2018).

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> dci(sources, sources)["dci_disentanglement"] > 0.99
        True
    """
    _require_sklearn()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso

    neurons, factors, weights = _checked(activity, sources, probabilities)
    neurons = neurons / np.sqrt(_variance(neurons, weights))
    importance, explained = [], []
    for block in linear_columns(factors, classes):
        varied = block[:, _variance(block, weights) > 0]
        targets = (varied / np.sqrt(_variance(varied, weights))).T
        with warnings.catch_warnings():
            # Neurons that are linearly dependent leave the last digits open, which no score shows.
            warnings.simplefilter("ignore", ConvergenceWarning)
            fits = [Lasso(alpha=SPARSITY, max_iter=20_000).fit(neurons, target, weights) for target in targets]
        importance.append(np.abs([fit.coef_ for fit in fits]).mean(axis=0))
        explained.append(
            np.mean([fit.score(neurons, target, weights) for fit, target in zip(fits, targets, strict=True)])
        )
    weight = np.array(importance).T
    return {
        "dci_disentanglement": _certainty(weight),
        "dci_completeness": _certainty(weight.T),
        "dci_informativeness": float(np.mean(explained)),
    }


def _certainty(weight: Array) -> float:
    """Mean over rows, weighted by their sums, of one minus the entropy of their shares."""
    total = weight.sum(axis=1)
    kept = total > 0
    if not kept.any() or weight.shape[1] == 1:
        return 1.0
    share = weight[kept] / total[kept, None]
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1) / np.log(weight.shape[1])
    return float(np.average(1 - entropy, weights=total[kept]))


def _information(activity: ArrayLike, sources: ArrayLike, seed: int, classes: Sequence[bool] | None) -> Array:
    """(n, d) estimated mutual information of each neuron that varies with each source."""
    _require_sklearn()
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    neurons, factors, _ = _checked(activity, sources)
    if len(neurons) <= NEIGHBOURS:
        raise InputError(f"activity: {len(neurons)} samples are too few for mutual information; give at least five")
    if len(neurons) > MOST_SAMPLES:
        rows = np.random.default_rng(seed).choice(len(neurons), MOST_SAMPLES, replace=False)
        neurons, factors = neurons[rows], factors[rows]
    options = {"n_neighbors": NEIGHBOURS, "random_state": seed}
    return np.array(
        [
            mutual_info_classif(neurons, factor.astype(np.intp), **options)
            if in_classes
            else mutual_info_regression(neurons, factor, **options)
            for factor, in_classes in zip(factors.T, _in_classes(classes, factors), strict=True)
        ]
    ).T


def _in_classes(classes: Sequence[bool] | None, factors: Array) -> list[bool]:
    given = [False] * factors.shape[1] if classes is None else [bool(one) for one in classes]
    if len(given) != factors.shape[1]:
        raise InputError(f"classes: {len(given)} given for {factors.shape[1]} source(s); give one a source")
    return given


def linear_columns(factors: Array, classes: Sequence[bool] | None) -> list[Array]:
    """For each source the columns (T, k) that are linear in it: itself, or its membership in each of its classes.

    Args:
        factors: (T, d) the sources.
        classes: for each whether its values are numbers of classes; none are if not given.

    Example:
        >>> linear_columns(np.array([[0.5, 0], [0.7, 1]]), [False, True])[1].tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    return [
        (factor[:, None] == np.unique(factor)).astype(np.float64) if in_classes else factor[:, None]
        for factor, in_classes in zip(factors.T, _in_classes(classes, factors), strict=True)
    ]


def _unexplained(neurons: Array, factors: Array, weights: Array) -> Array:
    """(n,) variance of each neuron that no linear function of the factors explains."""
    design = np.column_stack([factors, np.ones(len(factors))])
    root = np.sqrt(weights)[:, None]
    best, *_ = np.linalg.lstsq(root * design, root * neurons, rcond=None)
    return np.asarray(weights @ (neurons - design @ best) ** 2)


def _variance(values: Array, weights: Array) -> Array:
    return np.asarray(weights @ (values - weights @ values) ** 2)


def _rescaled(share: float, count: int) -> float:
    return (share - 1 / count) / (1 - 1 / count)


def _checked(
    activity: ArrayLike, sources: ArrayLike, probabilities: ArrayLike | None = None
) -> tuple[Array, Array, Array]:
    """Neurons that vary, sources, and weights that sum to one."""
    neurons, factors = as_matrix(activity, "activity"), as_matrix(sources, "sources")
    if len(neurons) != len(factors):
        raise InputError(f"activity: {len(neurons)} rows do not fit {len(factors)} rows of sources; give one a sample")
    if factors.shape[1] < 2:
        raise InputError("sources: one source cannot be mixed with others; give at least two")
    weights = _weights(probabilities, len(neurons))
    variance = _variance(neurons, weights)
    if not (np.ptp(factors[weights > 0], axis=0) > 0).all():
        raise InputError("sources: a source is constant, so nothing can tell about it; remove it")
    # Equal values have some variance too, from the rounding of their mean.
    varied = (variance > SILENT * variance.max()) & (np.ptp(neurons[weights > 0], axis=0) > 0)
    if not varied.any():
        raise InputError("activity: no neuron varies over the samples")
    return neurons[:, varied], factors, weights


def _weights(probabilities: ArrayLike | None, count: int) -> Array:
    if probabilities is None:
        return np.full(count, 1 / count)
    weights = as_matrix(probabilities, "probabilities").ravel()
    if len(weights) != count:
        raise InputError(f"probabilities: {len(weights)} do not fit {count} samples; give one a sample")
    if not ((weights >= 0).all() and weights.sum() > 0):
        raise InputError("probabilities: some are negative, or all are zero; give nonnegative weights")
    return np.asarray(weights / weights.sum())


def _require_sklearn() -> None:
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise InputError("metrics: they need scikit-learn; install modularity-solver[metrics]")
