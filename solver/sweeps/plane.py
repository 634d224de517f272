"""A family of sources over two parameters: its own and another, solved; and where theory draws the boundary.

1. Choose the values of both parameters: evenly, or by their ratio where a cost ranges over more than a factor of ten.
2. Put what the sweep says of the points into tables, a row for each value of the other parameter.
3. Where a formula gives the boundary, and the other parameter does not move it, draw it from one end to the other.
4. Elsewhere ask for the verdict at the points of a grid, and bisect each stretch between two verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.sweeps.plan import Sweep
from solver.sweeps.pose import READOUT_COSTS, SMOOTH, OfFamily
from theory.arrays import Array
from theory.conditions import decide
from theory.errors import InputError, unknown_name
from theory.families import FAMILIES, Family, family
from theory.immutable import Frozen
from theory.inputs import whole_number
from theory.problem import COSTS


@dataclass(frozen=True)
class PlaneGrid:
    """How finely a plane is sampled."""

    fewest: int = 3  # values of each parameter
    most: int = 1_000  # values of each parameter
    low: float = 0.01  # lower end of the range of a cost
    high: float = 100.0  # upper end of the range of a cost
    lines: int = 17  # along each parameter, on which the verdict is asked where no exact boundary is known
    halvings: int = 12  # of a stretch between two verdicts: to a few thousandths, finer than a picture shows


PLANE_GRID = PlaneGrid()


@dataclass(frozen=True, eq=False)
class PhasePlane(Frozen):
    """A family, or a data set, over two coordinates.

    Attributes:
        family: whose sources; None for data.
        along: name of the first coordinate, the family's parameter.
        against: name of the other coordinate.
        fixed: the other coordinates.
        first: (n,) values of the first coordinate.
        other: (m,) values of the other coordinate.
        logarithmic: whether the other is spread by its ratio.
        price: (m, n) price of modularity, NaN where a problem cannot be posed.
        neurons: (m, n) number of neurons of the optimal code.
        coded: (m, n) the sets of sources that neurons read, such as "s1, s1+s2"; empty where there is none.
        gap: largest relative gap of all.
        curves: arrays (k, 2) of points on the boundary, (first, other), each in order.
        crossings: (k, 2) single points of the boundary, by bisection of the verdict where no formula gives the curves.
        exact: whether a formula gives the curves.
    """

    family: Family | None
    against: str
    fixed: dict[str, Any]
    first: Array
    other: Array
    logarithmic: bool
    price: Array
    neurons: Array
    coded: NDArray[np.str_]
    gap: float
    curves: list[Array] = field(default_factory=list)
    crossings: Array = field(default_factory=lambda: np.empty((0, 2)))
    exact: bool = True
    along: str = "parameter"

    @property
    def mixed(self) -> NDArray[np.bool_]:
        """(m, n) whether the optimal code is mixed: a price that is more than rounding, or a neuron of several sources.

        Example:
            >>> from solver.sweeps.run import run
            >>> plan = plane_plan("opposite-corners", "encoder_cost", points=3)
            >>> phase_plane(plan, run(plan)).mixed.tolist()[0]
            [False, True, True]
        """
        return np.asarray((self.price > 1e-9) | (np.char.find(self.coded, "+") >= 0))  # less is rounding


def plane_plan(
    name: str,
    against: str,
    *,
    points: int = 15,
    low: float | None = None,
    high: float | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Sweep:
    """The sweep over a family's parameter and another: a cost, one of the readout, or the family's second parameter.

    Args:
        name: of the family.
        against: "encoder_cost", "decoder_cost", "activity_cost", "bias_cost", "error_cost", "noise_variance" (where
            `fixed` has an error_cost), or "second".
        points: values of each.
        low: end of the range of the other parameter; that of a second parameter, or 0.01, if not given.
        high: its other end; that of a second parameter, or 100, if not given.
        fixed: other coordinates that are not one.

    Raises:
        InputError: unknown names, a family whose verdict changes at single values, a range or number out of use.

    Example:
        >>> len(plane_plan("one-corner", "bias_cost", points=5))
        25
    """
    chosen, fixed = family(name), dict(fixed or {})
    if chosen.blocks is not None:
        raise InputError(
            f"family: the verdict of {name} changes at single values only; choose another, such as one-corner"
        )
    second = () if chosen.second is None else ("second",)
    known = (*second, *COSTS, *READOUT_COSTS)
    if against not in known:
        if against == "second":
            two = [entry.name for entry in FAMILIES.values() if entry.second is not None]
            raise InputError(f"against: {name} has one parameter only; choose one of {', '.join(two)}")
        raise InputError(unknown_name("against", against, known))
    points = whole_number(points, "points", PLANE_GRID.fewest, PLANE_GRID.most)
    other = _values(chosen, against, points, low, high)  # step 1
    return Sweep(OfFamily(name), axes={"parameter": chosen.grid(points), against: other}, fixed=fixed, certified=False)


def phase_plane(plan: Sweep, rows: Sequence[Mapping[str, Any]]) -> PhasePlane:
    """The plane that the rows of such a sweep make, and the boundary of theory.

    Args:
        plan: from `plane_plan`.
        rows: from `solver.sweeps.run.run`.

    Example:
        >>> from solver.sweeps.run import run
        >>> plan = plane_plan("opposite-corners", "encoder_cost", points=3)
        >>> plane = phase_plane(plan, run(plan))
        >>> plane.exact, [round(float(x), 6) for x in plane.curves[0][:, 0]], (plane.price > 1e-9).tolist()[0]
        (True, [0.548374, 0.548374], [False, True, True])
    """
    chosen = family(plan.poses.name) if isinstance(plan.poses, OfFamily) else None
    names = list(plan.axes)
    turned = names[1] == "parameter"
    along, against = names[::-1] if turned else names
    first, other = plan.axes[along], plan.axes[against]
    shape = len(plan.axes[names[0]]), len(plan.axes[names[1]])

    def table(name: str, missing: Any) -> Any:  # step 2
        values = np.array([missing if row.get(name) is None else row[name] for row in rows]).reshape(shape)
        return values if turned else values.T

    gaps = [row["gap"] for row in rows if row.get("gap") is not None]
    across = np.array(other, dtype=np.float64)
    curves, crossings = None, np.empty((0, 2))
    if chosen is not None and chosen.blocks is None and along == "parameter" and against in SMOOTH:
        curves = _curves(chosen, against, across, plan.fixed)
        if curves is None:
            crossings = _crossings(plan, against, np.array(first), across)
    return PhasePlane(
        family=chosen,
        against=against,
        fixed=dict(plan.fixed),
        first=np.array(first, dtype=np.float64),
        other=across,
        logarithmic=spread_by_ratio(across),
        price=table("price_of_modularity", np.nan),
        neurons=table("neurons", 0),
        coded=table("coded", ""),
        gap=max(gaps, default=np.nan),
        curves=curves or [],
        crossings=crossings,
        exact=curves is not None,
        along=along,
    )


def _values(chosen: Family, against: str, points: int, low: float | None, high: float | None) -> list[float]:
    if against == "second" and low is None and high is None:
        assert chosen.second is not None
        ends = chosen.second
        step = (ends.high - ends.low) / (points - 1 + sum(not end for end in ends.includes))
        start = ends.low + (0.0 if ends.includes[0] else step)
        return [start + step * index for index in range(points)]
    low, high = (PLANE_GRID.low if low is None else low), (PLANE_GRID.high if high is None else high)
    if not (np.isfinite([low, high]).all() and low < high):
        raise InputError(f"range: from {low:g} to {high:g} there is none; give the lower end first")
    logarithmic = against != "second" and low > 0 and high / low > 10
    return [float(value) for value in (np.geomspace if logarithmic else np.linspace)(low, high, points)]


def spread_by_ratio(values: Array) -> bool:
    """Whether values have the same ratio each to the one before.

    Example:
        >>> spread_by_ratio(np.array([1.0, 10.0, 100.0])), spread_by_ratio(np.array([1.0, 2.0, 3.0]))
        (True, False)
    """
    return bool(
        len(values) > 2 and values[0] > 0 and np.allclose(np.diff(np.log(values)), np.log(values[1] / values[0]))
    )


# ---- the boundary ---------------------------------------------------------------------------------------------


def _curves(chosen: Family, against: str, other: Array, fixed: Mapping[str, Any]) -> list[Array] | None:
    """Step 3: exact curves, or None if they are not known: a branch goes on while their number stays the same."""
    if against == "second":  # each value has a polynomial of its own, which takes seconds to find
        return None
    if any(chosen.boundary_at(name, value) is None for name, value in fixed.items()):
        return None
    values = [float(other[0]), float(other[-1])]
    boundaries = [chosen.boundary_at(against, value) for value in values]
    branches: list[list[tuple[float, float]]] = []
    before: list[list[tuple[float, float]]] = []
    for value, boundary in zip(values, boundaries, strict=True):
        if boundary is None:
            return None
        if len(boundary) != len(before):
            before = [[] for _ in boundary]
            branches += before
        for branch, place in zip(before, boundary, strict=True):
            branch.append((float(place), value))
    return [np.array(branch) for branch in branches]


def _crossings(plan: Sweep, against: str, first: Array, other: Array) -> Array:
    """Step 4: (k, 2) places where the verdict changes along lines of both parameters, each bisected."""
    across, back = (np.log, np.exp) if spread_by_ratio(other) else (np.positive, np.positive)

    def verdict(one: float, two: float) -> bool:
        try:
            point = {"parameter": one, against: float(back(two)), **plan.fixed}
            return decide(plan.poses.problem(seed=0, **point)).modular is True
        except InputError:
            return False

    ones = np.linspace(first[0], first[-1], PLANE_GRID.lines)
    twos = np.linspace(across(other[0]), across(other[-1]), PLANE_GRID.lines)
    grid = np.array([[verdict(one, two) for two in twos] for one in ones])
    crossings = []
    for i, j in zip(*np.nonzero(grid[1:] != grid[:-1]), strict=True):
        place = _bisected(partial(verdict, two=float(twos[j])), ones[i], ones[i + 1], grid[i, j])
        crossings.append((place, back(twos[j])))
    for i, j in zip(*np.nonzero(grid[:, 1:] != grid[:, :-1]), strict=True):
        place = _bisected(partial(verdict, float(ones[i])), twos[j], twos[j + 1], grid[i, j])
        crossings.append((ones[i], back(place)))
    return np.array(crossings, dtype=np.float64).reshape(-1, 2)


def _bisected(verdict: Callable[[float], bool], low: float, high: float, at_low: bool) -> float:
    for _ in range(PLANE_GRID.halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if verdict(middle) == at_low else (low, middle)
    return (low + high) / 2
