"""`modularity budget FILE`: the least loss found for each number of neurons, above what no number can go below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import answered
from solver.commands.terminal.options import (
    format_options,
    limits_of,
    principal_options,
    problem_of,
    problem_options,
    require_outputs,
    search_options,
)

if TYPE_CHECKING:
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
    return answered(result, lambda: _columns(result), form, picture)


def _range(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", text)
    if match is None:
        raise click.UsageError(f"--neurons: {text!r} is no range; give the fewest and the most, such as 2-10")
    return int(match[1]), int(match[2] or match[1])


def _columns(result: Budget) -> dict[str, list[Any]]:
    numbers, losses = result.numbers.tolist(), result.losses.tolist()
    above = {"excess": result.excess.tolist(), "reached": result.reached.tolist()}
    return {"neurons": numbers, "loss": losses, "floor": [result.floor] * len(numbers), **above}
