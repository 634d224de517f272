"""How often theory tells what a trained network does: the linear verdict, and that of the network's own neurons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.random import Generator

from solver.pictures.style import BLUE, DASHED, GREY, ORANGE, legend, page_figure
from solver.studies.networks import frequencies
from solver.studies.networks.scores import Confidence, error_bars, rate
from solver.studies.networks.supports import bits, drawn, grid
from solver.studies.networks.trials import ARCHITECTURES, Trial, trial_of, verdict
from solver.studies.study import Finding
from theory.arrays import Array, Mask

DATA_SETS = 8  # data sets that theory calls modular, and as many that it calls mixed

LEAST_PRICE = 0.003
"""Price of modularity from which a mixed data set is taken: a lower one decides little, and no descent will tell."""

BANDS = (0.001, 0.01)
"""Prices of modularity of the network's own kind, at which data sets are parted: no price is quite zero there."""


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
        banded: how many networks are mixed, of how many, where the price of their own kind is below, between and above
            the `BANDS`; nothing for architectures that no certified problem is of.
        ordered: how well the linear price, and that of their own kind, put mixed networks after modular ones.
        above: by what share the networks end above the certified optimum of their kind, at least and at most.
    """

    architecture: str
    modular: Confidence
    mixed: Confidence
    overall: Confidence
    failures: tuple[str, ...]
    gains: tuple[int, int]
    count: int
    banded: tuple[tuple[int, int], ...]
    ordered: tuple[float, float]
    above: tuple[float, float]

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
            **{
                f"mixed_at_price_{name}": "{} of {}".format(*counted)
                for name, counted in zip(("low", "middle", "high"), self.banded or ((0, 0),) * 3, strict=True)
            },
            "ordered_by_linear_price": self.ordered[0],
            "ordered_by_own_price": self.ordered[1],
            "above_least": self.above[0],
            "above_most": self.above[1],
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
                failures=tuple(map(_named, failed)),
                # Mixing must save two thousandths of the loss over the best network of modular neurons.
                gains=(sum(trial.gain > 0.002 for trial in known), len(known)),
                count=len(of_name),
                **_against_own_kind(of_name),
            )
        )
    return tuple(table)


def _named(trial: Trial) -> str:
    """A data set on which networks fail, and how many."""
    own = "" if np.isnan(trial.held.price) else f", own price {100 * trial.held.price:.2g} %"
    failures = round((1 - trial.agreement) * len(trial.mixed))
    return f"{trial.data} ({failures} of {len(trial.mixed)}, modularity {np.mean(trial.scores):.2f}{own})"


def _against_own_kind(trials: Sequence[Trial]) -> dict[str, Any]:
    """The fields of one architecture that say what the theory of its own neurons tells."""
    told = [(trial, mixed) for trial in trials for mixed in trial.mixed if mixed is not None]
    linear, own = (np.array(prices) for prices in ([one.price for one, _ in told], [one.held.price for one, _ in told]))
    mixed: Mask = np.array([mixed for _, mixed in told], dtype=bool)
    above = [share for trial in trials for share in trial.held.above]
    if not above:
        return {"banded": (), "ordered": (ordered(linear, mixed), float("nan")), "above": (float("nan"),) * 2}
    band = np.searchsorted(BANDS, own)
    return {
        "banded": tuple((int(mixed[band == one].sum()), int((band == one).sum())) for one in range(len(BANDS) + 1)),
        "ordered": (ordered(linear, mixed), ordered(own, mixed)),
        "above": (min(above), max(above)),
    }


def ordered(prices: Array, mixed: Mask) -> float:
    """Share of the pairs of a mixed and a modular network in which the mixed one's price is higher.

    A tie is half a pair, and a coin gets a half; NaN where all networks are alike.

    Args:
        prices: (n,) of modularity, on the data of each network.
        mixed: (n,) whether each is mixed.

    Source: Mann, Whitney, "On a test of whether one of two random variables is stochastically larger than the other"
    (1947).

    Example:
        >>> ordered(np.array([0.0, 0.0, 0.1]), np.array([False, True, True]))
        0.75
    """
    if mixed.all() or not mixed.any():
        return float("nan")
    # Rounding of a price makes no order.
    higher, lower = prices[mixed].round(9)[:, None], prices[~mixed].round(9)
    return float(np.mean(0.5 * (higher > lower) + 0.5 * (higher >= lower)))


def study(rng: Generator, quick: bool) -> Finding:
    """How often theory tells what a trained network does, by architecture."""
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
    # The claims are about linear networks, and about bounds; of the rest the study finds out whether it holds.
    holds = all(one.overall.mean == 1.0 for one in table if one.architecture == "linear")
    known = [one for one in table if one.banded]
    holds &= all(one.above[0] > -1e-5 for one in known)  # what single precision may lose
    own = "; ".join(
        f"{one.architecture} {', '.join('{} of {}'.format(*counted) for counted in one.banded)}" for one in known
    )
    above = "; ".join(f"{one.architecture} {100 * one.above[0]:.2g} to {100 * one.above[1]:.2g} %" for one in known)
    verdict = (
        f"the linear theory tells whether trained networks mix: {rates}. Mixed where the price of modularity of their "
        f"own neurons is below 0.1 %, up to 1 %, and above: {own}. Above their certified optimum: {above}"
    )
    return Finding(holds, verdict, [one.row() for one in table], _drawn(table, trials))


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


def _drawn(table: Sequence[Agreement], trials: Sequence[Trial]) -> Figure:
    """Two bars per architecture, with confidence; and what the price of the networks' own neurons tells."""
    figure = page_figure(1, 0.04 * (2 + len(table)))
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_rates(left, table)
    _draw_prices(right, trials)
    return figure


def _draw_prices(axes: Axes, trials: Sequence[Trial]) -> None:
    """Share of mixed networks against the certified price of modularity of their own kind, one point per data set."""
    names = dict.fromkeys(trial.architecture for trial in trials if trial.held.kind not in ("", "linear"))
    for name, marker in zip(names, "os^D", strict=False):
        of_name = [trial for trial in trials if trial.architecture == name]
        for modular, colour in ((True, BLUE), (False, ORANGE)):
            shown = [trial for trial in of_name if trial.modular == modular]
            prices = [100 * trial.held.price for trial in shown]
            shares = [trial.mixed.count(True) / len(trial.mixed) for trial in shown]
            style: dict[str, Any] = {"linestyle": "", "markersize": 3, "alpha": 0.7, "color": colour}
            axes.plot(prices, shares, marker, **style)
        axes.plot([], [], marker, linestyle="", markersize=3, color=GREY, label=name)
    for border in BANDS:
        axes.axvline(100 * border, color=GREY, linewidth=0.8, linestyle=DASHED, zorder=0)
    axes.set(
        xscale="log", xlabel="price of modularity of their own kind (%)", ylabel="share of networks that are mixed"
    )
    legend(axes, loc="center left")


def _draw_rates(axes: Axes, table: Sequence[Agreement]) -> None:
    for offset, name, colour in ((-0.2, "modular", BLUE), (0.2, "mixed", ORANGE)):
        means, reach = error_bars([getattr(one, name) for one in table])
        style: dict[str, Any] = {"capsize": 2, "error_kw": {"linewidth": 0.8}, "label": f"linear theory: {name}"}
        axes.barh(np.arange(len(table)) + offset, means, 0.38, xerr=np.maximum(reach, 0), color=colour, **style)
    axes.set_yticks(range(len(table)), [one.architecture for one in table])
    axes.invert_yaxis()
    axes.set(xlabel="share of networks that do as linear theory says", xlim=(0, 1.02))
    legend(axes, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
