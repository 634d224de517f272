"""Angles and categories as sources: the same code as posed by hand, and the same whichever value is left out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.io import savemat

from solver import Problem, audit, prepare_table, solve
from tests.solver.commands.test_cli import accepted, refused
from theory import InputError

HEADING = np.repeat(np.arange(8) * 45.0, 6)
CONTEXT = ["home", "field", "nest"] * 16
SPEED = np.random.default_rng(1).uniform(size=48).round(3)
TABLE = {"heading": HEADING, "context": CONTEXT, "speed": SPEED}


def by_hand():
    angle = np.radians(HEADING)
    one_hot = np.array([[float(one == level) for level in ("field", "home", "nest")] for one in CONTEXT])
    rows = np.column_stack([np.cos(angle), np.sin(angle), one_hot[:, :2], SPEED])
    # x is (cos, sin, field, home, nest, speed), and nest = 1 - field - home.
    seen = np.zeros((6, 5))
    seen[[0, 1, 2, 3, 5], range(5)] = 1
    seen[4, 2:4] = -1
    return Problem(rows, mixing=seen, groups={"heading": [0, 1], "context": [2, 3]}, encoder_cost=0.3)


def test_the_same_code_as_posed_by_hand():
    made = prepare_table(TABLE, angles={"heading": "degrees"}, categories=["context"])
    assert made.sources.names == ("cos heading", "sin heading", "context=home", "context=nest", "speed")
    assert made.channels[2:5] == ("context=field", "context=home", "context=nest")
    answer, other = solve(made.problem(encoder_cost=0.3)), solve(by_hand())
    assert answer.status == other.status == "optimal"
    assert answer.loss == pytest.approx(other.loss, rel=1e-7)
    assert answer.price_of_modularity == pytest.approx(other.price_of_modularity, abs=1e-7)
    one_hot = [[one == level for level in ("field", "home", "nest")] for one in CONTEXT]
    decoded = answer.reconstruct(answer.activity())[:, 2:5]
    np.testing.assert_allclose(decoded, np.array(one_hot) - [1, 0, 0], atol=1e-6)


def test_it_does_not_matter_which_value_is_left_out():
    losses = []
    for names in (("a", "b", "c"), ("b", "c", "a")):
        renamed = [dict(zip(("home", "field", "nest"), names, strict=True))[one] for one in CONTEXT]
        made = prepare_table({"context": renamed, "speed": SPEED}, categories=["context"])
        losses.append(solve(made.problem()).loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-7)


def test_tables_of_every_kind(tmp_path):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    columns = [np.array(column) for column in TABLE.values()]
    records = np.rec.fromarrays(columns, names=",".join(TABLE))
    tables = [TABLE, pandas.DataFrame(TABLE), polars.DataFrame(TABLE), records]
    tables.append(pandas.DataFrame(TABLE).astype({"context": "category"}))
    made = [prepare_table(table, angles={"heading": 360}, categories=["context"]) for table in tables]
    for other in made[1:]:
        np.testing.assert_array_equal(other.sources.points, made[0].sources.points)
        assert other.sources.names == made[0].sources.names and other.notes == made[0].notes
    weighted = prepare_table(TABLE, categories=["context"], probabilities="speed")
    np.testing.assert_allclose(weighted.sources.probabilities, SPEED / SPEED.sum())
    assert weighted.sources.names == ("heading", "context=home", "context=nest")


def test_turns_and_harmonics():
    hour = np.tile(np.arange(0, 24, 3), 2)
    made = prepare_table({"hour": hour}, angles={"hour": 24}, harmonics=4)
    assert made.groups == {"hour": made.sources.names} and made.mixing is None
    assert made.sources.names[-1] == "cos 4 hour" and len(made.sources.names) == 7  # sin 4 is zero at every hour
    assert "sin 4 hour is zero at every sample and left out" in made.notes[0]
    np.testing.assert_allclose(made.sources.points[:, 2], np.cos(4 * np.pi * hour / 24), atol=1e-12)
    radians = prepare_table({"hour": hour * 2 * np.pi / 24}, angles=["hour"])
    np.testing.assert_allclose(radians.sources.points, made.sources.points[:, :2], atol=1e-12)
    several = prepare_table({"hour": hour * 2 * np.pi}, angles={"hour": 2 * np.pi * 24}, harmonics={"hour": 1})
    np.testing.assert_allclose(several.sources.points, radians.sources.points, atol=1e-12)


def test_values_of_a_category():
    cells = [2, 10.0, "2.0", b"10", 2, 10]
    made = prepare_table({"n": np.array(cells, dtype=object), "x": [0, 1, 2, 4, 3, 5]}, categories=["n"])
    assert made.channels == ("n=2", "n=10", "x") and made.sources.names == ("n=10", "x")
    assert prepare_table({"on": [True, False] * 2}, categories=["on"]).sources.names == ("on=True",)


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        (TABLE, {"angles": ["heading"]}, "goes from 0 to 315, more than a turn of 2 pi; say what a turn is"),
        (TABLE, {"angles": {"heading": "gons"}}, "'gons' is no turn for 'heading'"),
        (TABLE, {"angles": {"heading": -360}}, "is no turn"),
        (TABLE, {"angles": {"head": 360}}, "angles: 'head' is unknown; did you mean 'heading'?"),
        (TABLE, {"angles": {"heading": 360}, "harmonics": 5}, "8 different angle(s), which tell 4 harmonic(s) apart"),
        (TABLE, {"angles": {"heading": 360}, "harmonics": 0}, "is not a whole number from 1 on"),
        (TABLE, {"angles": {"heading": 360}, "categories": ["heading"]}, "'heading' is an angle too"),
        (TABLE, {"categories": ["place"]}, "categories: 'place' is unknown"),
        (TABLE, {"probabilities": "w"}, "probabilities: 'w' is unknown"),
        (TABLE, {}, "column 'context': 'home' is not a number"),
        ({"c": ["a"] * 4}, {"categories": ["c"]}, "one value only (a)"),
        ({"c": ["a", None, "b", ""]}, {"categories": ["c"]}, "no value in 2 row(s), the first 1"),
        ({"c": range(200)}, {"categories": ["c"]}, "200 values in 200 rows"),
        ({"c": range(13)}, {"categories": ["c"]}, "13 values in 13 rows"),
        ({"c": ["a", "b"], "x": [1, 2, 3]}, {"categories": ["c"]}, "different lengths (c 2, x 3)"),
        (np.ones((3, 2)), {}, "a ndarray has no named columns"),
    ],
)
def test_what_cannot_be_prepared_is_one_line(table, options, said):
    with pytest.raises(InputError) as error:
        prepare_table(table, **options)
    assert said in str(error.value) and "\n" not in str(error.value)


# ---- on the command line --------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    """One table in files of several kinds."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(TABLE).assign(trial=[f"t{row}" for row in range(48)])
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    kinds = [("heading", "f8"), ("context", "U8"), ("speed", "f8"), ("trial", "U4")]
    np.save(tmp_path / "t.npy", np.array([tuple(row) for row in frame.to_numpy()], dtype=kinds))
    words = {name: np.array(frame[name], dtype=object) for name in ("context", "trial")}
    savemat(tmp_path / "t.mat", {"heading": HEADING, "speed": SPEED} | words)
    return tmp_path


