"""The papers' claims, in their quick form; and that a study can fail."""

import csv
from functools import cache
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from solver.commands.cli import main
from solver.oracles import alternating
from solver.studies import one_corner_point, registry
from solver.studies.registry import STUDIES, run_studies
from solver.studies.study import correlation_row
from solver.verification.judgement import AGREES
from theory.errors import InputError
from theory.families import family
from theory.problem import Problem


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A study in its quick form, made once for all tests, with shorter descents."""
    folder = tmp_path_factory.mktemp("studies") / "new"

    @cache
    def made(name):
        (study,) = run_studies(name, folder=folder, quick=True)
        return study

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alternating, "DESCENT", alternating.DescentLimits(steps=50))
        yield made


def rows_of(study):
    with study.table.open() as stream:
        return list(csv.DictReader(stream))


SLOW = (
    *("frequency-pairs", "kinds-of-neurons", "one-convex-problem", "range-not-independence"),
    *("cell-types", "further-factors", "working-memory", "space-and-reward", "missed-sources", "paths-on-a-torus"),
)
"""Problems of four sources or twelve, many problems, and trained weights; the plain suite tries their claims too."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in STUDIES]
)
def test_claims_hold(name, quick):
    study = quick(name)
    assert study.holds and study.name == name
    assert study.figure.stat().st_size > 4_000
    with study.table.open() as stream:
        rows = list(csv.reader(stream))
    assert len(rows) > 4 and len({len(row) for row in rows}) == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("entangled-factors", marks=pytest.mark.thorough),
        "sparse-activity",
        pytest.param("one-corner-point", marks=pytest.mark.slow),
        pytest.param("range-not-independence", marks=pytest.mark.slow),
    ],
)
def test_a_claim_that_does_not_hold_is_said_to_fail(name, tmp_path, monkeypatch):
    monkeypatch.setattr("solver.studies.study.NO_PRICE_DRAWN", 1.0)  # nothing counts as mixed
    result = CliRunner().invoke(main, ["reproduce", name, "--quick", "--folder", str(tmp_path)])
    assert result.exit_code == 1 and result.stdout.startswith(f"FAILS  {name}")


def test_the_price_appears_where_theory_says():
    band = family("opposite-corners")
    rows = [correlation_row(Problem(band.sources(0.548374193254892 + step))) for step in (-0.005, 0.005)]
    assert [row["price"] > 1e-9 for row in rows] == [False, True]


@pytest.mark.thorough
def test_the_passage_is_where_theory_says(quick):
    rows = rows_of(quick("entangled-factors"))
    assert float(rows[0]["mutual_information_bits"]) == pytest.approx(0, abs=1e-9)
    assert float(rows[-1]["mutual_information_bits"]) > 2 and float(rows[-1]["correlation"]) < -0.9
    free = [float(row["cut"]) for row in rows if float(row["price"]) < 1e-9]
    mixed = [float(row["cut"]) for row in rows if float(row["price"]) > 1e-9]
    assert max(free) < 0.548374193254892 < min(mixed) and min(mixed) - max(free) < 0.01


@pytest.mark.thorough
def test_random_data_sets_are_judged(quick):
    rows = rows_of(quick("one-corner-point"))
    assert len(rows) == 100 and {row["outcome"] for row in rows} <= {"agrees", "undecided"}
    assert {row["solved_modular"] for row in rows} == {"True", "False"}
    assert all(abs(float(row["margin"])) < 1e-4 for row in rows if row["outcome"] == "undecided")


@pytest.mark.slow
def test_irrational_ratios_are_part_of_the_study(quick):
    rows = [row for row in rows_of(quick("frequency-pairs")) if row["sources"] == "torus"]
    assert len(rows) == 3 and all(float(row["price"]) < 1e-9 for row in rows)


def test_names_and_folders_are_checked(tmp_path):
    with pytest.raises(InputError, match="study: 'frequency' is unknown; did you mean 'frequency-pairs'"):
        next(run_studies("frequency"))
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["reproduce", "--folder", str(tmp_path / "file" / "inner")])
    assert result.exit_code == 2 and "cannot be created" in result.stderr


def test_studies_of_networks_name_the_extra_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("solver.extras.find_spec", lambda name: None if name in ("jax", "sklearn") else name)
    for name in ("networks", "networks-ranges"):
        result = CliRunner().invoke(main, ["reproduce", name, "--folder", str(tmp_path)])
        assert result.exit_code == 2 and result.stderr.count("\n") == 1
        assert "needs jax and scikit-learn; pip install 'modularity-solver[networks]'" in result.stderr
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="did you mean 'networks-ranges'"):
        next(run_studies("networks-range"))


def test_outputs_that_cannot_be_written_are_refused_before_the_work(tmp_path):
    (tmp_path / "entangled-factors.csv").mkdir()
    result = CliRunner().invoke(main, ["reproduce", "--folder", str(tmp_path)])
    assert result.exit_code == 2 and "is a folder" in result.stderr and result.stderr.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["entangled-factors.csv"]


@pytest.mark.thorough
def test_the_same_seed_draws_the_same_data_sets(tmp_path, monkeypatch):
    # What the draws are is seen from the theory's verdicts; solving them is another matter.
    solved = SimpleNamespace(price_of_modularity=0.0, gap=0.0)
    monkeypatch.setattr(one_corner_point, "judge", lambda *_: SimpleNamespace(answer=solved, outcome=AGREES))
    monkeypatch.setattr(registry, "written", lambda figure, *_: None)
    first, again, other = (
        rows_of(next(run_studies("one-corner-point", folder=tmp_path / str(place), seed=seed, quick=True)))
        for place, seed in enumerate((0, 0, 1))
    )
    assert first == again and len({row["margin"] for row in first}) > 20
    assert [row["margin"] for row in first] != [row["margin"] for row in other]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_table(tmp_path):
    first, again, other = (
        rows_of(next(run_studies("one-corner-point", folder=tmp_path / str(place), seed=seed, quick=True)))
        for place, seed in enumerate((0, 0, 1))
    )
    assert first == again and first != other
