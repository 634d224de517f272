"""What resamples tell: how surely the price, the verdict, and who is coded alone, are known."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.pictures.words import aligned, amount, cell, counted, kind_words, percent, threshold
from solver.plain import attributes
from solver.questions.price_interval import PriceBySamples, percentiles, price_interval
from theory.arrays import Array
from theory.conditions.practically import NO_PRICE, practically_modular
from theory.groups import groups_of
from theory.immutable import Frozen

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class BootstrapThresholds:
    """From which numbers on the sentences and the table say something."""

    like: float = 0.99  # correlation of the activity of two neurons that count as like each other
    earned: float = 1e-6  # share of its cost by which a neuron of an optimal code may miss it by rounding
    dependent: float = 3.0  # length of blocks from which on rows are said to follow each other
    few_blocks: int = 10  # blocks of time below which an interval is said to rest on few
    noticeable: float = 0.1  # of the price, by which that of half the samples must differ for the curve to fall or rise


SAYING = BootstrapThresholds()


VERDICTS = ("modular", "practically modular", "mixed", "undecided")
"""What a resample can be; undecided where the bounds of its price lie on either side of a threshold."""


@dataclass(frozen=True, repr=False, eq=False)
class Bootstrap(Frozen):
    """What the optimal codes of resamples say of the code of the data.

    Attributes:
        answer: to the problem itself, as from `solve`.
        prices: (b,) the price of modularity of each resample; NaN where it could not be posed.
        price_bounds: (b, 2) between which each is proven to lie; NaN where it could not be posed.
        statuses: of the answers, "refused" where a resample could not be posed.
        messages: why some were refused, without repetition.
        own_ratios: (b, d) what the best neuron of each source alone earns for what it costs (of groups: of each group);
            NaN where it is not known, no rows where it never is.
        neuron_ratios: (b, n) what each neuron of `answer` earns for what it costs, in the resample.
        essential_likenesses: (b, n) how like each neuron of `answer` is one that every optimal code of the resample has
            (`solver.questions.resamples.likenesses`); NaN where that is not decided.
        part_prices: (k,) the price of a part of each of the first k resamples, as large a share of it as it is of the
            data; none where they were drawn with replacement.
        size: samples in a resample.
        count: samples that can be drawn: those of positive weight.
        replaced: whether they are drawn with replacement.
        block: length of the blocks of time; None where samples are drawn independently.
        suited: length of blocks that would suit the rows if they followed each other in time.
        level: of the intervals.
        practically: price up to which a code counts as practically modular, and share of its cost by which a neuron may
            miss it to count as kept.
        curve: the price against the number of samples; None if not asked for.
        complete: whether all resamples that were asked for are there.
        seed: of the draws.
        seconds: that it took.

    Example:
        >>> from solver import Problem, bootstrap
        >>> points = np.random.default_rng(0).integers(-2, 3, size=(200, 2))
        >>> result = bootstrap(Problem(points), resamples=4, curve=False)
        >>> result.verdicts["modular"], result.interval
        (1.0, (0.0, 0.0))
    """

    answer: Any
    prices: Array
    price_bounds: Array
    statuses: tuple[str, ...]
    messages: tuple[str, ...]
    own_ratios: Array
    neuron_ratios: Array
    essential_likenesses: Array
    part_prices: Array
    size: int
    count: int
    replaced: bool
    block: float | None
    suited: float
    level: float
    practically: float
    curve: PriceBySamples | None
    complete: bool
    seed: int
    seconds: float

    # ---- numbers ----------------------------------------------------------------------------------------------

    @property
    def price(self) -> float:
        """The price of modularity of the data."""
        return float(self.answer.price_of_modularity)

    @property
    def interval(self) -> tuple[float, float]:
        """The interval for the price of modularity: see `solver.questions.price_interval.price_interval`."""
        share, parts = self.size / self.count, self.part_prices if len(self.part_prices) else None
        return price_interval(self.price, self.prices, self.level, share=share, replaced=self.replaced, parts=parts)

    @property
    def spread(self) -> tuple[float, float]:
        """Between which prices the middle share (`level`) of the resamples lies. No interval for the price."""
        return percentiles(self.prices, self.level)

    @property
    def verdict(self) -> str:
        """What the whole interval says: "practically modular", "mixed", or "undecided" where `practically` is in it."""
        known = practically_modular(*self.interval, self.practically)
        return "undecided" if known is None else "practically modular" if known else "mixed"

    @property
    def kinds(self) -> tuple[str, ...]:
        """(b,) the verdict of each resample: one of "modular", "practically modular", "mixed", "undecided", "refused".

        Bounds of the price decide, so that no tolerance of the search and no choice among optimal codes does.
        """
        least, most = self.price_bounds.T
        kinds = np.full(len(least), "undecided", dtype=object)
        kinds[most <= self.practically] = "practically modular"
        kinds[most <= NO_PRICE] = "modular"
        kinds[least > self.practically] = "mixed"
        kinds[~np.isfinite(self.prices)] = "refused"
        return tuple(kinds.tolist())

    @property
    def verdicts(self) -> dict[str, float]:
        """Shares of the resamples that could be posed, by verdict."""
        counts = Counter(self.kinds)
        posed = len(self.prices) - counts["refused"]
        return {kind: counts[kind] / posed if posed else float("nan") for kind in VERDICTS}

    @property
    def refused(self) -> int:
        """Resamples that could not be posed, such as those in which a source is constant."""
        return self.statuses.count("refused")

    @property
    def unproven(self) -> int:
        """Resamples whose code is not proven optimal; their prices lie within `price_bounds`."""
        return len(self.statuses) - self.refused - self.statuses.count("optimal")

    @property
    def parts(self) -> tuple[str, ...]:
        """The sources, or groups of them."""
        return tuple(groups_of(self.answer.problem))

    def sources_table(self) -> list[dict[str, Any]]:
        """For every source, or group: what the best neuron that reads it alone earns for what it costs, and how often.

        A neuron is in an optimal code only if it earns what it costs. "alone" is the share of the resamples in which it
        does, to within `practically`; where it does not, every optimal code mixes the source with others.

        Example:
            >>> from solver import Problem, bootstrap
            >>> points = np.random.default_rng(0).integers(-2, 3, size=(200, 2))
            >>> rows = bootstrap(Problem(points), resamples=4, curve=False).sources_table()
            >>> [(row["source"], row["alone"]) for row in rows]
            [('s1', 1.0), ('s2', 1.0)]
        """
        return self._table(self.own_ratios, [{"source": name} for name in self.parts], "alone")

    def neurons_table(self) -> list[dict[str, Any]]:
        """For every neuron of the data's code: what it earns for what it costs in resamples, and how often enough.

        "kept" is the share of the resamples in which an optimal code can have this very neuron, to within
        `practically`. Neurons are not counted, nor matched by their order: how many an optimal code has can be chance.
        What is no chance is a neuron that is in every optimal code of a resample. "like" is how like this neuron is the
        nearest such one (the correlation of their activity, zero where there is none; the median of the resamples in
        which that is decided, with the limits of the middle ones), and "essential" the share of these resamples in
        which it is 0.99 or more.

        Example:
            >>> from solver import Problem, bootstrap
            >>> points = np.random.default_rng(0).integers(-2, 3, size=(200, 2))
            >>> rows = bootstrap(Problem(points), resamples=4, curve=False).neurons_table()
            >>> sorted((row["reads"], row["kept"]) for row in rows)
            [('s1', 1.0), ('s2', 1.0)]
        """
        named = [
            {"neuron": number, "reads": names[0] if len(names) == 1 else f"mostly {mostly}" if mostly else "several"}
            for number, (names, (mostly, _)) in enumerate(
                zip(self.answer.coded_groups(), self.answer.mostly_reads(), strict=True), 1
            )
        ]
        rows = self._table(self.neuron_ratios, named, "kept")
        if self.essential_likenesses.size:
            for row, likenesses in zip(rows, self.essential_likenesses.T, strict=True):
                known = likenesses[np.isfinite(likenesses)]
                low, high = percentiles(known, self.level)
                row |= {"like": float(np.median(known)) if len(known) else float("nan"), "like_low": low}
                alike = float((known >= SAYING.like).mean()) if len(known) else float("nan")
                row |= {"like_high": high, "essential": alike}
        return rows

    def _table(self, values: Array, named: list[dict[str, Any]], share: str) -> list[dict[str, Any]]:
        if not values.size:
            return []
        rows = []
        for head, ratios in zip(named, values.T, strict=True):
            known = ratios[np.isfinite(ratios)]
            low, high = percentiles(known, self.level)
            enough = float((known >= 1 - max(self.practically, SAYING.earned)).mean()) if len(known) else float("nan")
            median = float(np.median(known)) if len(known) else float("nan")
            rows.append({**head, "earns": median, "low": low, "high": high, share: enough})
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists: what `--json` prints.

        Example:
            >>> from solver import Problem, bootstrap
            >>> points = np.random.default_rng(0).integers(-2, 3, size=(200, 2))
            >>> bootstrap(Problem(points), resamples=4, curve=False).to_dict()["verdicts"]["modular"]
            1.0
        """
        numbers = ("interval", "verdict", "level", "spread", "practically", "verdicts", "size", "replaced", "block")
        counts = ("unproven", "refused", "messages", "largest_gap", "essential_decided")
        each = ("prices", "price_bounds", "part_prices", "statuses", "complete", "seed", "seconds")
        return {
            "price_of_modularity": self.price,
            **attributes(self, *numbers, *counts, *each),
            "resamples": len(self.prices),
            "samples": self.count,
            "suited_block": self.suited,
            "own_neurons": self.sources_table(),
            "neurons": self.neurons_table(),
            "curve": None if self.curve is None else attributes(self.curve, "sizes", "means", "low", "high"),
            **attributes(self.answer, "status", "loss", "lower_bound"),
            "sources": list(self.answer.problem.sources.names),
        }

    @property
    def largest_gap(self) -> float:
        """By how much the bounds of a resample's price are apart at most; zero where none could be posed."""
        least, most = self.price_bounds.T
        return float(np.nanmax(most - least, initial=0.0))

    @property
    def essential_decided(self) -> int:
        """Resamples of which it is decided which neurons are in every optimal code."""
        return int(np.isfinite(self.essential_likenesses).all(axis=1).sum()) if self.essential_likenesses.size else 0

    # ---- words ------------------------------------------------------------------------------------------------

    def sentences(self) -> list[str]:
        """What was found, in words.

        Example:
            >>> from solver import Problem, bootstrap
            >>> points = np.random.default_rng(0).integers(-2, 3, size=(200, 2))
            >>> bootstrap(Problem(points), resamples=4, curve=False).sentences()[2]
            'Of 4 resamples all are modular.'
        """
        said = [self._price(), self._verdict(), self._shares(), *self._heading(), *self._failures()]
        said += [*self._left_open(), *self._time()]
        said = [sentence for sentence in said if sentence]
        return said if self.complete else [*said, "It was stopped before all resamples were solved."]

    def _price(self) -> str:
        name, _, unit = kind_words(self.answer.problem.groups)
        least, most = self.answer.price_bounds
        known = amount(least, most, self.price)
        price = "none" if known == "none" else f"one {unit} per neuron would cost {known} more"
        low, high = self.interval
        how = "with replacement" if self.replaced else "without replacement"
        blocks = "" if self.block is None else f" in blocks of {self.block:.3g}"
        if not np.isfinite(low):
            return f"Price of {name}: {price}; no resample could be posed."
        return (
            f"Price of {name}: {price}; {percent(self.level)} interval {percent(low)} to {percent(high)}, from "
            f"{counted(len(self.prices), 'resample')} of {self.size:,} of {self.count:,} samples, {how}{blocks}."
        )

    def _verdict(self) -> str:
        modular = f"{kind_words(self.answer.problem.groups)[1]} {threshold(self.practically)}"
        if not np.isfinite(self.interval).all():
            return ""
        if self.verdict == "undecided":
            return f"These samples do not tell whether it is {modular}."
        if self.verdict == "mixed":
            return f"The whole interval is above {percent(self.practically)}: mixed."
        return f"The whole interval is below {percent(self.practically)}: {modular}."

    def _shares(self) -> str:
        kind = kind_words(self.answer.problem.groups)[1]
        words = {"modular": kind, "practically modular": f"{kind} {threshold(self.practically)}"}
        told = [
            f"{'all' if share == 1 else percent(share)} are {words.get(verdict, verdict)}"
            for verdict, share in self.verdicts.items()
            if share > 0
        ]
        return f"Of {counted(len(self.prices) - self.refused, 'resample')} {', '.join(told)}." if told else ""

    def _heading(self) -> list[str]:
        """Where the price heads as samples are added."""
        if self.curve is None or len(self.curve.sizes) < 2:
            return []
        before, size = float(self.curve.means[-2]), int(self.curve.sizes[-2])
        if not np.isfinite(before):
            return []
        start = f"With {size:,} samples it is {percent(before)} on average"
        if before - self.price > SAYING.noticeable * before and before > NO_PRICE:
            return [f"{start}: it falls as samples are added, and the price of the distribution is likely lower."]
        if self.price - before > SAYING.noticeable * self.price and self.price > NO_PRICE:
            return [f"{start}: it rises as samples are added, and the price of the distribution may be higher."]
        return [f"{start}: it hardly depends on their number."]

    def _failures(self) -> list[str]:
        said = []
        if self.refused:
            said.append(f"{counted(self.refused, 'resample')} could not be posed: {'; '.join(self.messages)}.")
        if self.unproven:
            said.append(
                f"{counted(self.unproven, 'resample')} of {len(self.prices):,} not proven optimal; their prices are "
                f"known to within {percent(self.largest_gap)}."
            )
        return said

    def _left_open(self) -> list[str]:
        """Where it is not decided which neurons are essential."""
        posed = len(self.prices) - self.refused
        if not self.essential_likenesses.size or self.essential_decided == posed:
            return []
        return [
            f"Which neurons every optimal code has is decided in {self.essential_decided:,} of "
            f"{counted(posed, 'resample')}, of which alone 'like' and 'essential' speak."
        ]

    def _time(self) -> list[str]:
        if self.block is None:
            if self.suited <= SAYING.dependent:
                return []
            return [
                "Rows resemble those before them. If they are in order of time, draw blocks of about "
                f"{self.suited:.0f} rows, or the interval is too short; if they were only sorted, all is well."
            ]
        blocks = self.count / self.block
        if blocks >= SAYING.few_blocks:
            return []
        return [f"These are {blocks:.2g} blocks only: too few to tell how prices vary."]

    def __repr__(self) -> str:
        lines = self.sentences()
        for rows in (self.sources_table(), self.neurons_table()):
            if rows:
                cells = [list(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
                lines += ["", *aligned(cells)]
        return "\n".join(lines)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw prices, verdicts and the curve of the price; write it to `path` (.png, .pdf, .svg) if given.

        Example:
            >>> from solver import Problem, bootstrap
            >>> figure = bootstrap(Problem([[0, 0], [0, 1], [1, 0], [1, 1]] * 9), resamples=2).plot()
        """
        from solver.pictures.questions import plot_bootstrap

        return plot_bootstrap(self, path=path)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write a page with all of it, in one file that needs no network.

        Args:
            path: .html file to write, whole or not at all.

        Raises:
            InputError: a path that cannot be written.

        Example:
            >>> import tempfile
            >>> from pathlib import Path
            >>> from solver import Problem, bootstrap
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     bootstrap(Problem([[0, 0], [0, 1], [1, 0], [1, 1]] * 9), 2).to_html(Path(folder) / "page.html")
            ...     (Path(folder) / "page.html").read_text()[:15]
            '<!DOCTYPE html>'
        """
        from solver.pictures.pages.report import write_page

        tables = [
            {name: [row[name] for row in rows] for name in rows[0]}
            for rows in (self.sources_table(), self.neurons_table())
            if rows
        ]
        write_page(path, "How surely", self.sentences(), self.plot(), tables)
