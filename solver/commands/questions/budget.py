"""`modularity budget FILE`: the least loss found for each number of neurons, above what no number can go below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import Outputs
from solver.commands.terminal.options import (
    format_options,
    limits_of,
    principal_options,
    problem_of,
    problem_options,
    require_outputs,
    search_options,
)
from solver.commands.terminal.output import say, write
from solver.stopping import noted

if TYPE_CHECKING:
    from solver.commands.terminal.formats import Table
    from solver.questions.neuron_budget import Budget


@click.command()
@problem_options
@principal_options
@click.option("--neurons", metavar="N-M", help="Fewest and most neurons.  [default: all that may matter]")
@search_options
@format_options()
def budget(file: str, picture: str | None, form: str, neurons: str | None, **options: Any) -> int:
    """How many neurons are enough? The least loss found for each number, above a proven floor."""
    require_outputs(options, file, picture=picture)
    numbers = None if neurons is None else _range(neurons)
    problem = problem_of(file, options)
    from solver.questions.neuron_budget import budget as find

    result = find(problem, numbers, rng=options["seed"], **limits_of(options))
    with noted(), Outputs() as outputs:
        outputs.attempt(
            say, form, text=lambda: click.echo(repr(result)), content=result.to_dict, table=lambda: _table(result)
        )
        outputs.attempt(write, result.plot, picture, form, "Picture in")
    return 0


def _range(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", text)
    if match is None:
        raise click.UsageError(f"--neurons: {text!r} is no range; give the fewest and the most, such as 2-10")
    return int(match[1]), int(match[2] or match[1])


def _table(result: Budget) -> Table:
    from solver.commands.terminal.formats import Table

    header = ("neurons", "loss", "floor", "excess", "reached")
    rows = [
        (number, loss, result.floor, excess, reached)
        for number, loss, excess, reached in zip(
            result.numbers.tolist(),
            result.losses.tolist(),
            result.excess.tolist(),
            result.reached.tolist(),
            strict=True,
        )
    ]
    return Table(header, rows, result.sentences())
