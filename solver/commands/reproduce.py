"""`modularity reproduce [NAME]`: the papers' claims as studies."""

from __future__ import annotations

import click

from solver.commands.terminal.endings import REFUTED
from solver.commands.terminal.options import names_in, seed_option
from solver.commands.terminal.output import tell

STUDY_NAMES = names_in("solver.studies.registry", "STUDIES", "NETWORKS", more=("networks",))


@click.command()
@click.argument("name", required=False, metavar="[NAME]", shell_complete=STUDY_NAMES)
@click.option("--folder", type=click.Path(file_okay=False), default="studies", show_default=True, help="For results.")
@seed_option
@click.option("--quick", is_flag=True, help="Fewer data sets: seconds instead of minutes.")
def reproduce(name: str | None, folder: str, seed: int, quick: bool) -> int:
    """Run the papers' claims as studies, with a figure, a table and a verdict each.

    NAME is one study. Those that train networks are run by their names, or all together as networks.
    """
    from solver.studies.registry import run_studies

    failed = False
    for study in run_studies(name, folder=folder, seed=seed, quick=quick):
        failed |= not study.holds
        tell(f"{'holds ' if study.holds else 'FAILS '} {study.name}: {study.verdict}")
        tell(f"        {study.figure}, {study.table}")
    return REFUTED if failed else 0
