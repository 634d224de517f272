"""`modularity audit ACTIVITY FILE`: how far a given code is from the best one, and why."""

from __future__ import annotations

from typing import Any

import click

from solver.commands.terminal.endings import answered
from solver.commands.terminal.options import (
    NEURON_KINDS,
    activity_of,
    costs_of,
    format_options,
    inputs_of,
    limits_of,
    practically_option,
    principal_options,
    problem_from,
    problem_options,
    require_one_pipe,
    require_outputs,
    search_options,
)


@click.command()
@click.argument("activity", metavar="ACTIVITY", type=click.Path())
@problem_options
@principal_options
@click.option("--activation", type=click.Choice(list(NEURON_KINDS)), help="The kind of neuron.  [default: linear]")
@click.option("--activity-columns", multiple=True, metavar="COLUMN,COLUMN", help="Those of ACTIVITY that are neurons.")
@click.option("--encoder", type=click.Path(), metavar="FILE", help="Its encoder, one row per neuron.")
@click.option("--decoder", type=click.Path(), metavar="FILE", help="Its decoder, one column per neuron.")
@click.option(
    "--rescale", is_flag=True, help="Recorded activity: fit unit, baselines, and the encoder's cost if not given."
)
@search_options
@practically_option
@format_options()
def audit(activity: str, file: str, picture: str | None, form: str, rescale: bool, **options: Any) -> int:
    """Say how far a given code is from the best one, and why.

    ACTIVITY holds the activity of its neurons on the samples in FILE, one column per neuron. With --index-column both
    have that column, and rows of the same name belong together.
    """
    costs = costs_of(options)
    require_outputs(options, activity, file, picture=picture)
    from solver.reading import input_file, read_table

    require_one_pipe(activity, file, *(options[name] for name in ("mixing", "encoder", "decoder")))
    recorded, (data, mixing) = input_file(activity), inputs_of(file, options)
    table = activity_of(recorded, data, options)
    problem = problem_from(data, mixing, options, costs, whole=True)
    weights: dict[str, Any] = {
        name: None if options[name] is None else read_table(options[name], name).values
        for name in ("encoder", "decoder")
    }
    from solver.auditing.audit import audit as audit_of

    report = audit_of(
        problem,
        table.values,
        neurons=table.names,
        rescale="unit" if rescale and "encoder_cost" in costs else rescale,
        rng=options["seed"],
        **weights,
        **limits_of(options, "practically"),
    )
    return answered(report, report.columns, form, picture)
