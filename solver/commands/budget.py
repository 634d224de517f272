"""`modularity budget FILE`: the least loss found for each number of neurons, above what no number can go below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import Outputs
from solver.commands.terminal.options import (
    costs_of,
    format_options,
    inputs_of,
    principal_options,
    problem_of,
    problem_options,
    require_outputs,
)
from solver.commands.terminal.output import say, write
from solver.stopping import noted

if TYPE_CHECKING:
    from solver.commands.terminal.formats import Table
    from solver.questions.neuron_budget import Budget

__all__ = ["budget"]


@click.command()
@problem_options
@principal_options
@click.option("--neurons", metavar="N-M", help="Fewest and most neurons.  [default: all that may matter]")
@click.option("--tolerance", type=float, metavar="X", help="Relative gap that counts as none.  [default: 1e-8]")
@click.option("--time-limit", type=float, metavar="SECONDS", help="Stop after this time, with what was found.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="For random starts.")
@format_options()
def budget(file: str, picture: str | None, form: str, neurons: str | None, **options: Any) -> int:
    """How many neurons are enough? The least loss found for each number, above a proven floor."""
    costs = costs_of(options)
    require_outputs(options, file, picture=picture)
    numbers = None if neurons is None else _range(neurons)
    data, mixing = inputs_of(file, options)
    problem = problem_of(data, mixing, options, costs)
    from solver.questions.neuron_budget import budget as find

    limits = {name: options[name] for name in ("tolerance", "time_limit") if options[name] is not None}
    found = find(problem, numbers, rng=options["seed"], **limits)
    with noted(), Outputs() as outputs:
        outputs.attempt(_print_budget, found, form)
        if picture is not None:
            outputs.attempt(write, found.plot, picture, form, f"Picture in {picture}.")
    return 0


def _range(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", text)
    if found is None:
        raise click.UsageError(f"--neurons: {text!r} is no range; give the fewest and the most, such as 2-10")
    return int(found[1]), int(found[2] or found[1])


def _print_budget(found: Budget, form: str) -> None:
    say(form, text=lambda: click.echo(repr(found)), content=found.to_dict, table=lambda: _table(found))


def _table(found: Budget) -> Table:
    from solver.commands.terminal.formats import Table

    header = ("neurons", "loss", "floor", "excess", "reached")
    rows = [
        (number, loss, found.floor, excess, reached)
        for number, loss, excess, reached in zip(
            found.numbers.tolist(), found.losses.tolist(), found.excess.tolist(), found.reached.tolist(), strict=True
        )
    ]
    return Table(header, rows, found.sentences())
