"""What do the neurons of a code follow? Their activity held against labels: anything that is known of each sample.

A label is a number or a class for each sample. The share of a neuron's variance that it explains is the squared
correlation with a number, or the correlation ratio (of the means of classes).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solver.extras import is_there
from solver.metrics import conditional_information, linear_columns, modularity_scores
from solver.metrics.information import INFORMATION
from solver.metrics.samples import unexplained, variance
from solver.pictures.words import aligned
from solver.plain import attributes
from theory.arrays import Array
from theory.errors import InputError
from theory.immutable import Frozen
from theory.inputs import as_matrix, column_names, require_plain
from theory.inputs.names import distinct_names, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Comparison(Frozen):
    """Labels that the neurons of a code follow.

    Attributes:
        labels: k names.
        kinds: for each label "number" or "class".
        explained: (n, k) share of each neuron's variance that each label explains by itself.
        correlation: (n, k) of each neuron with each label; NaN for classes, which have no direction.
        follows: for each neuron the label that explains most of it.
        decodable: (k,) share of each label's variance that is linear in the activity of all neurons together.
        chance: (k,) what a label of this kind explains on average if its samples are shuffled.
        scores: the field's modularity scores against the labels (`solver.metrics`), where there are two or more; those
            that need scikit-learn, or five samples, only where there are.

    Example:
        >>> from solver import Problem, solve
        >>> answer = solve(Problem([[x, y] for x in range(3) for y in range(3)]))
        >>> answer.compare({"odd": [x % 2 == 1 for x in range(3) for y in range(3)], "y": [0, 1, 2] * 3}).follows
        ('odd', 'y')
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    explained: Array
    correlation: Array
    follows: tuple[str, ...]
    decodable: Array
    chance: Array
    scores: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Numbers, strings and lists, for JSON; `solver.pictures.summary.as_json` makes null of NaN.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[x, y] for x in range(3) for y in range(3)]))
            >>> answer.compare({"place": [x for x in range(3) for y in range(3)]}).to_dict()["kinds"]
            ['number']
        """
        arrays = ("explained", "correlation", "decodable", "chance")
        return attributes(self, "labels", "kinds", "follows", *arrays, "scores")

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw what each label explains of each neuron; write the picture to `path` (.png, .pdf, .svg) if given.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[x, y] for x in range(3) for y in range(3)]))
            >>> figure = answer.compare([x + y for x in range(3) for y in range(3)]).plot()
        """
        from solver.pictures.explanations import plot_shares

        return plot_shares(self, path=path)

    def __repr__(self) -> str:
        shown = 40
        rows = [["neuron", *self.labels, "follows"]]
        for neuron, name in enumerate(self.follows[:shown]):
            rows.append([str(neuron + 1), *_percents(self.explained[neuron]), name])
        rows += [["chance", *_percents(self.chance), ""], ["all", *_percents(self.decodable), ""]]
        more = [f"... and {len(self.follows) - shown} more neurons"] if len(self.follows) > shown else []
        scores = [
            f"{name.replace('_', ' ')}: {'too few samples to tell' if np.isnan(value) else f'{value:.3f}'}"
            for name, value in self.scores.items()
        ]
        heading = (
            "Share of each neuron's variance that each label explains; below, what chance would, and what of each "
            "label all neurons tell."
        )
        return "\n".join([heading, "", *aligned(rows, left=[-1]), *more, *([""] if scores else []), *scores])


def _percents(shares: Array) -> list[str]:
    return [f"{100 * share:.1f} %" for share in shares]


def compared(
    activity: Array, labels: Any, probabilities: Array | None = None, categorical: Iterable[str | int] = ()
) -> Comparison:
    """Hold activity against labels; see `Representation.compare`.

    Args:
        activity: (T, n) of the neurons, at least one, each of which varies.
        labels: (T, k) or (T,) array-like, a DataFrame or a mapping of names to columns.
        probabilities: (T,) weights of the samples that sum to one; equal if not given.
        categorical: names, or numbers from zero, of columns of numbers that stand for classes.

    Raises:
        InputError: labels that do not fit the samples, are missing somewhere, or tell nothing.
    """
    weights = np.full(len(activity), 1 / len(activity)) if probabilities is None else probabilities
    names, classes, values = zip(*_labels(labels, weights, set(categorical)), strict=True)
    factors = np.column_stack(values)
    columns = linear_columns(factors, classes)
    explained = np.column_stack([_explained(activity, column, weights) for column in columns])
    freedom = np.array(
        [np.unique(factor[weights > 0]).size - 1 if one else 1 for one, factor in zip(classes, values, strict=True)]
    )
    correlation = np.where(classes, np.nan, _correlation(activity, factors, weights))
    return Comparison(
        labels=names,
        kinds=tuple("class" if one else "number" for one in classes),
        explained=explained,
        correlation=correlation,
        follows=tuple(names[best] for best in explained.argmax(axis=1)),
        decodable=np.array([_explained_together(column, activity, weights) for column in columns]),
        # Under random permutation, and as many samples of equal weight as these are worth.
        chance=np.minimum(1.0, freedom / max(1 / float(weights @ weights) - 1, 1.0)),
        scores=scores_at_hand(activity, factors, weights, classes),
    )


