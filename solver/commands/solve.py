"""`modularity solve FILE`: the optimal code, with a certificate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import INTERRUPTED, Outputs
from solver.commands.terminal.options import (
    NEURON_KINDS,
    format_options,
    limits_of,
    names_in,
    practically_option,
    principal_options,
    problem_of,
    problem_options,
    require_outputs,
    search_options,
)
from solver.commands.terminal.output import note, say, show, write
from solver.commands.terminal.progress import progress_shown
from solver.methods import METHODS
from solver.stopping import KEYBOARD, Stopped, noted, raise_if_stopped

if TYPE_CHECKING:
    from rich.console import Console

    from solver.commands.terminal.formats import Table
    from solver.questions.bootstrap_result import Bootstrap
    from solver.solving.limits import Progress
    from theory.problem import Problem


@click.command()
@problem_options
@principal_options
@click.option("--activation", type=click.Choice(list(NEURON_KINDS)), help="The kind of neuron.  [default: linear]")
@click.option("--transitions", type=click.Path(), metavar="FILE", help="Maps of the sources, for a recurrent layer.")
@click.option("--trajectory", is_flag=True, help="Rows follow each other in time: find the transition.")
@click.option("--recurrent-cost", type=float, metavar="X", help="Cost of the squared recurrent weights.  [default: 1]")
@click.option("--method", type=click.Choice(METHODS), default="auto", show_default=True, help="How to search.")
@search_options
@practically_option
@click.option("--max-iterations", type=int, metavar="N", help="Stop after this many rounds.")
@click.option("--neurons", type=int, metavar="N", help="Number of neurons, for --method alternating.")
@click.option(
    "--solver",
    metavar="NAME",
    shell_complete=names_in("solver.conic_solvers", "SEMIDEFINITE_SOLVERS"),
    help="Conic solver, for --method conic or relaxation.  [default: CLARABEL]",
)
@click.option(
    "--bootstrap", "resamples", type=int, metavar="N", help="How surely the price is known, from N resamples."
)
@click.option("--save", "saved", type=click.Path(), metavar="FILE", help="Write the answer to .npz, .csv or .nc.")
@click.option("--page", type=click.Path(), metavar="FILE", help="Write an .html page to turn and hover.")
@format_options()
def solve(file: str, picture: str | None, form: str, saved: str | None, page: str | None, **options: Any) -> int:
    """Find the optimal code, with a certificate."""
    require_outputs(options, file, picture=picture, saved=saved, page=page)
    surely = options["resamples"] is not None
    problem = problem_of(file, options, whole=surely or options["activation"] not in (None, "linear"))
    if surely:
        from solver.questions.resamples import OfResamples

        OfResamples(problem)  # says now, not after the search, what has no resamples
    from solver.solving.solve import solve as find

    limits = limits_of(options, "max_iterations", "neurons", "solver", "practically")
    # From here on there is an answer to lose: a signal ends the search, and the rest is finished.
    with noted():
        with progress_shown() as follow:
            callback = _follow_until_stopped(follow)
            answer = find(problem, method=options["method"], rng=options["seed"], callback=callback, **limits)
        resampled = _resampled(problem, options, form) if surely else None
        with Outputs() as outputs:
            text, table = partial(show, _tell, answer), partial(_table, answer, form)
            outputs.attempt(say, form, text=text, content=partial(_content, answer, resampled), table=table)
            if resampled is not None and form != "json":
                outputs.attempt(note, form, "\n".join(["", *resampled.sentences()]))
            outputs.attempt(write, answer.save, saved, form, "Saved to")
            outputs.attempt(write, answer.plot, picture, form, "Picture in")
            outputs.attempt(write, answer.to_html, page, form, "Page in")
    return INTERRUPTED if answer.message.endswith(KEYBOARD) else 0


def _resampled(problem: Problem, options: dict[str, Any], form: str) -> Bootstrap | None:
    """How surely the answer is known; None where a signal came before that was."""
    from solver.commands.questions.bootstrap import resampled

    try:
        return resampled(problem, options, **limits_of(options, "practically"))
    except Stopped:
        note(form, "Stopped before the resamples were solved.")
        return None


def _content(answer: Any, resampled: Bootstrap | None) -> dict[str, Any]:
    content: dict[str, Any] = answer.to_dict()
    return content if resampled is None else content | {"bootstrap": resampled.to_dict()}


def _follow_until_stopped(follow: Callable[[Progress], None] | None) -> Callable[[Progress], None]:
    def called(progress: Progress) -> None:
        # A signal may have arrived where no exception could be raised.
        raise_if_stopped()
        if follow is not None:
            follow(progress)

    return called


def _tell(answer: Any, console: Console) -> None:
    if not answer.problem.neurons.linear:
        from solver.pictures.nonlinear import as_text

        console.print(as_text(answer), markup=False)
        return
    from solver.pictures.sketch import sketched
    from solver.pictures.summary import print_representation

    print_representation(answer, console, sketched(answer, console))


def _table(answer: Any, form: str) -> Table:
    """The neurons: as they are saved, or as they are printed."""
    from solver.commands.terminal.formats import Table
    from solver.pictures.summary import sentences, table_of_neurons
    from solver.tables import columns_of

    if not answer.problem.neurons.linear:
        from solver.pictures import nonlinear

        return Table.of(answer.columns(), [] if form == "csv" else nonlinear.sentences(answer))
    if form == "csv":
        return Table.of(columns_of(answer))
    header, cells = table_of_neurons(answer)
    return Table(header, list(zip(*cells, strict=True)), sentences(answer))
