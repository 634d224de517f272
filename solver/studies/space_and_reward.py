"""2025, figure 4: space and reward separate as long as some rooms have rewards anywhere, and mix if none has."""

from __future__ import annotations

from typing import Any

import numpy as np

from solver.pictures.style import BLUE, DARK, GREY, ORANGE, legend
from solver.representation import Representation
from solver.studies.study import Finding, curve, is_free, measured, panels, root_scale
from solver.studies.tasks import KEPT_POSITION_COST, RING, object_on_ring
from theory.readouts import Soft

ERROR_COSTS_TRIED = (2.2, 5.0, 30.0)  # costs of squared errors, for networks that may err; below two no neuron pays


def study(_: np.random.Generator, quick: bool) -> Finding:
    """More and more rooms have a reward anywhere, for networks that must not err and for some that may."""
    shares = [0.0, 0.01, 1.0] if quick else [0.0, 1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0]
    costs: list[float | str] = ["exact", *(ERROR_COSTS_TRIED[:1] if quick else ERROR_COSTS_TRIED)]
    codes = {cost: [_solved(share, cost) for share in shares] for cost in costs}
    tables: dict[float | str, list[dict[str, Any]]] = {
        cost: [
            {"error_cost": cost, "share_anywhere": share, **measured(code, "position", "object")}
            for share, code in zip(shares, codes[cost], strict=True)
        ]
        for cost in costs
    }
    prices = {cost: np.array([row["price"] for row in rows]) for cost, rows in tables.items()}
    exact, cheapest, rare = prices["exact"], prices[costs[1]], shares.index(0.01)
    holds = (
        not is_free(exact[0])
        and is_free(exact[1:]).all()
        and all(code.modular for code in codes["exact"][1:])
        and all(is_free(some[-1]) for some in prices.values())
        and not is_free(cheapest[rare])
    )
    figure, (left, right) = panels(2)
    # Rooms with a reward anywhere: none, and then on a scale of powers of ten.
    places = np.log10(np.maximum(shares, 1e-5))
    for cost, colour in zip([*costs[1:], "exact"], [*(GREY, BLUE, DARK)[: len(costs) - 1], ORANGE], strict=True):
        label, marker = ("no errors", "D") if cost == "exact" else (f"errors at {cost:g}", "o")
        curve(left, places, 100 * prices[cost], colour, label=label, marker=marker)
        curve(right, places, [row["angle"] for row in tables[cost]], colour, label=label, marker=marker)
    left.set_ylabel("price of separate cell types (%), root scale")
    right.set_ylabel("angle between the subspaces (degrees)")
    for axes in (left, right):
        axes.set_xticks(range(-5, 1), ["0", "1e-4", "1e-3", "0.01", "0.1", "1"])
        axes.set_xlabel("share of rooms with a reward anywhere")
    # What cheap errors leave is hundredths of a percent.
    root_scale(left)
    left.set_ylim(bottom=-0.01)
    legend(left)
    verdict = (
        f"with exact readout any share of rooms with a reward anywhere, one in {1 / shares[1]:.0f} too, gives space "
        f"and reward cells of their own, and none makes some mix (price {100 * exact[0]:.5g} %); only where errors "
        f"are so cheap ({costs[1]:g}) that little is coded at all are rare rooms passed over: with one in a hundred "
        f"separate cells still cost {100 * cheapest[rare]:.3g} %"
    )
    return Finding(bool(holds), verdict, [row for rows in tables.values() for row in rows], figure)


def _solved(share: float, cost: float | str) -> Representation:
    """The reward is at one of two places, or anywhere in a share of the rooms."""
    readout = None if isinstance(cost, str) else Soft(cost)
    return object_on_ring(RING, (0, 3), anywhere=share).solved(encoder_cost=KEPT_POSITION_COST, readout=readout)
