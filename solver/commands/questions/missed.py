"""`modularity missed ACTIVITY SOURCES`: which neurons only seem to mix sources, for want of one that was not named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import answered
from solver.commands.terminal.options import (
    activity_of,
    choice_of,
    column_options,
    format_options,
    group_option,
    groups_of_prepared,
    picture_option,
    require_one_pipe,
    require_outputs,
    seed_option,
    tell_notes,
    turns_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solver.auditing.missed_source import MissedSource
    from solver.reading import NumericTable
    from theory.sources import Sources


@click.command()
@click.argument("activity", metavar="ACTIVITY", type=click.Path())
@click.argument("named", metavar="SOURCES", type=click.Path())
@click.option("--missing", metavar="COLUMN", required=True, help="Column of SOURCES, or group, that nobody had named.")
@click.option("--block", type=int, metavar="N", required=True, help="Rows that are permuted together; 1 for trials.")
@column_options
@group_option
@click.option("--activity-columns", multiple=True, metavar="COLUMN,COLUMN", help="Those of ACTIVITY that are neurons.")
@click.option("--permutations", type=int, metavar="N", help="Number of permutations.  [default: 999]")
@click.option("--level", type=float, metavar="X", help="Probability of any false share.  [default: 0.05]")
@seed_option
@picture_option
@format_options()
def missed(activity: str, named: str, *, missing: str, picture: str | None, form: str, **options: Any) -> int:
    """Say which neurons seem to mix the named sources, and follow a missing one alone once it is known.

    ACTIVITY holds one sample per row and one neuron per column, SOURCES the same samples with one source per column;
    the one that was missing is among them. In a recording, give a block several times as long as activity takes to
    change.
    """
    from solver.reading import input_file, read_prepared

    require_one_pipe(activity, named)
    require_outputs({}, activity, named, picture=picture)
    recorded, data = input_file(activity), input_file(named)
    table = activity_of(recorded, data, options)
    sources = read_prepared(data, None, choice_of(options), turns_of(options))
    tell_notes(sources)
    findings = _tested(table, sources.sources, groups_of_prepared(sources, options), missing, options)
    return answered(findings, lambda: _columns(findings), form, picture)


def _tested(
    table: NumericTable, sources: Sources, groups: dict[str, Any], missing: str, chosen: dict[str, Any]
) -> MissedSource:
    """The test, of the groups that are named and the one that is missing."""
    from solver.auditing.missed_source import missed_source
    from theory.errors import InputError, unknown_name
    from theory.sources import Sources

    if missing not in groups:
        raise InputError(unknown_name("--missing", missing, tuple(groups)))
    if len(groups) < 2:
        raise InputError("--missing: no other source is left that could be named; give SOURCES one column more")
    names = sources.names
    members = {group: [names[one] if isinstance(one, int) else one for one in own] for group, own in groups.items()}
    hidden = members.pop(missing)
    kept = [name for name in names if name not in hidden]
    column = names.index
    options = {name: chosen[name] for name in ("permutations", "level") if chosen[name] is not None}
    return missed_source(
        table.values,
        Sources(sources.points[:, [column(name) for name in kept]], names=kept),
        sources.points[:, [column(name) for name in hidden]],
        groups=members,
        block=chosen["block"],
        neurons=table.names,
        called=missing,
        rng=chosen["seed"],
        **options,
    )


def _columns(findings: MissedSource) -> dict[str, Sequence[Any]]:
    parts = findings.complete
    shares = {f"share of {group}": column.tolist() for group, column in zip(parts.groups, parts.shares.T, strict=True)}
    chances = {f"p of {group}": column.tolist() for group, column in zip(parts.groups, parts.p.T, strict=True)}
    return {"neuron": findings.neurons, "kind": findings.kinds, **shares, **chances}
