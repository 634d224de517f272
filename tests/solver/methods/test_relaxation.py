"""Lower bounds for any number of sources: as good as exact ones for few, proven for many, and honest when cut short."""

from dataclasses import replace
from itertools import islice, pairwise, product
from types import SimpleNamespace

import clarabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import hadamard

from solver import Problem, Sources, certify, conic_solvers, solve
from solver.files import CHECKSUMS, checksums
from solver.methods import relaxation
from solver.relaxations import branch_and_bound as cells
from solver.relaxations.barrier import Relaxed
from solver.representation import Representation
from solver.solving import plan
from solver.strategies import problems
from tests.examples import share
from theory.errors import InputError

CLOUD = Problem(np.random.default_rng(1).standard_normal((14, 3)))
FLAT = Problem(np.random.default_rng(1).standard_normal((9, 2)))
TABLE = hadamard(32)[:, 1:21]
ANTIPODAL = Problem(np.vstack([TABLE, -TABLE]))
LARGE = Problem(np.random.default_rng(0).standard_normal((40, 8)))


def relaxed(problem, **options):
    return solve(problem, method="relaxation", rng=0, **options)


def cloud(dimension, seed):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((3 * dimension + 5, dimension))
    if seed % 2:
        return Problem(points)
    return Problem(points, mixing=rng.standard_normal((dimension + 1, dimension)), encoder_cost=0.2, decoder_cost=3)


# ---- as good as exact bounds --------------------------------------------------------------------------------------


SOME = [(1, 0), (2, 0), (2, 1), (3, 0)]
REST = [pytest.param(*pair, marks=pytest.mark.slow) for pair in product([1, 2, 3, 4], [0, 1, 2]) if pair not in SOME]


@pytest.mark.thorough
@pytest.mark.parametrize(("dimension", "seed"), [*SOME, *REST])
def test_optimal_for_few_sources(dimension, seed):
    problem = cloud(dimension, seed)
    answer, exact = relaxed(problem), solve(problem, method="columns")
    assert answer.status == "optimal" and answer.gap <= 1e-8, answer.message
    assert answer.loss == pytest.approx(exact.loss, rel=2e-8)
    assert answer.lower_bound <= exact.loss * (1 + 1e-12) and exact.lower_bound <= answer.loss * (1 + 1e-12)


def without_faces(monkeypatch, problem):
    """A copy of the problem, to be proven by covers alone, where the certificate would use the faces of the hull."""
    monkeypatch.setattr(Sources, "faces_if_few", None)
    costs = {"encoder_cost": problem.encoder_cost, "decoder_cost": problem.decoder_cost}
    given = problem.sources
    sources = given.points if given.from_samples else Sources.from_moments(given.covariance, given.points, given.mean)
    return Problem(sources, mixing=problem.mixing, **costs)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("dimension", "seed"),
    [(2, 0), (2, 1), (3, 0), *(pytest.param(*rest, marks=pytest.mark.slow) for rest in ((3, 1), (4, 0), (4, 1)))],
)
def test_the_proof_stands_without_the_faces_of_the_hull(monkeypatch, dimension, seed):
    problem = cloud(dimension, seed)
    exact = solve(problem, method="columns")
    problem = without_faces(monkeypatch, problem)
    answer = relaxed(problem)
    assert answer.status == "optimal", answer.message
    assert answer.loss == pytest.approx(exact.loss, rel=2e-8)
    assert answer.lower_bound <= exact.loss * (1 + 1e-12)
    if not answer.modular:
        assert answer.message.endswith(f"{len(answer.cover):,} cells")
    certificate = certify(problem, answer)
    assert certificate.gap == pytest.approx(answer.gap, abs=1e-12)
    # It rests on the cover, not on anything seen without.
    assert certify(problem, replace(answer, cover=None)).gap > 1e-3


def test_boxes_of_many_sources_are_proven_modular_at_once():
    for dimension in (6, 8):
        rng = np.random.default_rng(dimension)
        corners = np.array(list(product([0.0, 1.0], repeat=dimension)))
        sides = rng.uniform(0.5, 2, size=dimension)
        answer = relaxed(Problem(corners * sides, probabilities=rng.uniform(0.1, 1, size=len(corners))))
        assert answer.status == "optimal" and answer.modular and answer.iterations == 1


def test_twenty_sources_with_opposite_samples_are_proven_modular():
    answer = relaxed(ANTIPODAL)
    assert answer.status == "optimal" and answer.modular and answer.gap <= 1e-8
    assert len(answer.cover) == 1
    certificate = certify(ANTIPODAL, answer)
    assert certificate.gap <= 1e-8 and not certificate.exact
    assert certify(ANTIPODAL, replace(answer, cover=None)).gap > 0.01


