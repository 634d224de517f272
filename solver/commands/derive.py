"""`modularity derive`: the condition, step by step from the loss."""

from __future__ import annotations

import click

from theory.errors import InputError, unknown_name
from theory.symbolic.names import MIXING_NAMES, READOUT_NAMES


@click.command()
@click.option("--sources", type=int, default=2, show_default=True, help="Number of sources; beyond 3 by any two.")
@click.option(
    "--mixing", default="orthonormal", show_default=True, metavar="|".join(MIXING_NAMES), help="A'A = 1, or not."
)
@click.option(
    "--readout", default="exact", show_default=True, metavar="|".join(READOUT_NAMES), help="How x is recovered."
)
@click.option("--latex", "form", flag_value="latex", help="Print LaTeX.")
@click.option("--text", "form", flag_value="text", default="text", help="Print for reading.  [default]")
def derive(sources: int, mixing: str, readout: str, form: str) -> int:
    """Derive the condition for modularity from the loss, step by step."""
    for argument, value, known in (("--mixing", mixing, MIXING_NAMES), ("--readout", readout, READOUT_NAMES)):
        if value not in known:
            raise InputError(unknown_name(argument, value, known))
    if sources < 1:
        raise InputError(f"--sources: {sources} is not a positive number")
    from theory.symbolic.derivation import derive as derived

    chain = derived(sources, mixing=mixing, readout=readout)
    click.echo(chain.latex() if form == "latex" else chain.text())
    return 0
