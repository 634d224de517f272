"""A budget of neurons: codes that anyone can recompute, above a proven floor, as good as an exhaustive search finds."""

import json
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, budget, certify
from solver.commands.cli import main
from solver.strategies import boxes, points, problems
from tests.examples import CUT as SHIPPED
from tests.examples import share
from theory import InputError
from theory.readouts import Exact, Soft

CUT = np.array([point for point in product([-1.0, 0.0, 1.0], repeat=2) if sum(point) < 2])
SQUARE = np.array(list(product([-1.0, 0.0, 1.0], repeat=2)))
ANGLES = np.linspace(0, 2 * np.pi, 361)[:-1]


def best_pair(problem):
    """The least loss of two neurons for two sources, over all pairs of directions a degree apart.

    With rows u of unit length and strengths x the loss is sum f(u_i) x_i + k_i / x_i, where k_i is decoder_cost times
    the squared length of column i of A U^-1; at the best x that is 2 sum sqrt(f_i k_i).
    """
    units = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
    units = units / np.sqrt(np.diag(problem.sources.covariance))  # so that a degree is one in their units
    cost = problem.neuron_cost(units)
    first, second = units[:, None, :], units[None, :, :]
    area = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    area = np.where(np.abs(area) > 1e-9, area, np.nan)
    turned = np.stack([second[..., 1] + 0 * area, -second[..., 0] + 0 * area], axis=-1) / area[..., None]
    k = problem.decoder_cost * np.einsum("abi,ij,abj->ab", turned, problem.gram, turned)
    loss = 2 * (np.sqrt(cost[:, None] * k) + np.sqrt(cost[None, :] * k.T))
    return float(np.nanmin(loss))


def require_consistent(problem, found):
    """What must be true of any answer, recomputed from the problem."""
    losses = [problem.loss(code) for code in found.codes]
    np.testing.assert_allclose(found.losses, np.minimum.accumulate(losses), rtol=1e-9)
    assert (np.diff(found.losses) <= 0).all() and (found.losses >= found.floor * (1 - 1e-12)).all()
    assert all(len(code) <= number for code, number in zip(found.codes, found.numbers, strict=True))
    reached = found.numbers[(found.losses - found.floor) <= found.tolerance * found.losses]
    assert found.enough == (reached[0] if len(reached) else None)
    for number in (found.numbers[0], found.numbers[-1]):
        code = found.code(number)
        certificate = certify(problem, code)
        assert certificate.feasible and certificate.loss == pytest.approx(code.loss, rel=1e-8)
        assert len(code) <= number and code.gap == pytest.approx(1 - found.floor / code.loss, abs=1e-8)
        assert certificate.lower_bound == pytest.approx(found.floor, rel=1e-7)


@given(problems(st.integers(1, 3)))
@share(1 / 2)
def test_every_code_is_valid_and_above_the_floor(problem):
    found = budget(problem, rng=0, starts=1)
    assert found.numbers.tolist() == list(range(problem.dimension, len(found.optimum) + 1))
    assert found.complete and found.optimum.status == "optimal" and found.enough <= len(found.optimum)
    require_consistent(problem, found)


@given(st.sampled_from([1.0, 1e3]), points(2), st.sampled_from([0.1, 1.0, 10.0]))
@share(1 / 2)
def test_two_neurons_are_as_good_as_any_pair(scale, drawn, encoder_cost):
    problem = Problem(np.asarray(drawn) * [1.0, scale], encoder_cost=encoder_cost)
    found = budget(problem, (2, 2), rng=0)
    assert found.losses[0] <= best_pair(problem) * (1 + 1e-9)


def test_the_known_optimum_of_three_neurons_and_the_best_of_two():
    problem = Problem(CUT)
    found = budget(problem)
    require_consistent(problem, found)
    assert found.numbers.tolist() == [2, 3] and found.enough == 3
    assert found.losses[0] == pytest.approx(best_pair(problem), rel=1e-3) and found.losses[0] < problem.modular_loss * (
        1 + 1e-12
    )
    assert "With 3 neurons it is reached; with fewer no such code was found." in repr(found)
    assert "not proven to be the least" in repr(found)


@given(boxes(3))
@share(1 / 4)
def test_boxes_need_one_neuron_per_source(box):
    found = budget(Problem(box), (3, 5), starts=0)
    assert found.enough == 3 and np.ptp(found.losses) <= 1e-9 * found.losses[0]


@pytest.mark.thorough
def test_few_neurons_of_more_sources_are_found_from_those_next_door():
    problem = Problem(np.random.default_rng(0).standard_normal((60, 3)))
    found = budget(problem, rng=0)
    require_consistent(problem, found)
    # The best of forty random descents, each with thousands of steps.
    np.testing.assert_array_less(found.excess[:2], [0.005438, 0.0000642])


@pytest.mark.thorough
def test_far_fewer_neurons_than_the_optimum_has():
    problem = Problem(np.random.default_rng(1).standard_normal((30, 4)))
    found = budget(problem, (4, 4), starts=0)
    assert len(found.optimum) > 6 and found.enough is None
    require_consistent(problem, found)
    assert found.losses[0] < problem.modular_loss and "No code of up to 4 neurons was found" in repr(found)


