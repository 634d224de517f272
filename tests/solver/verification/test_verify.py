"""Verification can fail: wrong theorems are refuted with small counterexamples, and true ones are not."""

import importlib
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from solver import Problem, Report, solve, verify
from solver.commands.cli import main
from solver.strategies import boxes, grids, near_boundary, problems
from solver.verification import cases
from solver.verification.cases import draws_for
from solver.verification.conjectures import load_conjecture
from solver.verification.counterexamples import shrink
from solver.verification.judgement import AGREES, DISAGREES, UNDECIDED, judge
from solver.verification.verify import save_problem
from tests.examples import thorough
from theory import InputError, modularity
from theory.conditions import CONDITION_TOLERANCE, modular_multiplier
from theory.families import family
from theory.families.frequencies import frequencies_of
from theory.readouts import Exact, Noisy, Soft
from theory.sources import Sources
from theory.theorems import PUBLISHED, THEOREMS, Prediction, Theorem
from theory.theorems.theorem import in_parts

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
        best = problem.pricing.maximise(change(problem))
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

# ---- hypotheses that were written down too wide ------------------------------------------------------------------


def once(name, **changes):
    """A registered theorem as it once stood."""
    return replace(THEOREMS[name], **changes)


def occurring(problem):
    """The problem without its samples of probability zero."""
    weights = problem.sources.probabilities
    if weights is None:
        return problem
    return problem.replaced(sources=Sources(problem.sources.points[weights > 0], weights[weights > 0]))


def with_their_targets(problem):
    """An invariance in other units that forgets to change the units of the targets."""
    other, factor = THEOREMS["invariances"].prediction(problem).equal
    return Prediction(equal=(other.replaced(readout=problem.given_readout), factor))


def by_facets_alone(problem):
    facets = problem.sources.fan.facets
    condition = modular_multiplier(problem) - problem.energy_matrix
    return Prediction(modular=bool(np.einsum("ri,ij,rj->r", facets, condition, facets).max() <= 1 + 1e-6))


def unless_multiples(problem):
    pair = frequencies_of(problem)
    return in_parts(problem, ((0, 1), (2, 3)), separable=not pair.harmonic)


def finely(problem):
    pair = frequencies_of(problem)
    return pair is not None and pair.samples >= 24 * pair.fast


ONCE = {
    "frequencies-of-any-number-of-samples": once("frequency-pairs", prediction=unless_multiples),
    "frequencies-in-many-samples": once("frequency-pairs", hypothesis=finely, prediction=unless_multiples),
    "samples-that-never-occur": once(
        "independence", hypothesis=lambda problem: THEOREMS["independence"].hypothesis(occurring(problem))
    ),
    "prices-of-activity": once("ellipsoid", prediction=by_facets_alone),
    "targets-of-the-data": once("invariances", prediction=with_their_targets),
}


@pytest.mark.thorough
@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow if case.startswith("freq") else ()) for case in ONCE]
)
def test_a_hypothesis_that_is_too_wide_is_refuted_at_its_edge(case):
    wide = ONCE[case]
    report = verify(wide, trials=400, draws=draws_for(wide.name)[0])
    assert report.disagreements == 1
    problem, judgement = report.counterexample
    # What refutes it is right by the theorem as it stands, or beyond its hypothesis.
    now = THEOREMS[wide.name]
    assert not now.applies(problem) or judge(problem, now.predict(problem)).outcome != DISAGREES
    assert judgement.outcome == DISAGREES


ALSO_REFUTED_ELSEWHERE = ("uncorrelated", "mixing-ignored")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "claim",
    [
        # The plain suite refutes "uncorrelated" from a file and as the example of the README, and a mixing that does
        # not matter from a file.
        pytest.param(claim, id=claim.name, marks=pytest.mark.slow if claim.name in ALSO_REFUTED_ELSEWHERE else ())
        for claim in WRONG
    ],
)
def test_planted_theorems_are_refuted_with_small_counterexamples(claim):
    # It takes three sources, of which the usual draws are two as often as not.
    draws = grids(3).map(Problem) if claim.name == "pairs-of-extremes" else None
    report = verify(claim, trials=300, draws=draws)
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


