"""The laws of an answer hold for all that goes together, and what does not is refused by name (`table`)."""

import re
from functools import cache

import numpy as np
import pytest

from solver import Representation, certify, solve
from solver.nonlinear.representation import NonlinearRepresentation
from tests.examples import plainly
from tests.properties import naive
from tests.properties.table import AXES, NONLINEAR, OWN, REFUSED, SOURCES, cells, cover, refused, until_each_was_met
from theory import InputError

TOLERANCE = 1e-8
ROUNDING = 1e-9

PAID = {"peak": lambda problem, often, activity: 2 * (activity.max(axis=0) ** 2).sum()}
"""What neurons pay for their activity that are none of the program's own."""

LIMITS = {"relaxation": {"max_iterations": 3}, "alternating": {"max_iterations": 1}}
"""Methods that search long for the last digits: wherever they are stopped, what they say is true."""


@cache
def best(cell):
    """The problem's answer by the method that is chosen for it."""
    assert cell.method == "auto"
    return solve(cell.problem(), rng=0)


def assert_obeys(cell, folder):
    """All laws of an answer: what it does, costs, proves, says, and leaves in a file."""
    problem = cell.problem()
    chosen = cell.method == "auto"
    answer = best(cell) if chosen else solve(problem, method=cell.method, rng=0, **LIMITS.get(cell.method, {}))
    assert_does_what_it_says(cell, problem, answer)
    assert_is_proven(cell, problem, answer)
    assert_is_saved(cell, answer, folder)


def assert_does_what_it_says(cell, problem, answer):
    """Activity is never negative and the encoder's, and the loss is all that the network pays for."""
    activity = answer.activity()
    assert activity.shape == (problem.sources.count, len(answer)) and (activity >= 0).all()
    if cell.neurons != "free":
        data = problem.sources.points @ problem.mixing.T
        encoded = data @ answer.encoder.T + answer.encoder_bias
        encoded = encoded if cell.neurons != "rectified" else np.maximum(encoded, 0)
        np.testing.assert_allclose(activity, encoded, rtol=0, atol=1e-8 * max(1.0, np.abs(encoded).max(initial=0)))
    cost = naive.network_cost(problem, answer, activity, PAID.get(cell.neurons))
    assert answer.loss == pytest.approx(cost, rel=ROUNDING)
    assert answer.loss == pytest.approx(sum(answer.energies.values()), rel=ROUNDING)
    assert answer.neuron_costs.sum() <= answer.loss * (1 + ROUNDING)
    if cell.layer == "a layer":
        halfway = answer.activity((problem.sources.points + problem.sources.mean) / 2)
        np.testing.assert_allclose(
            activity @ answer.recurrent[0].T + answer.recurrent_bias[0], halfway, atol=1e-7 * activity.max()
        )
    assert all(answer.coded_groups()) and len(answer.coded_groups()) == len(answer)
    if cell.groups == "separate":
        assert answer.modular and {len(read) for read in answer.coded_groups()} <= {1}


def assert_is_proven(cell, problem, answer):
    """The certificate trusts no method, no bound is above any loss, and no answer is worse than those it is held to."""
    certificate = certify(problem, answer)
    assert certificate.loss == pytest.approx(answer.loss, rel=ROUNDING)
    assert certificate.lower_bound >= answer.lower_bound * (1 - TOLERANCE)
    assert (answer.status == "optimal") is (answer.gap <= TOLERANCE)
    assert answer.status != "optimal" or (certificate.gap <= 2 * TOLERANCE and getattr(certificate, "feasible", True))
    least, most = 0, answer.loss * (1 + ROUNDING)
    assert least <= answer.lower_bound <= most and certificate.lower_bound <= most
    assert answer.loss <= answer.modular_loss * (1 + ROUNDING)
    other = best(cell.by("auto"))
    assert max(answer.lower_bound, certificate.lower_bound) <= other.loss * (1 + ROUNDING)
    assert other.lower_bound <= most
    if cell.method in ("auto", "columns"):  # a conic solver may fail, and says so
        assert answer.status == "optimal"
    if cell.method == "modular":
        assert answer.modular
    elif cell.method == "groups":
        assert answer.modular and answer.loss >= other.loss * (1 - ROUNDING)
    if cell.neurons in NONLINEAR:
        assert answer.loss <= answer.linear_loss * (1 + ROUNDING)
        assert answer.modular_lower_bound <= answer.modular_loss * (1 + ROUNDING)
    elif cell.groups == "groups":
        assert answer.lower_bound <= answer.separate.loss * (1 + ROUNDING)


def assert_does_not_depend_on_units(cell):
    """Sources in other units, mirrored and moved, and samples in another order: the loss is the same."""
    count, dimension = np.shape(SOURCES[cell.sources]["sources"])
    other = cell.problem(np.array([-0.01, 300.0, 4.0])[:dimension], np.roll(np.arange(count), 1), 5.0)
    answer, moved = best(cell.by("auto")), solve(other, rng=0)
    assert moved.loss * (1 - moved.gap - ROUNDING) <= answer.loss and answer.loss * (1 - answer.gap) <= moved.loss * (
        1 + ROUNDING
    )
    assert moved.modular_loss == pytest.approx(answer.modular_loss, rel=1e-6)
    assert moved.status == answer.status


def assert_is_saved(cell, answer, folder):
    """A file holds it all, but for a kind of neuron that no file can name; what is printed says how it ended."""
    assert ("proven optimal" in repr(answer)) is (answer.status == "optimal")
    if cell.neurons in OWN:
        with pytest.raises(InputError, match="is a kind of your own"):
            answer.save(folder / "answer.npz")
        return
    answer.save(folder / "answer.npz")
    kind = Representation if answer.problem.neurons.linear else NonlinearRepresentation
    again = kind.load(folder / "answer.npz")
    told, expected = again.to_dict(), answer.to_dict()
    assert told.keys() == expected.keys() and again.loss == answer.loss
    if answer.problem.neurons.linear:
        assert again == answer and hash(again) == hash(answer) and again.problem == answer.problem
    for name, value in expected.items():
        assert told[name] == value or told[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("cell", plainly(cover(2), until_each_was_met(cover(2))), ids=str)
def test_any_two_values_go_together(cell, tmp_path):
    assert_obeys(cell, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("neurons", AXES["neurons"])
@pytest.mark.parametrize("readout", AXES["readout"])
def test_any_three_values_go_together(readout, neurons, tmp_path):
    for cell in cover(3):
        if (cell.readout, cell.neurons) == (readout, neurons):
            assert_obeys(cell, tmp_path)
            if cell.method == "auto":
                assert_does_not_depend_on_units(cell)


@pytest.mark.slow
@pytest.mark.parametrize("neurons", AXES["neurons"])
@pytest.mark.parametrize("readout", AXES["readout"])
def test_all_that_go_together(readout, neurons, tmp_path):
    for cell in cells():
        if (cell.readout, cell.neurons) == (readout, neurons):
            assert_obeys(cell, tmp_path)


@pytest.mark.parametrize("cell", refused(), ids=str)
def test_what_does_not_go_together_is_refused_by_name(cell):
    (said,) = cell.refusals()
    with pytest.raises(InputError, match=said) as error:
        solve(cell.problem(), method=cell.method)
    assert "\n" not in str(error.value) and str(error.value).startswith(re.split("[: ]", said)[0])


def test_every_refusal_that_is_listed_was_met():
    assert {said for cell in refused() for said in cell.refusals()} == {said for _, said in REFUSED}
