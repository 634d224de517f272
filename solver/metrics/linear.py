"""Scores of linear predictions: of neurons from sources, and of sources from neurons on samples held out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from solver.metrics.samples import ScoredSamples, require_sklearn, scored_samples, unexplained, variance
from theory.arrays import Array

if TYPE_CHECKING:
    from sklearn.linear_model import Lasso

    Fit = Callable[[Array, Array, Array], Callable[[Array], Array]]


@dataclass(frozen=True)
class RegressionSettings:
    """Penalties, for standardised variables, and what counts as explained."""

    rounding: float = 1e-12  # share of a neuron's variance that is none
    chance: float = 9.0  # ratio of variances, each over its degrees of freedom: the square of three deviations
    lasso: float = 1e-4  # penalty of the regressions of DCI
    logistic: float = 1e4  # inverse penalty: enough to keep separable classes finite


REGRESSION = RegressionSettings()


def conditional_information(
    activity: ArrayLike,
    sources: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    classes: Sequence[bool] | None = None,
) -> float:
    """Mean over neurons of the largest share of one source in what only it explains linearly, rescaled to 0 to 1.

    For neuron z and source s_j this is the variance of z that is explained by all sources but not by all others, so
    that correlated sources are not taken for one another. What chance might explain counts as nothing, and a neuron of
    which no source explains anything by itself as zero. NaN if there are no more conditions than linear terms, which
    then explain anything.

    Source: Dorrell et al. (ICLR 2025), conditional information with linear predictors, in units of variance because the
    neurons of a linear code are functions of the sources without noise.

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> round(conditional_information(sources, sources), 9)
        1.0
    """
    samples = scored_samples(activity, sources, probabilities, classes)
    neurons, weights, columns = samples.neurons, samples.weights, samples.columns
    if not neurons.shape[1]:
        return 0.0
    terms = np.array([column.shape[1] - one for column, one in zip(columns, samples.classes, strict=True)])
    freedom = samples.conditions - terms.sum() - 1
    if freedom < 1:
        return float("nan")
    whole = unexplained(neurons, np.column_stack(columns), weights)
    others = [np.column_stack(columns[:source] + columns[source + 1 :]) for source in range(len(columns))]
    only = np.maximum(np.array([unexplained(neurons, other, weights) - whole for other in others]).T, 0.0)
    chance = REGRESSION.chance * terms * whole[:, None] / freedom
    only = np.where(only > np.maximum(chance, REGRESSION.rounding * variance(neurons, weights)[:, None]), only, 0.0)
    total = only.sum(axis=1)
    share = only.max(axis=1) / np.where(total > 0, total, 1.0)
    count = len(columns)
    return float(np.where(total > 0, (share - 1 / count) / (1 - 1 / count), 0.0).mean())


def info_explicitness(
    activity: ArrayLike,
    sources: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    classes: Sequence[bool] | None = None,
    seed: int = 0,
) -> float:
    """Mean over sources of the share that a linear readout of all neurons predicts on samples held out (InfoE).

    The share is that of the variance of numbers, by least squares, and that of the entropy of classes, by multinomial
    logistic regression. It is at least zero. NaN if there are too few conditions to fit anything.

    Source: Hsu, Dorrell, Whittington, Wu, Finn, "Disentanglement via latent quantization" (NeurIPS 2023).

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> round(info_explicitness(sources @ [[1, 1], [-1, 1]], sources), 6)
        1.0
    """
    if classes is not None and any(classes):
        require_sklearn()
    samples = scored_samples(activity, sources, probabilities, classes)
    if not samples.neurons.shape[1]:
        return 0.0
    if not _fits(samples):
        return float("nan")
    predicted = []
    for source, in_classes in enumerate(samples.classes):
        if in_classes:
            predicted.append(_entropy_predicted(samples, source, seed))
        else:
            predicted.extend(_variance_predicted(samples, samples.sources[:, [source]], _least_squares, seed))
    return float(np.mean(predicted))


def dci(
    activity: ArrayLike,
    sources: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    classes: Sequence[bool] | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Disentanglement, completeness and informativeness of Lasso regressions of each source on all neurons.

    1. Regress each source on all neurons, standardised, with a small Lasso penalty. Of a source with classes regress
       the membership in each, and average the weights. Their sizes are the importances.
    2. Informativeness is the mean share of the variance of sources that is predicted on samples held out.
    3. A source of which no more is predicted than by chance is missing: it lends no neuron importance.
    4. The certainty of shares is one minus their entropy in units of the largest. Disentanglement is the mean certainty
       of the neurons' importances for sources, weighted by their sums. Completeness is the mean certainty of the
       sources' importances; a missing source counts as zero.

    NaN if there are too few conditions to fit anything.

    Source: Eastwood and Williams, "A framework for the quantitative evaluation of disentangled representations" (2018).

    Example:
        >>> sources = np.random.default_rng(0).uniform(size=(300, 2))
        >>> dci(sources, sources)["dci_disentanglement"] > 0.99
        True
    """
    require_sklearn()
    samples = scored_samples(activity, sources, probabilities, classes)
    names = ("dci_disentanglement", "dci_completeness", "dci_informativeness")
    if not samples.neurons.shape[1]:
        return dict.fromkeys(names, 0.0)
    if not _fits(samples):
        return dict.fromkeys(names, float("nan"))
    neurons = samples.neurons / np.sqrt(variance(samples.neurons, samples.weights))
    importance, predicted = [], []
    # Step 1.
    for block in samples.columns:
        targets = block / np.sqrt(variance(block, samples.weights))
        weights = np.array([_lasso(neurons, target, samples.weights).coef_ for target in targets.T])
        # Step 2.
        shares = _variance_predicted(samples, block, _lasso_prediction, seed)
        predicted.append(shares.mean())
        # Step 3.
        chance = REGRESSION.chance / (REGRESSION.chance + samples.conditions)
        importance.append(np.abs(weights).mean(axis=0) * (shares.max() > chance))
    # Step 4.
    weight = np.array(importance).T
    certain, total = _certainty(weight), weight.sum(axis=1)
    return {
        names[0]: float(certain @ total / total.sum()) if total.sum() > 0 else 0.0,
        names[1]: float(_certainty(weight.T).mean()),
        names[2]: float(np.mean(predicted)),
    }


