"""The papers' claims, in their quick form; and that a study can fail."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner

from solver import studies
from solver.cli import main
from solver.studies import STUDIES, run_studies
from theory.errors import InputError


@pytest.mark.parametrize("name", STUDIES)
def test_claims_hold(name, tmp_path):
    (study,) = run_studies(name, folder=tmp_path / "new", quick=True)
    assert study.holds and study.name == name
    assert study.figure.stat().st_size > 10_000
    with study.table.open() as stream:
        rows = list(csv.reader(stream))
    assert len(rows) > 4 and len({len(row) for row in rows}) == 1


def test_a_claim_that_does_not_hold_is_said_to_fail(tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "FREE", 1.0)  # nothing counts as mixed
    result = CliRunner().invoke(main, ["reproduce", "entangled-factors", "--quick", "--folder", str(tmp_path)])
    assert result.exit_code == 1 and result.stdout.startswith("FAILS  entangled-factors")


def test_names_and_folders_are_checked(tmp_path):
    with pytest.raises(InputError, match="study: 'frequency' is unknown; did you mean 'frequency-pairs'"):
        next(run_studies("frequency"))
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["reproduce", "--folder", str(tmp_path / "file" / "inner")])
    assert result.exit_code == 2 and "cannot be created" in result.stderr


def test_the_same_seed_gives_the_same_table(tmp_path):
    tables = [
        next(run_studies("one-convex-problem", folder=tmp_path / str(i), quick=True)).table.read_text() for i in (0, 1)
    ]
    assert tables[0] == tables[1]
    assert np.isfinite([float(line.split(",")[-1]) for line in tables[0].splitlines()[1:]]).all()
