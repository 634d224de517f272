"""Dear errors: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.readouts import Exact, Noisy, Soft
from theory.theorems.theorem import Prediction, Theorem, decidable

if TYPE_CHECKING:
    from theory.problem import Problem

__all__ = ["THEOREM"]


def _without_errors(problem: Problem) -> Prediction:
    given = problem.given_readout
    assert isinstance(given, (Soft, Noisy))
    # Noise makes the decoder dearer, whether errors are allowed or not.
    exact = problem.replaced(decoder_cost=problem.readout.decoder_cost, readout=Exact(given.targets))
    return Prediction(limit=exact)


THEOREM = Theorem(
    name="dear-errors",
    statement=(
        "As the price `kappa` of errors grows the optimal loss approaches that of the exact decoder from below, at the "
        "rate `1 / kappa`: the difference lies between two multiples of it, given by optimal multipliers `Y` of the "
        "two problems. `C_e` is the covariance under which errors count. With noise of variance `v` both decoders have "
        "the price `mu + kappa v`."
    ),
    latex=r"\frac{\mu}{\kappa} \operatorname{tr}(Y_\kappa C_e^{-1}) \;\le\; L^*_\infty - L^*_\kappa \;\le\; "
    r"\frac{\mu}{\kappa} \operatorname{tr}(Y_\infty C_e^{-1})",
    source="this project",
    proof=(
        "By weak duality an optimal multiplier of each bounds the other problem. With `G_0 = (mu / kappa) C_e^-1`, "
        "what `Y_kappa` proves without `G_0` is `L_kappa + tr(Y_kappa G_0)`, at most `L_exact`; and what `Y_exact` "
        "proves with it is `L_exact - tr(Y_exact G_0)`, at most `L_kappa`."
    ),
    hypothesis=lambda problem: decidable(problem) and isinstance(problem.given_readout, (Soft, Noisy)),
    prediction=_without_errors,
)
