"""The command line as a page to read: docs/command_line.md, from the parsers themselves.

    python -m solver.commands.print_commands        writes that page anew

A test compares the page with a fresh print.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import click

from solver.commands.cli import main
from theory.writing import written_whole

COMMANDS_PAGE = Path(__file__).parents[2] / "docs" / "command_line.md"

OPENING = """# Command line

Printed by `python -m solver.commands.print_commands` from the parsers: not to be edited by hand.

`modularity COMMAND --help` shows the same on a terminal.

## Files

FILE is a table with one sample per row and one source per column: text (`.csv`, `.tsv`, `.txt`, `.csv.gz`; with or
without a header), `.npy`, `.npz`, `.mat`, `.h5`, `.nwb`, `.parquet` or `.zarr`. Some need an extra
([Your own table](how-to/own_table.md#which-files)). `-` stands for standard input, and `--example iris` for a table
that is shipped. Of several arrays in one file, `session.mat:rates` is one, and `--columns x,y` puts two side by side.

A cell that is no number (empty, NaN, `#N/A`, a date) is refused, and the message says where it is. Columns that are
left out may hold anything. No file is overwritten that is read, or that you did not name. A file larger than 256 MB is
read in chunks if it has at most five sources; a file with more sources, if it is larger than a sixteenth of the memory.

## How a command ends

| exit code | what it says |
|---|---|
| 0 | there is an answer |
| 1 | `verify` found a counterexample, or `reproduce` a claim that does not hold |
| 2 | bad input, or a proof that does not hold: one line says what is wrong, where, and what to do |
| 130, 143, 129 | Ctrl-C, SIGTERM or SIGHUP ended the search; the best certified answer is printed, saved and drawn |
| 141 | who read the output left (`| head`); all files are written |

A second signal ends the program at once. A search that takes longer than a second shows its progress on a terminal.

`modularity completion bash >> ~/.bashrc` lets the TAB key complete commands, options and their values; it knows zsh and
fish too.
"""


def commands_page() -> str:
    """The text of docs/command_line.md."""
    commands = [main.commands[name] for name in sorted(main.commands)]
    takers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for command in commands:
        for option in _options(command):
            takers[_described(option)].append(command.name or "")
    # As many commands take it, with the same words.
    shared = {described for described, names in takers.items() if len(names) >= 3}
    overview = [
        f"| [`modularity {command.name}`](#modularity-{command.name}) | {_cell(_opening(command))} |"
        for command in commands
    ]
    sections = [_section(command, shared) for command in commands]
    rows = [(name, says, ", ".join(names)) for (name, says), names in takers.items() if (name, says) in shared]
    last = [
        "## Options of several commands\n",
        "| option | what it does | of |",
        "|---|---|---|",
        *(f"| {name} | {says} | {names} |" for name, says, names in rows),
    ]
    parts = [OPENING, "## Commands\n", "| command | what it does |", "|---|---|", *overview, "", *sections, *last, ""]
    return "\n".join(parts)


def _section(command: click.Command, shared: set[tuple[str, str]]) -> str:
    options = _options(command)
    own = [_described(option) for option in options if _described(option) not in shared]
    others = [f"`{option.opts[0]}`" for option in options if _described(option) in shared]
    lines = [f"## modularity {command.name}\n", f"```sh\n{_usage(command)}\n```\n", _help(command), ""]
    if own:
        lines += ["| option | what it does |", "|---|---|", *(f"| {name} | {says} |" for name, says in own), ""]
    if others:
        lines += [f"{'And' if own else 'Options'} ([below](#options-of-several-commands)): {', '.join(others)}.", ""]
    return "\n".join(lines)


def _options(command: click.Command) -> list[click.Option]:
    return [option for option in command.params if isinstance(option, click.Option)]


def _usage(command: click.Command) -> str:
    context = click.Context(command, info_name=f"modularity {command.name}")
    return " ".join(["modularity", command.name or "", *command.collect_usage_pieces(context)])


def _help(command: click.Command) -> str:
    """What a command says of itself, as paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))


def _opening(command: click.Command) -> str:
    """The first paragraph of it."""
    return _help(command).partition("\n\n")[0]


def _described(option: click.Option) -> tuple[str, str]:
    """How an option is written, and what it does, as two cells of a table."""
    context = click.Context(click.Command("any"))
    written = "" if option.is_flag else f" {option.make_metavar(context)}"
    (_, says) = option.get_help_record(context) or ("", "")
    return f"`{', '.join(option.opts)}{written}`".replace("|", "\\|"), _cell(says)


def _cell(text: str) -> str:
    plain = re.sub(r"\[default: ([^]]*)\]", r"(default: \1)", " ".join(text.split()))
    return re.sub(r"([|*\[\]])", r"\\\1", plain)


if __name__ == "__main__":
    with written_whole(COMMANDS_PAGE) as temporary:
        temporary.write_text(commands_page(), encoding="utf-8")
