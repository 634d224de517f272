"""What an audit finds, as numbers. `solver.auditing.audit.Audit` can be printed and drawn too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.auditing.affine import AffineCode, varying
from solver.auditing.scale import Fit
from solver.comparison import scores_at_hand
from solver.plain import attributes
from solver.representation import Representation
from theory.arrays import Array, Indices
from theory.conditions import Verdict
from theory.conditions.practically import excess
from theory.immutable import Frozen, derived
from theory.problem import Problem


@dataclass(frozen=True, repr=False, eq=False)
class CommonFindings(Frozen):
    """What an audit finds of neurons of any kind."""

    code: Any
    optimum: Any
    lower_bound: float
    unexplained: float
    unexplained_shares: Array
    least_activity: float
    encoder_error: float
    decoder_error: float
    ratios: Array
    savings: dict[str, float]
    strengths: Array
    missing_ratio: float
    missing_saving: float
    neurons: tuple[str, ...]
    activity: Array

    @property
    def problem(self) -> Problem:
        """What is coded, with the fitted cost of the encoder where it was fitted."""
        problem: Problem = self.code.problem
        return problem

    @property
    def loss(self) -> float:
        """Loss of the code that is audited."""
        return float(self.code.loss)

    @property
    def excess(self) -> float:
        """By how much loss / lower_bound exceeds one: by how much the code costs more than any code must."""
        return excess(self.loss, self.lower_bound)

    @derived
    def scores(self) -> dict[str, float]:
        """The field's modularity scores of the activity; they take a while."""
        sources = self.problem.sources
        return scores_at_hand(self.activity, sources.points, sources.probabilities) if sources.identified else {}

    @property
    def wasted(self) -> Array:
        """(n,) what each neuron costs beyond what it earns at the optimum's multiplier."""
        return np.nan_to_num(self.code.neuron_costs * (1 - self.ratios))

    def to_dict(self) -> dict[str, Any]:
        """All findings as numbers, strings and lists: what `--json` prints.

        Example:
            >>> from solver import Problem, audit
            >>> audit(Problem([[-1], [0], [1]]), [[0.0], [1.0], [2.0]]).to_dict()["neurons"]
            ['1']
        """
        names = ("loss", "lower_bound", "excess", "unexplained", "unexplained_shares", "least_activity")
        more = ("encoder_error", "decoder_error", "ratios", "wasted", "savings", "strengths", "missing_ratio")
        return {
            **attributes(self, *names, *more, "missing_saving", "scores", "neurons"),
            **attributes(self.code, "energies"),
            **attributes(self.problem, "encoder_cost", "decoder_cost"),
            "optimum": self.optimum.to_dict(),
        }


@dataclass(frozen=True, repr=False, eq=False)
class Findings(CommonFindings):
    """A code held against the certified optimum of the same problem: see `solver.auditing.audit.Audit`."""

    code: AffineCode
    optimum: Representation
    lifts: Array
    missing_neuron: Array
    verdict: Verdict | None
    fit: Fit | None

    @property
    def active(self) -> Indices:
        """Numbers of the neurons whose affine part varies, counted from 0."""
        return np.flatnonzero(varying(self.problem, self.code.source_weights))

    def to_dict(self) -> dict[str, Any]:
        """All findings as numbers, strings and lists: what `--json` prints.

        Example:
            >>> from solver import Problem, audit
            >>> audit(Problem([[-1], [0], [1]]), [[0.0], [1.0], [2.0]]).to_dict()["source_weights"]
            [[1.0]]
        """
        from solver.pictures.summary import verdict_to_dict

        return super().to_dict() | {
            **attributes(self, "lifts", "missing_neuron"),
            **attributes(self.code, "source_weights"),
            "verdict": None if self.verdict is None else verdict_to_dict(self.problem, self.verdict),
            "fit": None if self.fit is None else self.fit.to_dict(),
        }


@dataclass(frozen=True, repr=False, eq=False)
class NonlinearFindings(CommonFindings):
    """A code of rectified or free neurons: see `solver.auditing.nonlinear.NonlinearAudit`."""

    missing_activity: Array

    def to_dict(self) -> dict[str, Any]:
        """All findings as numbers, strings and lists: what `--json` prints."""
        return super().to_dict() | attributes(self, "missing_activity")
