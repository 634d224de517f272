"""What a run came to: wrong answers first, then how much was solved, how fast, and what was left."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.soundness.crew import ANSWERED, CRASHED, OVERRUN, REFUSED, UNCHECKED
from benchmarks.soundness.judgement import BETTER, OPTIMAL
from benchmarks.soundness.ledger import Record

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["is_sound", "show", "worst_cases"]

WORST_KEPT = 5  # worst gaps and slowest problems that are kept
SHOWN = 20  # problems of a kind that are listed


def is_sound(records: Iterable[Record]) -> bool:
    """Whether nothing is wrong: no false certificate, no crash, nothing left unchecked."""
    return not any(record.wrong or record.outcome in (CRASHED, UNCHECKED) for record in records)


def solved_to_the_end(record: Record) -> bool:
    """Whether the gap, by the measured loss, is within what counts as optimal."""
    return record.outcome == ANSWERED and not record.wrong and record.gap is not None and record.gap <= OPTIMAL


def worst_cases(records: Sequence[Record]) -> list[tuple[Record, list[str]]]:
    """The problems worth looking at, each with the reasons why."""
    bad = [record for record in records if record.wrong or record.outcome not in (ANSWERED, REFUSED)]
    open_ones = [record for record in records if record.outcome == ANSWERED and not solved_to_the_end(record)]
    reasons: dict[int, list[str]] = {}
    for record in bad[:100]:
        reasons.setdefault(record.index, []).append("wrong" if record.wrong else record.outcome)
    for record in sorted(open_ones, key=_gap, reverse=True)[:WORST_KEPT]:
        reasons.setdefault(record.index, []).append("largest gap")
    for record in sorted(records, key=lambda record: record.seconds, reverse=True)[:WORST_KEPT]:
        reasons.setdefault(record.index, []).append("slowest")
    return [(record, reasons[record.index]) for record in records if record.index in reasons]


def _gap(record: Record) -> float:
    return 1.0 if record.gap is None else record.gap


def show(records: Sequence[Record], console: Console) -> None:
    """Print it all."""
    wrong = [record for record in records if record.wrong]
    console.print(f"{len(records):,} problems; wrong answers: {len(wrong)}", highlight=False)
    if not records:
        return
    _tell(console, "WRONG", wrong, lambda record: "; ".join(record.wrong))
    kinds = Counter(kind for record in wrong for kind in {_kind(sentence) for sentence in record.wrong})
    for kind, times in kinds.most_common(SHOWN):
        console.print(f"  {times:>5,} times: {kind}", highlight=False, markup=False, soft_wrap=True)
    for outcome in (CRASHED, UNCHECKED, OVERRUN):
        some = [record for record in records if record.outcome == outcome]
        _tell(console, outcome, some, lambda record: record.error.splitlines()[-1] if record.error else "")
    _table(console, "sources", records, lambda record: str(record.sources))
    _table(console, "family", records, lambda record: record.family)
    _table(console, "readout", records, lambda record: record.readout)
    _table(console, "neurons", records, lambda record: record.activation)
    _counts(console, records)


def _kind(sentence: str) -> str:
    """A sentence without its numbers and names in brackets: those that say the same are of one kind."""
    return re.sub(r"[-+]?\d[\d.,e+-]*", "#", re.sub(r" \([^)]*\)", "", sentence.strip().splitlines()[-1]))


def _tell(console: Console, title: str, records: Sequence[Record], why: Callable[[Record], str]) -> None:
    if not records:
        return
    console.print(f"{title}: {len(records)}", highlight=False)
    for record in records[:SHOWN]:
        line = f"  problem {record.index} ({record.family}, {record.sources} sources, {record.samples} samples)"
        console.print(f"{line}: {why(record)}", highlight=False, markup=False, soft_wrap=True)
    if len(records) > SHOWN:
        console.print(f"  and {len(records) - SHOWN} more")


def _table(console: Console, title: str, records: Sequence[Record], group: Callable[[Record], str]) -> None:
    from rich import box
    from rich.table import Table

    limit = f"{records[0].time_limit:g} s"
    times = ["median", "90 %", "99 %", "99.9 %", "worst"]
    table = Table(
        title, "problems", "to 1e-8", f"in {limit}", *times, "worst gap", "overruns", "crashed", box=box.SIMPLE
    )
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    groups = sorted({group(record) for record in records})
    for name in groups:
        table.add_row(name, *_row([record for record in records if group(record) == name]))
    if len(groups) > 1:
        table.add_section()
        table.add_row("all", *_row(records))
    console.print(table)


def _row(records: Sequence[Record]) -> list[str]:
    done = [record for record in records if solved_to_the_end(record)]
    in_time = sum(record.seconds <= record.time_limit for record in done)
    seconds = np.quantile([record.seconds for record in records], (0.5, 0.9, 0.99, 0.999, 1.0), method="higher")
    gaps = [_gap(record) for record in records if record.outcome == ANSWERED]
    # The time limit is looked at between iterations only.
    over = sum(record.outcome == OVERRUN or record.seconds > 1.1 * record.time_limit for record in records)
    return [
        f"{len(records):,}",
        f"{len(done) / len(records):.2%}",
        f"{in_time / len(records):.2%}",
        *(f"{value:.3g}" for value in seconds),
        f"{max(0.0, *gaps):.1e}" if gaps else "",
        str(over),
        str(sum(record.outcome in (CRASHED, UNCHECKED) for record in records)),
    ]


def _counts(console: Console, records: Sequence[Record]) -> None:
    answered = [record for record in records if record.outcome == ANSWERED]
    for title, names in (
        ("statuses", Counter(record.status for record in answered)),
        ("methods", Counter(record.method for record in answered)),
        ("warnings", Counter(text for record in records for text in record.warned)),
    ):
        if names:
            listed = ", ".join(f"{name} {times:,}" for name, times in names.most_common(SHOWN))
            console.print(f"{title}: {listed}", highlight=False, markup=False)
    excess = [record.excess for record in answered if record.excess is not None]
    if excess:
        console.print(f"largest excess of a bound over what was found possible: {max(excess):.1e}", highlight=False)
    refused = sum(record.outcome == REFUSED for record in records)
    console.print(f"refused in one line, for units or costs too far apart: {refused:,}", highlight=False)
    searched = sum(record.saving is not None for record in answered)
    console.print(f"answers against which cheaper codes were searched for: {searched:,}", highlight=False)
    beaten = [record for record in answered if record.saving is not None and record.saving > BETTER]
    if beaten:
        most = max(record.saving or 0.0 for record in beaten)
        text = f"answers not called optimal that another code beats by more than {BETTER:g}: {len(beaten)}"
        console.print(f"{text}, at most by {most:.2g}", highlight=False)
    checking = sum(record.checking_seconds for record in records)
    console.print(f"seconds of solving {sum(record.seconds for record in records):,.0f}, of checking {checking:,.0f}")
