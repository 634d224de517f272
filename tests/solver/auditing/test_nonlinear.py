"""Audits of rectified and free neurons: by hand, by law, and what is refused."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, audit, certify, solve
from solver.auditing.hinge import rectified_part
from solver.commands.cli import main
from solver.strategies import seeds
from tests.examples import share, thorough
from theory import InputError
from theory.neurons.sample_readout import SampleReadout
from theory.readouts import Noisy, Soft

CUT = np.array([(x, y) for x in range(-1, 2) for y in range(-1, 2) if x + y < 2]) / (2 / 3) ** 0.5
READOUTS = [Soft(100.0), Soft(0.5), Noisy(30.0, 0.1)]


def network(random, *, dimension, neurons):
    """Points, weights and biases: some neurons silent on most samples, some on none, one a copy of another."""
    points = random.uniform(-1, 1, (int(random.integers(8, 20)), dimension)) * 10 ** random.uniform(-1, 1, dimension)
    weights = random.standard_normal((neurons, dimension)) / points.std(axis=0)
    weights[-1] = weights[0]
    return points, weights, random.uniform(-1.5, 3, neurons)


def test_neurons_that_are_silent_are_not_said_to_become_so():
    problem = Problem([[-1], [1]], activation="free", readout=Soft(1e6))
    said = " ".join(audit(problem, [[2, 0, 0], [0, 2, 0]]).sentences())
    assert "Of 3 neurons 1 is silent." in said and "would be silent" not in said
    both = " ".join(audit(problem, [[2, 0, 0, 0.1], [0, 2, 0, 0.1]]).sentences())
    assert "Of 4 neurons 1 is silent. In their best strengths 1 of the 3 others would be silent too." in both


def test_two_free_neurons_by_hand():
    # Sources -1, 1: one neuron on either sample. Twice as loud as unit activity: 2 * 4 / 2 = 4, decoders of 1/2 each.
    problem = Problem([[-1], [1]], activation="free", readout=Soft(1e6))
    found = audit(problem, [[2, 0], [0, 2]])
    assert found.loss == pytest.approx(4 + 0.5, abs=1e-5)
    # At the best size activity and decoder cost as much: 2 sqrt(4 * 0.5).
    assert found.savings["size"] == pytest.approx(4.5 - 2 * 2**0.5, abs=1e-5)
    assert found.savings["encoder"] + found.savings["decoder"] < 1e-12 and found.unexplained == 0
    # One neuron's activity is the other's but for a sign and a constant: only both energies together are determined.
    assert (found.strengths**2).sum() == pytest.approx(2 * 0.125**0.5, rel=1e-4)  # 4 x^2 = 0.5 / x^2


@share(1 / 6)
@given(seed=seeds, kind=st.sampled_from(["rectified", "free"]), readout=st.sampled_from(READOUTS))
def test_what_is_saved_adds_up_and_nothing_earns_more_than_it_costs(seed, kind, readout):
    random = np.random.default_rng(seed)
    points, weights, bias = network(random, dimension=int(random.integers(1, 3)), neurons=4)
    problem = Problem(points, activation=kind, readout=readout)
    activity = np.maximum(points @ weights.T + bias, 0)
    if not activity.std(axis=0).any():
        return
    found = audit(problem, activity)
    spare = found.loss - found.lower_bound
    assert found.unexplained < 1e-12 and spare >= -1e-9 * found.loss
    assert sum(found.savings.values()) == pytest.approx(spare, abs=1e-8 * found.loss)
    earning = found.ratios[~np.isnan(found.ratios)]
    assert (earning <= 1 + 1e-9).all() and found.wasted.sum() <= spare + 1e-8 * found.loss
    checked = certify(problem, found.code)
    assert checked.feasible and checked.loss == pytest.approx(found.loss, rel=1e-12)
    # By hand: the loss of the neurons in their best strengths is what the savings before "neurons" leave.
    left = found.loss - sum(saved for name, saved in found.savings.items() if name != "neurons")
    strong = found.strengths[found.strengths > 0] * found.code.sample_activity[:, found.strengths > 0]
    costs = (found.code.neuron_costs * found.strengths**2).sum()
    assert costs + problem.sample_readout.value(strong) == pytest.approx(left, rel=1e-7)
    # No strengths nearby are better.
    for _ in range(5):
        other = found.strengths * random.uniform(0.9, 1.1, len(found.strengths))
        tried = problem.sample_readout.value(other * found.code.sample_activity)
        assert (found.code.neuron_costs * other**2).sum() + tried >= left * (1 - 1e-7)
    assert (found.missing_ratio <= 1 + 1e-6) or found.missing_saving > 0
    repr(found)


@pytest.mark.parametrize(
    ("kind", "readout"),
    [
        pytest.param("rectified", None, marks=pytest.mark.slow),  # ten seconds
        ("rectified", Soft(100.0)),
        thorough("free", Soft(100.0)),
    ],
)
def test_the_optimum_is_optimal(kind, readout):
    problem = Problem(CUT, activation=kind) if readout is None else Problem(CUT, activation=kind, readout=readout)
    best = solve(problem, rng=0)
    encoder = best.encoder if kind == "rectified" else None
    found = audit(problem, best.activity(), encoder=encoder, decoder=best.decoder, rng=0)
    # With an exact decoder the search may end with a gap.
    near = 1e-3 if readout is None else 1e-6
    assert found.excess < near
    np.testing.assert_allclose(found.ratios, 1, atol=near)
    assert all(saved < 1e-6 * found.loss for name, saved in found.savings.items() if name != "neurons")
    if readout is None:
        assert np.isnan(found.missing_ratio)
    else:
        assert found.missing_ratio < 1 + 1e-6 and "This code is optimal" in repr(found)


def test_neurons_that_tie_share_and_a_wasteful_encoder_and_decoder_are_named():
    mixing = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    problem = Problem(CUT, activation="rectified", readout=Soft(20.0), mixing=mixing)
    best = solve(problem)
    # A direction of the channels that no source takes, and a decoder twice as long.
    wasteful = best.encoder + 0.7 * np.array([1.0, 1.0, -1.0])
    found = audit(problem, best.activity(), encoder=wasteful, decoder=2 * best.decoder)
    assert found.savings["encoder"] == pytest.approx(len(best) * 3 * 0.7**2, rel=1e-6)
    assert found.encoder_error < 1e-9 and found.decoder_error > 0.5 and found.savings["decoder"] > 1
    assert found.savings["neurons"] < 1e-6 * found.loss


def test_fits_of_rectified_neurons_are_exact_where_they_can_be_and_the_cheapest():
    random = np.random.default_rng(1)
    points, weights, bias = network(random, dimension=3, neurons=6)
    problem = Problem(points, activation="rectified")
    activity = np.maximum(points @ weights.T + bias, 0)
    part = rectified_part(problem, activity)
    np.testing.assert_allclose(part.activity, activity, atol=1e-7 * activity.max())
    # Active on one sample of two: any weights fit that are no lower; the bias does it where weights are what costs.
    pair = Problem([[-1.0], [1.0]], activation="rectified")
    (slope,) = rectified_part(pair, np.array([[0.0], [3.0]])).weights[0]
    assert slope == pytest.approx(1.5, rel=1e-6)
    silent = rectified_part(pair, np.zeros((2, 1)))
    assert not silent.weights.any() and not silent.activity.any()


def test_what_is_no_rectified_function_is_not_audited():
    random = np.random.default_rng(0)
    problem = Problem(random.uniform(-1, 1, (14, 2)), activation="rectified", readout=Soft(10.0))
    points = problem.sources.points
    bent = np.column_stack([points[:, 0] ** 2 + 0.5 * points[:, 0] + 0.5, np.maximum(points[:, 1], 0)])
    found = audit(problem, bent)
    assert 0.05 < found.unexplained_shares[0] < 0.75 and found.unexplained_shares[1] < 1e-12
    assert "is no rectified function of the sources" in repr(found)
    with pytest.raises(InputError, match="the sources explain"):
        audit(problem, random.uniform(0, 1, (14, 2)))
    # Of free neurons all of it is.
    assert audit(problem.replaced(activation="free"), bent).unexplained == 0


@pytest.mark.thorough
def test_the_order_of_the_kinds_holds_for_an_audited_code_too():
    activity = np.maximum(np.hstack([CUT, -CUT]) + 0.1, 0)
    kinds = ("rectified", "free")
    losses = {kind: audit(Problem(CUT, activation=kind, readout=Soft(100.0)), activity) for kind in kinds}
    assert losses["free"].loss < losses["rectified"].loss
    assert losses["free"].lower_bound < losses["rectified"].lower_bound
    assert audit(Problem(CUT, readout=Soft(100.0)), activity).unexplained > 0.05


def test_what_makes_no_sense_is_refused():
    free = Problem(CUT, activation="free", readout=Soft(10.0))
    activity = np.maximum(np.hstack([CUT, -CUT]), 0)
    with pytest.raises(InputError, match="encoder: free neurons have none"):
        audit(free, activity, encoder=np.ones((4, 2)))
    with pytest.raises(InputError, match="rescale: how units and baselines"):
        audit(free, activity, rescale=True)
    with pytest.raises(InputError, match="below zero"):
        audit(free, activity - 1)
    with pytest.raises(InputError, match="no neuron varies"):
        audit(free, np.ones((len(CUT), 2)))
    with pytest.raises(InputError, match="decoder: shape"):
        audit(free, activity, decoder=np.ones((3, 4)))
    with pytest.raises(InputError, match="misses a target"):
        audit(Problem(CUT, activation="free"), activity[:, :1])


def test_the_best_size_of_silence_is_zero():
    readout = SampleReadout(np.array([[-1.0], [1.0]]), np.array([0.5, 0.5]), 1.0, 0.1)
    assert readout.rescaling(np.array([[0.0], [1.0]]), 10.0) == 0
    # d/dx of x c + mu e / (delta + x s^2) by hand, with s^2 = 1/4, e = 1.
    cheap = SampleReadout(np.array([[-1.0], [1.0]]), np.array([0.5, 0.5]), 1.0, 100.0)
    square = cheap.rescaling(np.array([[0.0], [1.0]]), 0.5) ** 2
    assert square == pytest.approx(((0.25 / 0.5) ** 0.5 - 0.01) / 0.25)


def test_the_command_line_audits_a_kind(tmp_path):
    sources, activity = tmp_path / "sources.csv", tmp_path / "activity.csv"
    line = np.arange(-2.0, 3.0)[:, None]
    np.savetxt(sources, line, header="x", comments="")
    np.savetxt(activity, np.maximum(np.hstack([line, -line]) + 0.1, 0), delimiter=",", header="a,b", comments="")
    options = ["--activation", "rectified", "--error-cost", "100"]
    picture = tmp_path / "audit.png"
    done = CliRunner().invoke(main, ["audit", str(activity), str(sources), *options, "--plot", str(picture)])
    assert done.exit_code == 0 and "All of the activity is a rectified function of the sources" in done.output
    assert picture.stat().st_size > 10_000
    done = CliRunner().invoke(main, ["audit", str(activity), str(sources), *options, "--json"])
    told = json.loads(done.output)
    assert told["optimum"]["activation"] == "rectified" and len(told["missing_activity"]) == len(line)
