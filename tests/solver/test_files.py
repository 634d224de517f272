"""A file is read whole and as it was written, or refused by the name of what is wrong with it."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, Sources, solve
from solver.codes.certified import SAVED_NUMBERS
from solver.codes.linear import SAVED_ARRAYS
from solver.files import CHECKSUMS, checksums
from solver.strategies import problems
from theory import InputError
from theory.dynamics import Transitions
from theory.readouts import Exact, Noisy, Soft

CUT = np.array([point for point in product([-1.0, 0.0, 1.0], repeat=2) if sum(point) < 2])
NUMBERS = [name for name in SAVED_NUMBERS if name not in ("iterations", "seconds")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The content of a file whose problem has a mixing, probabilities and a mean that is not zero."""
    problem = Problem(CUT + 3, mixing=[[1, 2], [0, 1], [1, 1]], probabilities=np.arange(1, 9), encoder_cost=0.3)
    path = tmp_path_factory.mktemp("saved") / "code.npz"
    solve(problem).save(path)
    with np.load(path) as file:
        return dict(file)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("files") / "code.npz"


def refusal(place, content):
    np.savez(place, **content)
    with pytest.raises(InputError) as error:
        Representation.load(place)
    message = str(error.value)
    assert message.startswith(f"{place}: ")
    assert "\n" not in message
    return message.removeprefix(f"{place}: ")


# ---- arrays of another kind ---------------------------------------------------------------------------------------


def kinds():
    """A problem of each kind that is saved in a way of its own."""
    rng = np.random.default_rng(0)
    samples, turning = rng.uniform(-1, 1, (12, 2)), np.column_stack([np.cos(range(12)), np.sin(range(12))])
    transitions = Transitions.from_trajectory(turning)
    return {
        "samples": Problem(Sources(samples, rng.uniform(0.1, 1, 12))),
        "stream": Problem(Sources.from_chunks([samples[:6], samples[6:]])),
        "moments": Problem(Sources.from_moments(np.eye(2), [[1.5, 0], [0, 1.5], [-1.5, 0], [0, -1.5]])),
        "groups": Problem(rng.uniform(-1, 1, (12, 3)), groups={"x": [0, 1], "y": [2]}),
        "errors": Problem(samples, readout=Noisy(3.0, 0.1)),
        "prices": Problem(samples, activity_cost=2.0, bias_cost=0.3),
        "carried": Problem(turning, transitions=transitions),
        "principal": Problem.from_data(rng.normal(size=(20, 4)), 2),
    }


@pytest.fixture(scope="module")
def of_all_kinds(place):
    found = {}
    for kind, problem in kinds().items():
        solve(problem).save(place)
        with np.load(place) as file:
            found[kind] = dict(file)
    return found


STRANGE = [
    np.array("x"), np.array(b"x"), np.array(1j), np.array("2020-01-01", dtype="datetime64[D]"),
    np.ones(1, dtype=[("a", "f8")]), np.zeros(0), np.zeros((0, 0)), np.zeros((2, 2, 2)), np.array(np.nan),
    np.array([np.inf]), np.array(-1), np.array(2**63, dtype="u8"), np.array(1e300), np.array(5e-324), np.array(True),
    np.full((12, 2), 1e200), np.array([["a", "b"]]), None,
]  # fmt: skip


@pytest.mark.filterwarnings("error")
@given(st.data())
def test_an_array_of_another_kind_is_refused_or_harmless(of_all_kinds, place, data):
    content = dict(of_all_kinds[data.draw(st.sampled_from(sorted(of_all_kinds)))])
    names = [name for name in content if name != CHECKSUMS]
    name, forged = data.draw(st.sampled_from(names)), data.draw(st.booleans())
    content[name] = STRANGE[data.draw(st.integers(0, len(STRANGE) - 1))]
    if content[name] is None:
        del content[name]
    if forged:
        content[CHECKSUMS] = checksums({one: array for one, array in content.items() if one in names})
        np.savez(place, **content)
        with suppress(InputError):
            assert isinstance(Representation.load(place), Representation)
    else:
        refusal(place, content)


# ---- numbers that disagree ----------------------------------------------------------------------------------------


@given(st.sampled_from([*SAVED_ARRAYS, *NUMBERS]), st.randoms(use_true_random=False))
def test_no_number_can_be_altered_unseen(saved, place, name, random):
    value = np.array(saved[name])
    index = random.randrange(value.size)
    size = np.abs(value).max()
    shift = random.choice([-1, 1]) * random.choice([1e-6, 1e-3, 1.0])
    value.flat[index] += shift * (1.0 if name == "gap" else size)  # a gap is a share already
    if name == "tolerance" and float(value) >= float(saved["gap"]):
        return  # it was as good for this tolerance
    if name == "multiplier":
        value = (value + value.T) / 2
    said = refusal(place, saved | {name: value})
    expected = {
        "source_weights": ("encoder: ", "source_weights: "),
        "lower_bound": ("lower_bound: ", "gap: "),
        "tolerance": ("status: ",),
    }
    assert said.startswith(expected.get(name, (f"{name}: ",)))


