"""Explain an activity by labels.

1. Read the labels; leave out samples of probability zero; let samples with the same labels be one.
2. Cut each neuron's activity at its threshold.
3. Search the best formula for each neuron (`search`), and the best one that does without one of its labels.
4. Shuffle the rows of the table of labels and search again: what chance reaches.
5. Rank the samples by each neuron's activity: how precisely it tells who has a label, and what chance would.
6. Read from the table of labels alone what theory predicts (`pairs`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solver.deadline import limited_to
from solver.explanations.counts import Weights, weights_of
from solver.explanations.explanation import Explanations
from solver.explanations.findings import Explanation
from solver.explanations.firing import NOT_FIRING, Threshold, firing, rule_in_words
from solver.explanations.formulas import Formula, formula_of
from solver.explanations.labels import BinaryLabels, Patterns, binary_labels, patterns_of
from solver.explanations.pairs import label_pairs
from solver.explanations.search import FORMULA_SEARCH, Search, SearchResult
from solver.explanations.selectivity import rankings
from solver.solving.limits import generator_of, require_seconds
from theory.arrays import Array, Indices, Mask
from theory.errors import InputError
from theory.inputs import as_matrix, checked_probabilities, neuron_names, whole_number


def explain(
    activity: ArrayLike,
    labels: Any,
    *,
    probabilities: ArrayLike | None = None,
    neurons: Sequence[str] | None = None,
    threshold: Threshold = "half",
    top: float | None = None,
    shuffles: int = 20,
    series: bool = False,
    encoder_cost: float = 1.0,
    decoder_cost: float = 1.0,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
    follow: Callable[[int, int], None] | None = None,
) -> Explanations:
    """Say for each neuron which labels make it fire: the best logical formula of up to three literals.

    Best is the largest intersection over union (IoU) of the samples on which the neuron fires and those of which the
    formula is true, each sample with its probability. The search is complete, and says so; Mu and Andreas (2020), who
    began this, search by beam.

    Args:
        activity: (T, n) of the neurons, or (T,) of one; a DataFrame keeps its column names.
        labels: (T, k) array-like, a DataFrame, or a mapping of names to columns: of 0 and 1, of truth values, or of
            text, which becomes a label for each class.
        probabilities: (T,) weights of the samples; equal if not given. Samples of probability zero do not count.
        neurons: n names; those of the activity's columns, or their numbers from one, if not given.
        threshold: when a neuron fires: "half", beyond the middle between its least and its largest activity;
            "positive", beyond zero; a number, beyond it.
        top: in place of a threshold the largest share of samples on which it fires, those of its highest activity.
        shuffles: how often the rows of the table of labels are shuffled to see what chance reaches; the weights stay
            with the activity. Zero for not at all.
        series: whether the rows follow each other in time: then the labels are shifted around by a random number of
            rows instead of shuffled, so that activity and labels each stay as slow as they are.
        encoder_cost: of the codes whose price of modularity is computed from the labels.
        decoder_cost: of them as well.
        time_limit: seconds for each search; one that ends before its proof has a bound larger than its IoU.
        rng: seed or generator of the shuffles.
        follow: called after each search with how many of how many are done.

    Returns:
        An `Explanations`.

    Raises:
        InputError: labels that do not fit the activity, are missing somewhere, are neither 0 nor 1, or are the same for
            all samples; an argument that cannot be used.

    Source: Mu, Andreas (2020); thresholds, Bau et al. (2017); docs/mathematics.md, "Why a neuron fires".

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = {name: rng.integers(0, 2, 200) for name in ("red", "large", "round", "old")}
        >>> fires = labels["red"] & (labels["large"] | 1 - labels["old"])
        >>> neuron = explain(fires + 0.1 * rng.normal(size=200), labels, rng=0).neurons[0]
        >>> print(neuron.formula)
        red AND (large OR NOT old)
        >>> neuron.iou, neuron.proven, bool(neuron.chance_bound.max() < 0.7), round(neuron.p_value, 3)
        (1.0, True, True, 0.048)
    """
    values = as_matrix(activity, "activity")
    chances = checked_probabilities(probabilities, len(values))
    weights = np.ones(len(values)) if chances is None or np.ptp(chances) == 0 else chances
    names = neuron_names(activity, values.shape[1], neurons)
    require_seconds(time_limit)
    if whole_number(shuffles, "shuffles") >= len(values) and series:
        ways = len(values) - 1
        raise InputError(f"shuffles: {ways + 1} rows can be shifted in {ways} ways only; give so many at most")
    # Step 1.
    table = binary_labels(labels, weights > 0)
    seen = weights > 0
    values, weights, table = values[seen], weights[seen], BinaryLabels(table.names, table.values[seen])
    # Step 2.
    fires = firing(values, weights / weights.sum(), threshold, top)
    # Steps 3 and 4.
    orders = _shuffled(len(values), shuffles, generator_of(rng), series=series)
    task = _Searches(patterns_of(table), weights, fires, orders, time_limit, follow)
    # Step 5.
    precision, mean, deviation = _selectivity(values, table.values, weights, orders)
    return Explanations(
        neurons=tuple(task.explained(name, number) for number, name in enumerate(names)),
        labels=table.names,
        selectivity=precision,
        chance_selectivity=mean,
        chance_deviation=deviation,
        # Step 6.
        pairs=label_pairs(table.names, table.values, weights, encoder_cost=encoder_cost, decoder_cost=decoder_cost),
        rule=rule_in_words(threshold, top),
        samples=len(values),
        shuffles=shuffles,
    )


@dataclass
class _Searches:
    """The searches for one table of labels and its shuffles."""

    patterns: Patterns
    weights: Array
    fires: Mask
    orders: list[Indices]
    limit: float | None
    follow: Callable[[int, int], None] | None
    done: int = 0

    def explained(self, name: str, number: int) -> Explanation:
        """The explanation of one neuron."""
        fires = self.fires[:, number]
        if fires.all() or not fires.any():
            self._advance(1 + len(self.orders))
            return _unexplained(name, float(fires.all()))
        search = Search(self._weights(self.patterns.of_sample, fires))
        best = self._timed(search)
        other = self._timed(search, _labels_of(best))
        # Only where time ended the first search.
        while other.iou > best.iou + FORMULA_SEARCH.tie:
            best = best.improved_by(other)
            other = self._timed(search, _labels_of(best))
        self._advance(1)
        chance = []
        for order in self.orders:
            chance.append(self._timed(Search(self._weights(self.patterns.of_sample[order], fires))))
            self._advance(1)
        return Explanation(
            neuron=name,
            fires=float(self.weights @ fires / self.weights.sum()),
            formulas=tuple(map(self._formula, best.labels[:10], best.form[:10])),
            ties=len(best.form),
            iou=best.iou,
            upper_bound=best.upper_bound if not best.proven else best.iou,
            by_size=tuple((self._formula(labels, form), iou) for iou, labels, form in best.by_size),
            runner_up=self._formula(other.labels[0], other.form[0]) if len(other.form) else None,
            runner_up_iou=other.iou,
            runner_up_bound=other.upper_bound if len(other.form) else float("nan"),
            chance=np.array([result.iou for result in chance]),
            chance_bound=np.array([result.upper_bound for result in chance]),
        )

    def _weights(self, of_sample: Indices, fires: Mask) -> Weights:
        return weights_of(self.patterns.rows, of_sample, self.weights, fires)

    def _timed(self, search: Search, without: tuple[int, ...] = ()) -> SearchResult:
        limited: AbstractContextManager[None] = nullcontext()
        if self.limit is not None:
            limited = limited_to(time.perf_counter() + self.limit)
        with limited:
            return search.best(without)

    def _formula(self, labels: Indices, form: int) -> Formula:
        return formula_of(labels, form, self.patterns.names)

    def _advance(self, count: int) -> None:
        self.done += count
        if self.follow is not None:
            self.follow(self.done, self.fires.shape[1] * (1 + len(self.orders)))


def _labels_of(result: SearchResult) -> tuple[int, ...]:
    return tuple(int(label) for label in result.labels[0])


def _unexplained(name: str, fires: float) -> Explanation:
    nan = float("nan")
    return Explanation(name, fires, (), 0, nan, nan, (), None, nan, nan, np.zeros(0), np.zeros(0))


def _selectivity(activity: Array, labels: Mask, weights: Array, orders: list[Indices]) -> tuple[Array, Array, Array]:
    """(n, k) average precision, its mean and its deviation over the shuffles; NaN for neurons that do not vary."""
    precision, mean, deviation = np.full((3, activity.shape[1], labels.shape[1]), np.nan)
    by_label = np.ascontiguousarray(labels.T)
    varies = np.ptp(activity, axis=0) > NOT_FIRING * np.abs(activity).max(axis=0)
    for neuron, ranking in enumerate(rankings(activity, weights)):
        if not varies[neuron]:
            continue
        precision[neuron] = ranking.precision(by_label)
        if orders:
            by_chance = np.array([ranking.precision(by_label, order) for order in orders])
            mean[neuron], deviation[neuron] = by_chance.mean(axis=0), by_chance.std(axis=0)
    return precision, mean, deviation


def _shuffled(count: int, shuffles: int, rng: np.random.Generator, *, series: bool) -> list[Indices]:
    """For each shuffle the row of labels that each sample gets."""
    if series:
        steps = rng.choice(count - 1, size=shuffles, replace=False) + 1
        return [(np.arange(count) + step) % count for step in steps]
    return [rng.permutation(count) for _ in range(shuffles)]
