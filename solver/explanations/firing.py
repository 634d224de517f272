"""When a neuron fires: its activity, cut at a threshold."""

from __future__ import annotations

import numpy as np

from theory.arrays import Array, Mask
from theory.errors import InputError
from theory.geometry.levels import levels

RULES = ("half", "positive")

Threshold = str | float

NOT_FIRING = 1e-9  # share of a neuron's largest activity that counts as none


def firing(activity: Array, weights: Array, threshold: Threshold = "half", top: float | None = None) -> Mask:
    """(T, n) on which samples each neuron fires.

    Args:
        activity: (T, n).
        weights: (T,) of the samples, with sum one.
        threshold: "half": activity beyond the middle between its least and its largest. "positive": beyond zero. A
            number: beyond it.
        top: in place of a threshold the largest share of samples that may fire: those of the highest activity, as many
            of its values as fit, the highest in any case.

    Raises:
        InputError: another word, a number that is not finite, or a share that is not between 0 and 1.

    Source: "positive" as Mu, Andreas (2020) for rectified units, `top=0.005` as Bau et al. (2017).

    Example:
        >>> activity, weights = np.array([[0.0], [1.0], [3.0], [4.0]]), np.full(4, 0.25)
        >>> [firing(activity, weights, rule)[:, 0].tolist().count(True) for rule in ("half", "positive", 3.5)]
        [2, 3, 1]
        >>> firing(activity, weights, top=0.5)[:, 0].tolist()
        [False, False, True, True]
    """
    scale = np.abs(activity).max(axis=0, initial=0.0)
    if top is not None:
        return _highest(activity, weights, _checked_share(top, threshold), NOT_FIRING * scale)
    if threshold == "half":
        cut = (activity.min(axis=0) + activity.max(axis=0)) / 2
    elif threshold == "positive":
        cut = np.zeros(activity.shape[1])
    else:
        cut = np.full(activity.shape[1], _checked_threshold(threshold))
    return np.asarray(activity - cut > NOT_FIRING * scale)


def rule_in_words(threshold: Threshold, top: float | None) -> str:
    """When a neuron fires, in one sentence.

    Example:
        >>> rule_in_words("half", None)
        'A neuron fires where its activity is beyond the middle between its least and its largest.'
    """
    if top is not None:
        return f"A neuron fires on the samples of its highest activity, {100 * top:.3g} % of them at most."
    if threshold == "half":
        return "A neuron fires where its activity is beyond the middle between its least and its largest."
    beyond = "zero" if threshold == "positive" else f"{float(threshold):.6g}"
    return f"A neuron fires where its activity is beyond {beyond}."


def _highest(activity: Array, weights: Array, share: float, apart: Array) -> Mask:
    """The samples of the highest values, as many values as have this share of the weight; values up to rounding."""
    numbers = levels(activity, apart)
    result = np.zeros(activity.shape, dtype=bool)
    for neuron, number in enumerate(numbers.T):
        falling = np.cumsum(np.bincount(number, weights)[::-1])
        kept = max(1, int(np.searchsorted(falling, share * (1 + NOT_FIRING), side="right")))
        result[:, neuron] = number > number.max() - kept
    return result


def _checked_share(top: float, threshold: Threshold) -> float:
    if threshold != "half":
        raise InputError("top, threshold: each says when a neuron fires; give one of them")
    if not 0 < top < 1:
        raise InputError(f"top: {top!r} is no share of the samples; give a number between 0 and 1, such as 0.05")
    return top


def _checked_threshold(threshold: Threshold) -> float:
    try:
        number = float(threshold)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise InputError(f"threshold: {threshold!r} is unknown; give {', '.join(map(repr, RULES))} or a finite number")
    return number
