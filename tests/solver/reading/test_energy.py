"""What activity costs, from the command line and from the file of a sweep."""

import json

import numpy as np
import pytest

from solver import Problem, audit, solve
from solver.questions.resamples import OfResamples
from solver.sweeps.spec import read_sweep
from tests.examples import CUT
from tests.solver.commands.test_cli import accepted, refused
from theory.conditions import decide
from theory.neurons import PeakActivity, WeightedActivity

POINTS = np.array([[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]], dtype=float)
NIGHT = np.arange(1.0, 9.0)
CHANGES = {
    "peak": {"neurons": PeakActivity()},
    "squared-mean": {"activity_cost": 0, "bias_cost": 1},
    "context=night": {"neurons": WeightedActivity(NIGHT)},
    "mean": {},
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    np.savetxt(path, np.column_stack([POINTS, NIGHT]), delimiter=",", header="x,y,night", comments="")
    return path


def columns(energy):
    return () if energy.endswith("night") else ("--drop", "night")


@pytest.mark.parametrize("energy", CHANGES)
def test_energies_of_the_command_line_are_those_of_a_problem(energy, table, tmp_path):
    options = (table, *columns(energy), "--energy", energy, "--encoder-cost", "0.5")
    problem = Problem(POINTS, encoder_cost=0.5, **CHANGES[energy])
    answer, expected = json.loads(accepted("solve", *options, "--json").stdout), solve(problem)
    assert answer["loss"] == pytest.approx(expected.loss, rel=1e-9) and answer["sources"] == ["x", "y"]
    verdict = json.loads(accepted("check", *options, "--json").stdout)
    assert verdict["price_bound"] == pytest.approx(decide(problem).price_bound, rel=1e-9)
    activity = np.hstack([1 + POINTS, 1 - POINTS])
    np.savetxt(tmp_path / "activity.csv", activity, delimiter=",")
    report = json.loads(accepted("audit", tmp_path / "activity.csv", *options, "--json").stdout)
    assert report["excess"] == pytest.approx(audit(problem, activity).excess, rel=1e-9)


def test_the_squared_mean_takes_the_cost_of_activity(table):
    options = ("solve", table, "--drop", "night", "--json", "--activity-cost", "3", "--energy", "squared-mean")
    loss = json.loads(accepted(*options).stdout)["loss"]
    assert loss == pytest.approx(solve(Problem(POINTS, activity_cost=0, bias_cost=3)).loss, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--energy", "peek"), "energy: 'peek' is unknown; did you mean 'peak'"),
        (("--energy", "context"), "write context=COLUMN"),
        (("--energy", "peak=x"), "'peak' takes no column"),
        (("--energy", "context=z"), "no column 'z' for --energy"),
        (("--energy", "context=x", "--columns", "x,y"), "'x' is named by --columns and by --energy"),
        (("--energy", "squared-mean", "--bias-cost", "1"), "bias_cost: the squared mean"),
        (("--energy", "peak", "--activation", "free"), "--energy: free neurons pay"),
        (("--energy", "peak", "--encoder-cost", "0"), "encoder_cost: neurons that pay for their peak"),
    ],
)
def test_refusals(options, said, table):
    assert said in refused("solve", table, *options)


def test_exact_verdicts_know_one_energy():
    assert "--energy: exact verdicts" in refused("check", CUT, "--exact", "--energy", "peak")


@pytest.mark.parametrize("energy", ["peak", "context=night"])
def test_a_sweep_has_an_energy(energy, table):
    spec = table.with_suffix(".toml")
    drawn = "" if energy == "context=night" else 'columns = [["x", "y"]]\n'
    spec.write_text(f'data = "table.csv"\nenergy = "{energy}"\n[grid]\nencoder_cost = [0.5, 2]\n{drawn}')
    plan = read_sweep(spec)
    problem = plan.poses.problem(seed=0, encoder_cost=0.5, **({"columns": ["x", "y"]} if drawn else {}))
    assert solve(problem).loss == pytest.approx(
        solve(Problem(POINTS, encoder_cost=0.5, **CHANGES[energy])).loss, rel=1e-9
    )


def test_a_family_has_an_energy_that_needs_no_column(tmp_path):
    spec = tmp_path / "family.toml"
    spec.write_text('family = "one-corner"\nenergy = "peak"\n[grid]\nparameter = [0.5]\n')
    plan = read_sweep(spec)
    assert isinstance(plan.poses.problem(seed=0, parameter=0.5).neurons, PeakActivity)
    assert plan.poses.describe() != read_sweep_of(spec, '"mean"').poses.describe()
    for energy, said in (
        ('"context=x"', "a family has none"),
        ('"squared-mean"', "activity_cost = 0 and bias_cost = 1"),
    ):
        with pytest.raises(ValueError, match=said):
            read_sweep_of(spec, energy)


def read_sweep_of(spec, energy):
    other = spec.with_name("other.toml")
    other.write_text(spec.read_text().replace('"peak"', energy))
    return read_sweep(other)


def test_a_context_is_drawn_with_the_samples(table):
    spec = table.with_suffix(".toml")
    spec.write_text('data = "table.csv"\nenergy = "context=night"\n[grid]\nbootstrap = [0, 1]\n')
    made = read_sweep(spec).poses
    drawn = made.problem(seed=3, bootstrap=1)
    rows = made._rows(3, None, 1)
    posed = Problem(POINTS[rows], neurons=WeightedActivity(NIGHT[rows]))
    assert solve(drawn).loss == pytest.approx(solve(posed).loss, rel=1e-9)
    resample = OfResamples(made.whole).problem(seed=0, samples=8, replaced=1, resample=0, part=0)
    kept = [POINTS.tolist().index(point) for point in resample.sources.points.tolist()]
    expected = resample.sources.probabilities * NIGHT[kept]
    assert resample.neurons.probabilities == pytest.approx(expected / expected.sum(), rel=1e-12)
