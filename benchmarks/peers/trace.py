"""What is kept of a peer's run: how long it took to come how near."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.peers.instances import Instance

ACCURACIES = (1e-2, 1e-4, 1e-6, 1e-8)  # relative distances from the certified optimum whose times are told


@dataclass
class Run:
    """One run of one peer."""

    setting: str  # how it was tuned
    start_up: float = 0.0  # seconds of compilation or modelling, apart from what follows
    # (seconds, excess over the optimum) as it went, start-up not counted.
    trace: list[tuple[float, float]] = field(default_factory=list)
    note: str = ""  # what went wrong, if anything

    def time_to(self, accuracy: float) -> float:
        """Seconds until the excess was within the accuracy; infinite if never."""
        return next((seconds for seconds, excess in self.trace if excess <= accuracy), np.inf)

    @property
    def best(self) -> float:
        """Least excess of all."""
        return min((excess for _, excess in self.trace), default=np.inf)


@dataclass(frozen=True)
class Outcome:
    """A peer on an instance, at its best."""

    peer: str
    instance: str
    series: str
    size: int
    # One for each of `ACCURACIES`, of the setting that is fastest to it, median over the seeds; where no setting
    # brings more than half of them there, of that which brings most, median over those.
    seconds: tuple[float, ...]
    best: float  # least excess seen
    setting: str  # of the run that had it
    start_up: float  # median over the runs
    memory: float  # megabytes that the peak rose by
    note: str
    # Of the seeds that came there with that setting, one for each of `ACCURACIES`.
    shares: tuple[float, ...] = (1.0,) * len(ACCURACIES)

    @classmethod
    def from_json(
        cls, *, seconds: list[float | None], best: float | None, shares: list[float], **fields: Any
    ) -> Outcome:
        """An outcome read back, with None for what never came."""
        reached = tuple(np.inf if value is None else value for value in seconds)
        return cls(seconds=reached, best=np.inf if best is None else best, shares=tuple(shares), **fields)

    @property
    def usual(self) -> tuple[float, ...]:
        """Seconds to each of `ACCURACIES`, infinite where most seeds do not come there."""
        return tuple(time if share > 1 / 2 else np.inf for time, share in zip(self.seconds, self.shares, strict=True))

    @classmethod
    def of(cls, peer: str, instance: Instance, runs: Iterable[Run], memory: float) -> Outcome:
        """Tune after the event: each accuracy is told for the setting that reaches it soonest."""
        runs = list(runs)
        by_setting: dict[str, list[Run]] = {}
        for run in runs:
            by_setting.setdefault(run.setting, []).append(run)
        reached = [min(_reached(group, accuracy) for group in by_setting.values()) for accuracy in ACCURACIES]
        best = min(runs, key=lambda run: run.best)
        start_up = float(np.median([run.start_up for run in runs]))
        notes = "; ".join(sorted({run.note for run in runs if run.note}))
        return cls(
            peer,
            instance.name,
            instance.series,
            instance.size,
            tuple(seconds for _, seconds, _ in reached),
            best.best,
            best.setting,
            start_up,
            memory,
            notes,
            tuple(share for _, _, share in reached),
        )


def _reached(runs: list[Run], accuracy: float) -> tuple[float, float, float]:
    """How a setting is ranked, the seconds told of it, and the share of its seeds that come within the accuracy.

    Whatever most seeds reach comes first and is ranked by its median time, the rest by how many seeds reach it.
    """
    times = np.array([run.time_to(accuracy) for run in runs])
    came = np.isfinite(times)
    share = float(came.mean())
    if share > 1 / 2:
        return -2.0, float(np.median(times)), share
    return -share, float(np.median(times[came])) if came.any() else np.inf, share
