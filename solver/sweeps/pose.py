"""What the points of a sweep are problems of: a family of sources, or a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from theory.errors import InputError, unknown_name
from theory.families import family
from theory.inputs import as_matrix
from theory.problem import Problem
from theory.readouts import Exact, Noisy, Soft
from theory.sources import Sources

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["DRAWN", "PRICES", "READOUT", "SMOOTH", "OfData", "OfFamily", "Poses"]

PRICES = ("encoder_cost", "decoder_cost", "activity_cost", "bias_cost")
"""Coordinates that are prices of `Problem`;"""

READOUT = ("error_cost", "noise_variance")
"""those that say how the code is read out, exactly where there is no price of errors;"""

DRAWN = ("samples", "bootstrap", "columns")
"""and those that say what is taken of a data set."""

SMOOTH = ("parameter", "second", *PRICES, *READOUT)
"""Coordinates along which the problem changes little from one value to the next."""


@runtime_checkable
class Poses(Protocol):
    """What makes problems: of the coordinates of a point the problem, and of itself what tells it from others."""

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names that a point may have."""

    def describe(self) -> dict[str, Any]:
        """All that the problems depend on besides, as plain values: part of a sweep's fingerprint."""

    def problem(self, *, seed: int, **point: Any) -> Problem:
        """The problem at one point.

        Raises:
            InputError: there is none.
        """


@dataclass
class OfFamily:
    """Problems of a family of sources (`theory.families`), at values of its parameter and of what they cost.

    Args:
        name: of the family.

    Raises:
        InputError: unknown.

    Example:
        >>> OfFamily("one-corner").problem(seed=0, parameter=0.5, encoder_cost=2.0).encoder_cost
        2.0
    """

    name: str
    _kept: tuple[Any, Any] = field(default=(None, None), init=False, repr=False)

    def __post_init__(self) -> None:
        family(self.name)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """See `Poses`."""
        second = ("second",) if family(self.name).second is not None else ()
        return ("parameter", *second, *PRICES, *READOUT)

    def describe(self) -> dict[str, Any]:
        """See `Poses`."""
        return {"family": self.name}

    def problem(self, *, seed: int, **point: Any) -> Problem:
        """See `Poses`."""
        del seed
        chosen, rest = family(self.name), dict(point)
        if "parameter" not in rest:
            raise InputError(f"parameter: missing; {self.name} is a family along {chosen.parameter}")
        place = rest.pop("parameter"), rest.pop("second", None)
        if self._kept[0] != place:
            # The hull of these sources is found once, whatever is asked of them.
            self._kept = place, self._posed(*place)
        readout = _readout(rest)
        if readout is not None:
            if not isinstance(self._kept[1].given_readout, Exact):
                raise InputError(f"error_cost: {self.name} has errors at a price of its own; leave it out")
            rest["readout"] = readout
        return self._kept[1].replaced(**rest) if rest else self._kept[1]

    def _posed(self, parameter: float, second: float | None) -> Problem:
        chosen = family(self.name) if second is None else family(self.name).sliced(second)
        if chosen.blocks is None:
            return chosen.problem(parameter)
        groups = {f"block{number}": list(block) for number, block in enumerate(chosen.blocks, start=1)}
        return chosen.problem(parameter, groups=groups)

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name, "_kept": (None, None)}


