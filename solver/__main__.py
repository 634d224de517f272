"""Where the program begins: `modularity`, or `python -m solver`.

Python's own answer to Ctrl-C is a traceback. Until the command line watches for signals there is nothing to lose and
nothing to say, so the system's default, a quiet end, takes its place before anything else is imported.
"""

import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from solver.commands.cli import main as command

    sys.exit(command())


if __name__ == "__main__":
    main()