def test_sources_known_by_their_moments():
    corners = np.array(list(product([-1.0, 1.0], repeat=6)))
    assert relaxed(Problem(Sources.from_moments(np.eye(6) / 3, corners))).status == "optimal"


@pytest.mark.slow
def test_five_sources_are_solved_to_the_end(monkeypatch):
    problem = Problem(np.random.default_rng(0).standard_normal((30, 5)))
    exact = solve(problem)
    problem = without_faces(monkeypatch, problem)
    answer = relaxed(problem)
    assert answer.status == "optimal" and answer.loss == pytest.approx(exact.loss, rel=1e-8)


@pytest.mark.thorough
def test_a_code_that_the_ascents_missed_is_found_in_the_cells(monkeypatch):
    problem = Problem(np.random.default_rng(5).standard_normal((16, 3)))
    exact = solve(problem)
    problem = without_faces(monkeypatch, problem)
    monkeypatch.setattr(relaxation.ascents, "steps", lambda problem, **given: iter(()))
    answer = relaxed(problem)
    assert not answer.modular and answer.status == "optimal"
    assert answer.loss == pytest.approx(exact.loss, rel=1e-8)


@pytest.mark.thorough
def test_it_ends_where_it_was_asked_to(monkeypatch):
    problem, seen = without_faces(monkeypatch, Problem(np.random.default_rng(0).standard_normal((16, 3)))), []
    answer = relaxed(problem, tolerance=1e-3, callback=lambda progress: seen.append(progress.gap))
    assert answer.status == "optimal" and 1e-8 < answer.gap <= 1e-3
    # Not before the last step, and not long after.
    assert len(seen) > 2 and all(gap > 1e-3 for gap in seen[:-1])


@pytest.mark.slow
def test_it_ends_where_it_was_asked_to_in_many_sources():
    seen = []
    problem = Problem(np.random.default_rng(0).standard_normal((60, 8)))
    answer = relaxed(problem, tolerance=0.08, callback=lambda progress: seen.append(progress.gap))
    assert answer.status == "optimal" and answer.gap <= 0.08
    assert all(gap > 0.08 for gap in seen[:-1])


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_answer():
    one, two = (relaxed(LARGE, max_iterations=5) for _ in range(2))
    assert one.lower_bound == two.lower_bound and np.array_equal(one.source_weights, two.source_weights)


# ---- saved proofs -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bounded():
    """An answer whose bound rests on some dozens of cells, and the optimal loss."""
    problem = Problem(np.random.default_rng(2).standard_normal((12, 3)))
    exact = solve(problem).loss
    with pytest.MonkeyPatch.context() as patch:
        answer = relaxed(without_faces(patch, problem))
    assert answer.cover is not None and len(answer.cover) > 5
    return answer, exact


@pytest.mark.thorough
def test_a_proof_that_was_saved_is_still_one(monkeypatch, bounded, tmp_path):
    answer, _ = bounded
    monkeypatch.setattr(Sources, "faces_if_few", None)
    answer.save(tmp_path / "answer.npz")
    again = Representation.load(tmp_path / "answer.npz")
    arrays = dict(vars(answer.cover))
    assert arrays.pop("parts") == again.cover.parts == ()
    for name, value in arrays.items():
        np.testing.assert_array_equal(getattr(again.cover, name), value)
        assert value is None or getattr(again.cover, name).dtype == value.dtype
    assert certify(again.problem, again).gap == pytest.approx(certify(answer.problem, answer).gap, abs=1e-14)
    assert certify(answer.problem, again).gap == pytest.approx(answer.gap, abs=1e-12)
    # An answer without a proof of its own has none when loaded.
    replace(answer, cover=None).save(tmp_path / "without.npz")
    assert Representation.load(tmp_path / "without.npz").cover is None


def edited(path, **changes):
    with np.load(path) as file:
        content = dict(file)
    for name, change in changes.items():
        content[name] = change(content[name])
    # By someone who also knows of the checksums: what is claimed must be proven all the same.
    del content[CHECKSUMS]
    np.savez(path, **content, **{CHECKSUMS: checksums(content)})
    return Representation.load(path)


BOASTS = {
    "weights": {"cover_weight": lambda weight: 3 * weight},
    "weights lost": {"cover_weight": lambda weight: 0 * weight},
    "multiplier": {"multiplier": lambda matrix: 4 * matrix},
    "another multiplier": {"multiplier": lambda matrix: matrix + np.eye(3) * np.trace(matrix)},
    "cells": {"cover_cell": lambda cell: cell[::-1]},
    "functionals": {"cover_functionals": lambda rows: 10 * rows[::-1]},
    "samples": {"cover_first": lambda first: np.minimum(first[::-1], 3)},
}


