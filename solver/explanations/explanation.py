"""Why neurons fire, in numbers, words, and a picture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solver.explanations.findings import Explanation
from solver.explanations.pairs import LabelPairs
from solver.explanations.words import columns_of_neurons, sentences_of, text_of
from solver.plain import attributes
from theory.arrays import Array
from theory.immutable import Frozen

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False, eq=False)
class Explanations(Frozen):
    """Why the neurons of a layer fire, by the labels of the samples.

    Attributes:
        neurons: for each an `Explanation`.
        labels: k names.
        selectivity: (n, k) average precision with which each neuron's activity tells who has each label.
        chance_selectivity: (n, k) its mean with shuffled labels; NaN without any.
        chance_deviation: (n, k) its standard deviation with shuffled labels.
        pairs: what the labels alone predict: which two of them the best linear code keeps apart, and the price.
        rule: when a neuron fires, in words.
        samples: how many there are.
        shuffles: how many shuffled tables were tried.

    Source: docs/mathematics.md, "Why a neuron fires".

    Example:
        >>> from solver.explanations import explain
        >>> labels = {"red": [0, 0, 1, 1] * 3, "large": [0, 1, 0, 1] * 3}
        >>> explanation = explain([[0, 1], [0, 0], [0, 1], [5, 1]] * 3, labels, neurons=["first", "second"], rng=0)
        >>> [str(one.formula) for one in explanation.neurons], explanation.selectivity.round(3).tolist()
        (['large AND red', 'NOT large OR red'], [[0.75, 0.75], [0.667, 0.417]])
    """

    neurons: tuple[Explanation, ...]
    labels: tuple[str, ...]
    selectivity: Array
    chance_selectivity: Array
    chance_deviation: Array
    pairs: LabelPairs
    rule: str
    samples: int
    shuffles: int

    def __len__(self) -> int:
        return len(self.neurons)

    def to_dict(self) -> dict[str, Any]:
        """Numbers, strings and lists, for JSON; `solver.pictures.summary.as_json` makes null of NaN.

        Example:
            >>> from solver.explanations import explain
            >>> explanation = explain([0, 0, 2, 2], {"red": [0, 0, 1, 1]}, shuffles=0).to_dict()
            >>> explanation["labels"], explanation["neurons"][0]["iou"]
            (['red'], 1.0)
        """
        tables = ("selectivity", "chance_selectivity", "chance_deviation")
        return {
            "neurons": [one.to_dict() for one in self.neurons],
            **attributes(self, "labels", *tables, "rule", "samples", "shuffles"),
            "pairs": {
                **attributes(self.pairs, "apart", "never", "same", "modular", "price_bounds"),
                "listed": [dict(vars(pair)) for pair in self.pairs.listed],
            },
        }

    def columns(self) -> dict[str, list[Any]]:
        """What is found of each neuron, by column; the whole of it is in `to_dict`.

        Example:
            >>> from solver.explanations import explain
            >>> list(explain([0, 0, 2, 2], {"red": [0, 0, 1, 1]}, shuffles=0).columns())[:4]
            ['neuron', 'fires', 'formula', 'iou']
        """
        return columns_of_neurons(self)

    def sentences(self) -> list[str]:
        """What is found, in words.

        Example:
            >>> from solver.explanations import explain
            >>> print(explain([0, 0, 2, 2], {"red": [0, 0, 1, 1]}, shuffles=0).sentences()[1])
            The formula of every neuron is proven to be the best one of up to three literals.
        """
        return sentences_of(self)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw neurons, formulas and their IoU beside chance, and the selectivity; write it to `path` if given.

        Example:
            >>> from solver.explanations import explain
            >>> figure = explain([0, 0, 2, 2], {"red": [0, 0, 1, 1]}, shuffles=0).plot()
        """
        from solver.pictures.explanations import plot_explanations

        return plot_explanations(self, path=path)

    def __repr__(self) -> str:
        return text_of(self)
