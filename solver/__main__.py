"""Where the program begins: `modularity`, or `python -m solver`.

Python's own answer to Ctrl-C is a traceback. Until the command line watches for signals there is nothing to lose and
nothing to say, so the system's default, a quiet end, takes its place before anything else is imported.

Where standard error is closed, what is said there goes nowhere, and its number to no other file.

Libraries in C print to the number of standard output whatever they are told: it becomes that of standard error, so that
only answers reach who reads them.
"""

import os
import signal
import sys

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2  # their numbers


def main() -> None:
    """Run the command line and leave with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.stderr is None:
        _open_standard_error()
    if sys.stdout is not None:
        _keep_standard_output()
    from solver.commands.cli import main as command

    sys.exit(command())


def _keep_standard_output() -> None:
    """Python's output goes where it went, by another number; the usual number leads to standard error."""
    before = sys.stdout
    own = os.dup(STANDARD_OUTPUT)
    os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    sys.stdout = open(  # noqa: SIM115  # for the whole run
        own, "w", encoding=before.encoding, errors=before.errors, buffering=1 if before.isatty() else -1
    )


def _open_standard_error() -> None:
    """Send it to nowhere; libraries write to its number, too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), STANDARD_ERROR)
    os.set_inheritable(STANDARD_ERROR, True)
    sys.stderr = open(STANDARD_ERROR, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # for the whole run


if __name__ == "__main__":
    main()