@pytest.mark.parametrize("boast", BOASTS)
def test_a_proof_that_was_edited_claims_no_more_than_is_true(monkeypatch, bounded, tmp_path, boast):
    answer, exact = bounded
    monkeypatch.setattr(Sources, "faces_if_few", None)
    answer.save(tmp_path / "answer.npz")
    found = certify(answer.problem, edited(tmp_path / "answer.npz", **BOASTS[boast]))
    assert 0 < found.lower_bound <= exact * (1 + 1e-12)
    assert found.loss == pytest.approx(answer.loss, rel=1e-12)


def test_numbers_that_were_edited_are_not_even_read(bounded, tmp_path):
    bounded[0].save(tmp_path / "answer.npz")
    boast = {"lower_bound": lambda _: 1e9, "gap": lambda _: 0.0, "loss": lambda _: 1e9}
    with pytest.raises(InputError, match="loss: damaged or altered"):
        edited(tmp_path / "answer.npz", **boast)


FORGERIES = {
    "cover_weight": lambda weight: -weight,
    "cover_cell": lambda cell: cell + 1,
    "cover_functionals": lambda rows: rows[:, :-1],
    "cover_second": lambda second: second + 10**6,
    "cover_first": lambda first: first - 5,
}


@pytest.mark.parametrize("forged", FORGERIES)
def test_a_proof_that_is_none_is_refused(monkeypatch, bounded, tmp_path, forged):
    answer, _ = bounded
    monkeypatch.setattr(Sources, "faces_if_few", None)
    answer.save(tmp_path / "answer.npz")
    with pytest.raises(InputError, match=r"cover: (a product|its arrays)"):
        certify(answer.problem, edited(tmp_path / "answer.npz", **{forged: FORGERIES[forged]}))


def test_a_file_with_half_a_proof(bounded, tmp_path):
    bounded[0].save(tmp_path / "answer.npz")
    with np.load(tmp_path / "answer.npz") as file:
        content = {name: file[name] for name in file.files if name != "cover_weight"}
    np.savez(tmp_path / "answer.npz", **content)
    with pytest.raises(InputError, match="cover_weight: missing"):
        Representation.load(tmp_path / "answer.npz")


# ---- conic solvers ------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_another_solver():
    answer = relaxed(CLOUD, solver="scs", max_iterations=2)
    other = relaxed(CLOUD, max_iterations=2)
    # Two steps at most: the lifted relaxation's is the second or, as here, the first.
    assert answer.lower_bound > 0 and "failed" not in answer.message
    assert answer.lower_bound == pytest.approx(other.lower_bound, rel=1e-4)
    assert relaxed(lattice_without_a_corner(), solver="SCS").status == "optimal"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "Fantasia"}, "solver: 'Fantasia' is not installed or unknown to cvxpy; choose one of CLARABEL"),
        ({"solver": 3}, "solver: 3 is not a name"),
        ({"solver": "SCIPY"}, "solver: 'SCIPY' has no semidefinite cones"),
        ({"neurons": 3}, "neurons: method 'relaxation' uses as many as help"),
    ],
)
def test_arguments_that_cannot_be_used(options, message):
    with pytest.raises(InputError) as error:
        relaxed(CLOUD, **options)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.thorough
def test_a_solver_that_fails_is_named_and_the_rest_goes_on(monkeypatch):
    exact = solve(FLAT).loss
    problem = without_faces(monkeypatch, FLAT)
    monkeypatch.setattr(conic_solvers, "_settings", lambda solver, tolerance: {"max_iters": "three"})
    early = relaxed(problem, solver="SCS", max_iterations=1)
    assert early.status != "optimal"
    assert "conic solver SCS failed: " in early.message and "\n" not in early.message
    # The cells do not need it: what is proven without it is proven.
    answer = relaxed(problem, solver="SCS")
    assert answer.status == "optimal" and answer.loss == pytest.approx(exact, rel=1e-8)
    assert "failed" not in answer.message


def broken(*given):
    raise RuntimeError("panic\nat line 3")


def empty(*given):
    size = given[1].shape[0]
    return SimpleNamespace(solve=lambda: SimpleNamespace(x=np.zeros(size), z=np.zeros(len(given[3]))))


def useless(triangle, worth, products, *given):
    free = np.zeros(len(products))
    return Relaxed(np.eye(len(worth)) / len(worth), free, free > 0, float(np.linalg.eigvalsh(worth)[-1]))


