"""A sweep from a file: TOML in, a plan out, or one line that says what is wrong and where.

    family = "opposite-corners"          # or: data = "recordings.csv"

    [grid]                               # every combination is a point
    parameter = {from = 0.1, to = 1.5, count = 30}
    encoder_cost = {from = 0.01, to = 100, count = 30, scale = "log"}

    [fixed]                              # the same at every point
    bias_cost = 0.5

See docs/scale.md, "Sweeps".
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from solver.commands.reading import read_mixing, read_sources
from solver.sweeps.plan import Sweep
from solver.sweeps.pose import DRAWN, OfData, OfFamily, Poses
from theory.errors import InputError, unknown_name

__all__ = ["read_sweep"]

ASKED = ("tolerance", "time_limit", "method", "seed", "certified")
"""What is asked of the solver: names of `Sweep`."""

DATA = ("probabilities", "mixing", "targets", "groups")
"""What belongs to a data set."""

KNOWN = ("family", "data", *DATA, *ASKED, "grid", "fixed", "points")
"""All names of a file."""

SPREAD = ("from", "to", "count", "scale")
"""Names of evenly spread values."""

MOST = 1_000_000
"""Values of one coordinate at most."""

FARTHEST = 1e300
"""From zero, of the ends of evenly spread values."""


def read_sweep(path: str | os.PathLike[str]) -> Sweep:
    """The sweep that a TOML file describes. Files that it names are looked for beside it.

    Raises:
        InputError: no TOML, names that are unknown or missing, values that cannot be used.
        OSError: a file cannot be read.
    """
    file = Path(path)
    try:
        content = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except RecursionError:
        raise InputError(f"{path}: no TOML (brackets within brackets, too deep)") from None
    except ValueError as error:  # of the format, the encoding, or of a number with too many digits
        raise InputError(f"{path}: no TOML ({' '.join(str(error).split())})") from None
    try:
        return _sweep(content, file.parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _sweep(content: dict[str, Any], folder: Path) -> Sweep:
    for name in content:
        if name not in KNOWN:
            raise InputError(unknown_name("name", name, KNOWN))
    for name in ("grid", "fixed", "groups"):
        if not isinstance(content.get(name, {}), dict):
            raise InputError(f"{name}: expected a table, [{name}]")
    if ("grid" in content) == ("points" in content):
        raise InputError("grid: missing; say in [grid] which values each coordinate takes, or list [[points]]")
    points = content.get("points", [])
    if not (isinstance(points, list) and all(isinstance(point, dict) for point in points)):
        raise InputError("points: expected a list of tables, [[points]]")
    asked = {name: content[name] for name in ASKED if name in content}
    axes = {name: _spread(name, values) for name, values in content.get("grid", {}).items()}
    return Sweep(_poses(content, folder), axes=axes, listed=points, fixed=content.get("fixed", {}), **asked)


def _poses(content: dict[str, Any], folder: Path) -> Poses:
    if ("family" in content) == ("data" in content):
        raise InputError('family: missing; name a family of sources, family = "...", or a file of data, data = "..."')
    for name in ("family", "data", "probabilities", "mixing", "targets"):
        if not isinstance(content.get(name, ""), str):
            raise InputError(f"{name}: expected a text, got {content[name]!r}")
    if "family" in content:
        for name in DATA:
            if name in content:
                raise InputError(f"{name}: belongs to data; leave it out with a family")
        return OfFamily(content["family"])
    groups = content.get("groups", {})
    for name, members in groups.items():
        if not isinstance(members, list):
            raise InputError(f"groups: {name!r} is no list of sources; write {name} = [...]")
    read = [name for name in ("mixing", "targets") if name in content]
    matrices = {name: read_mixing(str(folder / content[name]), name) for name in read}
    # Of a summary no samples can be drawn.
    tables = [content.get("grid"), content.get("fixed"), *content.get("points", ())]
    whole = any(name in table for table in tables if isinstance(table, dict) for name in DRAWN)
    sources = read_sources(str(folder / content["data"]), content.get("probabilities"), whole=whole)
    return OfData(sources, groups=content.get("groups"), **matrices)


def _spread(name: str, given: Any) -> Any:
    """A list of values as it is; evenly spread ones where ends and count are given."""
    if not isinstance(given, dict):
        return given if isinstance(given, list) else [given]
    for key in given:
        if key not in SPREAD:
            raise InputError(unknown_name(name, key, SPREAD))
    for key in SPREAD[:3]:
        if isinstance(given.get(key), bool) or not isinstance(given.get(key), int | float):
            raise InputError(f"{name}: {key!r} is missing, or no number; write {{from = 0.1, to = 10, count = 20}}")
    for key in SPREAD[:2]:
        if abs(given[key]) > FARTHEST or given[key] != given[key]:
            raise InputError(f"{name}: {key!r} is no number up to {FARTHEST:g}")
    low, high, count, scale = given["from"], given["to"], given["count"], given.get("scale", "linear")
    if scale not in ("linear", "log"):
        raise InputError(unknown_name(f"{name}: scale", str(scale), ("linear", "log")))
    if not (isinstance(count, int) and 1 <= count <= MOST):
        raise InputError(f"{name}: count {count!r} is not a whole number from 1 to {MOST:,}")
    if scale == "log" and not (low > 0 and high > 0):
        raise InputError(f"{name}: from {low:g} to {high:g} there is no logarithmic scale; give positive ends")
    values = (np.geomspace if scale == "log" else np.linspace)(float(low), float(high), count)
    whole = isinstance(low, int) and isinstance(high, int) and bool((values == np.round(values)).all())
    return [int(value) for value in values] if whole else values.tolist()
