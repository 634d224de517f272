"""2023: speed and reward, read out beside the place, get cells of their own as long as they do not depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.optimise import solve_one_of_many
from solver.studies.study import FREE, Finding, measured, panels, scatter
from solver.studies.tasks import place_and_reward, place_and_speed

if TYPE_CHECKING:
    pass

__all__ = ["study"]

RING = 12
"""Places on the ring."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2023: speed and reward, read out beside the place, get cells of their own as long as they do not depend on it."""
    slowing = [0.0, 0.5, 1.0] if quick else [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    rewarded = [1, 6, 10, RING] if quick else list(range(1, RING + 1))
    speeds = [solve_one_of_many(place_and_speed(RING, share).problem()) for share in slowing]
    rewards = [solve_one_of_many(place_and_reward(RING, places).problem()) for places in rewarded]
    rows = [("speed", share, *measured(code, "position", "speed")) for share, code in zip(slowing, speeds, strict=True)]
    rows += [
        ("reward", places, *measured(code, "position", "reward"))
        for places, code in zip(rewarded, rewards, strict=True)
    ]
    free = [np.array([code.price_of_modularity <= FREE for code in codes]) for codes in (speeds, rewards)]
    # Independent of the place: any speed, a reward anywhere. Dependent: slower at one place, a reward at one.
    holds = bool(free[0][0] and not free[0][1:].any() and free[1][-1] and not free[1][0])
    figure, axes = panels(2)
    sides = ((slowing, speeds, "slowing at one place"), (rewarded, rewards, f"places with a reward, of {RING}"))
    for panel, (x, codes, label), modular in zip(axes, sides, free, strict=True):
        scatter(panel, x, [100 * code.price_of_modularity for code in codes], modular)
        panel.set(xlabel=label, ylabel="price of separate cells (%)")
    axes[0].set_title("Place and speed")
    axes[1].set_title("Place and reward")
    enough = rewarded[int(np.argmax(free[1]))]
    dearest = int(np.argmax([code.price_of_modularity for code in rewards]))
    verdict = (
        "speed and place have cells of their own if every speed occurs everywhere, and mix, at a price of up to "
        f"{100 * speeds[-1].price_of_modularity:.3g} %, as soon as the agent slows down at one place; reward has its "
        f"own cell if it can be at {enough} or more of {RING} places, and with fewer separation costs up to "
        f"{100 * rewards[dearest].price_of_modularity:.3g} % (at {rewarded[dearest]})"
    )
    header = ("factor", "dependence", "loss", "price", "gap", "mixed_cells", "neurons", "angle")
    return Finding(holds, verdict, header, rows, figure)
