"""How often the linear theory's verdict tells what a trained network does, by architecture, with its failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from solver.pictures.style import INSIDE, OUTSIDE, legend, page_figure
from solver.studies.networks import frequencies
from solver.studies.networks.scores import Confidence, rate
from solver.studies.networks.supports import bits, drawn, grid
from solver.studies.networks.trials import ARCHITECTURES, Trial, trial_of, verdict
from solver.studies.study import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from theory.arrays import Array

__all__ = ["Agreement", "agreements", "study"]

EACH = 8
"""Data sets that theory calls modular, and as many that it calls mixed."""

FEWER = {"variational": 3}
"""The same where training is dear."""

DEAR = 0.003
"""Price of modularity from which a mixed data set is taken: a lower one decides little, and no descent will tell."""

LEVELS = 5
"""Values of each source."""

GAINS = 0.002
"""Share of the loss that mixing must save in a network, over the best one of modular neurons, to count as a gain."""


HEADER = (
    *("architecture", "data_sets", "modular_as_told", "modular_low", "modular_high", "mixed_as_told", "mixed_low"),
    *("mixed_high", "agreement", "agreement_low", "agreement_high", "failures", "failures_where_mixing_pays"),
)


@dataclass(frozen=True)
class Agreement:
    """Of one architecture.

    Attributes:
        architecture: name.
        modular, mixed: of data sets that theory calls so, the share of networks that are so.
        overall: on all data sets.
        failures: names of the data sets on which not all seeds agree with theory, and how many do not.
        gains: on how many of the failures among modular data sets mixing saves something in the network itself, and of
            how many that is known.
        count: of data sets.
    """

    architecture: str
    modular: Confidence
    mixed: Confidence
    overall: Confidence
    failures: tuple[str, ...]
    gains: tuple[int, int]
    count: int

    def row(self) -> tuple[object, ...]:
        """For a table."""
        sure = [number for one in (self.modular, self.mixed, self.overall) for number in (one.mean, one.low, one.high)]
        gains = "{} of {}".format(*self.gains) if self.gains[1] else ""
        return self.architecture, self.count, *sure, "; ".join(self.failures), gains


def agreements(found: Sequence[Trial]) -> tuple[Agreement, ...]:
    """One an architecture, in the order in which they come."""
    table = []
    for name in dict.fromkeys(trial.architecture for trial in found):
        own = [trial for trial in found if trial.architecture == name]
        failed = [trial for trial in own if trial.agreement < 1]
        told = [trial for trial in failed if trial.modular and np.isfinite(trial.gain)]
        table.append(
            Agreement(
                architecture=name,
                modular=rate([trial.agreement for trial in own if trial.modular]),
                mixed=rate([trial.agreement for trial in own if not trial.modular]),
                overall=rate([trial.agreement for trial in own]),
                failures=tuple(
                    f"{trial.data} ({round((1 - trial.agreement) * len(trial.mixed))} of {len(trial.mixed)}, "
                    f"modularity {np.mean(trial.scores):.2f})"
                    for trial in failed
                ),
                gains=(sum(trial.gain > GAINS for trial in told), len(told)),
                count=len(own),
            )
        )
    return tuple(table)


def study(rng: Generator, quick: bool) -> Finding:
    """How often the linear theory's verdict tells what a trained network does, by architecture."""
    points = grid(LEVELS)
    data = data_sets(rng, points, 1 if quick else EACH)
    found = []
    for name in list(ARCHITECTURES)[:2] if quick else ARCHITECTURES:
        for kind, sets in data.items():
            found += [
                trial_of(name, f"{kind}, {bits(points, chance):.2f} bits", points, chance, quick)
                for chance in sets[: FEWER.get(name, EACH)]
            ]
    table = agreements([*found, *frequencies.trials(quick)])
    said = "; ".join(f"{one.architecture} {100 * one.overall.mean:.0f} %" for one in table)
    sure = {one.architecture: one.overall for one in table}
    # What the theory is about is to be told; how far it carries beyond is what the study finds out.
    holds = sure["linear"].mean == 1.0
    rows = [one.row() for one in table]
    return Finding(holds, f"the linear theory tells whether trained networks mix: {said}", HEADER, rows, _drawn(table))


def data_sets(rng: Generator, points: Array, each: int) -> dict[str, list[Array]]:
    """Probabilities of grid points, so many sets that theory calls modular and as many that it clearly calls mixed."""
    sets: dict[str, list[Array]] = {"modular": [], "mixed": []}
    while min(map(len, sets.values())) < each:
        chance = drawn(rng, points)
        modular, price = verdict(points, chance)
        kind = "modular" if modular else "mixed"
        if (modular or price > DEAR) and len(sets[kind]) < each:
            sets[kind].append(chance)
    return sets


def _drawn(table: Sequence[Agreement]) -> Figure:
    """Two bars an architecture, with confidence."""
    figure = page_figure(0.8, 0.04 * (2 + len(table)))
    axes = figure.subplots()
    for offset, name, colour in ((-0.2, "modular", INSIDE), (0.2, "mixed", OUTSIDE)):
        sure: list[Confidence] = [getattr(one, name) for one in table]
        means = np.array([one.mean for one in sure])
        reach = np.clip([means - [one.low for one in sure], [one.high for one in sure] - means], 0, None)
        places = np.arange(len(table)) + offset
        label = f"theory: {name}"
        axes.barh(places, means, 0.38, xerr=reach, color=colour, capsize=2, error_kw={"linewidth": 0.8}, label=label)
    axes.set_yticks(range(len(table)), [one.architecture for one in table])
    axes.invert_yaxis()
    axes.set(xlabel="share of networks that do as theory says", xlim=(0, 1.02))
    legend(figure, loc="outside right upper")
    return figure
