"""The part of a sweep that a picture shows: over one coordinate or two, the others held at one value each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from solver.sweeps.plan import Sweep
from solver.sweeps.table import Row
from theory.errors import InputError, unknown_name


def view(plan: Sweep, rows: Sequence[Row], held: Mapping[str, Any]) -> tuple[Sweep, list[Row]]:
    """The sweep at some values of its coordinates: a grid over the one or two that are left to vary, and its rows.

    Args:
        plan: what was solved.
        rows: from `solver.sweeps.run.run`, one per point.
        held: values of coordinates; numbers may be text.

    Raises:
        InputError: a coordinate that the sweep does not have, a value that it does not take, a grid with holes; more
            than two coordinates that vary, or none.

    Example:
        >>> from solver.sweeps.plan import Sweep
        >>> from solver.sweeps.run import run
        >>> plan = Sweep.of_family("one-corner", parameter=[0.2, 0.4, 0.6], encoder_cost=[1, 2], certified=False)
        >>> part, rows = view(plan, run(plan), {"encoder_cost": "2"})
        >>> list(part.axes), len(rows)
        (['parameter'], 3)
    """
    points = [(plan.point(index), row) for index, row in enumerate(rows)]
    if len(points) < len(plan):
        raise InputError(f"plot: {len(points):,} of {len(plan):,} points are known; let the sweep end first")
    for name, value in held.items():
        if name not in plan.coordinates:
            raise InputError("at: " + unknown_name("coordinate", name, plan.coordinates))
        known = _values([point for point, _ in points], name)
        points = [(point, row) for point, row in points if _is(point.get(name), value)]
        if not points:
            listed = ", ".join([*map(str, known[:8]), *(["..."] if len(known) > 8 else [])])
            raise InputError(f"at: {name} does not take the value {value} there; its values are {listed}")
    taken = {name: _values([point for point, _ in points], name) for name in plan.coordinates}
    axes = {name: values for name, values in taken.items() if len(values) > 1}
    _require_drawable(axes)
    # In order, so that lines go one way; values without an order stay as they are.
    ordered = {name: _in_order(values) for name, values in axes.items()}
    fixed = {name: values[0] for name, values in taken.items() if len(values) == 1 and values[0] is not None}
    part = replace(plan, axes=ordered, listed=(), fixed=fixed)
    by_key = {_key(point, ordered): row for point, row in points}
    keys = [_key(part.point(index), ordered) for index in range(len(part))]
    if len(by_key) != len(points) or any(key not in by_key for key in keys):
        raise InputError(f"plot: the points are no grid over {' and '.join(axes)}; draw from the table instead")
    return part, [by_key[key] for key in keys]


def _require_drawable(axes: Mapping[str, Sequence[Any]]) -> None:
    if not axes:
        raise InputError("plot: the sweep has one point there, and nothing varies; hold fewer coordinates (at)")
    if len(axes) > 2:
        last = list(axes)[-1]
        raise InputError(
            f"at: {', '.join(axes)} vary, and a picture shows two of them; hold the others at one value, such as "
            f"{last}={axes[last][0]}"
        )
    words = [name for name, values in axes.items() if any(isinstance(value, str | list) for value in values)]
    if len(axes) == 2 and words:
        raise InputError(
            f"at: {words[0]} has no numbers to draw over; hold it at one value, such as {axes[words[0]][0]}"
        )


def _values(points: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    # Each once: lists cannot be keys, their words can.
    values = [point.get(name) for point in points]
    return list({str(value): value for value in values}.values())


def _in_order(values: list[Any]) -> list[Any]:
    return sorted(values) if all(isinstance(value, int | float) for value in values) else values


def _key(point: Mapping[str, Any], names: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(point.get(name)) for name in names)


def _is(value: Any, other: Any) -> bool:
    """Whether two values are one, which may be written with fewer digits."""
    if str(value) == str(other):
        return True
    try:
        return abs(float(value) - float(other)) <= 1e-9 * abs(float(value))
    except (TypeError, ValueError):
        return isinstance(value, list) and ", ".join(map(str, value)) == str(other)