@pytest.mark.parametrize(
    ("name", "alter", "said"),
    [
        ("points", lambda points: points * 1.001, "encoder_bias: damaged or altered; it disagrees with the sources"),
        ("probabilities", lambda given: given[::-1], "neuron_costs: "),
        ("mixing", lambda mixing: mixing * 2, "encoder: "),
        ("encoder_cost", lambda cost: cost * 2, "neuron_costs: "),
        ("decoder_cost", lambda cost: cost * 2, "loss: "),
        ("status", lambda _: "bounded", "status: damaged or altered; with a gap of"),
        ("status", lambda _: "perfect", "status: damaged or altered; 'perfect' is none of optimal, bounded"),
        ("status", lambda _: 3, "status: damaged or altered; it holds int64, not text"),
        ("seconds", lambda _: np.nan, "seconds: "),
        ("iterations", lambda _: -1, "iterations: "),
        ("loss", lambda _: [1.0, 2.0], "loss: damaged or altered; it is not one number"),
        ("multiplier", lambda given: given + np.eye(2, k=1), "multiplier: damaged or altered; it is not symmetric"),
        ("source_weights", lambda weights: weights * [0, 1], "source_weights: "),
        ("source_weights", lambda weights: weights * np.r_[0, np.ones(len(weights) - 1)][:, None], "source_weights: "),
        ("encoder", lambda encoder: encoder.T, "encoder: damaged or altered; its shape"),
        ("encoder_bias", lambda bias: bias * np.nan, "encoder_bias: "),
        ("decoder", lambda decoder: decoder.astype("S8"), "decoder: "),
        (
            "decoder",
            lambda decoder: decoder.astype(complex),
            "decoder: damaged or altered; it holds complex128",
        ),
        ("points", lambda points: points * 0, "sources: 's1' (column 0) is constant"),
        ("points", lambda points: points[:, :1], "names: "),
        ("encoder_cost", lambda _: "much", "encoder_cost: "),
        ("names", lambda names: names[:1], "names: "),
        ("names", lambda names: names[::-1], "names: damaged or altered; it is not what was written"),
        ("message", lambda _: "certainly", "message: damaged or altered; it is not what was written"),
        *(("multiplier", lambda given, by=by: given * by, "multiplier: ") for by in (-1.0, 0.0, 1.5)),
    ],
)
def test_what_disagrees_is_named(saved, place, name, alter, said):
    assert refusal(place, saved | {name: np.asarray(alter(saved[name]))}).startswith(said)


@pytest.mark.parametrize("name", ["activity_cost", "practically"])
def test_a_file_that_lacks_a_number_is_refused(saved, place, name):
    content = {one: value for one, value in saved.items() if one not in (name, CHECKSUMS)}
    np.savez(place, **content, **{CHECKSUMS: checksums(content)})
    with pytest.raises(InputError, match=f"lacks '{name}'"):
        Representation.load(place)


def test_weights_altered_but_not_the_encoder(saved, place):
    weights = saved["source_weights"].copy()
    weights[0] *= 1.5
    assert "encoder: damaged or altered" in refusal(place, saved | {"source_weights": weights})


def test_objects_are_not_unpickled(saved, place):
    content = saved | {"encoder": np.array([print], dtype=object)}
    np.savez(place, allow_pickle=True, **content)
    with pytest.raises(InputError, match="not a saved representation"):
        Representation.load(place)


@pytest.mark.parametrize("name", [*SAVED_ARRAYS, *NUMBERS, "points", "mixing", "decoder_cost", "format_version"])
def test_what_is_missing_is_missed(saved, place, name):
    np.savez(place, **{key: value for key, value in saved.items() if key != name})
    with pytest.raises(InputError, match="not a saved representation"):
        Representation.load(place)


def test_a_proof_that_does_not_fit(place):
    problem = Problem(np.random.default_rng(0).standard_normal((12, 3)))
    answer = solve(problem, method="relaxation", max_iterations=2)
    assert answer.cover is not None
    answer.save(place)
    with np.load(place) as file:
        content = dict(file)
    assert refusal(place, content | {"cover_weight": -content["cover_weight"]}).startswith("cover: a product")
    assert refusal(place, content | {"cover_first": content["cover_first"][1:]}).startswith("cover: its arrays")
    assert refusal(place, content | {"cover_cell": content["cover_cell"] + 10_000}).startswith("cover: a product")
    del content["cover_second"]
    assert refusal(place, content) == "cover_second: missing"


