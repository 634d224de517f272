"""What came of it: tables, fitted growth, a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.peers.pricing import Priced
from benchmarks.peers.trace import ACCURACIES, Outcome
from benchmarks.reporting import growth

SERIES = {"samples": "samples T", "sources": "sources d", "vertices": "vertices V"}
FOLLOWED = 1e-4  # the accuracy whose times are drawn, and whose growth is fitted


def exponent(outcomes: Sequence[Outcome], accuracy: float = FOLLOWED) -> float | None:
    """Power by which time grows with size over the sizes that were solved, if those are enough to tell."""
    place = ACCURACIES.index(accuracy)
    solved = [outcome for outcome in outcomes if np.isfinite(outcome.usual[place])]
    fitted = growth([outcome.size for outcome in solved], [outcome.usual[place] for outcome in solved])
    return None if fitted is None else fitted.slope


def exponents(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float | None]]:
    """For every peer its exponent in each series."""
    peers = dict.fromkeys(outcome.peer for outcome in outcomes)
    return {
        peer: {series: exponent([o for o in outcomes if o.peer == peer and o.series == series]) for series in SERIES}
        for peer in peers
    }


def _duration(seconds: float, share: float) -> str:
    return "never" if not np.isfinite(seconds) else f"{seconds:.2g} s{_of_seeds(share)}"


def _of_seeds(share: float) -> str:
    """The share of seeds that came, unless all did."""
    return "" if share >= 1 else f" ({100 * share:.0f} %)"


def time_table(outcomes: Iterable[Outcome]) -> list[list[str]]:
    """Rows of words: instance, peer, times, best excess, start-up, memory, note."""
    return [
        [
            outcome.instance,
            outcome.peer,
            *map(_duration, outcome.seconds, outcome.shares),
            "none" if not np.isfinite(outcome.best) else f"{max(outcome.best, 0.0):.1e}",
            f"{outcome.start_up:.2g} s",
            f"{outcome.memory:.0f} MB",
            outcome.note,
        ]
        for outcome in outcomes
    ]


TIME_HEAD = ["instance", "peer", *(f"{accuracy:.0e}" for accuracy in ACCURACIES), "best", "start-up", "memory", "note"]


def across(outcomes: Sequence[Outcome], accuracy: float) -> tuple[list[str], list[list[str]]]:
    """Seconds to one accuracy: head and rows of words, one instance per row and one peer per column.

    Where some seeds never come, the share of those that do follows; of the peers that usually come the fastest is
    marked.
    """
    place = ACCURACIES.index(accuracy)
    peers = list(dict.fromkeys(outcome.peer for outcome in outcomes))
    known = {(outcome.instance, outcome.peer): outcome for outcome in outcomes}
    rows = []
    for instance in dict.fromkeys(outcome.instance for outcome in outcomes):
        of_peers = [known.get((instance, peer)) for peer in peers]
        times = [np.inf if outcome is None else outcome.usual[place] for outcome in of_peers]
        words = [
            f"{outcome.seconds[place]:.2g}{_of_seeds(outcome.shares[place])}"
            if outcome is not None and np.isfinite(outcome.seconds[place])
            else "-"
            for outcome in of_peers
        ]
        words[int(np.argmin(times))] += "*" if np.isfinite(min(times)) else ""
        rows.append([instance, *words])
    return ["instance", *peers], rows


def exponent_table(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Rows of words: peer, and its exponent in each series."""
    return [
        [peer, *("-" if exponent_in[series] is None else f"{exponent_in[series]:.2f}" for series in SERIES)]
        for peer, exponent_in in exponents(outcomes).items()
    ]


EXPONENT_HEAD = ["peer", *SERIES.values()]


def pricing_table(rows: Iterable[Priced]) -> list[list[str]]:
    """Rows of words: instance, the largest ratio by each, and how long it took."""
    return [
        [
            row.instance,
            f"{row.ours:.9f}",
            f"{row.seconds:.2g} s",
            f"{row.theirs:.9f}",
            f"{row.bound:.9f}",
            f"{row.their_seconds:.2g} s",
        ]
        for row in rows
    ]


PRICING_HEAD = ["instance", "by faces", "seconds", "SCIP found", "SCIP proved", "seconds"]

STUCK_HEAD = ["sources", "neurons", "ended worse", "by, at most"]

ENDS_HEAD = ["instance", "neurons", "within 1e-2", "within 1e-4", "within 1e-6", "median", "farthest"]

MARKS = "osD^v<>P"


def draw(outcomes: Sequence[Outcome], file: Path) -> None:
    """Time to the followed accuracy in each series, and every instance at all accuracies, on logarithmic axes."""
    import matplotlib.pyplot as plt

    place = ACCURACIES.index(FOLLOWED)
    present = [series for series in SERIES if any(outcome.series == series for outcome in outcomes)]
    peers = list(dict.fromkeys(outcome.peer for outcome in outcomes))
    figure, axes = plt.subplots(1, len(present) + 1, figsize=(4.2 * (len(present) + 1), 4.2), layout="constrained")
    axes = np.atleast_1d(axes)
    colours = plt.get_cmap("tab10")
    for number, peer in enumerate(peers):
        style = {"color": colours(number), "marker": MARKS[number % len(MARKS)], "label": peer, "markersize": 5}
        style |= {"linewidth": 2.5 if peer == "solve" else 1.2}
        own = [outcome for outcome in outcomes if outcome.peer == peer]
        times = np.array([outcome.usual for outcome in own])
        solved = np.isfinite(times)
        # All count, unsolved as infinite: the median over those solved would flatter whoever solves easy ones alone.
        middle = np.median(np.where(solved, times, np.inf), axis=0)
        shown = np.isfinite(middle)
        axes[0].plot(np.array(ACCURACIES)[shown], middle[shown], **style)
        for panel, series in zip(axes[1:], present, strict=True):
            points = [(o.size, o.usual[place]) for o in own if o.series == series and np.isfinite(o.usual[place])]
            if points:
                panel.plot(*zip(*points, strict=True), **style)
    axes[0].set(xlabel="relative distance from the optimum", ylabel="seconds, start-up apart", title="median instance")
    axes[0].invert_xaxis()
    for panel, series in zip(axes[1:], present, strict=True):
        panel.set(xlabel=SERIES[series], title=f"to {FOLLOWED:g}, growing {series}")
    for panel in axes:
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.grid(alpha=0.3)
    if "sources" in present:
        # Whole numbers within less than a decade.
        panel = axes[1 + present.index("sources")]
        sizes = sorted({outcome.size for outcome in outcomes if outcome.series == "sources"})
        panel.set_xticks(sizes, labels=[f"{size:g}" for size in sizes])
        panel.set_xticks([], minor=True)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(peers) if present else 2, frameon=False)
    figure.savefig(file)
    plt.close(figure)
