"""Verification can fail: wrong theorems are refuted with small counterexamples, and true ones are not."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from solver import Problem, solve, verify
from solver.cli import main
from solver.judging import DISAGREES, UNDECIDED, judge
from solver.verification import load_conjecture
from theory import modularity
from theory.conditions import CONDITION_TOLERANCE, modular_multiplier
from theory.errors import InputError
from theory.pricing import Pricing
from theory.theorems import THEOREMS, Prediction, Theorem

SMALL = 8
"""Samples of a counterexample that can be looked at."""


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


# ---- what is wrong is refuted -------------------------------------------------------------------------------------


def planted(name, hypothesis, prediction):
    return Theorem(name, "Wrong.", "", "planted", "", hypothesis, prediction)


def with_condition(change):
    """The exact condition with another multiplier."""

    def predicted(problem):
        best = Pricing(problem.sources.fan, problem.energy_matrix).maximise(change(problem))
        return Prediction(modular=bool(best.rho <= 1 + CONDITION_TOLERANCE))

    return predicted


def flipped(problem):
    """F with the sign of its off-diagonal turned: Y = M + F."""
    condition = modular_multiplier(problem) - problem.energy_matrix
    return problem.energy_matrix - condition + 2 * np.diag(np.diag(condition))


def unmixed(problem):
    """The multiplier that a problem without its mixing has."""
    return modular_multiplier(Problem(problem.sources, encoder_cost=problem.encoder_cost))


def uncorrelated(problem):
    covariance = problem.sources.covariance
    return problem.dimension > 1 and bool(np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-12)


def extremes_in_pairs(problem):
    """Each source reaches either end together with either end of every other."""
    points = problem.sources.points
    ends = [(points[:, i] == points[:, i].min(), points[:, i] == points[:, i].max()) for i in range(problem.dimension)]
    pairs = [(i, j) for i in range(problem.dimension) for j in range(i)]
    return problem.dimension > 2 and all((one & other).any() for i, j in pairs for one in ends[i] for other in ends[j])


WRONG = [
    planted("flipped-sign", THEOREMS["exact-condition"].hypothesis, with_condition(flipped)),
    planted("uncorrelated", uncorrelated, lambda problem: Prediction(modular=True)),
    planted("pairs-of-extremes", extremes_in_pairs, lambda problem: Prediction(modular=True)),
    planted(
        "mixing-ignored",
        THEOREMS["general-mixing"].hypothesis,
        lambda problem: Prediction(
            modular=bool(modularity(problem.sources, encoder_cost=problem.encoder_cost).rho <= 1 + CONDITION_TOLERANCE)
        ),
    ),
]


@pytest.mark.parametrize("claim", WRONG, ids=lambda claim: claim.name)
def test_planted_theorems_are_refuted_with_small_counterexamples(claim):
    from solver.draws import ANYTHING

    report = verify(claim, trials=300, draws=ANYTHING if "mixing" in claim.name else None)
    assert report.disagreements == 1
    problem, judgement = report.counterexample
    assert claim.hypothesis(problem) and judgement.outcome == DISAGREES
    assert problem.sources.count <= SMALL and problem.dimension <= 3
    # Again, from the data alone.
    again = Problem(
        problem.sources.points,
        probabilities=problem.sources.probabilities,
        mixing=problem.mixing,
        encoder_cost=problem.encoder_cost,
        decoder_cost=problem.decoder_cost,
    )
    modular = solve(again).price_of_modularity <= 1e-9
    assert modular is not claim.prediction(again).modular
    assert "refuted" in str(report)


def test_functions_are_conjectures_and_none_is_silence():
    def always(sources):
        return True

    def never(sources):
        return False

    def boxes_only(sources):
        corners = (np.abs(sources.points - sources.mean) == sources.upper).all(axis=1).sum()
        return True if corners == 2**sources.dimension and np.array_equal(sources.upper, -sources.lower) else None

    assert verify(always, trials=30).disagreements == 1
    refuted = verify(never, trials=30)
    assert refuted.disagreements == 1 and refuted.counterexample[0].sources.count <= SMALL
    assert modularity(refuted.counterexample[0].sources).modular is True
    silent = verify(boxes_only, trials=15)
    assert silent.disagreements == 0 and silent.inapplicable > 0


# ---- what is right stands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", THEOREMS)
def test_theorems_stand(name):
    sharp = name in ("range-independence", "independence")
    report = verify(name, trials=30 if sharp else 10, seed=1)
    assert report.disagreements == 0
    assert report.trials == report.agreements + report.undecided > 0
    assert report.agreements > report.undecided
    assert report.to_dict()["counterexample"] is None
    if sharp:
        # The hypothesis matters: some that just miss it are mixed.
        assert report.near_failures > 0


def test_the_same_seed_gives_the_same_trials():
    first, second = (verify("face-condition", trials=10, seed=3) for _ in range(2))
    assert replace(first, seconds=0, worst=None) == replace(second, seconds=0, worst=None)
    assert first.worst_margin == second.worst_margin


def test_too_close_to_call_is_undecided():
    # Barely mixed: the price is the square of a shortfall that the gap hides.
    square = np.array([[-1.0, -1.0], [-1, 1], [1, -1], [1, 1]])
    judgement = judge(Problem(square), Prediction(modular=False))
    assert judgement.outcome == DISAGREES and judgement.margin > 0.1
    tie = np.array([[x, y] for x in (-1, 0, 1) for y in (-1, 0, 1)])[:-1]
    tie = np.vstack([tie, [[1 - 1e-7, 1 - 1e-7]]])
    barely = modularity(tie)
    judgement = judge(Problem(tie), Prediction(modular=bool(barely.modular)))
    assert judgement.outcome != DISAGREES
    assert judge(Problem(square), Prediction()).outcome == UNDECIDED


# ---- files and the command line -----------------------------------------------------------------------------------

CONJECTURES = """
import numpy as np
from theory.theorems import Prediction, Theorem

