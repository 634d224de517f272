"""What is kept of a peer's run: how long it took to come how near."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.peers.instances import Instance

ACCURACIES = (1e-2, 1e-4, 1e-6, 1e-8)
"""Relative distances from the certified optimum whose times are told."""


@dataclass
class Run:
    """One run of one peer.

    Attributes:
        setting: how it was tuned.
        start_up: seconds of compilation or modelling, apart from what follows.
        trace: (seconds, excess over the optimum) as it went, start-up not counted.
        note: what went wrong, if anything.
    """

    setting: str
    start_up: float = 0.0
    trace: list[tuple[float, float]] = field(default_factory=list)
    note: str = ""

    def time_to(self, accuracy: float) -> float:
        """Seconds until the excess was within the accuracy; infinite if never."""
        return next((seconds for seconds, excess in self.trace if excess <= accuracy), np.inf)

    @property
    def best(self) -> float:
        """Least excess of all."""
        return min((excess for _, excess in self.trace), default=np.inf)


@dataclass(frozen=True)
class Outcome:
    """A peer on an instance, at its best.

    Attributes:
        seconds: one for each of `ACCURACIES`, of the setting that is fastest to it, median over the seeds.
        best: least excess seen, and `setting`: of the run that had it.
        start_up: median over the runs;  memory: megabytes that the peak rose by.
    """

    peer: str
    instance: str
    series: str
    size: int
    seconds: tuple[float, ...]
    best: float
    setting: str
    start_up: float
    memory: float
    note: str

    @classmethod
    def from_json(cls, *, seconds: list[float | None], best: float | None, **fields: Any) -> Outcome:
        """An outcome read back, with None for what never came."""
        reached = tuple(np.inf if value is None else value for value in seconds)
        return cls(seconds=reached, best=np.inf if best is None else best, **fields)

    @classmethod
    def of(cls, peer: str, instance: Instance, runs: Iterable[Run], memory: float) -> Outcome:
        """Tune after the event: each accuracy is told for the setting that reaches it soonest."""
        runs = list(runs)
        by_setting: dict[str, list[Run]] = {}
        for run in runs:
            by_setting.setdefault(run.setting, []).append(run)
        seconds = tuple(
            min(float(np.median([run.time_to(accuracy) for run in group])) for group in by_setting.values())
            for accuracy in ACCURACIES
        )
        best = min(runs, key=lambda run: run.best)
        start_up = float(np.median([run.start_up for run in runs]))
        notes = "; ".join(sorted({run.note for run in runs if run.note}))
        return cls(
            peer,
            instance.name,
            instance.series,
            instance.size,
            seconds,
            best.best,
            best.setting,
            start_up,
            memory,
            notes,
        )
