"""`modularity check-proof PROOF FILE`: a saved proof against its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.options import costs_of, exact_problem_of, format_options, inputs_of, readout_options
from solver.commands.terminal.output import say

if TYPE_CHECKING:
    from theory.exact.proof import Proof


@click.command("check-proof")
@click.argument("proof", metavar="PROOF", type=click.Path())
@readout_options
@format_options("text", "json")
def check_proof(proof: str, file: str, form: str, **options: Any) -> int:
    """Verify a saved proof against its data, trusting nothing else."""
    costs = costs_of(options)
    from theory.exact.proof import Proof, verify

    loaded = Proof.load(proof)
    verify(loaded, exact_problem_of(*inputs_of(file, options), options, costs))
    say(form, text=lambda: _tell(loaded), content=lambda: {"valid": True, **loaded.to_dict()})
    return 0


def _tell(proof: Proof) -> None:
    from solver.pictures.summary import proof_sentences

    click.echo(f"The proof holds: the optimal code is {'modular' if proof.modular else 'mixed'}.")
    for line in proof_sentences(proof):
        click.echo(line)