def uncorrelated(sources):
    covariance = sources.covariance
    return True if np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-12 else None

boxes = Theorem("boxes", "Right.", "", "mine", "", lambda p: p.dimension == 1, lambda p: Prediction(modular=True))
number = 3
"""


@pytest.fixture
def conjectures(tmp_path):
    path = tmp_path / "conjectures.py"
    path.write_text(CONJECTURES)
    return path


def test_a_conjecture_in_a_file_is_refuted_and_saved(conjectures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "report.html"
    result = run("verify", f"{conjectures}::uncorrelated", "--report", page)
    assert result.exit_code == 1
    assert "YES" in result.stdout and "uncorrelated: refuted after" in result.stdout
    command = re.search(r"Saved: modularity (solve .*)", result.stdout).group(1).split()
    assert (tmp_path / "uncorrelated.csv").exists()
    solved = json.loads(run(*command, "--json").stdout)
    assert solved["modular"] is False
    checked = json.loads(run("check", *command[1:], "--json").stdout)
    assert checked["modular"] is False
    html = page.read_text()
    assert "data:image/png;base64," in html and "Refuted." in html


def test_theorems_on_the_command_line(tmp_path):
    page = tmp_path / "report.html"
    result = run("verify", "--theorem", "range-independence", "--trials", 10, "--report", page)
    assert result.exit_code == 0 and "range-independence" in result.stdout
    assert "Closest call" in page.read_text()
    plain = run("verify", "--theorem", "independence", "--trials", 5, "--json")
    (report,) = json.loads(plain.stdout)["reports"]
    assert report["name"] == "independence" and report["agreements"] == 5


def test_a_theorem_in_a_file(conjectures):
    assert load_conjecture(f"{conjectures}::boxes").name == "boxes"
    assert verify(load_conjecture(f"{conjectures}::boxes"), trials=5).trials in (0, 5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--theorem", "range"], "theorem: 'range' is unknown; did you mean"),
        (["--trials", "0"], "trials: 0 is not a positive whole number"),
        (["nothing.py::f"], "there is no file 'nothing.py'"),
        (["nothing.py"], "names no function; write path/to/file.py::name"),
        (["{file}::uncorelated"], "did you mean 'uncorrelated'"),
        (["{file}::number"], "is no function and no Theorem"),
        (["{file}::uncorrelated", "--theorem", "independence"], "leave it out with a file of your own"),
        (["--report", "page.txt"], "must end in .html"),
        (["--save", "case.txt"], "must end in .csv"),
    ],
)
def test_bad_arguments_are_one_line(conjectures, arguments, said):
    result = run("verify", *(argument.format(file=conjectures) for argument in arguments))
    assert result.exit_code == 2 and said in result.stderr and result.stderr.count("\n") == 1


def test_a_broken_file_is_one_line(tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(InputError, match="fails to run"):
        load_conjecture(f"{tmp_path / 'broken.py'}::f")
