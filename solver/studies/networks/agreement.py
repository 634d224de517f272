"""How often the linear theory's verdict tells what a trained network does, by architecture, with its failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.random import Generator

from solver.pictures.style import BLUE, ORANGE, legend, page_figure
from solver.studies.networks import frequencies
from solver.studies.networks.scores import Confidence, error_bars, rate
from solver.studies.networks.supports import bits, drawn, grid
from solver.studies.networks.trials import ARCHITECTURES, Trial, trial_of, verdict
from solver.studies.study import Finding
from theory.arrays import Array

__all__ = ["Agreement", "agreements", "study"]

DATA_SETS = 8
"""Data sets that theory calls modular, and as many that it calls mixed."""

LEAST_PRICE = 0.003
"""Price of modularity from which a mixed data set is taken: a lower one decides little, and no descent will tell."""


@dataclass(frozen=True)
class Agreement:
    """How often the networks of one architecture do as theory says.

    Attributes:
        architecture: name.
        modular: share of networks that are modular, on data sets that theory calls modular.
        mixed: share of networks that are mixed, on data sets that theory calls mixed.
        overall: share of networks that agree with theory, on all data sets.
        failures: names of the data sets on which not all seeds agree with theory, and how many do not.
        gains: on how many of the failures among modular data sets mixing saves something in the network itself, and of
            how many that is known.
        count: number of data sets.
    """

    architecture: str
    modular: Confidence
    mixed: Confidence
    overall: Confidence
    failures: tuple[str, ...]
    gains: tuple[int, int]
    count: int

    def row(self) -> dict[str, object]:
        """The columns of a table."""
        return {
            "architecture": self.architecture,
            "data_sets": self.count,
            **self.modular.columns("modular", "modular_as_told"),
            **self.mixed.columns("mixed", "mixed_as_told"),
            **self.overall.columns("agreement"),
            "failures": "; ".join(self.failures),
            "failures_where_mixing_pays": "{} of {}".format(*self.gains) if self.gains[1] else "",
        }


def agreements(trials: Sequence[Trial]) -> tuple[Agreement, ...]:
    """One per architecture, in the order in which they come."""
    table = []
    for name in dict.fromkeys(trial.architecture for trial in trials):
        of_name = [trial for trial in trials if trial.architecture == name]
        failed = [trial for trial in of_name if trial.agreement < 1]
        known = [trial for trial in failed if trial.modular and np.isfinite(trial.gain)]
        table.append(
            Agreement(
                architecture=name,
                modular=rate([trial.agreement for trial in of_name if trial.modular]),
                mixed=rate([trial.agreement for trial in of_name if not trial.modular]),
                overall=rate([trial.agreement for trial in of_name]),
                failures=tuple(
                    f"{trial.data} ({round((1 - trial.agreement) * len(trial.mixed))} of {len(trial.mixed)}, "
                    f"modularity {np.mean(trial.scores):.2f})"
                    for trial in failed
                ),
                # Mixing must save two thousandths of the loss over the best network of modular neurons.
                gains=(sum(trial.gain > 0.002 for trial in known), len(known)),
                count=len(of_name),
            )
        )
    return tuple(table)


def study(rng: Generator, quick: bool) -> Finding:
    """How often the linear theory's verdict tells what a trained network does, by architecture."""
    points = grid(5)
    data = data_sets(rng, points, 1 if quick else DATA_SETS)
    trials = [
        trial_of(name, f"{kind}, {bits(points, chance):.2f} bits", points, chance, quick)
        for name in (list(ARCHITECTURES)[:2] if quick else ARCHITECTURES)
        for kind, sets in data.items()
        # Training variational networks is expensive.
        for chance in sets[: 3 if name == "variational" else DATA_SETS]
    ]
    table = agreements([*trials, *frequencies.trials(quick)])
    rates = "; ".join(f"{one.architecture} {100 * one.overall.mean:.0f} %" for one in table)
    # The claim is about linear networks; of the others the study finds out whether it holds.
    holds = all(one.overall.mean == 1.0 for one in table if one.architecture == "linear")
    verdict = f"the linear theory tells whether trained networks mix: {rates}"
    return Finding(holds, verdict, [one.row() for one in table], _drawn(table))


def data_sets(rng: Generator, points: Array, each: int) -> dict[str, list[Array]]:
    """Probabilities of grid points, so many sets that theory calls modular and as many that it clearly calls mixed."""
    sets: dict[str, list[Array]] = {"modular": [], "mixed": []}
    while min(map(len, sets.values())) < each:
        chance = drawn(rng, points)
        modular, price = verdict(points, chance)
        kind = "modular" if modular else "mixed"
        if (modular or price > LEAST_PRICE) and len(sets[kind]) < each:
            sets[kind].append(chance)
    return sets


def _drawn(table: Sequence[Agreement]) -> Figure:
    """Two bars per architecture, with confidence."""
    figure = page_figure(0.8, 0.04 * (2 + len(table)))
    axes = figure.subplots()
    for offset, name, colour in ((-0.2, "modular", BLUE), (0.2, "mixed", ORANGE)):
        means, reach = error_bars([getattr(one, name) for one in table])
        style: dict[str, Any] = {"capsize": 2, "error_kw": {"linewidth": 0.8}, "label": f"theory: {name}"}
        axes.barh(np.arange(len(table)) + offset, means, 0.38, xerr=np.maximum(reach, 0), color=colour, **style)
    axes.set_yticks(range(len(table)), [one.architecture for one in table])
    axes.invert_yaxis()
    axes.set(xlabel="share of networks that do as theory says", xlim=(0, 1.02))
    legend(figure, loc="outside right upper")
    return figure
