"""What both kinds of answer do: take tables, hold their neurons against labels, and explain them by labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from solver import tables
from solver.codes.certified import CertifiedCode
from theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from solver.comparison import Comparison
    from solver.explanations import Explanations
    from theory.arrays import Array


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Answer(CertifiedCode):
    """The part of `Representation` and `NonlinearRepresentation` that asks only for activity and samples."""

    @overload  # type: ignore[override]  # of a table it makes a table
    def activity(self, sources: None = None) -> Array: ...

    @overload
    def activity(self, sources: Any) -> Any: ...

    def activity(self, sources: Any = None) -> Any:
        """Activity z (T, n) >= 0 of the neurons on the problem's samples, or on other sources (T, d).

        For a distribution given by its moments the samples are the vertices of its support. The columns of a table (of
        pandas, polars or xarray) are found by the sources' names, and the activity is a table of the same kind.

        Outside the hull of the problem's own sources linear neurons are rectified: none goes below zero. Free neurons
        have no encoder; on other sources they do what costs least there, with the decoder as it is.

        Raises:
            InputError: sources with another number of columns, or without one that is needed; sources that free neurons
                cannot decode exactly.

        Example:
            >>> import pandas as pd
            >>> from solver import Problem, solve
            >>> table = pd.DataFrame({"x": [0, 0, 1, 1], "y": [0, 1, 0, 1]})
            >>> answer = solve(Problem(table))
            >>> answer.activity(table[["y", "x"]]).columns.tolist(), bool(answer.activity().min() >= 0)
            (['neuron1', 'neuron2'], True)
        """
        if sources is None:
            return super().activity()
        values = super().activity(tables.chosen(sources, self.problem.sources.names, "sources"))
        return tables.like(sources, values, tables.neuron_names(self), "neuron")

    def reconstruct(self, activity: Any) -> Any:
        """Data x (T, dx) read out from activity (T, n): a table of the same kind where the activity is one.

        Raises:
            InputError: activity with another number of columns than there are neurons.

        Example:
            >>> import numpy as np
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
            >>> bool(np.allclose(answer.reconstruct(answer.activity()), [[0, 0], [0, 1], [1, 0]]))
            True
        """
        data = super().reconstruct(tables.chosen(activity, tables.neuron_names(self), "activity"))
        return tables.like(activity, data, tables.channel_names(self), "channel")

    def metrics(self) -> dict[str, float]:
        """The field's modularity scores of this code: see `solver.metrics.modularity_scores`.

        Raises:
            InputError: sources known by their moments alone, one source, fewer than five samples, or scikit-learn not
                installed; data without known sources.

        Example:
            >>> from solver import Problem, solve
            >>> scores = solve(Problem([[x, y] for x in range(5) for y in range(5)])).metrics()
            >>> round(scores["dci_disentanglement"], 3)
            1.0
        """
        from solver.metrics import modularity_scores

        sources = self.problem.sources
        if not sources.identified:
            raise InputError("metrics: the axes of the data mean nothing by themselves; `compare` the code with labels")
        if not sources.from_samples:
            raise InputError(f"metrics: the sources are known by {sources.known_by} alone; the scores need samples")
        return modularity_scores(self.activity(), sources.points, probabilities=sources.probabilities)

    def compare(self, labels: Any, *, categorical: Iterable[str | int] = ()) -> Comparison:
        """Which neuron follows which label, and the modularity scores of the activity against the labels.

        Labels are whatever is known of each sample and is not coded as a source: for data without known sources, what
        modularity can be asked of.

        Args:
            labels: (T, k) or (T,) array-like, a DataFrame, or a mapping of names to columns, in the order of the
                samples. Numbers are taken as such; text and truth values are classes.
            categorical: names, or numbers from zero, of columns of numbers that stand for classes.

        Raises:
            InputError: labels that do not fit the samples, are missing for some, are the same for all, or different
                classes for all; sources known by their moments alone; a code without neurons.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[x, y] for x in range(3) for y in range(3)]))
            >>> answer.compare({"colour": ["red", "green", "blue"] * 3}).explained.round(3).tolist()
            [[0.0], [1.0]]
        """
        from solver.comparison import compared

        self._require_labels("follow any")
        return compared(self.activity(), labels, self.problem.sources.probabilities, categorical)

    def explain(self, labels: Any, **options: Any) -> Explanations:
        """Which labels make each neuron fire: the best logical formula of up to three literals, with its proof.

        Args:
            labels: (T, k) or (T,) array-like, a DataFrame, or a mapping of names to columns, in the order of the
                samples: of 0 and 1, of truth values, or of text.
            options: those of `solver.explain`, such as threshold, shuffles and rng.

        Raises:
            InputError: as `solver.explain`; sources known by their moments alone; a code without neurons.

        Source: docs/mathematics.md, "Why a neuron fires".

        Example:
            >>> from solver import Problem, solve
            >>> corners = [[x, y] for x in (0, 1) for y in (0, 1)]
            >>> explanation = solve(Problem(corners)).explain({"left": [1, 1, 0, 0], "low": [1, 0, 1, 0]}, shuffles=0)
            >>> sorted(one.formula.labels for one in explanation.neurons), explanation.pairs.apart[0, 1]
            ([('left',), ('low',)], np.True_)
        """
        from solver.explanations import explain

        self._require_labels("be explained")
        return explain(self.activity(), labels, probabilities=self.problem.sources.probabilities, **options)

    def _require_labels(self, verb: str) -> None:
        """Refuse where there are no samples which labels can belong to, or no neurons."""
        sources = self.problem.sources
        if not sources.from_samples:
            known = sources.known_by
            raise InputError(f"labels: the sources are known by {known} alone; there are no samples to label")
        if not len(self):
            raise InputError(f"labels: the code has no neurons that could {verb}; let errors cost more")
