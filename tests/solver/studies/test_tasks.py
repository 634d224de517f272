"""The papers' tasks as sources, the prices that are known of them, and what is read off their codes."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import certify, solve
from solver.studies.missed_sources import _explained
from solver.studies.remapping import _silent_contexts
from solver.studies.study import NO_PRICE_DRAWN, angle_between, cell_types
from solver.studies.tasks import (
    KEPT_POSITION_COST,
    Task,
    circle,
    held_while_reaching,
    hexagonal,
    maps_of_their_own,
    object_on_ring,
    object_on_torus,
    objects_in_a_row,
    objects_on_torus,
    one_map,
    place_and_reward,
    place_and_speed,
    reaches_in_a_row,
    remembered,
)
from tests.examples import share, thorough

KNOWN = [
    (object_on_ring(12, range(12)), KEPT_POSITION_COST, 0, 90),
    thorough(object_on_ring(12, (0, 3)), KEPT_POSITION_COST, 0.0823920439, 65.5302),
    thorough(object_on_ring(12, (0, 1, 2)), KEPT_POSITION_COST, 0.1656370505, 53.2071),
    thorough(object_on_ring(12, (0, 3, 6, 9)), KEPT_POSITION_COST, 0, 90),
    thorough(object_on_ring(12, (0, 6)), KEPT_POSITION_COST, 0, 90),
    thorough(remembered(4, repeats=True), 1, 0, 90),
    (remembered(4, repeats=False), 1, 0.0008707037, 87.6078),
    thorough(remembered(6, repeats=True), 1, 0, 90),
    thorough(remembered(6, repeats=False), 1, 0, 90),
    thorough(remembered(3, repeats=False), 1, 0.0058583249, 83.7768),
    thorough(held_while_reaching(8, 0.0), 1, 0.1200544995, 90),
    (held_while_reaching(8, 0.5), 1, 0.1010819293, 81.6865),
    (reaches_in_a_row(8), 1, 0, 90),
    thorough(place_and_reward(12, 10), 1, 0, 90),
    (place_and_reward(12, 2), 1, 0.0086719818, 87.5516),
    (place_and_speed(8, 0.5), 1, 0.0007687304, 87.1723),
    (one_map(8, 4), 1, 0.0576127062, 70.8360),
    (maps_of_their_own(8), 1, 0.2047746345, 90),
    (objects_in_a_row(4, 0.2), 1, 0, 90),
    (objects_on_torus(0.5), 1, 0, 90),
]
"""Tasks with the cost of the encoder, the price of separate neurons, and the angle in degrees between the subspaces of
their first two groups: orthogonal subspaces are not separate neurons."""


@pytest.mark.parametrize(("task", "encoder_cost", "price", "angle"), KNOWN)
def test_separate_neurons_have_the_price_and_the_angle_that_are_known(task, encoder_cost, price, angle):
    answer = solve(task.problem(encoder_cost=encoder_cost))
    assert answer.status == "optimal" and certify(answer.problem, answer).gap < 1e-9
    assert answer.price_of_modularity == pytest.approx(price, abs=1e-9)
    assert answer.modular == (price == 0) == (cell_types(answer)["mixed"] == 0)
    first, second, *_ = task.groups
    assert angle_between(answer, first, second) == pytest.approx(angle, abs=1e-4)


@pytest.mark.thorough
@pytest.mark.parametrize("size", [5, 7])
@share(1 / 4)
@given(st.data())
def test_turning_the_ring_changes_nothing(size, data):
    """All optimal codes share one G, so it must commute with every turn of the ring, and not see where zero is."""
    some = st.sets(st.integers(0, size - 1), min_size=2, max_size=size - 2)
    places, turn = data.draw(some.filter(lambda places: max(places) > 1)), data.draw(st.integers(1, size - 1))
    task = object_on_ring(size, sorted(places))
    answer = solve(task.problem())
    gram = answer.source_weights.T @ answer.source_weights
    cosine, sine = circle([1], size)[0]
    rotation = np.kron(np.eye(2), [[cosine, -sine], [sine, cosine]])
    assert np.allclose(rotation @ gram @ rotation.T, gram, atol=1e-5 * np.abs(gram).max())
    turned = solve(object_on_ring(size, sorted((place + turn) % size for place in places)).problem())
    assert turned.loss == pytest.approx(answer.loss, rel=1e-9)
    assert turned.price_of_modularity == pytest.approx(answer.price_of_modularity, abs=1e-8)


def test_rare_rooms_are_as_good_as_frequent_ones():
    few, many = (solve(object_on_ring(8, (0, 2), anywhere=share).problem()) for share in (1e-4, 1.0))
    assert few.loss == pytest.approx(many.loss, rel=1e-9) and few.modular and many.modular
    assert not solve(object_on_ring(8, (0, 2)).problem()).modular


def test_probabilities_are_those_of_the_rooms():
    sources = object_on_ring(4, (0, 1), anywhere=0.2).sources
    place = object_on_ring(4, (0, 1), anywhere=0.2).situations[:, 1]
    shares = [sources.probabilities[place == number].sum() for number in range(4)]
    assert np.allclose(shares, [0.45, 0.45, 0.05, 0.05]) and np.isclose(sources.probabilities.sum(), 1)


def test_an_object_anywhere_on_a_torus_leaves_grid_cells():
    side = 4
    answer = solve(object_on_torus(side, list(product(range(side), repeat=2))).problem(encoder_cost=KEPT_POSITION_COST))
    assert answer.status == "optimal" and answer.modular and answer.price_of_modularity <= NO_PRICE_DRAWN
    kinds = cell_types(answer)
    assert kinds["position"] and kinds["object"] and not kinds["mixed"]
    # The sum of three waves with one peak, for each and every neuron, costs as much: 5/4 for a unit of its weights on
    # a torus that is seen everywhere, 5/6 on one that is seen at four by four places only.
    assert (answer.loss / 24) ** 2 == pytest.approx(5 / 6, rel=1e-5)


def test_waves_of_a_module_stand_at_equal_angles():
    places = np.array(list(product(range(5), repeat=2)))
    cosines, sines = np.split(hexagonal(places, 5), 2, axis=1)
    phases = np.arctan2(sines, cosines).sum(axis=1) / (2 * np.pi)
    assert np.allclose(phases, np.round(phases))
    assert np.allclose(hexagonal(places + np.array([5, -10]), 5), hexagonal(places, 5))


def test_maps_of_their_own_are_silent_elsewhere():
    task = maps_of_their_own(8)
    answer = solve(task.problem())
    assert _silent_contexts(answer, task).all() and answer.price_of_modularity > 0.1


def test_a_source_that_is_missed_makes_cells_of_one_object_seem_mixed():
    code = solve(objects_in_a_row(4, 0.2).problem())
    assert code.modular and code.price_of_modularity <= NO_PRICE_DRAWN
    whole, partial = _explained(code, range(3)), _explained(code, range(2))
    for neuron, groups in enumerate(code.coded_groups()):
        read = int(groups[0][-1]) - 1
        assert whole[neuron, read] > 0.5 and np.delete(whole[neuron], read) == pytest.approx(0, abs=1e-12)
        assert (np.sort(partial[neuron])[0] > 0.01) == (read == 2)


def test_objects_on_a_torus_are_told_by_the_way_to_go():
    task = objects_on_torus(0.5)
    chance = task.sources.sample_probabilities
    in_a_row = np.flatnonzero(chance > chance.min() * 1.5)
    assert len(chance) == 9**3 and chance[in_a_row].sum() == pytest.approx(0.5 + 0.5 * 9 / 9**3)
    places = task.situations[in_a_row].reshape(-1, 3, 2)
    assert ((places[:, 1] - places[:, 0]) % 3 == 1).all() and ((places[:, 2] - places[:, 1]) % 3 == 1).all()
    told = task.sources.points[:, :2]
    assert (np.abs(told).sum(axis=1) == 1).all()
    # Two places along the first axis and none along the second: one and a half steps back against half a step back.
    assert told[(task.situations[:, :2] == (2, 0)).all(axis=1)][0].tolist() == [-1, 0]
    code = solve(task.problem())
    assert _explained(code, range(3)).min(axis=1) == pytest.approx(0, abs=1e-12)


def test_groups_are_columns_with_names():
    groups = {"place": [[0.0, 1], [1, 0], [1, 1], [0, 0]], "speed": [[1.0], [2], [4], [0]]}
    task = Task.of([[0], [1], [2], [3]], groups, [1, 2, 1, 4])
    assert task.groups == {"place": (0, 1), "speed": (2,)} and task.sources.names == ("place 1", "place 2", "speed")
    assert task.problem(decoder_cost=3).decoder_cost == 3
    assert np.allclose(task.sources.probabilities, [1 / 8, 1 / 4, 1 / 8, 1 / 2])


@pytest.mark.parametrize(
    ("weights", "angle"),
    [
        ([[1, 1]], 0),
        ([[1, 0], [0, 1]], 90),
        ([[1, 1], [0, 1]], 45),
        ([[3, 1], [0, 1]], 45),
        ([[1, 0]], np.nan),
        (np.empty((0, 2)), np.nan),
    ],
)
def test_angles_are_those_between_directions(weights, angle):
    code = SimpleNamespace(
        problem=SimpleNamespace(groups={"one": (0,), "other": (1,)}), source_weights=np.array(weights, dtype=float)
    )
    assert angle_between(code, "one", "other") == pytest.approx(angle, abs=1e-6, nan_ok=True)
