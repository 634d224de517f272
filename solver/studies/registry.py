"""The registry of studies: solve, compare with theory, draw, and say in one line whether the claim holds.

Each study is a file that defines `study(rng, quick)`, and a line of `STUDIES`, which names its folder: `condition` for
the modularity condition, `nonlinear` for rectified and free neurons, `in_time` for tasks in time, none for others.
Studies that train networks are in the folder `networks` and in `NETWORKS`, and need the extra of that name.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np

from solver.extras import require
from solver.pictures.style import styled, written
from solver.studies.study import Finding, Study
from theory.errors import InputError, unknown_name
from theory.writing import require_own, require_writable, written_whole

__all__ = ["NETWORKS", "STUDIES", "Study", "run_studies"]

STUDIES = {
    "entangled-factors": "",
    "mixed-targets": "condition",
    "sparse-activity": "condition",
    "one-corner-point": "",
    "mixing-angles": "condition",
    "rare-corner": "condition",
    "range-not-independence": "",
    "what-and-where": "nonlinear",
    "three-sources": "condition",
    "kinds-of-neurons": "nonlinear",
    "frequency-pairs": "",
    "cell-types": "",
    "remapping": "",
    "further-factors": "",
    "working-memory": "",
    "delayed-recall": "in_time",
    "space-and-reward": "",
    "paths-on-a-torus": "in_time",
    "missed-sources": "",
    "preparation-and-output": "",
    "aligned-mixings": "condition",
    "tuning-curves": "condition",
    "one-convex-problem": "",
    "on-and-off": "nonlinear",
}
"""The folder of each study, by name, in the order of the papers; its file has underscores for hyphens."""

NETWORKS = (
    "networks-constraints",
    "networks-pictures",
    "networks-ranges",
    "networks-frequencies",
    "networks-agreement",
    "networks-widths",
)
"""Studies that train networks, run together as `networks`; each is a file of the folder of that name."""

SOFTWARE = "modularity reproduce"  # metadata of the pictures, by which those of an earlier run are known


def run_studies(
    name: str | None = None, *, folder: str | Path = "studies", seed: int = 0, quick: bool = False
) -> Iterator[Study]:
    """Run one study or all, one after the other, and write NAME.png and NAME.csv into a folder.

    Files of an earlier run are replaced; other files are not.

    Args:
        name: of the study; None for all of `STUDIES`, "networks" for all of `NETWORKS`.
        folder: created if it does not exist.
        seed: of the random data sets, or of the networks where the data are fixed.
        quick: fewer data sets.

    Raises:
        InputError: an unknown study, a folder that cannot be written or has other files of these names, or an extra
            that is missing.
    """
    if name is not None and name not in (known := (*STUDIES, "networks", *NETWORKS)):
        raise InputError(unknown_name("study", name, known))
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"folder: {str(folder)!r} cannot be created ({error.strerror})") from None
    names = list(NETWORKS if name == "networks" else STUDIES if name is None else [name])
    if names[0] in NETWORKS:
        # Said before minutes of training.
        require("networks", "networks", "jax", "optax", "sklearn")
    files = {each: (place / f"{each}.png", place / f"{each}.csv") for each in names}
    for figure, table in files.values():
        require_writable(figure, (".png",), "folder")
        require_writable(table, (".csv",), "folder")
        # The picture tells for both files whether they are of an earlier run.
        require_own(figure if figure.exists() else table, SOFTWARE.encode(), "folder")
    for each, (figure, table) in files.items():
        finding = _run(each, np.random.default_rng(seed), quick)
        written(finding.figure, figure, {"Software": SOFTWARE})
        with written_whole(table) as temporary, temporary.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(finding.rows[0]))
            writer.writeheader()
            writer.writerows(finding.rows)
        yield Study(each, finding.holds, finding.verdict, figure, table)


def _run(name: str, rng: np.random.Generator, quick: bool) -> Finding:
    file = name.removeprefix("networks-").replace("-", "_")
    places = "solver.studies", STUDIES.get(name, "networks"), file
    module = import_module(".".join(filter(None, places)))
    finding: Finding = styled(module.study)(rng, quick)
    return finding
