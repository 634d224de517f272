"""Not one field of an answer depends on the order of rows and columns, nor on units that the mixing undoes."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver import Problem, solve
from solver.ambiguity.canonical import continuum_by_continuum
from solver.ambiguity.touching_neurons import touching_neurons
from solver.strategies import problems, seeds
from tests.examples import share
from theory import Sources
from theory.readouts import Soft

UNCERTAIN = {"seconds"}
"""Fields that are not told by the problem."""


SUMS = {"shares_of_others", "scale_ratio"}
"""Fields that are added up over columns."""


def ring(places, phases):
    """(T, 4) two frequencies' worth of a ring: many codes are optimal, and symmetries exchange the sources."""
    turn = 2 * np.pi * np.arange(places) / places
    both = [(np.cos(a), np.sin(a), np.cos(a - b), np.sin(a - b)) for a in turn for b in turn[:phases]]
    return np.array(both)


def told_otherwise(problem, seed, units):
    """The problem with rows and columns in another order and sources in other units, and the order of its columns."""
    rng = np.random.default_rng(seed)
    sources, soft = problem.sources, isinstance(problem.given_readout, Soft)
    rows, columns = rng.permutation(sources.count), rng.permutation(problem.dimension)
    weights = None if sources.probabilities is None else sources.probabilities[rows]
    names = [sources.names[column] for column in columns]
    changes = {"readout": problem.given_readout} if soft else {}
    if problem.groups is not None:
        place = np.argsort(columns)
        groups = {name: place[list(members)].tolist() for name, members in problem.groups.items()}
        changes["groups"] = dict(reversed(groups.items()))
    return (
        Problem(
            Sources((sources.points[rows] * units)[:, columns], weights, names=names),
            mixing=(problem.mixing / units)[:, columns],
            encoder_cost=problem.encoder_cost,
            decoder_cost=problem.decoder_cost,
            **changes,
        ),
        columns,
    )


def told_back(plain, columns, names):
    """What `to_dict` tells, with its columns as they were before they were put into this order."""
    back = np.argsort(columns)
    told = {name: value for name, value in plain.items() if name not in UNCERTAIN}
    told["source_weights"] = np.array(told["source_weights"]).reshape(-1, len(back))[:, back].tolist()
    told["multiplier"] = np.array(told["multiplier"])[np.ix_(back, back)].tolist()
    told["sources"] = list(names)
    ambiguity = dict(told["ambiguity"])
    ambiguity["neurons"] = np.array(ambiguity["neurons"]).reshape(-1, len(back))[:, back].tolist()
    ambiguity["continua"] = [np.array(one)[:, back].tolist() for one in ambiguity["continua"]]
    told["ambiguity"] = ambiguity
    for name in ("groups", "coded_groups"):
        if name in told:
            told[name] = as_sets(told[name])
    if "separate" in told:
        told["separate"] = told_back(told["separate"], columns, names)
    return told


def as_sets(named):
    return {name: set(members) for name, members in named.items()} if isinstance(named, dict) else list(map(set, named))


@st.composite
def ugly(draw):
    """Problems with ties: rows that come again, symmetric grids, rings, with a readout and groups of any kind."""
    problem = draw(problems(st.integers(1, 4)))
    if draw(st.booleans()):
        problem = problem.replaced(readout=Soft(draw(st.sampled_from([0.5, 4.0, 100.0]))))
    if problem.dimension > 1 and draw(st.booleans()):
        problem = problem.replaced(groups={"first": [0, problem.dimension - 1]})
    return problem


@given(ugly(), seeds)
@share(1 / 2)
@example(Problem(ring(6, 3)), 2)
def test_every_field_is_the_same_to_the_last_digit_in_another_order(problem, seed):
    require_same_in_another_order(problem, seed)


@pytest.mark.thorough
@pytest.mark.further
@pytest.mark.parametrize(("places", "phases", "seed"), [(12, 4, 1), (6, 6, 2)])
def test_every_field_of_a_large_ring_is_the_same_in_another_order_and_in_other_units(places, phases, seed):
    require_same_in_another_order(Problem(ring(places, phases)), seed)
    require_same_in_other_units(Problem(ring(places, phases)), seed)


