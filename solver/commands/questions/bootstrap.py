"""`modularity bootstrap FILE`: how surely price and verdict are known from these samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solver.commands.sweep import followed, worker_options, workers_of
from solver.commands.terminal.endings import answered
from solver.commands.terminal.options import (
    NEURON_KINDS,
    format_options,
    limits_of,
    practically_option,
    problem_of,
    problem_options,
    require_outputs,
    search_options,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solver.questions.bootstrap_result import Bootstrap
    from theory.problem import Problem


@click.command()
@problem_options
@click.option("--activation", type=click.Choice(list(NEURON_KINDS)), help="The kind of neuron.  [default: linear]")
@click.option("--resamples", type=int, default=200, show_default=True, metavar="N", help="Number of resamples.")
@click.option("--size", type=int, metavar="N", help="Samples in each.  [default: half; all with --replace]")
@click.option("--replace", is_flag=True, help="Draw with replacement, the ordinary bootstrap.")
@click.option("--block", metavar="N", help="Rows are in order of time: draw blocks of N of them, or 'auto'.")
@click.option("--level", type=float, default=0.95, show_default=True, metavar="X", help="Of the interval.")
@practically_option
@click.option("--no-curve", is_flag=True, help="Leave out the price against the number of samples.")
@search_options
@click.option("--results", type=click.Path(), metavar="FILE", help="Keep all in .parquet; go on where it was stopped.")
@click.option("--page", type=click.Path(), metavar="FILE", help="Write an .html page with all of it.")
@worker_options
@format_options()
def bootstrap(file: str, picture: str | None, form: str, page: str | None, **options: Any) -> int:
    """How surely are price and verdict known from these samples? The same question, asked of resamples."""
    require_outputs(options, file, picture=picture, page=page)
    more = limits_of(options, "size", "practically")
    more |= {name: options[name] for name in ("replace", "level", "results")}
    problem = problem_of(file, options, whole=True)
    result = resampled(problem, options, block=_block(options["block"]), curve=not options["no_curve"], **more)
    return answered(result, lambda: _columns(result), form, picture, page)


def resampled(problem: Problem, options: dict[str, Any], **more: Any) -> Bootstrap:
    """The bootstrap of a problem on as many workers as were asked for; a bar counts the resamples.

    Args:
        problem: of samples.
        options: those of the command: `resamples`, `seed`, and workers where it has them.
        more: what else `solver.bootstrap` takes.
    """
    from solver.questions.bootstrap import bootstrap as find

    with followed("resamples", more.get("results")) as callback:
        work = {**workers_of(options), "callback": callback}
        return find(problem, options["resamples"], seed=options["seed"], **work, **more)


def _block(text: str | None) -> float | str | None:
    if text is None or text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f"--block: {text!r} is no number of rows; give one, or 'auto'") from None


def _columns(result: Bootstrap) -> dict[str, Sequence[Any]]:
    """The sources or, where nothing is known of them, the resamples."""
    rows = result.sources_table()
    if rows:
        return {name: [row[name] for row in rows] for name in rows[0]}
    numbers, prices = range(len(result.prices)), result.prices.tolist()
    return {"resample": numbers, "price_of_modularity": prices, "verdict": result.kinds}