def test_errors_allow_fewer_neurons_than_sources():
    problem = Problem(SQUARE, readout=Soft(10.0))
    found = budget(problem, rng=0)
    require_consistent(problem, found)
    assert found.numbers.tolist() == [0, 1, 2] and found.enough == 2
    assert found.losses[0] == pytest.approx(10 * 4 / 3)
    sizes = np.geomspace(0.3, 3, 60)
    rows = [size * np.array([[np.cos(angle), np.sin(angle)]]) for angle in ANGLES[:46:3] for size in sizes]
    exhaustive = min(map(problem.loss, rows))
    assert exhaustive * 0.999 < found.losses[1] <= exhaustive * (1 + 1e-9)
    assert found.losses[2] == pytest.approx(5.731972648, rel=1e-9)


def test_no_neuron_is_enough_where_errors_are_cheap():
    found = budget(Problem(SQUARE, readout=Soft(1.5)))
    assert (found.enough, found.numbers.tolist(), found.losses.tolist()) == (0, [0], [pytest.approx(2.0)])
    assert "With 0 neurons" in repr(found) and len(found.code(0)) == 0


def test_more_neurons_than_help_cost_the_same():
    found = budget(Problem(CUT), range(3, 6))
    assert found.numbers.tolist() == [3, 4, 5] and np.ptp(found.losses) == 0 and found.enough == 3
    assert "With 3 neurons, the fewest looked at, it is reached." in repr(found)


def test_a_time_limit_leaves_valid_codes():
    problem = Problem(np.random.default_rng(0).standard_normal((40, 5)))
    found = budget(problem, time_limit=1e-3)
    assert not found.complete and "The time limit ended the search." in repr(found)
    assert found.numbers[0] == 5 and np.isfinite(found.losses).all()
    assert certify(problem, found.code(5)).feasible


def test_data_without_known_sources():
    data = np.random.default_rng(3).uniform(size=(30, 2)) @ np.ones((2, 4)) + np.random.default_rng(4).uniform(
        size=(30, 4)
    )
    found = budget(Problem.from_data(data, dimension=2), starts=0)
    assert found.to_dict()["variance_kept"] < 1 and found.code(2).modular is None


def test_the_same_seed_gives_the_same_answer():
    one, other = (budget(Problem(CUT), rng=5, starts=2) for _ in range(2))
    for mine, theirs in zip(one.codes, other.codes, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("neurons", "said"),
    [
        ((1, 3), "neurons: 1 cannot code 2 sources exactly; give at least 2"),
        ((3, 2), "neurons: from 3 to 2 there are none"),
        ((2.5, 3), "neurons: 2.5 is not a whole number"),
        ((2, 10_000), "neurons: 9999 numbers are too many"),
        (range(2, 9, 2), "leaves some out"),
        (range(2, 2), "is no range"),
        (4, "neurons: 4 is no range"),
    ],
)
def test_ranges_that_make_no_sense(neurons, said):
    with pytest.raises(InputError, match=said):
        budget(Problem(CUT), neurons)


@pytest.mark.parametrize(
    ("problem", "options", "said"),
    [
        (Problem(CUT), {"starts": -1}, "starts: -1"),
        (Problem(CUT), {"time_limit": 0}, "time_limit"),
        (Problem(CUT), {"rng": "x"}, "rng: 'x' is not a seed"),
        (CUT, {}, "expected a Problem"),
    ],
)
def test_other_bad_arguments(problem, options, said):
    with pytest.raises(InputError, match=said):
        budget(problem, **options)


def test_a_number_that_was_not_looked_at_has_no_code():
    with pytest.raises(InputError, match="neurons: 9 was not looked at; give one from 2 to 3"):
        budget(Problem(CUT), starts=1).code(9)


# ---- on the command line ------------------------------------------------------------------------------------------


def test_the_command(tmp_path):
    picture = tmp_path / "budget.png"
    done = CliRunner().invoke(main, ["budget", SHIPPED, "--plot", str(picture)])
    assert done.exit_code == 0 and picture.stat().st_size > 3_000
    assert "With 3 neurons it is reached" in done.stdout and "5.7631832" in done.stdout
    arguments = [SHIPPED, "--neurons", "2-4", "--json", "--encoder-cost", "0.5"]
    answer = json.loads(CliRunner().invoke(main, ["budget", *arguments]).stdout)
    assert answer["numbers"] == [2, 3, 4] and answer["enough"] == 3 and answer["status"] == "optimal"
    assert answer["losses"][1] == pytest.approx(answer["floor"]) and len(answer["source_weights"][0]) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--neurons", "few"], "--neurons: 'few' is no range"),
        (["--neurons", "1-3"], "neurons: 1 cannot code 2 sources exactly"),
        (["--neurons", "3-2"], "from 3 to 2 there are none"),
        (["--plot", "budget.doc"], "--plot: 'budget.doc' must end in"),
        (["--time-limit", "-1"], "time_limit: -1.0 is not a positive number"),
    ],
)
def test_the_command_refuses(options, said):
    done = CliRunner().invoke(main, ["budget", SHIPPED, *options])
    assert done.exit_code == 2 and said in done.stderr and "\n" not in done.stderr.strip()


def test_targets_of_a_lower_rank_are_not_said_to_need_a_neuron_for_each_source():
    problem = Problem(CUT, readout=Exact([[1, 1]]))
    with pytest.raises(InputError, match=r"1 are not looked at, fewer than the 2 sources, .* targets of rank 1"):
        budget(problem, (1, 3))
