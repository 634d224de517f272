"""2025, figure 4: space and reward separate as long as some rooms have rewards anywhere, and mix if none has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.style import HULL, INSIDE, OUTSIDE, SAMPLE, legend
from solver.studies.study import FREE, Finding, angle_between, measured, panels, signed_root, signed_square
from solver.studies.tasks import object_on_ring
from theory.readouts import Soft

if TYPE_CHECKING:
    from solver.representation import Representation

__all__ = ["study"]

RING = 12
"""Positions on the ring."""

REWARDED = (0, 3)
"""The two places of the reward in the rooms where it is fixed."""

GROUPS = ("position", "object")

ENCODER_COST = 1e-6
"""Next to nothing: position is carried along by recurrent weights, and not read in."""

ERROR_COSTS = (2.2, 5.0, 30.0)
"""Prices of squared errors, for networks that may err; beside them one that must not. Below two no neuron pays."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2025, figure 4: space and reward separate as long as some rooms have rewards anywhere, and mix if none has."""
    shares = [0.0, 0.01, 1.0] if quick else [0.0, 1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0]
    exact = [_solved(share) for share in shares]
    costs = ERROR_COSTS[:1] if quick else ERROR_COSTS
    soft = {cost: [_solved(share, cost) for share in shares] for cost in costs}
    rows: list[tuple[Any, ...]] = [
        ("exact", share, *measured(code, *GROUPS)) for share, code in zip(shares, exact, strict=True)
    ]
    rows += [
        (cost, share, *measured(code, *GROUPS))
        for cost in costs
        for share, code in zip(shares, soft[cost], strict=True)
    ]
    prices = np.array([code.price_of_modularity for code in exact])
    holds = bool(
        prices[0] > FREE
        and (prices[1:] <= FREE).all()
        and all(code.modular for code in exact[1:])
        and all(codes[-1].price_of_modularity <= FREE for codes in soft.values())
        and soft[costs[0]][shares.index(0.01)].price_of_modularity > FREE
    )
    figure, (left, right) = panels(2)
    # Rooms with a reward anywhere: none, and then on a scale of powers of ten.
    places = np.log10(np.maximum(shares, 1e-5))
    for cost, colour in zip(costs, (SAMPLE, INSIDE, HULL), strict=False):
        style = {"marker": "o", "markersize": 3, "lw": 0.8, "color": colour, "label": f"errors at {cost:g}"}
        left.plot(places, [100 * code.price_of_modularity for code in soft[cost]], **style)
        right.plot(places, [_angle(code) for code in soft[cost]], **style)
    style = {"marker": "D", "markersize": 3, "lw": 0.8, "color": OUTSIDE, "label": "no errors"}
    left.plot(places, 100 * prices, **style)
    right.plot(places, [_angle(code) for code in exact], **style)
    for axes, label in (
        (left, "price of separate cell types (%), root scale"),
        (right, "angle between the subspaces (degrees)"),
    ):
        axes.set_xticks(range(-5, 1), ["0", "1e-4", "1e-3", "0.01", "0.1", "1"])
        axes.set(xlabel="share of rooms with a reward anywhere", ylabel=label)
    # What cheap errors leave is hundredths of a percent: on this scale it can be seen.
    left.set_yscale("function", functions=(signed_root, signed_square))
    left.set_yticks([0, 0.1, 0.5, 1, 2, 5], ["0", "0.1", "0.5", "1", "2", "5"])
    left.set_ylim(bottom=-0.01)
    legend(left)
    rare, cheapest = shares.index(0.01), soft[costs[0]]
    verdict = (
        f"with exact readout any share of rooms with a reward anywhere, one in {1 / shares[1]:.0f} too, gives space "
        f"and reward cells of their own, and none makes some mix (price {100 * prices[0]:.5g} %); only where errors "
        f"are so cheap ({costs[0]:g}) that little is coded at all are rare rooms passed over: with one in a hundred "
        f"separate cells still cost {100 * cheapest[rare].price_of_modularity:.3g} %"
    )
    header = ("error_cost", "share_anywhere", "loss", "price", "gap", "mixed_cells", "neurons", "angle")
    return Finding(holds, verdict, header, rows, figure)


def _solved(share: float, error_cost: float | None = None) -> Representation:
    task = object_on_ring(RING, REWARDED, anywhere=share)
    readout = None if error_cost is None else Soft(error_cost)
    return solve_one_of_many(task.problem(encoder_cost=ENCODER_COST, readout=readout), rng=0)


def _angle(code: Representation) -> float:
    return angle_between(code, *GROUPS)