def _certainty(weight: Array) -> Array:
    """(n,) for each row one minus the entropy of its shares; zero where they are all zero."""
    total = weight.sum(axis=1)
    if weight.shape[1] == 1:
        return (total > 0).astype(np.float64)
    share = weight / np.where(total > 0, total, 1.0)[:, None]
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1) / np.log(weight.shape[1])
    return np.where(total > 0, 1 - entropy, 0.0)


# ---- samples held out -----------------------------------------------------------------------------------------------


def _fits(samples: ScoredSamples) -> bool:
    """Whether three conditions at least are left when some are held out."""
    return samples.conditions > 3


def _variance_predicted(samples: ScoredSamples, targets: Array, fit: Fit, seed: int) -> Array:
    """(k,) share of the variance of each target (T, k) that is predicted on samples held out, at least zero."""
    weights = samples.weights
    left, whole = np.zeros((2, targets.shape[1]))
    for out in samples.held_out(seed):
        learnt, tested = weights[~out] / weights[~out].sum(), weights[out]
        predict = fit(samples.neurons[~out], targets[~out], learnt)
        left += tested @ (targets[out] - predict(samples.neurons[out])) ** 2
        whole += tested @ (targets[out] - learnt @ targets[~out]) ** 2
    return np.clip(1 - left / whole, 0.0, 1.0)


def _standard(neurons: Array, weights: Array) -> Callable[[Array], Array]:
    """A function that puts these neurons to mean zero and variance one."""
    mean, spread = weights @ neurons, np.sqrt(variance(neurons, weights))
    return lambda tested: np.asarray((tested - mean) / np.where(spread > 0, spread, 1.0))


def _least_squares(neurons: Array, targets: Array, weights: Array) -> Callable[[Array], Array]:
    standard, centre = _standard(neurons, weights), weights @ targets
    root = np.sqrt(weights)[:, None]
    best, *_ = np.linalg.lstsq(root * standard(neurons), root * (targets - centre), rcond=None)
    return lambda tested: np.asarray(standard(tested) @ best + centre)


def _lasso_prediction(neurons: Array, targets: Array, weights: Array) -> Callable[[Array], Array]:
    standard, size = _standard(neurons, weights), np.sqrt(variance(targets, weights))
    size = np.where(size > 0, size, 1.0)
    fits = [_lasso(standard(neurons), target, weights) for target in (targets / size).T]
    return lambda tested: np.column_stack([fit.predict(standard(tested)) for fit in fits]) * size


def _lasso(neurons: Array, target: Array, weights: Array) -> Lasso:
    from sklearn import linear_model
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Neurons that are linearly dependent leave the last digits open, which no score shows.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return linear_model.Lasso(alpha=REGRESSION.lasso, max_iter=20_000).fit(neurons, target, weights)


def _entropy_predicted(samples: ScoredSamples, source: int, seed: int) -> float:
    """Share of the entropy of a source with classes that is predicted on samples held out."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    kinds, label = np.unique(samples.sources[:, source], return_inverse=True)
    weights = samples.weights
    left = whole = 0.0
    for out in samples.held_out(seed):
        learnt = weights[~out] / weights[~out].sum()
        # A class that was not learnt has half a sample's probability.
        floor = 0.5 / (len(weights) + len(kinds))
        shares = np.bincount(label[~out], learnt, minlength=len(kinds))
        likely = np.tile(shares, (int(out.sum()), 1))
        if (shares > 0).sum() > 1:
            standard = _standard(samples.neurons[~out], learnt)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                fit = LogisticRegression(C=REGRESSION.logistic, max_iter=1_000).fit(
                    standard(samples.neurons[~out]), label[~out], learnt * len(learnt)
                )
            likely = np.zeros_like(likely)
            likely[:, fit.classes_] = fit.predict_proba(standard(samples.neurons[out]))
        rows = np.arange(len(likely)), label[out]
        left -= float(weights[out] @ np.log(np.maximum(likely[rows], floor)))
        whole -= float(weights[out] @ np.log(np.maximum(shares[label[out]], floor)))
    return min(1.0, max(0.0, 1 - left / whole))