class OfData:
    """Problems of a data set: what they cost, and which samples and columns are taken.

    Coordinates besides prices: ``samples`` (so many rows, drawn without replacement), ``bootstrap`` (the number of a
    resample, as many rows drawn with replacement; 0 is the data as they are) and ``columns`` (the sources taken, by
    name). What is drawn depends on the point's seed, on ``samples`` and ``bootstrap`` alone.

    Args:
        sources: (T, d) array-like or `Sources`.
        probabilities: as in `Problem`.
        mixing: as in `Problem`; not with ``columns``.
        targets: (r, d) what is decoded, if not the data; not with ``columns``.
        groups: as in `Problem`.

    Raises:
        InputError: sources that cannot be used.

    Example:
        >>> data = OfData(np.random.default_rng(0).normal(size=(50, 3)))
        >>> data.problem(seed=0, samples=20, columns=["s1", "s3"]).sources
        Sources(20 samples of s1, s3)
    """

    def __init__(
        self,
        sources: ArrayLike | Sources,
        *,
        probabilities: ArrayLike | None = None,
        mixing: ArrayLike | None = None,
        targets: ArrayLike | None = None,
        groups: Mapping[str, Sequence[int | str]] | None = None,
    ) -> None:
        self.sources = sources if isinstance(sources, Sources) else Sources(sources, probabilities)
        self.mixing = None if mixing is None else as_matrix(mixing, "mixing")
        self.targets = None if targets is None else as_matrix(targets, "targets")
        self.groups = None if groups is None else {name: list(members) for name, members in groups.items()}
        # Found once, for all workers; and what is wrong is said before any of them begins.
        whole = Problem(self.sources, mixing=self.mixing, readout=Exact(self.targets), groups=self.groups)
        _ = whole.sources.faces_if_few

    @property
    def coordinates(self) -> tuple[str, ...]:
        """See `Poses`."""
        return (*PRICES, *READOUT, *DRAWN)

    def describe(self) -> dict[str, Any]:
        """See `Poses`."""
        digest = hashlib.sha256()
        parts = (self.sources.points, self.sources.probabilities, self.mixing, self.targets)
        moments = () if self.sources.from_samples else (self.sources.mean, self.sources.covariance)
        for part in (*parts, *moments):
            digest.update(b"none" if part is None else f"{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
        rows, columns = self.sources.points.shape
        return {
            "data": f"{rows} rows of {columns} sources, sha256 {digest.hexdigest()[:16]}",
            "sources": list(self.sources.names),
            "groups": self.groups,
        }

    def problem(self, *, seed: int, **point: Any) -> Problem:
        """See `Poses`."""
        rest = dict(point)
        drawn = {name: rest.pop(name, None) for name in DRAWN}
        sources = self._drawn(seed, **drawn)
        readout = _readout(rest, self.targets) or (None if self.targets is None else Exact(self.targets))
        if drawn["columns"] is not None and not (self.mixing is None and self.targets is None and self.groups is None):
            raise InputError("columns: mixing, targets and groups are of all sources; leave them out")
        return Problem(sources, mixing=self.mixing, readout=readout, groups=self.groups, **rest)

    def _drawn(self, seed: int, *, samples: Any, bootstrap: Any, columns: Any) -> Sources:
        whole = self.sources
        if samples is None and not bootstrap and columns is None:
            return whole
        if not whole.from_samples:
            raise InputError("samples, bootstrap: the sources are known by their moments alone; none can be drawn")
        rows = self._rows(seed, _whole("samples", samples), _whole("bootstrap", bootstrap))
        weights = whole.probabilities
        kept = self._columns(columns)
        points = whole.points[rows][:, kept]
        names = [whole.names[index] for index in kept]
        return Sources(points, None if weights is None else weights[rows], names=names)

    def _rows(self, seed: int, samples: int | None, bootstrap: int | None) -> Any:
        count = self.sources.count
        if samples is not None and not 2 <= samples <= count:
            raise InputError(f"samples: {samples} of {count} rows cannot be drawn; give from 2 to {count}")
        rng = np.random.default_rng([seed, samples or 0, bootstrap or 0])
        rows = np.arange(count) if samples is None else np.sort(rng.choice(count, samples, replace=False))
        return np.sort(rng.choice(rows, len(rows))) if bootstrap else rows

    def _columns(self, columns: Any) -> list[int]:
        names = self.sources.names
        if columns is None:
            return list(range(len(names)))
        given = [columns] if isinstance(columns, str) else list(columns)
        for name in given:
            if name not in names:
                raise InputError(unknown_name("columns", str(name), names))
        return [names.index(name) for name in given]


def _readout(point: dict[str, Any], targets: Any = None) -> Soft | Noisy | None:
    """The readout that a point asks for, taking its coordinates out; None for an exact one."""
    error_cost, variance = (point.pop(name, None) for name in READOUT)
    if error_cost is None:
        if variance is not None:
            raise InputError("noise_variance: noise makes errors, so they need a price; give error_cost")
        return None
    return Soft(error_cost, targets) if variance is None else Noisy(error_cost, variance, targets)


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if not (isinstance(value, int | float | np.integer) and value == int(value) and value >= 0):
        raise InputError(f"{name}: {value!r} is not a whole number from zero on")
    return int(value)
