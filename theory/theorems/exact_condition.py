"""Exact condition: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.theorems.theorem import CITED_2025, Theorem, as_decided, decidable

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


THEOREM = Theorem(
    name="exact-condition",
    statement=(
        "The optimal code is modular if and only if no direction `w` has `w'Fw > h(w)^2`, where `F = Y - M` and `Y` is "
        "the multiplier of the best modular code. Where the targets of an exact decoder leave a source out `Y` is not "
        "determined, and one choice for which this holds is enough."
    ),
    latex=r"h(w)^2 \ge w^\top F w \quad \text{for every } w, \qquad h(w) = \max_t\, (-w^\top s_t)",
    source=f"{CITED_2025}, modularity theorem; with mixing and weight costs: this project",
    proof=(
        "The loss is convex in the measure over neurons, so a code is optimal if and only if no neuron earns "
        "more than it costs at its multiplier `Y`, `w'Yw <= f(w) = w'Mw + h(w)^2`, and its own earn just that. "
        "At the best modular code they do, and `Y - M = F`. The command modularity derive shows every step."
    ),
    hypothesis=decidable,
    prediction=as_decided,
)