CHOSEN = ("--angle", "heading=360", "--category", "context", "--index-column", "trial", "--encoder-cost", "0.3")


@pytest.mark.parametrize("name", ["t.parquet", "t.npy", "t.mat"])
def test_from_a_file(files, name):
    columns = ("--columns", "heading,context,speed") if name == "t.mat" else ()
    done = accepted("check", files / name, *CHOSEN, *columns, "--json")
    plain = accepted("check", files / "t.csv", *CHOSEN, "--json")
    assert done.stdout == plain.stdout and "heading is an angle of 360 a turn" in done.stderr
    assert "none for context=field, which the others tell" in done.stderr


@pytest.mark.thorough
def test_groups_mixing_and_targets(files):
    answer = json.loads(accepted("solve", files / "t.csv", *CHOSEN, "--json").stdout)
    assert answer["loss"] == pytest.approx(solve(by_hand()).loss, rel=1e-7)
    joined = json.loads(accepted("check", files / "t.csv", *CHOSEN, "--group", "inside=heading,speed", "--json").stdout)
    assert {name: len(members) for name, members in joined["groups"].items()} == {"inside": 3, "context": 2}
    np.save(files / "A.npy", 2 * np.eye(6))
    doubled = json.loads(accepted("solve", files / "t.csv", *CHOSEN, "--mixing", files / "A.npy", "--json").stdout)
    assert doubled["loss"] == pytest.approx(solve(by_hand().replaced(mixing=2 * by_hand().mixing)).loss, rel=1e-7)
    np.save(files / "targets.npy", np.eye(6)[:2])
    aimed = accepted("solve", files / "t.csv", *CHOSEN, "--targets", files / "targets.npy", "--json").stdout
    assert json.loads(aimed)["loss"] < answer["loss"]
    np.save(files / "short.npy", np.eye(5))
    for option in ("--mixing", "--targets"):
        assert "5 column(s) do not fit the 6" in refused("solve", files / "t.csv", *CHOSEN, option, files / "short.npy")


