"""Invariant dynamics: a theorem of `theory.theorems`."""

from __future__ import annotations

from theory.conditions import decide
from theory.problem import Problem
from theory.theorems.hypotheses import invariant_under_transitions
from theory.theorems.theorem import Prediction, Theorem, decidable

__all__ = ["THEOREM"]


def _dearer(problem: Problem) -> Prediction:
    """As without transitions, and dearer by what a rotation costs for each of them."""
    assert problem.transitions is not None
    verdict = decide(problem.feedforward)
    more = problem.recurrent_cost * len(problem.transitions) * problem.dimension
    return Prediction(modular=verdict.modular, margin=abs(verdict.margin), dearer=(problem.feedforward, more))


THEOREM = Theorem(
    name="invariant-dynamics",
    statement=(
        "Let the decoder be exact and need every source. If every transition leaves the distribution of the sources "
        "as it is, and the mixing and the targets up to a rotation, the best code without a recurrent layer is the "
        "best with one: the same verdict, at a loss that is larger by the recurrent cost times the number of sources, "
        "for each transition."
    ),
    latex=r"R_a S \sim S,\; R_a^\top A^\top A R_a = A^\top A,\; R_a^\top K R_a = K \;\Longrightarrow\; "
    r"L^*_{\text{recurrent}} = L^* + \kappa \sum_a d",
    source="this project",
    proof=(
        "The recurrent weights of a transition cost at least `tr(G R G^-1 R') >= sum_i |lambda_i(R)|^2` (Schur), and "
        "a map that keeps a full-dimensional hull has all `|lambda_i| = 1`: no code costs less than `L* + kappa d` for "
        "each. With `w` also `R'w` is a neuron of the same cost, and the readout is the same for `R'GR` as for `G`. "
        "The optimal `G` is unique, so `R'GR = G`, and then `tr(G R G^-1 R') = d`."
    ),
    hypothesis=lambda problem: decidable(problem) and invariant_under_transitions(problem),
    prediction=_dearer,
    recurrent=True,
)
