"""The command: `python -m benchmarks.soundness`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from benchmarks.soundness import ledger
from benchmarks.soundness.activations import (
    ACTIVATIONS,
    NONLINEAR_DIMENSIONS,
    activation_of,
    drawn_of,
    sources_of,
)
from benchmarks.soundness.cases import save_case, save_cases
from benchmarks.soundness.crew import ANSWERED, CRASHED, REFUSED, UNCHECKED, Finished, Tasks, work_through
from benchmarks.soundness.draws import DIMENSIONS
from benchmarks.soundness.report import is_sound, show, worst_cases
from benchmarks.soundness.work import judged, solved
from solver.commands.terminal.endings import INTERRUPTED
from theory.errors import InputError

FOLDER = Path(".benchmarks/soundness")
CASES = "cases"

PROBLEMS, TIME_LIMIT = 10_000, 30.0
QUICK_PROBLEMS, QUICK_TIME_LIMIT = 30, 1.0


def _range(_context: click.Context, _parameter: click.Parameter, text: str) -> range:
    ends = text.split("-")
    if not all(end.isdigit() for end in ends) or len(ends) > 2:
        raise click.BadParameter(f"{text!r} is neither a number nor a range such as 2-4")
    counts = range(int(ends[0]), int(ends[-1]) + 1)
    if not counts or counts[0] < DIMENSIONS[0] or counts[-1] > DIMENSIONS[-1]:
        raise click.BadParameter(f"{text!r} is not within {DIMENSIONS[0]}-{DIMENSIONS[-1]}")
    return counts


@click.command()
@click.option("--problems", type=click.IntRange(1), help=f"How many.  [default: {PROBLEMS}]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is drawn.")
@click.option(
    "--time-limit", type=click.FloatRange(0, min_open=True), help=f"Seconds for each.  [default: {TIME_LIMIT:g}]"
)
@click.option("--sources", default="1-6", show_default=True, callback=_range, help="Numbers of sources.")
@click.option(
    "--activation",
    type=click.Choice([*ACTIVATIONS, "all"]),
    default="all",
    show_default=True,
    help="Kind of neurons; energy: linear ones that pay for something else than their mean squared activity; in-time: "
    "networks for tasks in time, of one or two channels; all: a fifth of the problems of rectified and free ones, in "
    "up to three sources, a tenth of the others such, and a few tasks in time.",
)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help=f"For results.  [default: {FOLDER}]")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option(
    "--codes-every",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Search for cheaper codes, which takes most of the time, in one problem of so many.",
)
@click.option("--quick", is_flag=True, help=f"{QUICK_PROBLEMS} problems of {QUICK_TIME_LIMIT:g} s; nothing is kept.")
@click.option("--only", "index", type=click.IntRange(0), help="Solve this one problem, and say all about it.")
@click.option("--report", "report_only", is_flag=True, help="Only say what is in the folder.")
def main(
    *,
    problems: int | None,
    seed: int,
    time_limit: float | None,
    sources: range,
    activation: str,
    folder: Path | None,
    workers: int,
    codes_every: int,
    quick: bool,
    index: int | None,
    report_only: bool,
) -> None:
    """Solve problems that no one chose, judge the answers, and exit with 1 if one is wrong."""
    limit = time_limit or (QUICK_TIME_LIMIT if quick else TIME_LIMIT)
    try:
        if index is not None:
            sys.exit(_only(seed, index, limit, folder, activation))
        if report_only:
            sys.exit(_report(folder or FOLDER, ledger.read(folder or FOLDER)))
        chosen = _chosen(seed, problems or (QUICK_PROBLEMS if quick else PROBLEMS), sources, activation)
        tasks = Tasks(
            solve=partial(solved, activation=activation),
            judge=partial(judged, codes_every=codes_every, activation=activation),
        )
        if quick and folder is None:
            with tempfile.TemporaryDirectory() as temporary:
                where = Path(temporary)
                sys.exit(_run(where, seed, chosen, limit, workers, tasks=tasks, activation=activation, keep=False))
        sys.exit(_run(folder or FOLDER, seed, chosen, limit, workers, tasks=tasks, activation=activation))
    except InputError as error:
        raise click.UsageError(str(error)) from None


def _chosen(seed: int, problems: int, sources: range, activation: str) -> list[int]:
    """The first so many indices of problems with so many sources."""
    if activation not in ("linear", "energy", "in-time", "all") and not set(sources) & set(NONLINEAR_DIMENSIONS):
        most = NONLINEAR_DIMENSIONS[-1]
        raise InputError(f"--sources: problems of {activation} neurons have up to {most}; ask for some of these")
    indices: list[int] = []
    index = 0
    while len(indices) < problems:
        if sources_of(seed, index, activation_of(seed, index, activation)) in sources:
            indices.append(index)
        index += 1
    return indices


def _run(
    folder: Path,
    seed: int,
    indices: Sequence[int],
    time_limit: float,
    workers: int,
    *,
    tasks: Tasks,
    activation: str,
    keep: bool = True,
) -> int:
    code = ledger.state_of_code()
    records = ledger.read(folder)
    ledger.require_same_run(folder, records, seed=seed, time_limit=time_limit, code=code, activation=activation)
    wanted = set(indices)
    records = [record for record in records if record.index in wanted]
    done = {record.index for record in records}
    left = [index for index in indices if index not in done]
    interrupted = False
    with ledger.appending(folder) as write, _progress(len(indices), len(done)) as advance:
        try:
            with closing(work_through(seed, left, time_limit=time_limit, workers=workers, tasks=tasks)) as work:
                for finished in work:
                    problem = drawn_of(seed, finished.index, activation_of(seed, finished.index, activation))
                    record = ledger.record_of(problem, finished, time_limit=time_limit, code=code)
                    write(record)
                    records.append(record)
                    advance(records)
        except KeyboardInterrupt:
            interrupted = True
    if interrupted and not records:
        return INTERRUPTED
    verdict = _report(folder, records, keep=keep)
    return INTERRUPTED if interrupted else verdict


def _report(folder: Path, records: Sequence[ledger.Record], *, keep: bool = True) -> int:
    from rich.console import Console

    if not records:
        raise InputError(f"--folder: {str(folder)!r} holds no results yet")
    records = sorted(records, key=lambda record: record.index)
    show(records, Console(width=None if sys.stdout.isatty() else 140))
    if keep:
        save_cases(folder / CASES, worst_cases(records))
        click.echo(f"worst cases in {folder / CASES}, each with its command beside")
    return 0 if is_sound(records) else 1


@contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[Sequence[ledger.Record]], None]]:
    """A bar with the time left, on a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    words = TextColumn("{task.description}")
    with Progress(*columns, words, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        bar.speed_estimate_period = 600.0
        task = bar.add_task("wrong 0", total=total, completed=done)

        def advance(records: Sequence[ledger.Record]) -> None:
            wrong = sum(bool(record.wrong) for record in records)
            lost = sum(record.outcome in (CRASHED, UNCHECKED) for record in records)
            bar.update(task, completed=len(records), description=f"wrong {wrong}, crashed {lost}")

        yield advance


def _only(seed: int, index: int, time_limit: float, folder: Path | None, activation: str) -> int:
    """One problem in this process, with all that is to be said about it."""
    problem = drawn_of(seed, index, activation_of(seed, index, activation))
    click.echo(str(problem))
    attempt = solved(seed, index, time_limit, activation=problem.kind)
    if attempt.claim is None:
        outcome = REFUSED if attempt.refused else CRASHED
        finished = Finished(index, outcome, attempt.seconds, warned=attempt.warned, error=attempt.error)
    else:
        judgement, seconds, error = judged(problem, attempt)
        outcome = UNCHECKED if judgement is None else ANSWERED
        finished = Finished(index, outcome, attempt.seconds, attempt.claim, attempt.warned, error, judgement, seconds)
    record = ledger.record_of(problem, finished, time_limit=time_limit, code=ledger.state_of_code())
    for name, value in asdict(record).items():
        if value not in ("", (), None):
            click.echo(f"{name:>17}: {value}")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        click.echo(f"written to {save_case(folder, problem, time_limit, asdict(record))}")
    return 0 if is_sound([record]) else 1


if __name__ == "__main__":
    main()
