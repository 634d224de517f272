"""The command line: `modularity COMMAND`. Each command is a file of this folder, and a name in `COMMANDS`.

Only click is imported at the top of any of them, so that the help appears at once. Errors are one line on stderr and
exit code 2; Ctrl-C or SIGTERM prints the best certified answer so far and exits with code 130 or 143.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from solver.commands.terminal.endings import exit_code, told_apart

COMMANDS = (
    "audit",
    "bootstrap",
    "budget",
    "check",
    "check_proof",
    "completion",
    "derive",
    "doctor",
    "explain",
    "gallery",
    "missed",
    "phase",
    "price",
    "reproduce",
    "solve",
    "sweep",
    "theorems",
    "verify",
)
"""The files that hold a command, which is called like its file."""

ROOMS = {
    "bootstrap": "questions.",
    "budget": "questions.",
    "completion": "installation.",
    "doctor": "installation.",
    "missed": "questions.",
}
"""The folder of a command whose file is not beside this one."""


class _Commands(click.Group):
    """A group whose errors are one line: `modularity: error: ...`."""

    def main(  # type: ignore[override]  # click overloads it by whether it returns, which is decided here at run time
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **rest: Any,
    ) -> Any:
        """Run and leave with the exit code (or return it, where the caller asks for no exit)."""
        code = exit_code(
            lambda: super(_Commands, self).main(args, prog_name or "modularity", standalone_mode=False, **rest)
        )
        if standalone_mode:
            sys.exit(code)
        return code

    def make_context(self, *arguments: Any, **rest: Any) -> click.Context:
        """As click does; but how the program ends is for `solver.commands.terminal.endings` to say."""
        with told_apart():
            return super().make_context(*arguments, **rest)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; but how the program ends is for `solver.commands.terminal.endings` to say."""
        with told_apart():
            return super().invoke(ctx)


def _version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from solver import __version__

    click.echo(f"modularity {__version__}")
    context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """Optimal codes of nonnegative, energy-saving linear networks, with a proof.

    FILE holds one sample per row and one source per column: text (.csv, .tsv, .txt, with or without a header), .npy,
    .npz, .mat, .h5, .nwb, .parquet or .zarr; - is standard input, and --example NAME takes a table that is shipped.
    """


for _name in COMMANDS:
    main.add_command(getattr(import_module(f"solver.commands.{ROOMS.get(_name, '')}{_name}"), _name))
