"""What is found of the neurons that are explained, which words and pictures tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.explanations.formulas import Formula
from solver.explanations.search import FORMULA_SEARCH
from solver.plain import attributes
from theory.arrays import Array
from theory.immutable import Frozen


@dataclass(frozen=True, eq=False)
class Explanation(Frozen):
    """The best logical formula for one neuron: that which is true most nearly where it fires.

    Attributes:
        neuron: its name.
        fires: share of the samples on which it fires. A formula that is always true has this IoU.
        formulas: the best formulas, of the fewest literals, in canonical order; at most ten are listed. None for a
            neuron that fires on all samples or on none.
        ties: how many formulas of that size are as good, these included; of a search that time ended those it met.
        iou: intersection over union of the samples on which the neuron fires and those of which the formula is true.
        upper_bound: proven: no formula of up to three literals has a larger IoU.
        by_size: the best formula of one literal, of at most two, and of at most three, each with its IoU.
        runner_up: the best formula that does without at least one of the labels of the best; None where there is none.
        runner_up_iou: its IoU.
        runner_up_bound: proven: no such formula has a larger one.
        chance: (S,) the best IoU that any formula has with shuffled labels.
        chance_bound: (S,) proven: no formula has a larger one with those; the same where the search was completed.

    Source: Mu, Andreas (2020), who search by beam; docs/mathematics.md, "Why a neuron fires".

    Example:
        >>> from solver.explanations import explain
        >>> labels = {"red": [0, 0, 1, 1] * 3, "large": [0, 1, 0, 1] * 3}
        >>> neuron = explain([0, 0, 0, 5] * 3, labels, rng=0).neurons[0]
        >>> str(neuron.formula), neuron.iou, neuron.proven, neuron.ties
        ('large AND red', 1.0, True, 1)
    """

    neuron: str
    fires: float
    formulas: tuple[Formula, ...]
    ties: int
    iou: float
    upper_bound: float
    by_size: tuple[tuple[Formula, float], ...]
    runner_up: Formula | None
    runner_up_iou: float
    runner_up_bound: float
    chance: Array
    chance_bound: Array

    @property
    def formula(self) -> Formula | None:
        """The best formula, the first in canonical order; None where there is none."""
        return self.formulas[0] if self.formulas else None

    @property
    def proven(self) -> bool:
        """Whether no formula of up to three literals is better."""
        return bool(self.upper_bound <= self.iou + FORMULA_SEARCH.tie)

    @property
    def p_value(self) -> float:
        """Share of all tables, the given one among the shuffled, in which a formula may do as well; NaN without any."""
        if not len(self.chance) or not self.formulas:
            return float("nan")
        return float(1 + np.count_nonzero(self.chance_bound >= self.iou - FORMULA_SEARCH.tie)) / (1 + len(self.chance))

    def to_dict(self) -> dict[str, Any]:
        """Numbers, strings and lists, for JSON.

        Example:
            >>> from solver.explanations import explain
            >>> explain([0, 0, 2, 2], {"red": [0, 0, 1, 1]}, shuffles=0).neurons[0].to_dict()["formulas"]
            ['red']
        """
        numbers = ("ties", "iou", "upper_bound", "proven", "runner_up_iou", "runner_up_bound")
        return {
            **attributes(self, "neuron", "fires", *numbers, "chance", "chance_bound", "p_value"),
            "formulas": [str(formula) for formula in self.formulas],
            "by_size": [{"formula": str(formula), "iou": iou} for formula, iou in self.by_size],
            "runner_up": None if self.runner_up is None else str(self.runner_up),
        }
