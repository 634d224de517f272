"""The registry of studies: solve, compare with theory, draw, and say in one line whether the claim holds.

Each study is a file of this folder that defines `study(rng, quick)`, and a line of `STUDIES`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np

from solver.pictures.style import styled, written
from solver.studies.study import Finding, Study
from theory.errors import InputError, unknown_name
from theory.writing import require_writable, written_whole

__all__ = ["STUDIES", "Study", "run_studies"]

STUDIES = (
    "entangled-factors",
    "one-corner-point",
    "range-not-independence",
    "frequency-pairs",
    "cell-types",
    "remapping",
    "further-factors",
    "working-memory",
    "space-and-reward",
    "missed-sources",
    "preparation-and-output",
    "one-convex-problem",
)
"""All studies by name, in the order of the papers; each is a file, with underscores for hyphens."""


def run_studies(
    name: str | None = None, *, folder: str | Path = "studies", seed: int = 0, quick: bool = False
) -> Iterator[Study]:
    """Run one study or all, one after the other, and write NAME.png and NAME.csv into a folder.

    Args:
        name: of the study; all if not given.
        folder: created if it does not exist.
        seed: of the random data sets.
        quick: fewer data sets.

    Raises:
        InputError: an unknown study, or a folder that cannot be written.
    """
    if name is not None and name not in STUDIES:
        raise InputError(unknown_name("study", name, STUDIES))
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"folder: {str(folder)!r} cannot be created ({error.strerror})") from None
    names = [name] if name is not None else list(STUDIES)
    for chosen in names:
        for suffix in (".png", ".csv"):
            require_writable(place / f"{chosen}{suffix}", (suffix,), "folder")
    for chosen in names:
        found = _found(chosen, np.random.default_rng(seed), quick)
        figure, table = place / f"{chosen}.png", place / f"{chosen}.csv"
        written(found.figure, figure)
        with written_whole(table) as temporary, temporary.open("w", newline="") as stream:
            csv.writer(stream).writerows([found.header, *found.rows])
        yield Study(chosen, found.holds, found.verdict, figure, table)


def _found(name: str, rng: np.random.Generator, quick: bool) -> Finding:
    module = import_module(f"solver.studies.{name.replace('-', '_')}")
    found: Finding = styled(module.study)(rng, quick)
    return found
