"""Closed forms of the modular code, printed by `python -m theory.print_formulas`: not to be edited by hand.

All functions work entry by entry on numpy arrays. Names: energy_ii = M_ii, gram_ij = K_ij, extreme_i = m_i.
"""

from __future__ import annotations

from typing import Any

from numpy import sqrt


def modular_cost(energy_ii: Any, extreme_i: Any) -> Any:
    """Cost of the cheapest neuron that reads one source with unit weight."""
    return energy_ii + extreme_i**2


def modular_strength(cost_i: Any, decoder_cost: Any, gram_ii: Any) -> Any:
    """Squared weight of the best modular neuron of a source."""
    return sqrt(decoder_cost) * sqrt(gram_ii) / sqrt(cost_i)


def modular_loss(cost_i: Any, decoder_cost: Any, gram_ii: Any) -> Any:
    """Share of a source in the loss of the best modular code."""
    return 2 * sqrt(cost_i) * sqrt(decoder_cost) * sqrt(gram_ii)


def multiplier_entry(cost_i: Any, cost_j: Any, gram_ii: Any, gram_ij: Any, gram_jj: Any) -> Any:
    """Entry of the multiplier Y for two sources, the same or not."""
    return sqrt(cost_i) * sqrt(cost_j) * gram_ij / (sqrt(gram_ii) * sqrt(gram_jj))
