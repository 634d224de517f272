"""Noise: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.readouts import Noisy, Soft
from theory.theorems.theorem import Prediction, Theorem, decidable

if TYPE_CHECKING:
    from theory.problem import Problem

__all__ = ["THEOREM"]


def _dearer_decoder(problem: Problem) -> Prediction:
    noisy = problem.given_readout
    assert isinstance(noisy, Noisy)
    soft = Soft(noisy.error_cost, noisy.targets, noisy.probabilities)
    price = problem.decoder_cost + noisy.error_cost * noisy.noise_variance
    return Prediction(equal=(problem.replaced(decoder_cost=price, readout=soft), 1.0))


THEOREM = Theorem(
    name="noise",
    statement=(
        "Noise of variance `v` in every neuron does what a dearer decoder does: the optimal codes are those without "
        "noise at the decoder's price `mu + kappa v`."
    ),
    latex=r"L^*_{\text{noise}}(\mu, \kappa, v) = L^*_{\text{soft}}(\mu + \kappa v, \kappa)",
    source="this project",
    proof=(
        "Independent noise passes the decoder with the mean square `v ||W_out||^2`, whatever the code; as part of the "
        "error it costs `kappa v ||W_out||^2`."
    ),
    hypothesis=lambda problem: decidable(problem) and isinstance(problem.given_readout, Noisy),
    prediction=_dearer_decoder,
)