@pytest.mark.thorough
@pytest.mark.parametrize("failure", [broken, empty])
def test_where_every_program_fails_the_answer_is_valid_all_the_same(monkeypatch, failure):
    exact = solve(CLOUD).loss
    problem = without_faces(monkeypatch, CLOUD)
    monkeypatch.setattr(clarabel, "DefaultSolver", failure)
    monkeypatch.setattr(cells, "most_valuable", useless)
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, cells_of_few=30))
    answer = relaxed(problem)
    assert answer.status == "bounded" and "conic solver CLARABEL failed: " in answer.message
    assert "\n" not in answer.message
    assert 0 < answer.lower_bound <= exact * (1 + 1e-12) <= answer.loss * (1 + 1e-8)
    certificate = certify(problem, answer)
    assert certificate.feasible and certificate.gap == pytest.approx(answer.gap, abs=1e-12)


# ---- cut short ----------------------------------------------------------------------------------------------------


def assert_valid(answer):
    certificate = certify(answer.problem, answer)
    assert certificate.feasible and 0 < certificate.lower_bound <= certificate.loss
    assert certificate.gap == pytest.approx(answer.gap, abs=1e-9)


@pytest.mark.thorough
def test_many_generic_sources_are_bounded_within_seconds():
    answer = relaxed(LARGE, callback=lambda progress: progress.gap < 0.2)
    assert answer.status == "interrupted" and 1e-8 < answer.gap < 0.2
    assert "stopped by the callback" in answer.message
    assert_valid(answer)


@pytest.fixture
def hurried(monkeypatch):
    """Few ascents before the cells."""
    steps = relaxation.ascents.steps
    monkeypatch.setattr(relaxation.ascents, "steps", lambda *given, **named: islice(steps(*given, **named), 4))


@pytest.mark.thorough
def test_bounds_rise_and_losses_fall(hurried):
    seen = []
    answer = relaxed(LARGE, callback=lambda progress: seen.append(progress) or len(seen) == 12)
    gaps = [(progress.loss, progress.lower_bound) for progress in seen]
    assert len(gaps) == 12
    assert all(later[0] <= earlier[0] * (1 + 1e-9) for earlier, later in pairwise(gaps))
    assert all(later[1] >= earlier[1] * (1 - 1e-9) for earlier, later in pairwise(gaps))
    assert answer.gap < 0.2
    assert_valid(answer)


def test_a_time_limit():
    answer = relaxed(LARGE, time_limit=0.2)
    assert answer.status == "interrupted" and "stopped at the time limit of 0.2 s" in answer.message
    assert_valid(answer)


@pytest.mark.thorough
@pytest.mark.parametrize("share", [1 / 2, 2 / 3])  # of 18 cells, six of which are there before any is cut
def test_no_more_cells_than_allowed(monkeypatch, bounded, share):
    most = int(share * len(bounded[0].cover))
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, cells_of_few=most))
    answer = relaxed(without_faces(monkeypatch, bounded[0].problem))
    assert answer.status == "bounded" and answer.gap > 1e-8
    assert answer.message.endswith(f"; bounded on {most} cells")
    assert_valid(answer)


@given(problems(st.integers(1, 3)))
@share(1 / 4)
def test_every_step_is_valid(problem):
    # The method's own claims, before the certificate looks at them.
    exact = solve(problem)
    for step in islice(relaxation.steps(problem, tolerance=1e-8, rng=np.random.default_rng(0)), 8):
        assert step.lower_bound <= exact.loss * (1 + 1e-9)
        assert step.loss >= exact.lower_bound * (1 - 1e-9)
        assert step.loss == pytest.approx(problem.loss(step.weights), rel=1e-9)


# ---- data that once ended the search too soon -----------------------------------------------------------------------


def lattice_without_a_corner():
    cut = {(2, 2), (2, 1), (1, 2)}
    return Problem([[i, j] for i in range(-2, 3) for j in range(-2, 3) if (i, j) not in cut])


def dear_biases(dimension):
    """The energy is next to nothing beside the cost of biases: products are tiny where the ratio is not."""
    points = np.random.default_rng(0).standard_normal((4 * dimension, dimension))
    return Problem(Sources.from_moments(np.eye(dimension) * 1e-6, points - points.mean(axis=0)), encoder_cost=1e-4)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "problem", [lattice_without_a_corner(), dear_biases(2), pytest.param(dear_biases(3), marks=pytest.mark.slow)]
)
def test_the_search_goes_on(monkeypatch, problem):
    exact = solve(problem)
    answer = relaxed(without_faces(monkeypatch, problem))
    assert answer.gap <= 1e-6 and answer.loss == pytest.approx(exact.loss, rel=1e-6)
    assert_valid(answer)
