"""Many problems at once give what `solve` gives for each, and certify themselves."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Answers, Problem, certify, solve, solve_many
from solver.batches import solve_many as door
from solver.batches.answers import METHOD
from solver.strategies import costs, near_boundary, problems, seeds
from tests.examples import share
from theory import Sources
from theory.errors import InputError
from theory.readouts import Exact, Noisy, Soft

SAME = 1e-10


def assert_same(answers, least=0):
    """Losses to ten digits, or as many as `solve` has, the verdict, and a certificate from the samples alone."""
    assert answers.at_once.sum() >= least
    for place, problem in enumerate(answers.problems):
        alone, answer = solve(problem), answers[place]
        same = SAME + alone.gap
        assert answer.status == alone.status == "optimal", answer.message
        assert answers.loss[place] == pytest.approx(alone.loss, rel=same)
        assert answer.loss == pytest.approx(alone.loss, rel=same)
        assert answers.price_of_modularity[place] == pytest.approx(alone.price_of_modularity, abs=4 * same)
        assert answers.lower_bound[place] <= answers.loss[place]
        assert answers.gap[place] <= SAME or not answers.at_once[place]
        # Next to the boundary a neuron of no weight to speak of may read another source, or not.
        assert answers.modular[place] == alone.modular or alone.price_of_modularity < 1e-6
        proof = certify(problem, answer)
        assert proof.feasible
        assert proof.gap < 1e-8
        assert proof.loss == pytest.approx(answer.loss, rel=1e-9)
        if alone.ambiguity().unique is not None:  # which of several codes is given is decided
            require_same_code(problem, answer, alone)


def require_same_code(problem, one, other):
    """Every neuron that costs something is one of the other code, in units in which the sources cost the same.

    Or its mirror image: of two that cost the same to nine digits either may be cheaper by rounding.
    """
    for code, rest in ((one, other), (other, one)):
        some, all_of_them = (each.source_weights / problem.modular.unit_weights for each in (code, rest))
        largest = np.abs(all_of_them).max(initial=0.0)
        for weights, cost in zip(some, code.neuron_costs, strict=True):
            nearest = min(np.abs(all_of_them + side * weights).max(axis=1).min(initial=np.inf) for side in (-1, 1))
            assert nearest <= 1e-4 * largest or cost <= 1e-6 * code.neuron_costs.sum()


@st.composite
def ugly(draw, dimension=2):
    """A problem like measurements: any kind of points, sizes, needles, samples that occur never."""
    problem = draw(problems(dimension))
    rng = np.random.default_rng(draw(seeds))
    points = problem.sources.points
    if draw(st.booleans()):
        turned = np.eye(dimension)
        turned[0, 1], turned[-1, -1] = 1.0, 10.0 ** draw(st.integers(-5, 0))
        points = points @ turned
    points = points * 10.0 ** np.array([draw(st.integers(-6, 6)) for _ in range(dimension)])
    arguments = {"encoder_cost": problem.encoder_cost, "decoder_cost": problem.decoder_cost}
    if draw(st.booleans()):
        points = points + rng.normal(size=points.shape) * points.std(axis=0) * draw(st.sampled_from([1e-9, 1e-3, 1.0]))
    return Problem(points.tolist(), **arguments)


@given(st.lists(ugly(), min_size=1, max_size=2))
@share(1 / 2)
def test_problems_like_measurements(several):
    assert_same(solve_many(several))


@given(st.lists(ugly(3), min_size=1, max_size=2))
@share(1 / 2)
def test_problems_of_three_sources_like_measurements(several):
    assert_same(solve_many(several))


@given(st.lists(problems(2, of=near_boundary, mixed=False), min_size=1, max_size=2))
@share(1 / 4)
def test_next_to_the_boundary(several):
    assert_same(solve_many(several))


@st.composite
def priced(draw):
    """A problem of two sources with a readout and prices of any kind."""
    problem = draw(problems(2))
    targets = np.random.default_rng(draw(seeds)).normal(size=(3, 2))
    error = 10 * draw(costs)
    readouts = [Soft(error), Soft(error, targets), Noisy(error, 0.1), Exact(targets)]
    prices = {"activity_cost": draw(costs), "bias_cost": draw(costs)} if draw(st.booleans()) else {}
    return problem.replaced(readout=readouts[draw(st.integers(0, 3))], **prices)


@given(priced())
def test_every_readout_and_price(problem):
    assert_same(solve_many([problem]))


@pytest.mark.thorough
@given(st.lists(ugly(), min_size=10, max_size=15))
@share(1 / 4)
def test_many_problems_like_measurements(several):
    assert_same(solve_many(several))


def clouds(count, samples=30):
    return [Problem(cloud) for cloud in np.random.default_rng(3).normal(size=(count, samples, 2))]


@pytest.mark.thorough
@pytest.mark.further
def test_all_of_them_at_once():
    answers = solve_many(clouds(300))
    # Of one cloud the mean is so far from one sample that a continuum of neurons touches.
    several = [place for place in range(300) if answers[place].ambiguity().unique is False]
    assert np.flatnonzero(~answers.at_once).tolist() == several and len(several) == 1
    assert answers.gap.max() < 1e-10
    assert not answers.modular.any()
    assert (answers.price_of_modularity > 0).all()
    assert answers[0].method == METHOD


def test_where_several_codes_are_optimal_it_is_the_one_of_solve():
    octagon = np.array([[np.cos(turn), np.sin(turn)] for turn in np.pi / 4 * np.arange(8)])
    tilted = octagon @ np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    # A continuum of neurons touches.
    cut = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 0.2]])
    answers = solve_many([Problem(tilted, readout=Soft(5.0)), Problem(cut)])
    assert not answers.at_once.any()
    assert_same(answers)


def test_what_does_not_fit_is_solved_by_itself():
    rng = np.random.default_rng(0)
    plane, space = rng.normal(size=(20, 2)), rng.normal(size=(12, 4))
    turning = [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    several = [
        Problem(space),
        Problem(plane, groups={"first": [0]}),
        Problem(turning, transitions=[[0, -1], [1, 0]]),
        Problem(plane, readout=Exact([[1.0, 0.5]])),
        Problem(plane[:3], activation="rectified", readout=Soft(0.1)),
        Problem(plane),
    ]
    answers = solve_many(several)
    assert answers.at_once.tolist() == [False] * 5 + [True]
    for problem, answer, loss in zip(several, answers, answers.loss, strict=True):
        assert answer.loss == pytest.approx(loss, rel=1e-14)
        assert loss == pytest.approx(solve(problem).loss, rel=1e-8)
    assert answers[1].separate is not None


def test_what_is_not_proven_is_solved_by_itself(monkeypatch):
    monkeypatch.setattr(door, "MANY", door.ManyTolerances(gap=-1.0))
    answers = solve_many(clouds(3))
    assert not answers.at_once.any()
    assert_same(answers)


def test_moments_many_samples_and_axes_without_names():
    uniform = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 0.9]])
    rows = np.random.default_rng(2).normal(size=(5_000, 2))
    data = Problem.from_data(np.random.default_rng(4).normal(size=(40, 5)), dimension=2)
    answers = solve_many([Problem(uniform), Problem(rows), data])
    assert answers.at_once.all()
    assert np.isnan(answers.modular_loss[2])
    assert answers[2].modular is None
    assert_same(solve_many([Problem(uniform), Problem(rows)]), least=2)


def test_the_numbers_are_those_of_the_answers():
    answers = solve_many([*clouds(5), Problem([[0, 0], [0, 1], [1, 0], [1, 1]])])
    assert isinstance(answers, Answers)
    assert len(answers) == len(list(answers)) == 6
    for place in range(len(answers)):
        answer = answers[place]
        assert answers[place] is answer
        for name in ("loss", "lower_bound", "modular_loss", "price_of_modularity"):
            assert getattr(answers, name)[place] == pytest.approx(getattr(answer, name), rel=1e-12, abs=1e-12)
        assert answers.modular[place] == answer.modular
        assert answers.neurons[place] == len(answer)
        assert answers.coded[place] == tuple(sorted(set(answer.coded_sources())))
    assert answers[-1].method == "modular"
    assert [one.loss for one in answers[1:3]] == [answers[1].loss, answers[2].loss]
    with pytest.raises(IndexError):
        answers[6]
    with pytest.raises(AttributeError, match="solve_many"):
        answers.loss = None
    assert not answers.loss.flags.writeable


def test_answers_that_were_pickled_are_written_out():
    answers = pickle.loads(pickle.dumps(solve_many(clouds(2))))
    assert answers[1].loss == pytest.approx(answers.loss[1], rel=1e-12)


def test_a_small_tolerance_is_kept():
    answers = solve_many(clouds(4), tolerance=1e-12)
    assert answers.gap.max() <= 1e-12
    assert answers[0].tolerance == 1e-12


def test_arguments_that_cannot_be_used():
    with pytest.raises(InputError, match="entry 1 is a list"):
        solve_many([Problem([[0], [1]]), [[0, 1]]])
    with pytest.raises(InputError, match="problems: there are none"):
        solve_many([])
    with pytest.raises(InputError, match="tolerance"):
        solve_many(clouds(1), tolerance=0.0)
    with pytest.raises(InputError, match="time_limit"):
        solve_many(clouds(1), time_limit=-1.0)