@pytest.mark.thorough
def test_functions_are_conjectures_and_none_is_silence():
    def always(sources):
        return True

    def never(sources):
        return False

    def boxes_only(sources):
        corners = (np.abs(sources.points - sources.mean) == sources.upper).all(axis=1).sum()
        return True if corners == 2**sources.dimension and np.array_equal(sources.upper, -sources.lower) else None

    few = (boxes(2) | grids(2)).map(Problem)
    assert verify(always, trials=200, draws=few).disagreements == 1
    refuted = verify(never, trials=200, draws=few)
    assert refuted.disagreements == 1 and refuted.counterexample[0].sources.count <= SMALL
    assert modularity(refuted.counterexample[0].sources).modular is True
    silent = verify(boxes_only, trials=5, draws=few)
    assert silent.disagreements == 0 and silent.inapplicable > 0


# ---- what is right stands -----------------------------------------------------------------------------------------


LENGTHY = {"shared-neurons", "free-condition", "frequency-pairs", "balanced-pairs", "expensive-weights"}
"""Theorems of which one trial takes long; their own tests judge shorter ones."""


def trials_of(name):
    yield from [] if name in LENGTHY else [(name, 1)]
    yield pytest.param(name, 4, marks=pytest.mark.thorough)
    # Categories that just miss being told apart are rare.
    yield pytest.param(name, 100 if name == "categories" else 30, marks=pytest.mark.slow)


@pytest.mark.parametrize(("name", "trials"), [case for name in THEOREMS for case in trials_of(name)])
def test_theorems_stand(name, trials):
    sharp = trials > 2 and name in ("range-independence", "independence")
    report = verify(name, trials=30 if sharp else trials, seed=1)
    assert report.disagreements == 0
    assert report.trials == report.agreements + report.undecided > 0
    # The search aims at the boundary, where calls are undecided: of few trials that can be half.
    assert report.agreements > (report.undecided if trials >= 30 else 0)
    assert report.to_dict()["counterexample"] is None
    if sharp:
        # The hypothesis matters: some that just miss it are mixed.
        assert report.near_failures > 0
    # A theorem with a hypothesis is tried beside it too; the others speak of every problem.
    if draws_for(name)[1] is None:
        assert report.near_misses == 0
    elif trials >= 30:
        assert report.near_misses > 0


@pytest.mark.thorough
@pytest.mark.parametrize("name", PUBLISHED)
def test_what_was_published_and_does_not_hold_is_refuted(name):
    report = verify(name, trials=30, seed=1)
    problem, judgement = report.counterexample
    assert report.disagreements == 1 and judgement.outcome == DISAGREES
    assert PUBLISHED[name].applies(problem)
    assert "refuted" in str(report)


def test_a_seed_draws_the_same_whatever_is_loaded(monkeypatch, tmp_path):
    numbers, problem = range(100_001, 900_000, 9_999), Problem([[0], [1]])

    def drawn():
        seen = []
        draws = st.integers(1, 10**6).map(lambda number: seen.append(number) or problem)
        verify(planted("never", lambda _: False, None), trials=2, draws=draws)
        return seen

    before = drawn()
    # Hypothesis draws numbers that it finds in the code of modules.
    (tmp_path / "numbers_of_a_module.py").write_text(f"NUMBERS = {list(numbers)}")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("numbers_of_a_module")
    assert drawn() == before and len(before) > 20 and not set(before) & set(numbers)


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_trials():
    first, second = (verify("face-condition", trials=5, seed=3) for _ in range(2))
    assert replace(first, seconds=0, worst=None) == replace(second, seconds=0, worst=None)
    assert first.worst_margin == second.worst_margin


SQUARE = np.array([[-1.0, -1.0], [-1, 1], [1, -1], [1, 1]])


