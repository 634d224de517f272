"""`modularity check FILE`: the modularity condition, without solving."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import Outputs
from solver.commands.terminal.options import (
    costs_of,
    exact_problem_of,
    format_options,
    inputs_of,
    practically_option,
    problem_from,
    problem_options,
    require_exact_prices,
    require_outputs,
    threshold_of,
)
from solver.commands.terminal.output import say, show, write
from solver.stopping import noted
from theory.errors import InputError

if TYPE_CHECKING:
    from solver.commands.terminal.formats import Table
    from solver.reading import InputFile
    from theory.conditions import Verdict
    from theory.exact.problem import ExactProblem
    from theory.problem import Problem


@click.command()
@problem_options
@click.option("--exact", is_flag=True, help="Decide in rational arithmetic, with a proof.")
@click.option("--proof", "proof_file", type=click.Path(), metavar="FILE", help="Write the proof to a .json file.")
@practically_option
@format_options()
def check(
    file: str,
    *,
    picture: str | None,
    form: str,
    exact: bool,
    proof_file: str | None,
    practically: float | None,
    **options: Any,
) -> int:
    """Is the optimal code modular? The condition, without solving."""
    costs, limit = costs_of(options), threshold_of(practically)
    require_outputs(options, file, picture=picture, proof=proof_file)
    data, mixing = inputs_of(file, options)
    exact = exact or proof_file is not None
    if exact:
        require_exact_prices(options)
    problem: Problem | None
    try:
        problem = problem_from(data, mixing, options, costs)
    except InputError as error:
        if not exact or picture is not None:
            raise
        problem, verdict = None, _decided_exactly_alone(data, mixing, options, costs, error)
    else:
        verdict = _decided(problem, exact_problem_of(data, mixing, options, costs) if exact else None)
    # What rational arithmetic tells apart, and floating point does not.
    blurred = exact and problem is not None and problem.dependent
    if blurred and picture is not None:
        raise InputError(
            "plot: in floating point the sources are linearly dependent, and the exact verdict is about others; leave "
            "out the picture, or --exact"
        )
    verdict = replace(verdict, practically=limit)
    with noted(), Outputs() as outputs:
        outputs.attempt(_print_verdict, None if blurred else problem, verdict, form)
        if verdict.proof is not None:
            outputs.attempt(write, verdict.proof.save, proof_file, form, "Proof in")
        if picture is not None and problem is not None:
            from solver.pictures.plot import plot_verdict

            outputs.attempt(write, lambda path: plot_verdict(problem, verdict, path=path), picture, form, "Picture in")
    return 0


def _decided(problem: Problem, posed: ExactProblem | None) -> Verdict:
    """The verdict in floating point, or the exact one of the same problem in rationals."""
    from theory.conditions import decide, decide_if_possible

    if posed is None and problem.groups is not None:
        from solver.questions.separation import separation

        return separation(problem)
    if posed is None:
        return decide(problem)
    from theory.conditions.exact_decision import decide_exactly

    return decide_exactly(posed, decide_if_possible(problem))


def _decided_exactly_alone(
    data: InputFile, mixing: InputFile | None, options: dict[str, Any], costs: dict[str, float], refused: InputError
) -> Verdict:
    """The exact verdict on data that floating point refuses; its own words where they are no better in rationals."""
    from theory.conditions.exact_decision import decide_exactly
    from theory.exact.rational import positive_number

    try:
        posed = exact_problem_of(data, mixing, options, costs)
        positive_number(costs.get("decoder_cost", 1), "decoder_cost")
    except InputError:
        raise refused from None
    return decide_exactly(posed, None)


def _print_verdict(problem: Problem | None, verdict: Verdict, form: str) -> None:
    from solver.pictures.summary import print_verdict, verdict_to_dict

    say(
        form,
        text=lambda: show(print_verdict, problem, verdict),
        content=lambda: verdict_to_dict(problem, verdict),
        table=lambda: _table(problem, verdict),
    )


def _table(problem: Problem | None, verdict: Verdict) -> Table:
    """One row, so that those of many files stand below each other."""
    from solver.commands.terminal.formats import Table
    from solver.pictures.summary import mixture, verdict_sentences

    cells: dict[str, Any] = {
        "sources": len(verdict.F),
        "samples": None if problem is None else problem.sources.count,
        "price at most": verdict.price_bound,
        "practically modular": verdict.practically_modular,
        "modular": verdict.modular,
        "margin": verdict.margin,
        "witness": None if problem is None or verdict.witness is None else mixture(problem, verdict.witness),
    }
    return Table(list(cells), [list(cells.values())], verdict_sentences(problem, verdict))