def scores_at_hand(
    activity: Array, factors: Array, weights: Array | None, classes: Sequence[bool] | None = None
) -> dict[str, float]:
    """The modularity scores that can be had: of one factor none; all with scikit-learn and five samples.

    Args:
        activity: (T, n) of neurons of which one at least varies.
        factors: (T, k) what they may follow.
        weights: (T,) of the samples, equal if None.
        classes: for each factor whether its values are numbers of classes; none are if not given.
    """
    if factors.shape[1] < 2:
        return {}
    samples = len(activity) if weights is None else np.count_nonzero(weights)
    if not is_there("sklearn") or samples <= INFORMATION.neighbours:
        only = conditional_information(activity, factors, probabilities=weights, classes=classes)
        return {"conditional_information": only}
    return modularity_scores(activity, factors, probabilities=weights, classes=classes)


# ---- labels -------------------------------------------------------------------------------------------------------


def _labels(labels: Any, weights: Array, categorical: set[str | int]) -> Iterator[tuple[str, bool, Array]]:
    """Yield name, whether it tells classes, and numbers (T,) of each label."""
    names, columns = columns_of_labels(labels, len(weights))
    unknown = [one for one in categorical if one not in names and one not in range(len(names))]
    if unknown:
        raise InputError(f"categorical: {unknown[0]!r} is no label; there are {', '.join(map(repr, names))}")
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        in_classes, values = _label(name, column, bool({name, number} & categorical))
        seen = values[weights > 0]
        if not np.ptp(seen) > 0:
            raise InputError(f"labels: {name!r} is the same for all samples, so that nothing can follow it; remove it")
        if in_classes and np.unique(seen).size == len(seen):
            raise InputError(
                f"labels: {name!r} has a class of its own for every sample, which explains anything; give classes that "
                "samples share, or numbers"
            )
        yield name, in_classes, values


def columns_of_labels(labels: Any, samples: int) -> tuple[list[str], list[NDArray[Any]]]:
    """Names and columns of labels in any form: a mapping, a table, one column, with a row for each sample.

    Raises:
        InputError: no labels, rows of different lengths or of another number, names that are the same, masked values.

    Example:
        >>> columns_of_labels({"odd": [0, 1]}, 2)
        (['odd'], [array([0, 1])])
    """
    names, columns = _named_columns(labels)
    if not columns:
        raise InputError("labels: there are none; give one column or more")
    for name, column in zip(names, columns, strict=True):
        if len(column) != samples:
            raise InputError(f"labels: {len(column)} row(s) of {name!r} do not fit {samples} samples; give one each")
    return names, columns


def _named_columns(labels: Any) -> tuple[list[str], list[NDArray[Any]]]:
    if isinstance(labels, Mapping):
        return list(distinct_names(labels, "labels")), [_one_column(name, values) for name, values in labels.items()]
    require_plain(labels, "labels")
    try:
        table = np.asarray(labels)
    except ValueError:
        raise InputError("labels: rows have different lengths; give every row the same number of columns") from None
    if table.ndim not in (1, 2):
        raise InputError(f"labels: expected a table (rows are samples), got {table.ndim} dimensions")
    if table.ndim == 1:
        name = getattr(labels, "name", None)
        return [printable(name) if isinstance(name, str) else "label1"], [table]
    names = column_names(labels, "labels") or [f"label{i + 1}" for i in range(table.shape[1])]
    return list(names), list(table.T)


def _one_column(name: object, values: Any) -> NDArray[Any]:
    require_plain(values, "labels")
    column = np.asarray(values)
    if column.ndim != 1:
        raise InputError(f"labels: {str(name)!r} has {column.ndim} dimensions; give one value per sample")
    return column


def _label(name: str, column: NDArray[Any], categorical: bool) -> tuple[bool, Array]:
    """Whether a column tells classes, and its numbers (T,), which then are those of the classes in order."""
    require_none_missing(name, column)
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in column.tolist())
    if numbers and not categorical:
        return False, as_matrix(column, "labels", columns=[name])[:, 0]
    text = np.array([str(value) for value in column.tolist()])
    return True, np.unique(text, return_inverse=True)[1].astype(np.float64)


def require_none_missing(name: str, column: NDArray[Any]) -> None:
    """Refuse a column of labels of which some stand for none."""
    missing = [row for row, value in enumerate(column.tolist()) if _is_missing(value)]
    if missing:
        raise InputError(
            f"labels: {len(missing)} value(s) of {name!r} are missing, the first at row {missing[0]} (counted from 0); "
            "leave those samples out, or fill them in"
        )


def _is_missing(value: Any) -> bool:
    marked = type(value).__name__ in ("NoneType", "NAType", "NaTType")
    return marked or (isinstance(value, float) and bool(np.isnan(value)))


# ---- shares of variance -------------------------------------------------------------------------------------------


def _explained(targets: Array, design: Array, weights: Array) -> Array:
    left = unexplained(targets, design, weights)
    return np.asarray(np.clip(1 - left / variance(targets, weights), 0.0, 1.0))


def _explained_together(targets: Array, design: Array, weights: Array) -> float:
    left = unexplained(targets, design, weights)
    return float(np.clip(1 - left.sum() / variance(targets, weights).sum(), 0.0, 1.0))


def _correlation(activity: Array, factors: Array, weights: Array) -> Array:
    centred, terms = (values - weights @ values for values in (activity, factors))
    return np.asarray(((centred.T * weights) @ terms) / np.sqrt(np.outer(weights @ centred**2, weights @ terms**2)))