@pytest.mark.thorough
@pytest.mark.parametrize("predicted", [True, False])
def test_too_close_to_call_is_undecided_whatever_was_predicted(predicted):
    cut = family("opposite-corners")
    boundary = float(cut.boundary()[0])
    # The price is the square of the shortfall, which rounding hides next to the boundary, on either side of it.
    for nearest in (boundary, boundary + 1e-6, boundary - 1e-7):
        assert judge(Problem(cut.sources(nearest)), Prediction(modular=predicted)).outcome == UNDECIDED
    for clear, modular in ((boundary - 1e-4, True), (boundary + 1e-3, False)):
        judgement = judge(Problem(cut.sources(clear)), Prediction(modular=predicted))
        assert judgement.outcome == (AGREES if predicted is modular else DISAGREES)
        assert 1e-5 < judgement.margin < 1e-3


def test_silence_is_undecided():
    assert judge(Problem(SQUARE), Prediction()).outcome == UNDECIDED


def test_a_gap_larger_than_the_margin_is_undecided(monkeypatch):
    from solver.verification import judgement as judging

    cloud = Problem(np.random.default_rng(0).standard_normal((60, 3)))
    stopped = solve(cloud, method="alternating", max_iterations=1, rng=0)
    assert stopped.gap > 1e-6
    monkeypatch.setattr(judging, "solve_one_of_many", lambda *_, **__: stopped)
    for said in (Prediction(equal=(cloud, 1.0)), Prediction(parts=(cloud,), separable=True)):
        assert judge(cloud, said).outcome == UNDECIDED


def test_the_solver_is_not_told_what_theory_predicts():
    assert judge(Problem(SQUARE), Prediction(modular=True)).answer.method == "columns"


def test_parts_that_are_cheaper_than_the_whole_disagree():
    # They cannot be, unless a bound is wrong; that must not pass for agreement.
    whole = Problem(SQUARE)
    judgement = judge(whole, Prediction(parts=(whole.part((0,)),), separable=True))
    assert judgement.outcome == DISAGREES and "less than what was proven" in judgement.said


@pytest.mark.thorough
def test_a_conjecture_that_is_a_little_wrong_is_refuted():
    def nearly(sources):
        return modularity(sources).margin > -1e-2

    report = verify(nearly, trials=300, draws=near_boundary(2).map(Problem))
    assert report.disagreements == 1
    assert -1e-2 < modularity(report.counterexample[0].sources).margin < 0


# ---- files and the command line -----------------------------------------------------------------------------------

CONJECTURES = """
import numpy as np
from theory.theorems import Prediction, Theorem

def uncorrelated(sources):
    covariance = sources.covariance
    return True if np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-12 else None

def words(sources):
    return "yes"

def table(sources):
    return np.array([True, False])

def raises(sources):
    return sources.nothing

def leaves(sources):
    raise SystemExit(4)

def silent(sources):
    return None

asked = []
def fickle(sources):
    asked.append(sources)
    return len(asked) % 2 == 0

mixing = Theorem("a/b <c>", "Wrong.", "", "mine", "", lambda p: not np.array_equal(p.mixing, np.eye(p.dimension)),
                 lambda p: Prediction(modular=True))
verdict = Theorem("verdict", "Broken.", "", "mine", "", lambda p: True, lambda p: True)
truthy = Theorem("truthy", "Broken.", "", "mine", "", lambda p: 1, lambda p: Prediction(modular=True))
boxes = Theorem("boxes", "Right.", "", "mine", "", lambda p: p.dimension == 1, lambda p: Prediction(modular=True))
number = 3
"""


@pytest.fixture
def plain_draws(monkeypatch):
    """For tests of what is said and written: problems that are drawn at once, without a search for the boundary."""
    monkeypatch.setattr(cases, "ANYTHING", problems(2, of=grids))
    few = st.sampled_from([Problem(SQUARE), Problem(SQUARE[:3]), Problem(np.vstack([SQUARE, [0, 0]]))])
    monkeypatch.setattr(cases, "sources_for_conjectures", lambda: few)


@pytest.fixture
def conjectures(tmp_path):
    path = tmp_path / "conjectures.py"
    path.write_text(CONJECTURES)
    return path