def require_same_in_another_order(problem, seed):
    other, columns = told_otherwise(problem, seed, np.ones(problem.dimension))
    first, second = solve(problem), solve(other)
    names = problem.sources.names
    one, two = told_back(first.to_dict(), np.arange(len(columns)), names), told_back(second.to_dict(), columns, names)
    require_same(one, two)


def require_same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        if name == "separate":
            require_same(one[name], two[name])
        else:
            assert two[name] == (pytest.approx(one[name], rel=1e-12, abs=1e-15) if name in SUMS else one[name]), name


@given(ugly(), seeds)
@share(1 / 2)
@example(Problem(ring(6, 3)), 1)
@example(Problem([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 3, -1]], encoder_cost=0.01), 3)
def test_every_field_is_the_same_in_other_units(problem, seed):
    require_same_in_other_units(problem, seed)


def require_same_in_other_units(problem, seed):
    units = 10.0 ** np.random.default_rng(seed).uniform(-2, 2, problem.dimension)
    other, columns = told_otherwise(problem, seed, units)
    first, second = solve(problem), solve(other)
    for name in ("status", "method", "modular", "practically_modular", "practically"):
        assert getattr(second, name) == getattr(first, name), name
    for name in ("loss", "lower_bound", "modular_loss"):
        assert getattr(second, name) == pytest.approx(getattr(first, name), rel=1e-8), name
    assert second.price_of_modularity == pytest.approx(first.price_of_modularity, rel=1e-6, abs=1e-9)
    assert second.price_bounds == pytest.approx(first.price_bounds, rel=1e-6, abs=2e-8)
    back = np.argsort(columns)
    own = problem.modular.unit_weights
    multiplier = second.multiplier[np.ix_(back, back)] * np.outer(units, units) ** -1.0
    require_close(multiplier * np.outer(own, own), first.multiplier * np.outer(own, own), 1e-4)
    one, two = first.ambiguity(), second.ambiguity()
    if one.unique is None or two.unique is None:  # rounding may leave it open, but never tell another thing
        return
    assert two.unique == one.unique
    assert two.mirrored.tolist() == one.mirrored.tolist() and two.essential.tolist() == one.essential.tolist()
    for name in ("least", "most"):
        require_close(getattr(two, name), getattr(one, name), 1e-5)
    require_close(two.neurons[:, back] * units / own, one.neurons / own, 1e-5)
    if not one.continua or determined(problem):
        assert two.fewest_bounds == one.fewest_bounds
        require_same_neurons(first, second, back, units)


def determined(problem):
    """Whether G tells what each continuum of neurons adds; where it does not, rounding may choose."""
    inside = problem.in_order
    found = touching_neurons(inside.canonical, solve(inside).source_weights)
    return not isinstance(found, str) and continuum_by_continuum(found) is not None


def require_same_neurons(first, second, back, units):
    """Fields of the neurons, which are the same network on the same data."""
    assert len(second) == len(first)
    if not len(first):
        return
    own = first.problem.modular.unit_weights
    require_close(second.source_weights[:, back] * units / own, first.source_weights / own, 1e-5)
    for name in ("encoder", "encoder_bias", "decoder", "decoder_bias", "neuron_costs"):
        require_close(getattr(second, name), getattr(first, name), 1e-5)
    assert second.energies == pytest.approx(first.energies, rel=1e-6, abs=1e-9 * first.loss)
    assert [name for name, _ in second.mostly_reads()] == [name for name, _ in first.mostly_reads()]
    assert list(map(set, second.coded_groups())) == list(map(set, first.coded_groups()))
    shares = [[share for _, share in code.mostly_reads()] for code in (second, first)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-5)


def require_close(one, two, share):
    """Arrays that differ by a share of their largest entry at most, or by rounding of zero."""
    one, two = np.asarray(one), np.asarray(two)
    assert one.shape == two.shape
    np.testing.assert_allclose(one, two, rtol=0, atol=share * np.abs(two[~np.isnan(two)]).max(initial=1e-9))
