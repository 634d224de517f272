"""Recorded activity: units and baselines that mean nothing, and the costs that a code is best for."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from solver import Problem, audit, solve
from solver.auditing import findings, scale
from solver.auditing.scale import fit_costs
from solver.strategies import seeds
from tests.examples import share
from theory import InputError
from theory.readouts import Soft

CUT = np.array([(x, y) for x in range(-2, 3) for y in range(-2, 3) if x + y < 3]) / 2


@pytest.fixture(scope="module", autouse=True)
def _coarse():
    """Half as many costs, and no scores: a curve takes less long, and is none the worse for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "FIT", scale.FitTolerances(tried=7))
        patch.setattr(findings, "scores_at_hand", lambda *_: {})
        yield


@pytest.mark.thorough
@share(1 / 4)
@given(seeds, st.sampled_from([1e-6, 1.0, 1e5]))
def test_units_and_baselines_do_not_matter(seed, unit):
    random = np.random.default_rng(seed)
    activity = CUT @ random.standard_normal((4, 2)).T
    one = audit(Problem(CUT), activity, rescale=True)
    other = audit(Problem(CUT, decoder_cost=5), unit * (activity - random.uniform(-3, 3, 4)), rescale=True)
    assert other.excess == pytest.approx(one.excess, rel=1e-5, abs=1e-7)
    assert other.fit.encoder_cost == pytest.approx(one.fit.encoder_cost, rel=0.02)
    assert other.fit.scale * unit == pytest.approx(one.fit.scale * 5**0.25, rel=0.01)
    assert one.savings["bias"] <= 1e-9 * one.loss and one.savings["size"] <= 1e-9 * one.loss
    assert one.excess == pytest.approx(one.fit.excess.min(), rel=1e-6, abs=1e-9)
    assert (one.fit.own_units <= one.fit.excess + 1e-7).all() and (one.fit.own_units >= 0).all()


@pytest.mark.thorough
@share(1 / 4)
@given(seeds, st.floats(-1.5, 1.5).map(lambda power: 10**power))
@example(8464160, 1.0)  # one of the points fills the corner, and the code is modular
def test_the_price_that_a_code_is_best_for_is_found(seed, cost):
    points = np.vstack([CUT, np.random.default_rng(seed).uniform(-1, 1, (5, 2))])
    problem = Problem(points, encoder_cost=cost, decoder_cost=0.3)
    answer = solve(problem)
    found = audit(problem.replaced(encoder_cost=1.0), 30 * answer.activity() + 4, rescale=True)
    assert found.excess < 1e-5
    # A modular code is the best at a whole range of costs, and then none of them can be told.
    assume(answer.price_of_modularity > 1e-4)
    assert found.fit.kind == "inside"
    assert found.fit.scale == pytest.approx(1 / 30, rel=0.02)
    # The activity as given is of the right size at the cost of the decoder that is told.
    assert found.fit.decoder_cost == pytest.approx(0.3 * 30**4, rel=0.1)
    right = problem.replaced(encoder_cost=found.fit.encoder_cost, decoder_cost=found.fit.decoder_cost)
    assert audit(right, 30 * answer.activity()).savings["size"] < 1e-6 * right.modular_loss
    excess = answer.problem.loss(answer.source_weights) / answer.lower_bound - 1
    assert excess < 1e-7 and found.fit.encoder_cost == pytest.approx(cost, rel=0.2)


def test_the_slope_of_the_curve_is_the_difference_of_the_shares():
    weights = np.random.default_rng(1).standard_normal((4, 2))
    fit = fit_costs(Problem(CUT), weights)
    log = np.log1p(fit.excess)
    slopes = np.diff(log) / np.diff(np.log(fit.encoder_costs))

    def tilt(cost):
        problem = Problem(CUT, encoder_cost=cost)
        best = solve(problem)
        code = weights * problem.readout.rescaling(weights.T @ weights, problem.neuron_cost(weights).sum())
        return cost * (code**2).sum() / problem.loss(code) - best.energies["encoder"] / best.loss

    tilts = np.array([tilt(cost) for cost in fit.encoder_costs])
    between = (slopes - np.minimum(tilts[1:], tilts[:-1]) > -2e-3) & (slopes - np.maximum(tilts[1:], tilts[:-1]) < 2e-3)
    assert between.mean() > 0.7 and np.abs(slopes).max() > 0.01


