"""What the points of a sweep are problems of: a family of sources, or a data set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np

from theory.arrays import Array
from theory.errors import InputError, unknown_name
from theory.families import family
from theory.neurons import Neurons
from theory.problem import COSTS, Problem
from theory.readouts import Exact, Noisy, Soft
from theory.sources import Sources

READOUT_COSTS = ("error_cost", "noise_variance")
"""Coordinates that say how the code is read out; exactly where there is no cost of errors."""

DRAWN_COORDINATES = ("samples", "bootstrap", "columns")  # coordinates that say what is taken of a data set

SMOOTH = ("parameter", "second", *COSTS, *READOUT_COSTS)
"""Coordinates along which the problem changes little from one value to the next."""


@runtime_checkable
class Poses(Protocol):
    """Makes the problem of a point from its coordinates, and says what tells it from other makers of problems."""

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names that a point may have."""

    def describe(self) -> dict[str, Any]:
        """All that the problems depend on besides, as values that JSON holds: part of a sweep's fingerprint."""

    def problem(self, *, seed: int, **point: Any) -> Problem:
        """The problem at one point.

        Raises:
            InputError: there is none.
        """


@runtime_checkable
class Tells(Poses, Protocol):
    """A maker of problems that has more to tell of their answers than a row of a sweep has by itself."""

    def columns(self, answer: Any) -> dict[str, Any]:
        """More columns of the row of an answer, as values that JSON holds.

        Args:
            answer: to one of its problems, from `solve`.
        """


@dataclass(frozen=True)
class OfFamily:
    """Problems of a family of sources (`theory.families`), at values of its parameter and of what they cost.

    Args:
        name: of the family.
        neurons: the kind of neuron; that of the family if None.

    Raises:
        InputError: unknown.

    Example:
        >>> OfFamily("one-corner").problem(seed=0, parameter=0.5, encoder_cost=2.0).encoder_cost
        2.0
    """

    name: str
    neurons: Neurons | None = None

    def __post_init__(self) -> None:
        family(self.name)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """See `Poses`."""
        second = ("second",) if family(self.name).second is not None else ()
        return ("parameter", *second, *COSTS, *READOUT_COSTS)

    def describe(self) -> dict[str, Any]:
        """See `Poses`."""
        return {"family": self.name} | ({} if self.neurons is None else {"neurons": _described(self.neurons)})

    def problem(self, *, seed: int, **point: Any) -> Problem:
        """See `Poses`."""
        del seed
        chosen, rest = family(self.name), dict(point)
        if "parameter" not in rest:
            raise InputError(f"parameter: missing; {self.name} is a family along {chosen.parameter}")
        for coordinate in ("parameter", "second"):
            if isinstance(rest.get(coordinate), list):
                raise InputError(f"{coordinate}: {rest[coordinate]!r} is not a number")
        posed = _of_family(self.name, rest.pop("parameter"), rest.pop("second", None))
        readout = _readout(rest)
        if readout is not None:
            if not isinstance(posed.given_readout, Exact):
                raise InputError(f"error_cost: {self.name} has errors at a cost of its own; leave it out")
            rest["readout"] = readout
        if self.neurons is not None:
            rest["neurons"] = self.neurons
        return posed.replaced(**rest) if rest else posed


@lru_cache(maxsize=1)
def _of_family(name: str, parameter: float, second: float | None) -> Problem:
    """The problem at costs of one: the hull of its sources is computed once, whatever their costs."""
    chosen = family(name) if second is None else family(name).sliced(second)
    if chosen.blocks is None:
        return chosen.problem(parameter)
    groups = {f"block{number}": list(block) for number, block in enumerate(chosen.blocks, start=1)}
    return chosen.problem(parameter, groups=groups)


