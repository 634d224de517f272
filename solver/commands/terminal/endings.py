"""How a command ends: answers that reach their reader or are saved all the same, one line for an error, an exit code.

A reader that has seen enough (`| head`) ends a command as it ends other tools: without a word, with the exit code that
shells report for a tool that SIGPIPE ended. (Python ignores that signal, which is as well: it would come between an
answer and the file it is to be saved in.)
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.output import say, tell, write
from solver.stopping import Watch, noted, watched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from solver.commands.terminal.formats import Table

REFUTED = 1  # exit code if a claim does not hold
BAD_INPUT = 2  # exit code for input that is refused
INTERRUPTED = 130  # exit code that shells report for SIGINT, as they report 143 and 129 for SIGTERM and SIGHUP
READER_LEFT = 141  # exit code that shells report for SIGPIPE


class _ReaderLeftError(Exception):
    """A broken pipe, by a name for which click has no ending of its own."""


class _InterruptedError(Exception):
    """A KeyboardInterrupt, by a name for which click has no ending of its own."""


@contextmanager
def told_apart() -> Iterator[None]:
    """Keep from click the two exceptions that it would end the program for in its own way."""
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderLeftError from error
    except KeyboardInterrupt as interrupt:
        raise _InterruptedError from interrupt


class Outputs:
    """What a command shows and writes once it has an answer: each is tried, whatever became of those before it.

    Use as a context manager around `attempt`s; at its end the first failure is raised.

    Example:
        >>> def fail():
        ...     raise OSError("disk full")
        >>> with suppress(OSError), Outputs() as outputs:
        ...     outputs.attempt(fail)
        ...     outputs.attempt(print, "the answer")
        the answer
    """

    def __init__(self) -> None:
        self.failure: Exception | None = None

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self.failure is not None:
            raise self.failure

    def attempt(self, act: Callable[..., object], *arguments: object, **named: object) -> None:
        """Call `act`; a failure of the system, or a file refused, waits until the others have had their turn."""
        from theory.errors import InputError

        try:
            act(*arguments, **named)
        except (OSError, InputError) as error:
            self.failure = self.failure or error


def answered(
    answer: Any,
    columns: Callable[[], Mapping[str, Sequence[Any]]],
    form: str,
    picture: str | None = None,
    page: str | None = None,
) -> int:
    """The last step of a command whose answer has words, numbers and a picture.

    Args:
        answer: what is printed, drawn and written.
        columns: makes its table, by column.
        form: how to print it.
        picture: file of the picture, if one is wanted.
        page: file of the page, if one is wanted.
    """

    def table() -> Table:
        from solver.commands.terminal.formats import Table

        return Table.of(columns(), answer.sentences())

    with noted(), Outputs() as outputs:
        outputs.attempt(say, form, text=lambda: tell(repr(answer)), content=answer.to_dict, table=table)
        outputs.attempt(write, answer.plot, picture, form, "Picture in")
        if page is not None:
            outputs.attempt(write, answer.to_html, page, form, "Page in")
    return 0


def exit_code(run: Callable[[], Any]) -> Any:
    """Run a command and say in one line how it failed, if it did; its value, or the exit code for the failure."""
    with watched() as watch:
        try:
            if sys.stdout is None:
                # Its number would go to the next file that is opened, and the answer into that file.
                raise click.UsageError("standard output is closed; send it to a file or to /dev/null")
            code = run()
        except Exception as error:
            code = _ending(error, watch)
        code = _flushed(code)
        return watch.exit_code if code == 0 and watch.exit_code is not None else code


def _ending(error: Exception, watch: Watch) -> int:
    """The exit code for an exception, after one line about it; what is a defect is raised again."""
    if isinstance(error, _ReaderLeftError | BrokenPipeError):
        return READER_LEFT
    # A signal in the middle of an import can come out as any exception.
    if isinstance(error, _InterruptedError | click.Abort) or (watch.received is not None and not _is_expected(error)):
        return _interrupted(watch)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return BAD_INPUT
    if not _is_expected(error):
        raise error
    return _say(_line(error), BAD_INPUT)


def _line(error: Exception) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        about = f"{error.filename}: " if error.filename is not None else ""
        return f"{about}{error.strerror or error}"
    if isinstance(error, MemoryError):
        return "not enough memory for this problem; give fewer samples or fewer sources"
    return str(error)


def _is_expected(error: Exception) -> bool:
    if not isinstance(error, ValueError):
        return isinstance(error, click.ClickException | OSError | MemoryError)
    from theory.errors import InputError

    return isinstance(error, InputError)


def _interrupted(watch: Watch) -> int:
    if watch.received is None:
        return _say("interrupted before the end", INTERRUPTED)
    if watch.exit_code == INTERRUPTED and sys.stderr is not None and sys.stderr.isatty():
        click.echo(err=True)  # after the ^C of the terminal
    return _say(f"{watch.received} before the end", watch.exit_code or INTERRUPTED)


def _say(message: str, code: int) -> int:
    from theory.inputs.names import printable

    message = printable(" ".join(message.split()))
    most = 1_000
    if len(message) > most:
        # A name or value of thousands of characters; what is to be done stands at the end.
        message = f"{message[: most // 2]} ... {message[-most // 2 :]}"
    # With nobody to read it, the exit code has to do.
    with suppress(OSError):
        click.echo(f"modularity: error: {message}", err=True)
    return code


def _flushed(code: Any) -> Any:
    """Write what is left of the output; where that fails, throw it away, lest Python complain about it at its end."""
    if sys.stdout is None:
        return code
    try:
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        if code != 0:
            return code
        if isinstance(error, BrokenPipeError):
            return READER_LEFT
        return _say(f"standard output: {error.strerror or error}", BAD_INPUT)
    return code