def test_where_the_price_does_not_matter_that_is_said():
    square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    found = audit(Problem(square), square, rescale=True)
    assert found.fit.kind == "any" and found.excess < 1e-9
    assert "Any cost of the encoder makes it as suboptimal" in repr(found)


@pytest.mark.thorough
def test_a_best_price_at_an_end_is_said(tmp_path):
    lowest = audit(Problem(CUT), solve(Problem(CUT, encoder_cost=0)).activity(), rescale=True)
    assert lowest.fit.kind == "lowest"
    assert lowest.sentences()[0].startswith("No cost of the encoder fits best: the lower it is, the better")
    weights = np.random.default_rng(0).standard_normal((3, 2))
    highest = audit(Problem(CUT), CUT @ weights.T, rescale=True)
    assert highest.fit.kind == "highest"
    assert highest.sentences()[0].startswith("No cost of the encoder fits best: the higher it is, the better")
    assert highest.fit.encoder_cost == highest.fit.encoder_costs[-1]
    highest.plot(tmp_path / "fit.png")
    assert (tmp_path / "fit.png").stat().st_size > 5_000
    assert highest.to_dict()["fit"]["encoder_costs"] == highest.fit.encoder_costs.tolist()


def test_a_price_that_is_given_is_kept(tmp_path):
    problem = Problem(CUT, encoder_cost=0.4)
    answer = solve(problem)
    recorded = 7 * answer.activity() - 3
    kept = audit(problem, recorded, rescale="unit")
    assert kept.fit.kind == "given" and kept.problem.encoder_cost == 0.4
    assert kept.excess < 1e-7 and kept.fit.scale == pytest.approx(1 / 7, rel=1e-6)
    other = audit(problem.replaced(encoder_cost=4.0), recorded, rescale="unit")
    weights = other.fit.scale * 7 * answer.source_weights
    assert other.excess == pytest.approx(other.problem.loss(weights) / solve(other.problem).loss - 1, rel=1e-6)
    assert other.excess > 1e-4 and "The cost is kept: encoder cost 4 to an activity cost of 1." in repr(other)
    kept.plot(tmp_path / "kept.png")
    with pytest.raises(InputError, match="rescale: 'price' is unknown"):
        audit(problem, recorded, rescale="price")


def test_errors_leave_no_price_to_fit():
    with pytest.raises(InputError, match="rescale: where errors have a cost"):
        audit(Problem(CUT, readout=Soft(50)), CUT, rescale=True)


@given(seeds, st.integers(2, 4), st.integers(1, 6), st.booleans())
def test_neurons_that_do_not_span_the_sources_are_refused(seed, dimension, count, twofold):
    """Whether they are too few, or many along too few directions; without a fit of costs likewise."""
    rng = np.random.default_rng(seed)
    sources = rng.uniform(-1, 1, (30, dimension))
    rank = rng.integers(1, dimension)
    weights = rng.standard_normal((max(count, rank) * (1 + twofold), rank)) @ rng.standard_normal((rank, dimension))
    activity = sources @ weights.T
    for rescale, said in ((True, "leave rescale out and give a readout"), (False, "error; give a readout")):
        with pytest.raises(InputError, match=f"spans {rank} direction.*{said}"):
            audit(Problem(sources), activity - activity.min(axis=0), rescale=rescale)


@pytest.mark.parametrize("name", ["recale", "method", "start"])
def test_what_an_audit_does_not_know_is_refused(name):
    square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    with pytest.raises(TypeError, match=name):
        audit(Problem(square), 1 + square, **{name: True})


def test_silent_neurons_are_told_in_one_sentence():
    square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    # Each of these is as good as any: where there are so many, some are left out.
    found = audit(Problem(square), np.linspace(0.1, 0.3, 60) * np.tile(1 + square, 30))
    told = [line for line in found.sentences() if "would best be silent" in line]
    silent = [found.neurons[number] for number in np.flatnonzero(found.strengths == 0)]
    assert len(silent) > 12 and (found.ratios > 0.999).all()
    assert told == [
        f"{len(silent)} of 60 neurons earn what they cost in a best code, but add nothing beside the other neurons of "
        "this one: they would best be silent."
    ]
    best = solve(Problem(CUT, encoder_cost=0.4)).activity()
    odd = np.column_stack([best, 1 + CUT @ [0.5, 0.4]])
    assert "Neuron 4 earns less than it costs, and would best be silent." in repr(audit(Problem(CUT), odd))
