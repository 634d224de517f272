"""2023: speed and reward, read out beside the place, get cells of their own as long as they do not depend on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from solver.studies.study import Finding, is_free, measured, panels, percents, scatter
from solver.studies.tasks import RING, Task, place_and_reward, place_and_speed


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Let speed depend on the place, then reward, from not at all to wholly."""
    tenths = [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    slowing = [0.0, 0.5, 1.0] if quick else tenths
    rewarded = [1, 6, 10, RING] if quick else list(range(1, RING + 1))
    factors: list[tuple[str, Callable[..., Task], list[float] | list[int], str]] = [
        ("speed", place_and_speed, slowing, "slowing at one place"),
        ("reward", place_and_reward, rewarded, f"places with a reward, of {RING}"),
    ]
    figure, axes = panels(2)
    rows, prices = [], []
    for panel, (factor, task, dependence, label) in zip(axes, factors, strict=True):
        codes = [task(RING, degree).solved() for degree in dependence]
        rows += [
            {"factor": factor, "dependence": degree, **measured(code, "position", factor)}
            for degree, code in zip(dependence, codes, strict=True)
        ]
        prices.append(np.array(percents(codes)))
        scatter(panel, dependence, [code.price_of_modularity for code in codes])
        panel.set(xlabel=label, ylabel="price of separate cells (%)", title=f"Place and {factor}")
    speeds, rewards = prices
    free_speeds, free_rewards = is_free(speeds / 100), is_free(rewards / 100)
    # Independent of the place: any speed, a reward anywhere. Dependent: slower at one place, a reward at one.
    holds = free_speeds[0] and not free_speeds[1:].any() and free_rewards[-1] and not free_rewards[0]
    worst = int(np.argmax(rewards))
    verdict = (
        "speed and place have cells of their own if every speed occurs everywhere, and mix, at a price of up to "
        f"{speeds[-1]:.3g} %, as soon as the agent slows down at one place; reward has its own cell if it can be at "
        f"{rewarded[int(np.argmax(free_rewards))]} or more of {RING} places, and with fewer separation costs up to "
        f"{rewards[worst]:.3g} % (at {rewarded[worst]})"
    )
    return Finding(bool(holds), verdict, rows, figure)
