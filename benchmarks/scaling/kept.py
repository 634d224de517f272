"""Measurements in a JSON file, which is written anew after each: a run goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from benchmarks.reporting import machine
from benchmarks.scaling.measured import Measurement
from theory.errors import InputError
from theory.writing import written_whole

__all__ = ["PACKAGES", "Kept"]

PACKAGES = ("numpy", "scipy", "cvxpy", "clarabel", "joblib", "modularity-solver")


class Kept:
    """What was measured on this machine, in a file if one is given.

    Raises:
        InputError: a file that holds something else, or what another machine or other versions took.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.machine = machine(PACKAGES)
        self.measurements: list[Measurement] = []
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            content = json.loads(path.read_text())
            before = content["machine"]
            self.measurements = [Measurement(**row) for row in content["measurements"]]
        except (ValueError, KeyError, TypeError):
            raise InputError(f"--json: {str(path)!r} is no file of this benchmark; give another name") from None
        for name in sorted({*before, *self.machine}):
            was, now = before.get(name, "absent"), self.machine.get(name, "absent")
            if was != now:
                raise InputError(f"--json: {str(path)!r} was measured with {name} {was}, not {now}; give another name")

    def find(self, series: str, size: int) -> Measurement | None:
        """The measurement of that problem, if there is one."""
        found = (row for row in self.measurements if (row.series, row.size) == (series, size))
        return next(found, None)

    def add(self, new: Iterable[Measurement]) -> None:
        """Keep some more."""
        self.measurements += new
        if self.path is not None:
            content = {"machine": self.machine, "measurements": [asdict(row) for row in self.measurements]}
            with written_whole(self.path) as file:
                file.write_text(json.dumps(content, indent=1) + "\n")