# ---- bytes --------------------------------------------------------------------------------------------------------


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255), st.booleans())
def test_damaged_bytes_are_refused_or_harmless(saved, place, share, change, cut):
    np.savez(place, **saved)
    content = bytearray(place.read_bytes())
    where = int(share * len(content))
    if cut:
        del content[where:]
    else:
        content[where] ^= change
    place.write_bytes(content)
    try:
        again = Representation.load(place)
    except InputError:
        return
    assert not cut
    for name in SAVED_ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), saved[name])


# ---- what was written is read -------------------------------------------------------------------------------------


@given(problems(st.integers(1, 3)))
def test_every_answer_comes_back(place, problem):
    answer = solve(problem, max_iterations=3)
    answer.save(place)
    again = Representation.load(place)
    price = pytest.approx(answer.price_of_modularity, abs=1e-9)
    energies = pytest.approx(answer.energies, rel=1e-9)
    assert again.to_dict() == {**answer.to_dict(), "energies": energies, "price_of_modularity": price}


def priced(draw):
    """Problems with all that a file may hold of them."""
    costs = {
        name: draw(st.floats(0.1, 5))
        for name in ("activity_cost", "bias_cost", "encoder_cost", "decoder_cost")
        if draw(st.booleans())
    }
    readout = draw(st.sampled_from([None, Exact([[1.0, 0.5]]), Soft(0.3), Soft(30.0, [[1.0, 1.0]]), Noisy(10.0, 0.1)]))
    rows = draw(st.integers(4, 20))
    points = np.random.default_rng(draw(st.integers(0, 10**6))).uniform(-1, 1, (rows, 2))
    groups = draw(st.sampled_from([None, {"one": [0]}]))
    return Problem(points, readout=readout, groups=groups, **costs)


@given(st.composite(priced)())
def test_what_comes_back_is_equal(place, problem):
    answer = solve(problem)
    answer.save(place)
    again = Representation.load(place)
    assert again == answer and hash(again) == hash(answer) and again.problem == problem
    assert answer.lower_bound <= answer.loss and (answer.status == "optimal") == (answer.gap <= answer.tolerance)


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(Problem(CUT * [1e-8, 1e8]), id="extreme scales"),
        pytest.param(Problem(CUT + np.array([1e6, -1e7])), id="a large offset"),
        pytest.param(Problem(CUT, mixing=[[1, 1], [1, 1 + 1e-7]]), id="a mixing that is nearly singular"),
        pytest.param(Problem(Sources.from_moments(np.eye(2) / 3, CUT[:8])), id="moments"),
        pytest.param(Problem(np.column_stack([CUT[:, 0], CUT @ [1, 1e-6]])), id="nearly dependent"),
    ],
)
def test_answers_of_extreme_problems_come_back(place, problem):
    answer = solve(problem, max_iterations=5)
    answer.save(place)
    assert Representation.load(place).to_dict() == {
        **answer.to_dict(), "energies": pytest.approx(answer.energies, rel=1e-6)
    }  # fmt: skip


@pytest.mark.parametrize("seed", [4, 11, 12, 21])
def test_a_code_without_neurons_of_sources_that_hardly_differ_is_read(seed, tmp_path):
    """Its bound is the loss itself; what the multiplier proves by its traces has few digits there."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, size=(15, 1)) + 10.0 ** -rng.uniform(3, 6) * rng.normal(size=(15, 3))
    errors = Soft(float(rng.uniform(0.1, 2)), [[1, 0, 0]])
    prices = {"encoder_cost": 0.001, "activity_cost": 0.003, "bias_cost": 1.4, "decoder_cost": 1.5}
    answer = solve(Problem(rows, readout=errors, **prices))
    assert len(answer) == 0
    answer.save(tmp_path / "answer.npz")
    assert Representation.load(tmp_path / "answer.npz").lower_bound == answer.lower_bound


@pytest.mark.parametrize("seed", [0, 63, 78])
def test_a_code_whose_digits_are_lost_in_one_order_of_its_columns_is_read(seed, tmp_path):
    """With its sources in the order in which it is solved it is not what its weights promise; as posed it may be."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(8, 3)) * 10.0 ** rng.uniform(-7, 7, 3)
    mixing, target = rng.normal(size=(3, 3)), rng.normal(size=(1, 3))
    answer = solve(Problem(rows, mixing=mixing, readout=Exact(target), encoder_cost=2e-4, activity_cost=788.0))
    answer.save(tmp_path / "answer.npz")
    assert Representation.load(tmp_path / "answer.npz").status == answer.status
