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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from solver.reading import Choice, Energy, input_file, read_mixing, read_sources
from solver.reading.files import named
from solver.sweeps.plan import SEED, SETTINGS, Sweep
from solver.sweeps.pose import DRAWN_COORDINATES, OfData, OfFamily, Poses
from theory.errors import InputError, unknown_name
from theory.inputs import whole_number
from theory.neurons import PeakActivity
from theory.problem import Problem
from theory.readouts import Exact

ENERGY_ENTRY = "energy"  # what activity costs: "mean", "peak" or, of data, "context=COLUMN"
DATA = ("probabilities", "mixing", "targets", "groups")  # names that belong to a data set
FILE_NAMES = ("family", "data", ENERGY_ENTRY, *DATA, *SETTINGS, SEED, "grid", "fixed", "points")  # all names of a file
SPREAD_NAMES = ("from", "to", "count", "scale")  # names of evenly spread values


@dataclass(frozen=True)
class SpreadLimits:
    """What evenly spread values may be."""

    count: int = 1_000_000
    end: float = 1e300  # distance from zero: the step between two ends is a number


LIMITS_OF_SPREADS = SpreadLimits()


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
    with named(path):
        return _sweep(content, file.parent)


def _sweep(content: dict[str, Any], folder: Path) -> Sweep:
    for name in content:
        if name not in FILE_NAMES:
            raise InputError(unknown_name("name", name, FILE_NAMES))
    for name in ("grid", "fixed", "groups"):
        if not isinstance(content.get(name, {}), dict):
            raise InputError(f"{name}: expected a table, [{name}]")
    if ("grid" in content) == ("points" in content):
        raise InputError("grid: missing; say in [grid] which values each coordinate takes, or list [[points]]")
    points = content.get("points", [])
    if not (isinstance(points, list) and all(isinstance(point, dict) for point in points)):
        raise InputError("points: expected a list of tables, [[points]]")
    settings = {name: content[name] for name in (*SETTINGS, SEED) if name in content}
    axes = {name: _spread(name, values) for name, values in content.get("grid", {}).items()}
    return Sweep(_poses(content, folder), axes=axes, listed=points, fixed=content.get("fixed", {}), **settings)


def _poses(content: dict[str, Any], folder: Path) -> Poses:
    if ("family" in content) == ("data" in content):
        raise InputError('family: missing; name a family of sources, family = "...", or a file of data, data = "..."')
    for name in ("family", "data", ENERGY_ENTRY, "probabilities", "mixing", "targets"):
        if not isinstance(content.get(name, ""), str):
            raise InputError(f"{name}: expected a text, got {content[name]!r}")
    energy = Energy.of(content.get(ENERGY_ENTRY))
    if energy.kind == "squared-mean":
        raise InputError("energy: squared-mean is two costs; write activity_cost = 0 and bias_cost = 1 below [fixed]")
    if "family" in content:
        if energy.context is not None:
            raise InputError("energy: a context has weights in a column of data, and a family has none")
        for name in DATA:
            if name in content:
                raise InputError(f"{name}: belongs to data; leave it out with a family")
        return OfFamily(content["family"], PeakActivity() if energy.kind == "peak" else None)
    groups = content.get("groups", {})
    for name, members in groups.items():
        if not isinstance(members, list):
            raise InputError(f"groups: {name!r} is no list of sources; write {name} = [...]")
    mixing, targets = (
        read_mixing(str(folder / content[name]), name) if name in content else None for name in ("mixing", "targets")
    )
    # Of a summary no samples can be drawn.
    tables = [content.get("grid"), content.get("fixed"), *content.get("points", ())]
    whole = any(name in table for table in tables if isinstance(table, dict) for name in DRAWN_COORDINATES)
    file, choice = input_file(str(folder / content["data"])), Choice(context=energy.context)
    whole = whole or energy.context is not None
    sources = read_sources(file, content.get("probabilities"), whole=whole, choice=choice)
    groups = content.get("groups")
    return OfData(Problem(sources, mixing=mixing, readout=Exact(targets), groups=groups, neurons=energy.neurons(file)))


def _spread(name: str, values: Any) -> Any:
    """A list of values as it is; evenly spread ones of a table of ends and count."""
    if not isinstance(values, dict):
        return values if isinstance(values, list) else [values]
    for key in values:
        if key not in SPREAD_NAMES:
            raise InputError(unknown_name(name, key, SPREAD_NAMES))
    for key in SPREAD_NAMES[:3]:
        if isinstance(values.get(key), bool) or not isinstance(values.get(key), int | float):
            raise InputError(f"{name}: {key!r} is missing, or no number; write {{from = 0.1, to = 10, count = 20}}")
    for key in SPREAD_NAMES[:2]:
        if abs(values[key]) > LIMITS_OF_SPREADS.end or values[key] != values[key]:
            raise InputError(f"{name}: {key!r} is no number up to {LIMITS_OF_SPREADS.end:g}")
    low, high, count, scale = values["from"], values["to"], values["count"], values.get("scale", "linear")
    if scale not in ("linear", "log"):
        raise InputError(unknown_name(f"{name}: scale", str(scale), ("linear", "log")))
    whole_number(count, f"{name}: count", 1, LIMITS_OF_SPREADS.count)
    if scale == "log" and not (low > 0 and high > 0):
        raise InputError(f"{name}: from {low:g} to {high:g} there is no logarithmic scale; give positive ends")
    spread = (np.geomspace if scale == "log" else np.linspace)(float(low), float(high), count)
    whole = isinstance(low, int) and isinstance(high, int) and bool((spread == np.round(spread)).all())
    return [int(value) for value in spread] if whole else spread.tolist()