def test_what_is_refused(files):
    for options, said in (
        (("--exact",), "exact verdicts"),
        (("--drop", "context"), "is named by --category and by --drop"),
        (("--angle", "heading=360"), "'heading' is given twice"),
        (("--angle", "=3"), "names no column"),
    ):
        assert said in refused("check", files / "t.csv", *CHOSEN, *options).replace("\n", " ")
    assert "not known here" in refused("solve", files / "t.csv", *CHOSEN, "--components", "2")
    of_sources = (("--group", "a=0"), ("--trajectory",), ("--recurrent-cost", "0"), ("--targets", files / "short.npy"))
    for option, *value in of_sources:
        said = refused("solve", files / "t.csv", "--columns", "speed,heading", "--components", "1", option, *value)
        assert f"{option}: is about sources, which are not known here" in said
    assert "more than a turn" in refused("check", files / "t.csv", "--columns", "speed", "--angle", "heading")
    assert accepted("check", files / "t.csv", *CHOSEN, "--quiet").stderr == ""


def test_columns_without_names_and_categories_alone(tmp_path):
    np.save(tmp_path / "t.npy", np.column_stack([HEADING, np.arange(48) % 3]))
    done = accepted("check", tmp_path / "t.npy", "--angle", "0=360", "--category", "1", "--json")
    assert '"cos column 0", "sin column 0", "column 1=1", "column 1=2"' in done.stdout
    alone = accepted("check", tmp_path / "t.npy", "--columns", "1", "--category", "1", "--json")
    assert '"sources": ["column 1=1", "column 1=2"]' in alone.stdout


@pytest.mark.thorough
def test_an_audit_of_tuning_to_an_angle(files):
    rates = np.maximum(0, np.cos(np.radians(HEADING)[:, None] - np.arange(4) * np.pi / 2))
    np.save(files / "rates.npy", rates)
    chosen = ("--columns", "heading", "--angle", "heading=360", "--json")
    found = json.loads(accepted("audit", files / "rates.npy", files / "t.csv", *chosen).stdout)
    expected = audit(prepare_table({"heading": HEADING}, angles={"heading": 360}).problem(), rates)
    assert found["excess"] == pytest.approx(expected.excess, rel=1e-6)


def test_numbers_are_standardized_beside_angles_and_categories(tmp_path):
    table = {"heading": [0, 90, 180, 270] * 2, "x": range(0, 80, 10), "context": ["a", "b"] * 4}
    made = prepare_table(table, angles={"heading": 360}, categories=["context"])
    own = made.standardized()
    assert own.sources.names == made.sources.names and own.groups == made.groups
    x = own.sources.names.index("x")
    assert own.sources.covariance[x, x] == pytest.approx(1)
    others = [place for place in range(len(own.sources.names)) if place != x]
    assert np.array_equal(own.sources.points[:, others], made.sources.points[:, others])
    assert own.notes[-1] == "x is in units of its standard deviation." and len(own.notes) == len(made.notes) + 1
