"""What is shown while a command works: on stderr, on a terminal only, and not where quiet was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from solver.solving.limits import Progress

PATIENCE = 1.0  # seconds that a search takes before a line follows it
SILENT = "solver.commands.terminal.silent"  # where the context of a command says that quiet was asked for


def silence() -> None:
    """Show nothing while this command works."""
    click.get_current_context().meta[SILENT] = True


def is_silent() -> bool:
    """Whether quiet was asked for."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(SILENT))


def _is_followed() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and not is_silent()


@contextmanager
def progress_shown() -> Iterator[Callable[[Progress], None] | None]:
    """A line that follows the search, once it has taken a second: time, loss, proven bound, and the gap between."""
    if not _is_followed():
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner

    # One that every encoding has.
    spinner = Spinner("line", "searching")
    # The line begins at a moment when a conic solver may have put another stream in the place of stdout, which rich
    # would take for the true one.
    console = Console(stderr=True)
    line = Live(spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)

    def follow(progress: Progress) -> None:
        # In one line of eighty characters.
        spinner.update(
            text=f"{progress.seconds:.0f} s, round {progress.iteration + 1}, {progress.neurons} neurons: "
            f"loss {progress.loss:.7g}, bound {max(progress.lower_bound, 0.0):.7g}, gap {progress.gap:.1e}"
        )

    # The first round alone may take long.
    timer = Timer(PATIENCE, line.start)
    timer.start()
    try:
        yield follow
    finally:
        timer.cancel()
        timer.join()
        line.stop()


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar that follows how many are done, with the time left."""
    if not _is_followed():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(what), TimeElapsedColumn(), TextColumn("left"))
    with ExitStack() as shown:
        bar = Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True))
        task = bar.add_task(what, total=None)

        def follow(done: int, count: int) -> None:
            # Begun once something is counted: what fits into memory is read before a bar could be seen.
            if not bar.live.is_started:
                shown.enter_context(bar)
            bar.update(task, completed=done, total=count)

        yield follow
