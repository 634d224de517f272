"""How modular is an activity? The field's scores, for any activity and any sources: 0 is fully mixed, 1 is modular.

A certified verdict says more than any of these; they are here so that codes can be compared with those in the papers.
All count what is missing: a neuron that tells nothing is not modular, a source that no neuron tells about is not coded.
What so many samples would seem to tell by chance is subtracted, and where they cannot tell anything the score is NaN.
Neurons that do not vary are left out; where none varies every score is zero.

Mutual information is estimated from nearest neighbours. A source of numbers with more than twenty values is cut into
twenty equally likely intervals (fewer where there are fewer than 200 conditions), so that it has an entropy. Samples
with the same sources are trials of one condition, one of which is drawn at a time, unless most combinations of values
occur, as in a grid; at most 1,000 are estimated from, and all are taken to be equally likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from solver.metrics.estimates import neuron_information
from solver.metrics.linear import conditional_information, dci, info_explicitness
from solver.metrics.mutual import (
    conditional_information_nearest,
    info_compactness,
    info_modularity,
    mutual_information_gap,
    mutual_information_ratio,
)
from solver.metrics.samples import linear_columns, scored_samples

__all__ = [
    "conditional_information",
    "conditional_information_nearest",
    "dci",
    "info_compactness",
    "info_explicitness",
    "info_modularity",
    "linear_columns",
    "modularity_scores",
    "mutual_information_gap",
    "mutual_information_ratio",
]


def modularity_scores(
    activity: ArrayLike,
    sources: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    classes: Sequence[bool] | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """All scores of this module.

    Args:
        activity: (T, n) of the neurons.
        sources: (T, d) on the same samples.
        probabilities: (T,) weights of the samples, equal if not given; the estimate of mutual information knows none.
        classes: for each source whether its values are numbers of classes, any numbers; none are if not given.
        seed: of the draws, shuffles and parts that are held out.

    Returns:
        "mutual_information_ratio" (MIR), "mutual_information_gap" (MIG), "info_modularity", "info_compactness",
        "info_explicitness" (InfoMEC), "conditional_information", "conditional_information_nearest",
        "dci_disentanglement", "dci_completeness", "dci_informativeness"; and "information_by_chance", what a neuron
        that tells nothing seems to tell about a source, in units of its entropy, before it is subtracted.

    Raises:
        InputError: shapes that do not fit, one source, a constant source, fewer than five samples, or scikit-learn not
            installed.

    Example:
        >>> import numpy as np
        >>> sources = np.random.default_rng(0).uniform(size=(200, 2))
        >>> round(modularity_scores(sources, sources)["conditional_information"], 6)
        1.0
    """
    weighted: dict[str, Any] = {"probabilities": probabilities, "classes": classes}
    samples = scored_samples(activity, sources, probabilities, classes)
    estimated = neuron_information(samples, seed)
    return {
        "mutual_information_ratio": estimated.ratio,
        "mutual_information_gap": estimated.gap,
        "info_modularity": estimated.modularity,
        "info_compactness": estimated.compactness,
        "info_explicitness": info_explicitness(activity, sources, **weighted, seed=seed),
        "conditional_information": conditional_information(activity, sources, **weighted),
        "conditional_information_nearest": neuron_information(samples, seed, conditional=True).modularity,
        **dci(activity, sources, **weighted, seed=seed),
        "information_by_chance": float(estimated.chance.mean()),
    }