class OfData:
    """Problems of a data set: a problem, with other costs, and with some of its samples and columns.

    Coordinates besides costs: ``samples`` (so many rows, drawn without replacement), ``bootstrap`` (the number of a
    resample, as many rows drawn with replacement; 0 is the data as they are) and ``columns`` (the sources taken, by
    name). What is drawn depends on the point's seed, on ``samples`` and ``bootstrap`` alone.

    Args:
        problem: of all samples, read out exactly (``error_cost`` is a coordinate), without transitions.

    Raises:
        InputError: no such problem.

    Example:
        >>> data = OfData(Problem(np.random.default_rng(0).normal(size=(50, 3))))
        >>> data.problem(seed=0, samples=20, columns=["s1", "s3"]).sources
        Sources(20 samples of s1, s3)
    """

    def __init__(self, problem: Problem) -> None:
        if not isinstance(problem, Problem):
            raise InputError(
                f"problem: expected a Problem, got {type(problem).__name__}; write Sweep.of_data(Problem(sources))"
            )
        if problem.transitions is not None:
            raise InputError("transitions: a sweep over data has no recurrent layer; leave them out")
        if not isinstance(problem.given_readout, Exact):
            raise InputError("readout: errors are coordinates of a sweep; leave it out, and give error_cost there")
        self.whole = problem
        # Listed once, for all workers.
        _ = problem.sources.faces_if_few

    @property
    def coordinates(self) -> tuple[str, ...]:
        """See `Poses`."""
        return (*COSTS, *READOUT_COSTS, *DRAWN_COORDINATES)

    def describe(self) -> dict[str, Any]:
        """See `Poses`."""
        return description(self.whole)

    @property
    def _mixing(self) -> Array | None:
        mixing = self.whole.mixing
        return None if np.array_equal(mixing, np.eye(self.whole.dimension)) else mixing

    @property
    def _targets(self) -> Any:
        readout = self.whole.given_readout
        return readout.targets if isinstance(readout, Exact) else None

    def problem(self, *, seed: int, **point: Any) -> Problem:
        """See `Poses`."""
        rest = dict(point)
        drawn = {name: rest.pop(name, None) for name in DRAWN_COORDINATES}
        changes = self._drawn(seed, **drawn) | rest
        readout = _readout(changes, self._targets)
        if readout is not None:
            changes["readout"] = readout
        if drawn["columns"] is not None:
            if not (self._mixing is None and self._targets is None and self.whole.groups is None):
                raise InputError("columns: mixing, targets and groups are of all sources; leave them out")
            neurons = changes.get("neurons", self.whole.neurons).of_columns(self._columns(drawn["columns"]))
            changes |= {"mixing": None, "neurons": neurons}
        return self.whole.replaced(**changes)

    def _drawn(self, seed: int, *, samples: Any, bootstrap: Any, columns: Any) -> dict[str, Any]:
        """The sources that are drawn, and the neurons that cost on them what they cost on all."""
        whole = self.whole.sources
        if samples is None and not bootstrap and columns is None:
            return {"sources": whole}
        if not whole.from_samples:
            raise InputError("samples, bootstrap: the sources are known by their moments alone; none can be drawn")
        rows = self._rows(seed, _whole("samples", samples), _whole("bootstrap", bootstrap))
        weights = whole.probabilities
        kept = self._columns(columns)
        points = whole.points[rows][:, kept]
        names = [whole.names[index] for index in kept]
        drawn = Sources(points, None if weights is None else weights[rows], names=names)
        return {"sources": drawn, "neurons": self.whole.neurons.of_samples(rows)}

    def _rows(self, seed: int, samples: int | None, bootstrap: int | None) -> Any:
        count = self.whole.sources.count
        if samples is not None and not 2 <= samples <= count:
            raise InputError(f"samples: {samples} of {count} rows cannot be drawn; give from 2 to {count}")
        rng = np.random.default_rng([seed, samples or 0, bootstrap or 0])
        rows = np.arange(count) if samples is None else np.sort(rng.choice(count, samples, replace=False))
        return np.sort(rng.choice(rows, len(rows))) if bootstrap else rows

    def _columns(self, columns: Any) -> list[int]:
        names = self.whole.sources.names
        if columns is None:
            return list(range(len(names)))
        wanted = [columns] if isinstance(columns, str) else list(columns)
        for name in wanted:
            if name not in names:
                raise InputError(unknown_name("columns", str(name), names))
        return [names.index(name) for name in wanted]


def description(problem: Problem) -> dict[str, Any]:
    """All that a problem depends on, as values that JSON holds: numbers as they are, arrays by their checksums."""
    sources, (rows, columns) = problem.sources, problem.sources.points.shape
    moments = [] if sources.from_samples else [sources.mean, sources.covariance]
    data = json.dumps(_described([sources.points, sources.probabilities, *moments]))
    arguments = {name: _described(value) for name, value in problem.arguments.items() if name != "sources"}
    return {
        "data": f"{rows} rows of {columns} sources, {_checksum(data.encode())}",
        "sources": sources.names,
        **arguments,
    }


def _described(value: Any) -> Any:
    """A value as JSON holds it, with checksums in the place of arrays."""
    if isinstance(value, np.ndarray):
        return f"{value.shape} {_checksum(np.ascontiguousarray(value, dtype=float).tobytes())}"
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, {field.name: _described(getattr(value, field.name)) for field in fields(value)}]
    if isinstance(value, Mapping):
        return {str(name): _described(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_described(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _checksum(content: bytes) -> str:
    return f"sha256 {hashlib.sha256(content).hexdigest()[:16]}"


def _readout(point: dict[str, Any], targets: Any = None) -> Soft | Noisy | None:
    """The readout of a point, whose coordinates are taken out; None for an exact one."""
    error_cost, variance = (point.pop(name, None) for name in READOUT_COSTS)
    if error_cost is None:
        if variance is not None:
            raise InputError("noise_variance: noise makes errors, so they need a cost; give error_cost")
        return None
    return Soft(error_cost, targets) if variance is None else Noisy(error_cost, variance, targets)


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if not (isinstance(value, int | float | np.integer) and value == int(value) and value >= 0):
        raise InputError(f"{name}: {value!r} is not a whole number from zero on")
    return int(value)