@pytest.mark.thorough
def test_a_conjecture_in_a_file_is_refuted_and_saved(conjectures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "report.html"
    result = run("verify", f"{conjectures}::uncorrelated", "--report", page, "--save", "case.csv")
    assert result.exit_code == 1
    assert "YES" in result.stdout and "uncorrelated: refuted after" in result.stdout
    command = re.search(r"Saved: modularity (solve .*)", result.stdout).group(1).split()
    assert (tmp_path / "case.csv").exists()
    solved = json.loads(run(*command, "--json").stdout)
    assert solved["modular"] is False
    checked = json.loads(run("check", *command[1:], "--json").stdout)
    assert checked["modular"] is False
    html = page.read_text()
    assert "data:image/png;base64," in html and "Refuted." in html


@pytest.mark.thorough
def test_theorems_on_the_command_line(tmp_path):
    page = tmp_path / "report.html"
    result = run("verify", "--theorem", "range-independence", "--trials", 10, "--report", page)
    assert result.exit_code == 0 and "range-independence" in result.stdout
    assert "Closest call" in page.read_text()
    columns = result.stdout.splitlines()[0].split("  ")
    shown = [word.strip() for word in columns if word.strip()]
    assert shown == ["theorem", "trials", "agree", "undecided", "refuted", "worst margin", "seconds", "near misses"]
    plain = run("verify", "--theorem", "independence", "--trials", 5, "--json")
    (report,) = json.loads(plain.stdout)["reports"]
    assert report["name"] == "independence" and report["agreements"] == 5


@pytest.mark.thorough
def test_a_theorem_in_a_file(conjectures):
    assert load_conjecture(f"{conjectures}::boxes").name == "boxes"
    assert verify(load_conjecture(f"{conjectures}::boxes"), trials=5).trials in (0, 5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--theorem", "range"], "theorem: 'range' is unknown; did you mean"),
        (["--trials", "0"], "trials: 0 is not a whole number from 1 on"),
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


@pytest.mark.parametrize("text", ["1 / 0", "import nothing_of_this_name", "def f(:", "raise SystemExit(3)"])
def test_a_broken_file_is_one_line(tmp_path, text):
    (tmp_path / "broken.py").write_text(text)
    result = run("verify", f"{tmp_path / 'broken.py'}::f")
    assert result.exit_code == 2 and "broken.py fails to run" in result.stderr and result.stderr.count("\n") == 1


def test_a_file_may_import_from_its_own_folder(tmp_path):
    (tmp_path / "helper_of_conjectures.py").write_text("WORD = True")
    (tmp_path / "mine.py").write_text("from helper_of_conjectures import WORD\ndef f(sources): return WORD")
    assert load_conjecture(f"{tmp_path / 'mine.py'}::f")(Problem(SQUARE).sources) is True


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("words", "words: returned str 'yes'; return True (modular), False (mixed) or None"),
        ("table", "table: returned ndarray array([ True, False]); return True"),
        ("raises", "raises: raised AttributeError: 'Sources' object has no attribute 'nothing' (line"),
        ("leaves", "leaves: raised SystemExit: 4"),
        ("fickle", "fickle: answers differently on the same sources"),
        ("silent", "silent: nothing was tried; the hypothesis holds for none of"),
        ("verdict", "verdict: its prediction returned bool True; return a Prediction"),
        ("truthy", "truthy: its hypothesis returned int 1; return True or False"),
    ],
)
@pytest.mark.usefixtures("plain_draws")
def test_answers_that_cannot_be_used_are_one_line(conjectures, tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    result = run("verify", f"{conjectures}::{name}", "--trials", 2, "--report", "page.html")
    assert result.exit_code == 2 and said in result.stderr and result.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.csv"))


@pytest.mark.thorough
@pytest.mark.usefixtures("plain_draws")
def test_a_theorem_about_mixings_is_refuted_and_its_mixing_saved(conjectures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("verify", f"{conjectures}::mixing")
    assert result.exit_code == 1 and "seen through the mixing" in result.stdout
    command = shlex.split(re.search(r"Saved: modularity (.*)", result.stdout).group(1))
    # Its name, "a/b <c>", is no file name.
    assert "--mixing" in command and (tmp_path / "a_b_c.csv").exists() and (tmp_path / "a_b_c_mixing.csv").exists()
    assert json.loads(run(*command, "--json").stdout)["modular"] is False


def test_outputs_that_cannot_be_written_are_refused_before_the_work(conjectures, tmp_path):
    (tmp_path / "case.csv").mkdir()
    for option, path in (("--save", "case.csv"), ("--save", "none/case.csv"), ("--report", "none/page.html")):
        result = run("verify", f"{conjectures}::uncorrelated", option, tmp_path / path)
        assert result.exit_code == 2 and result.stdout == "" and result.stderr.count("\n") == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["case.csv", "conjectures.py"]


@pytest.mark.thorough
def test_nothing_is_left_behind(conjectures, tmp_path):
    # In a process of its own: hypothesis keeps its folder below the one it was started in.
    words = [
        sys.executable,
        "-c",
        "from solver.commands.cli import main; main()",
        "verify",
        f"{conjectures}::boxes",
        "--trials",
        "3",
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["conjectures.py"]


# ---- shrinking ----------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_shrinking_leaves_what_is_needed():
    grid = np.array([[x, y, 7.0] for x in range(4) for y in range(4)], dtype=float)
    grid[:, 2] = np.arange(16) % 3
    start = Problem(grid / 3 + 0.125, probabilities=np.arange(1, 17), encoder_cost=37.3)
    assert shrink(start, lambda problem: None) is None
    small, found = shrink(start, lambda problem: "yes")
    assert found == "yes" and small.dimension == 2 and small.sources.count == 3
    assert small.sources.probabilities is None and small.encoder_cost == 1
    assert set(small.sources.points.ravel()) <= {0.0, 1.0}
    mixed, _ = shrink(start, lambda problem: None if modularity(problem.sources).modular else True)
    assert modularity(mixed.sources).modular is False and mixed.sources.count <= 4


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ({"bias_cost": 2.0}, ["--bias-cost"]),
        ({"mixing": [[1, 1], [0, 1]], "probabilities": [1, 2, 3, 4]}, ["--probabilities", "--mixing"]),
        ({"readout": Exact([[1, 0]])}, ["--targets"]),
        ({"readout": Soft(20.0)}, ["--error-cost"]),
        ({"readout": Noisy(20.0, 0.1, [[1, 1]])}, ["--targets", "--error-cost", "--noise-variance"]),
        thorough({"activation": "free", "readout": Soft(5.0)}, ["--error-cost", "--activation"]),
        ({"activation": "rectified", "encoder_cost": 3.0}, ["--encoder-cost", "--activation"]),
    ],
)
def test_what_is_saved_is_the_problem(tmp_path, arguments, options):
    problem = Problem([[-1, -1], [-1, 1], [1, -1], [0.5, 1]], **arguments)
    written = save_problem(problem, tmp_path / "case.csv")
    assert [word for word in written if word.startswith("--")] == options
    solved = json.loads(run("solve", tmp_path / "case.csv", *written, "--json").stdout)
    assert solved["loss"] == pytest.approx(solve(problem).loss, rel=1e-9)


def test_what_no_table_holds_is_not_saved(tmp_path):
    with pytest.raises(InputError, match=r"save: .* has groups, transitions"):
        save_problem(Problem(SQUARE, groups={}, separate=True), tmp_path / "case.csv")
    assert not list(tmp_path.iterdir())


def test_numbers_are_shown_as_fractions():
    third = Problem([[0, 1 / 3], [0, 1], [1, 0.25]], probabilities=[1, 1, 4])
    listed = str(Report("f", counterexample=(third, judge(third, Prediction(modular=True)))))
    assert re.search(r"s1 +s2 +probability\n +0 +1/3 +1\n +0 +1 +1\n +1 +1/4 +4", listed)
