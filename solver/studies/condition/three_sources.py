"""2025, figure 2: cut corners, not correlation or holes, mix three sources; for neurons that are free it is otherwise.

The authors' public code trains autoencoders on three sources of 21 values each, of which a corner is cut, a diagonal is
strengthened or removed.

1. Cut one corner of that grid, or give the points about its long diagonal more weight, or remove its middle.
2. Measure how much the sources tell of each other: (sum_i H(s_i) - H(s)) / (sum_i H(s_i) - max_i H(s_i)).
3. Solve each for linear neurons to a certificate.
4. Free neurons of sources that are as likely as their opposites have the price of docs/mathematics.md, "Nonlinear
   neurons": sum_i sqrt(C_ii) / tr sqrt(C) - 1.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from scipy.special import entr

from solver.pictures.style import BLUE, DARK, ORANGE, legend
from solver.studies.study import Finding, curve, is_free, panels, solved, symmetric_price
from theory.arrays import Array
from theory.conditions import decide
from theory.problem import Problem
from theory.sources import Sources

GRID_VALUES = np.linspace(-1, 1, 21)

CUBE = np.array(list(product(GRID_VALUES, repeat=3)))


def cut(amount: float) -> Array:
    """(T,) weights of a grid without the corner beyond this distance, along each edge, from its tip."""
    return np.asarray(CUBE.sum(axis=1) <= 3 - amount + 1e-9, dtype=np.float64)


def strengthened(times: float) -> Array:
    """(T,) weights of a grid whose points about the long diagonal are so many times as likely."""
    return np.where(np.ptp(CUBE, axis=1) <= 0.25, times, 1.0)


def hollow(size: float) -> Array:
    """(T,) weights of a grid without its middle, of this half width."""
    return np.asarray(np.abs(CUBE).max(axis=1) > size + 1e-9, dtype=np.float64)


# Step 1.
CHANGES_OF_CUBE: dict[str, tuple[Callable[[float], Array], tuple[float, ...], str]] = {
    "a corner cut": (cut, (0.0, 0.3, 0.6, 1.0, 1.4, 1.8, 2.2, 2.6, 3.0), ORANGE),
    "diagonal strengthened": (strengthened, (1.0, 3.0, 10.0, 20.0, 50.0, 100.0, 200.0, 300.0), BLUE),
    "middle removed": (hollow, (0.0, 0.3, 0.5, 0.7, 0.8, 0.9), DARK),
}


FREE_KNOWN = ("diagonal strengthened", "middle removed")  # changes after which each point is as likely as its opposite


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Solve three sources, changed in three ways by more and more."""
    rows = [
        _row(kind, amount, weights(amount))
        for kind, (weights, amounts, _) in CHANGES_OF_CUBE.items()
        for amount in amounts[:: 3 if quick else 1]
    ]
    corner, diagonal, middle = ([row for row in rows if row["change"] == kind] for kind in CHANGES_OF_CUBE)
    prices = np.array([row["price"] for row in rows])
    predicted = np.array([row["theory_modular"] for row in rows])
    holds = (
        np.array_equal(is_free(prices), predicted)
        and all(is_free(row["price"]) for row in (*diagonal, *middle))
        and is_free(corner[0]["price"])
        and not is_free(corner[-1]["price"])
        and diagonal[-1]["free_price"] > corner[-1]["price"]
        and all(abs(row["free_price"]) < 1e-9 for row in middle)
    )
    figure, (left, right) = panels(2)
    for (kind, change), some in zip(CHANGES_OF_CUBE.items(), (corner, diagonal, middle), strict=True):
        shared = [row["multi_information"] for row in some]
        curve(left, shared, [100 * row["price"] for row in some], change[2], label=kind)
        if kind in FREE_KNOWN:
            curve(right, shared, [100 * row["free_price"] for row in some], change[2], label=kind)
    for axes, title in ((left, "Linear neurons"), (right, "Free neurons")):
        axes.set(xlabel="what sources tell of each other", ylabel="price of modularity (%)", title=title)
        legend(axes)
    last = diagonal[-1]
    first = next(row for row in corner if not is_free(row["price"]))
    told = {row["change"]: row["multi_information"] for row in (corner[-1], diagonal[-1], middle[-1])}
    verdict = (
        f"linear neurons mix three sources once a corner is cut by {first['amount']:g} and more of edges of length 2, "
        f"at a price up to {100 * corner[-1]['price']:.2g} % where sources tell {told['a corner cut']:.2f} of each "
        f"other, and do not mix where the diagonal is up to {last['amount']:g} times as likely "
        f"({told['diagonal strengthened']:.2f}) or the middle is missing ({told['middle removed']:.3f}); free neurons "
        f"mix with the diagonal, at a price up to {100 * last['free_price']:.3g} %, and not without the middle"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _row(kind: str, amount: float, weights: Array) -> dict[str, Any]:
    sources = Sources(CUBE[weights > 0], weights[weights > 0])
    code = solved(Problem(sources))  # step 3
    return {
        "change": kind,
        "amount": amount,
        "multi_information": multi_information(weights),  # step 2
        "price": code.price_of_modularity,
        "gap": code.gap,
        "theory_modular": decide(code.problem).modular,
        # Step 4.
        "free_price": symmetric_price(sources.covariance) if kind in FREE_KNOWN else float("nan"),
    }


def multi_information(weights: Array) -> float:
    """What sources on the grid tell of each other, from 0 (nothing) to 1 (each tells the others).

    Example:
        >>> abs(round(multi_information(np.ones(len(CUBE))), 12)), multi_information(strengthened(1e9)) > 0.5
        (0.0, True)
    """
    table = (weights / weights.sum()).reshape(3 * (len(GRID_VALUES),))
    alone = [float(entr(table.sum(axis=tuple({0, 1, 2} - {axis}))).sum()) for axis in range(3)]
    return (sum(alone) - float(entr(table).sum())) / (sum(alone) - max(alone))
