"""`modularity explain ACTIVITY LABELS`: for each neuron the logical formula of labels that is true where it fires."""

from __future__ import annotations

from typing import Any

import click

from solver.commands.terminal.endings import answered
from solver.commands.terminal.options import (
    chosen_columns,
    format_options,
    picture_option,
    require_one_pipe,
    require_outputs,
    seed_option,
)
from solver.commands.terminal.progress import counted


@click.command()
@click.argument("activity", metavar="ACTIVITY", type=click.Path())
@click.argument("labels", metavar="LABELS", type=click.Path())
@chosen_columns("labels")
@click.option("--activity-columns", multiple=True, metavar="COLUMN,COLUMN", help="Those of ACTIVITY that are neurons.")
@click.option("--probabilities", metavar="COLUMN", help="Column of LABELS with sample weights: name, or number from 0.")
@click.option(
    "--category",
    "categories",
    multiple=True,
    metavar="COLUMN",
    help="Column of LABELS whose numbers are classes; words are so anyway.",
)
@click.option(
    "--threshold", metavar="X", help="When a neuron fires: half (of its range), positive, or beyond X.  [default: half]"
)
@click.option(
    "--top", type=float, metavar="SHARE", help="Or on the samples of its highest activity, at most this share."
)
@click.option("--shuffles", type=int, metavar="N", help="Shuffles of the labels that tell chance.  [default: 20]")
@click.option("--series", is_flag=True, help="Rows follow each other in time: shift the labels in place of shuffling.")
@click.option("--encoder-cost", type=float, metavar="X", help="Of codes of the labels: squared encoder.  [default: 1]")
@click.option("--decoder-cost", type=float, metavar="X", help="Of codes of the labels: squared decoder.  [default: 1]")
@click.option("--time-limit", type=float, metavar="SECONDS", help="Stop each search after this time, with a bound.")
@seed_option
@picture_option
@format_options()
def explain(activity: str, labels: str, picture: str | None, form: str, seed: int, **options: Any) -> int:
    """Say for each neuron which labels make it fire: the best formula of AND, OR and NOT.

    ACTIVITY holds one sample per row and one neuron per column, LABELS the same samples with one label per column: 0 or
    1, or words, of which each class is a label. With --index-column both have that column, and rows of the same name
    belong together.
    """
    from solver.reading import Choice, columns_of, input_file, read_labels, read_table, rows_in_order

    require_one_pipe(activity, labels)
    require_outputs({}, activity, labels, picture=picture)
    recorded, labelled = input_file(activity), input_file(labels)
    index = options.pop("index_column")
    table = read_table(recorded, "activity", choice=Choice.of(options.pop("activity_columns"), (), index))
    chosen = Choice.of(options.pop("columns"), options.pop("drop"), index)
    known = read_labels(labelled, options.pop("probabilities"), options.pop("categories"), choice=chosen)
    if index is not None:
        table = rows_in_order(table, recorded, known, labelled)
    from solver.explanations import explain as explained

    arguments = {name: value for name, value in options.items() if value is not None}
    with counted("searched") as follow:
        findings = explained(
            table.values,
            columns_of(known),
            probabilities=known.probabilities,
            neurons=table.names,
            rng=seed,
            follow=follow,
            **arguments,
        )
    return answered(findings, findings.columns, form, picture)
