"""A sweep: named coordinates, a problem at each point, and the settings of the solver."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from solver.methods import METHODS
from solver.solving.limits import DEFAULT_TOLERANCE, require_seconds, require_tolerance
from solver.sweeps.pose import SMOOTH, OfData, OfFamily, Poses
from theory.errors import InputError, unknown_name
from theory.problem import Problem

SETTINGS: tuple[str, ...] = ("tolerance", "time_limit", "method", "certified")
"""Settings of the solver: names of `Sweep`."""

SEED = "seed"  # the coordinate that any sweep may have: of what is drawn


@dataclass(frozen=True)
class PlanLimits:
    """What fits into a table."""

    points: int = 10_000_000
    integer: int = 2**63 - 1  # a whole number that other readers of tables know
    # Solved one after the other, each from the code of the one before; where runs begin depends on the plan alone, so
    # that interruptions and workers do not change an answer.
    run: int = 25


LIMITS_OF_PLANS = PlanLimits()


@dataclass(frozen=True)
class Sweep:
    """Many problems, each at a point with named coordinates.

    Args:
        poses: makes the problems: `OfFamily`, `OfData`, or anything like them.
        axes: the values of each coordinate, all combinations of which are points, the last changing fastest.
        listed: the points one by one, if there are no axes.
        fixed: coordinates that are the same everywhere.
        tolerance: as for `solve`, for each point by itself.
        time_limit: as for `solve`, for each point that is solved by itself; those solved together are not limited.
        method: as for `solve`.
        seed: of what is drawn, where no coordinate of that name says otherwise.
        certified: whether each answer is certified once more, from the samples (`certify`).

    Raises:
        InputError: coordinates that the problems do not have, none at all, or too many points.

    Example:
        >>> sweep = Sweep.of_family("one-corner", parameter=[0.2, 0.4], encoder_cost=[1, 2, 3])
        >>> len(sweep), sweep.point(4)
        (6, {'parameter': 0.4, 'encoder_cost': 2})
    """

    poses: Poses
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    listed: Sequence[Mapping[str, Any]] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float = DEFAULT_TOLERANCE
    time_limit: float | None = None
    method: str = "auto"
    seed: int = 0
    certified: bool = True

    def __post_init__(self) -> None:
        if bool(self.axes) == bool(self.listed):
            raise InputError("axes, listed: give the values of each coordinate, or a list of points; one of them")
        axes = {name: _values(name, values) for name, values in self.axes.items()}
        points = tuple({name: _as_json(name, value) for name, value in point.items()} for point in self.listed)
        fixed = {name: _as_json(name, value) for name, value in self.fixed.items()}
        for name, value in (("axes", axes), ("listed", points), ("fixed", fixed)):
            object.__setattr__(self, name, value)
        self._require_coordinates()
        self._require_settings()

    def _require_coordinates(self) -> None:
        known = (*self.poses.coordinates, SEED)
        for name in self.coordinates:
            if name not in known:
                raise InputError(unknown_name("coordinate", name, known))
            if name in self.fixed and (name in self.axes or any(name in point for point in self.listed)):
                raise InputError(f"{name}: given once for all points, and once for some; leave out one of them")
        count = len(self.listed) or math.prod(map(len, self.axes.values()))  # len() itself ends at 2^63
        if count > LIMITS_OF_PLANS.points:
            raise InputError(f"axes: {count:,} points are too many; give {LIMITS_OF_PLANS.points:,} at most")

    def _require_settings(self) -> None:
        for name in ("tolerance", "time_limit", "seed"):
            _as_json(name, getattr(self, name))
        require_tolerance(self.tolerance)
        require_seconds(self.time_limit)
        if self.method not in METHODS:
            raise InputError(unknown_name("method", str(self.method), METHODS))
        if not isinstance(self.certified, bool):
            raise InputError(f"certified: {self.certified!r} is neither true nor false")
        if not (isinstance(self.seed, int) and self.seed >= 0):
            raise InputError(f"seed: {self.seed!r} is not a whole number from zero on")

    @classmethod
    def of_family(cls, name: str, **settings: Any) -> Self:
        """A grid over a family of sources.

        Args:
            name: from `theory.families`.
            settings: coordinates by name, a list of values or a single one: ``parameter``, ``second`` (where the family
                has one), ``encoder_cost``, ``decoder_cost``, ``activity_cost``, ``bias_cost``, ``error_cost``,
                ``noise_variance``, ``seed``; and `tolerance`, `time_limit`, `method`, `certified`.

        Raises:
            InputError: unknown names, or values that are none.

        Example:
            >>> len(Sweep.of_family("opposite-corners", parameter=[0.4, 0.8], encoder_cost=[0.1, 1, 10]))
            6
        """
        return cls._grid(OfFamily(name), settings)

    @classmethod
    def of_data(cls, problem: Problem, **settings: Any) -> Self:
        """A grid over one data set.

        Args:
            problem: of all samples, read out exactly; its costs hold where no coordinate says otherwise.
            settings: as in `of_family`, with ``samples`` (so many rows), ``bootstrap`` (numbers of resamples) and
                ``columns`` (lists of names) in the place of ``parameter`` and ``second``.

        Raises:
            InputError: unknown names, or values that are none; a problem with errors or transitions.

        Example:
            >>> from solver import Problem
            >>> len(Sweep.of_data(Problem([[0, 0], [0, 1], [1, 0]]), bootstrap=range(20), error_cost=[1, 10]))
            40
        """
        return cls._grid(OfData(problem), settings)

    @classmethod
    def _grid(cls, poses: Poses, settings: dict[str, Any]) -> Self:
        of_solver = {name: settings.pop(name) for name in SETTINGS if name in settings}
        if isinstance(settings.get(SEED), int):
            of_solver[SEED] = settings.pop(SEED)
        single = {
            name: value for name, value in settings.items() if isinstance(value, str) or not isinstance(value, Iterable)
        }
        axes = {name: value for name, value in settings.items() if name not in single}
        return cls(poses, axes=axes, listed=() if axes else (single,), fixed=single if axes else {}, **of_solver)

    def __len__(self) -> int:
        return len(self.listed) if self.listed else math.prod(len(values) for values in self.axes.values())

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of all coordinates, those that change first."""
        changing = self.axes if self.axes else {name: None for point in self.listed for name in point}
        return tuple(dict.fromkeys([*changing, *self.fixed]))

    def point(self, index: int) -> dict[str, Any]:
        """The coordinates of a point, counted from 0.

        Example:
            >>> Sweep.of_family("opposite-corners", parameter=[0.4, 0.8], encoder_cost=[0.1, 1, 10]).point(4)
            {'parameter': 0.8, 'encoder_cost': 1}
        """
        if self.listed:
            return {**self.listed[index], **self.fixed}
        places = np.unravel_index(index, [len(values) for values in self.axes.values()])
        point = {name: values[int(place)] for (name, values), place in zip(self.axes.items(), places, strict=True)}
        return {**point, **self.fixed}

    def runs(self, done: Iterable[int] = ()) -> Iterator[list[int]]:
        """The points that are left to solve, in runs.

        Example:
            >>> list(Sweep.of_family("opposite-corners", parameter=[0.4, 0.6, 0.8]).runs(done=[1]))
            [[0, 2]]
        """
        known = set(done)
        for first in range(0, len(self), LIMITS_OF_PLANS.run):
            left = [index for index in range(first, min(first + LIMITS_OF_PLANS.run, len(self))) if index not in known]
            if left:
                yield left

    def run_of(self, index: int) -> range:
        """The points of the run of one, known or not.

        Example:
            >>> Sweep.of_family("opposite-corners", parameter=[0.4, 0.6, 0.8]).run_of(1)
            range(0, 3)
        """
        first = index - index % LIMITS_OF_PLANS.run
        return range(first, min(first + LIMITS_OF_PLANS.run, len(self)))

    def leads_to(self, index: int) -> bool:
        """Whether the point before is near enough, and in the same run, to start from.

        Example:
            >>> plan = Sweep.of_family("opposite-corners", parameter=[0.4, 0.6, 0.8])
            >>> [plan.leads_to(index) for index in range(3)]
            [False, True, True]
        """
        if index % LIMITS_OF_PLANS.run == 0:
            return False
        here, before = self.point(index), self.point(index - 1)
        changed = [name for name in here.keys() | before.keys() if here.get(name) != before.get(name)]
        return all(name in SMOOTH and here.get(name) is not None and before.get(name) is not None for name in changed)

    def describe(self) -> dict[str, Any]:
        """All that the answers depend on, as values that JSON holds.

        Example:
            >>> Sweep.of_family("opposite-corners", parameter=[0.4, 0.6]).describe()["axes"]
            {'parameter': (0.4, 0.6)}
        """
        points = {"axes": dict(self.axes)} if self.axes else {"listed": list(self.listed)}
        settings = {name: getattr(self, name) for name in (*SETTINGS, SEED)}
        return {**self.poses.describe(), **points, "fixed": dict(self.fixed), **settings}

    @property
    def fingerprint(self) -> str:
        """What tells this sweep's results from another's."""
        return hashlib.sha256(json.dumps(self.describe(), sort_keys=True).encode()).hexdigest()


def _values(name: str, values: Any) -> tuple[Any, ...]:
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    if isinstance(listed, str) or not isinstance(listed, Iterable):
        raise InputError(f"{name}: {values!r} is no list of values")
    result = tuple(_as_json(name, value) for value in listed)
    if not result:
        raise InputError(f"{name}: no values; give at least one")
    if len(result) <= LIMITS_OF_PLANS.run**2:
        twice = [value for index, value in enumerate(result) if value in result[:index]]
        if twice:
            raise InputError(f"{name}: {twice[0]!r} is there twice; every point is solved once")
    return result


def _as_json(name: str, value: Any) -> Any:
    """A value that JSON holds."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return [_as_json(name, entry) for entry in value]
    if value is not None and not isinstance(value, bool | int | float | str):
        raise InputError(f"{name}: {value!r} is neither a number nor a word nor a list of them")
    if isinstance(value, int) and abs(value) > LIMITS_OF_PLANS.integer:
        raise InputError(f"{name}: a whole number of {len(str(abs(value)))} digits is too large")
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{name}: {value!r} is not finite")
    return value
