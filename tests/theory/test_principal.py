"""Data without known sources: the same optimum in the coordinates that are found, and nothing said of modularity."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st

from solver import Problem, Representation, certify, solve
from solver.commands.cli import main
from solver.pictures.summary import as_json
from solver.strategies import orthogonal, points, probabilities, seeds
from tests.examples import IRIS, share
from theory import InputError
from theory.conditions import decide
from theory.principal import PrincipalCoordinates
from theory.readouts import Soft

RNG = np.random.default_rng(0)
MADE = RNG.uniform(size=(40, 3)) @ RNG.standard_normal((3, 6)) + 0.02 * RNG.standard_normal((40, 6)) + 5


class Tsd:
    """A table of a time series as pynapple has them: array-like, with times and with columns that are numbers."""

    def __init__(self, values):
        self.values = np.asarray(values)
        self.columns, self.index = np.arange(self.values.shape[1]), np.linspace(0, 1, len(self.values))

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)


@st.composite
def measurements(draw, most=3):
    """(T, dx) data of up to three directions in a few more channels, of unlike scales, heavy tails, far from zero."""
    dimension = draw(st.integers(1, most))
    given = np.asarray(draw(points(dimension)), dtype=float)
    given = np.sign(given) * np.abs(given) ** draw(st.sampled_from([1, 3])) * 10.0 ** -np.arange(dimension)
    rng = np.random.default_rng(draw(seeds))
    turn = orthogonal(rng, dimension + draw(st.integers(0, 3)))[:dimension]
    weights = draw(probabilities(len(given), dimension))
    weighed = given if weights is None else given[np.asarray(weights) > 0]
    # Directions along which only samples of weight zero vary are not kept: a test of its own, below.
    assume(np.linalg.matrix_rank((weighed - weighed[0]) / np.ptp(given, axis=0)) == dimension)
    return given, (given @ turn + draw(st.sampled_from([0.0, 1e3]))) * 10.0 ** draw(st.integers(-3, 3)), weights


@given(measurements())
def test_coordinates_are_uncorrelated_and_give_the_data_back(drawn):
    _, data, weights = drawn
    found = PrincipalCoordinates.of(data, probabilities=weights)
    size = np.abs(data - data.mean(axis=0)).max()
    assert np.abs(found.data(found.points) - data).max() <= 1e-9 * size and found.kept == pytest.approx(1)
    np.testing.assert_allclose(found.coordinates(data), found.points, atol=1e-9 * size)
    np.testing.assert_allclose(
        np.trace(np.atleast_2d(np.cov(data.T, ddof=0, aweights=weights))), found.covariance.trace(), rtol=1e-9
    )
    again = PrincipalCoordinates.of(found.data(found.points), found.dimension, probabilities=weights)
    np.testing.assert_allclose(again.centre, found.centre, rtol=1e-9, atol=1e-9 * size)


def test_a_direction_that_only_samples_of_weight_zero_take_is_not_kept():
    data = [[0.0, 0, 0], [0, 0, 1], [0, 2, 0], [0, 2, 1], [7, 0, 0], [7, 2, 1]]
    found = PrincipalCoordinates.of(data, probabilities=[1, 1, 1, 1, 0, 0])
    assert found.dimension == 2 and found.kept == 1
    np.testing.assert_allclose(found.data(found.points), np.array(data) * [0, 1, 1], atol=1e-12)


@given(measurements())
@share(1 / 2)
def test_the_optimum_does_not_depend_on_the_coordinates(drawn):
    """Neurons see the data, so that known sources seen through the same channels cost the same."""
    given_sources, data, weights = drawn
    found = Problem.from_data(data, probabilities=weights, encoder_cost=0.3)
    centred = given_sources - given_sources.mean(axis=0)
    mixing = np.linalg.lstsq(centred, data - data.mean(axis=0), rcond=None)[0].T
    known = Problem(given_sources, probabilities=weights, mixing=mixing, encoder_cost=0.3)
    answer, same = solve(found), solve(known)
    assert found.dimension == known.dimension and answer.status == "optimal"
    assert answer.loss == pytest.approx(same.loss, rel=1e-7)
    assert answer.lower_bound <= same.loss * (1 + 1e-9) and same.lower_bound <= answer.loss * (1 + 1e-9)
    assert certify(found, answer).feasible


def test_the_axes_are_those_of_the_covariance():
    found = PrincipalCoordinates.of(MADE, dimension=3)
    values, vectors = np.linalg.eigh(np.cov(MADE.T, ddof=0))
    np.testing.assert_allclose(np.diag(found.covariance), values[:-4:-1])
    np.testing.assert_allclose(np.abs(found.axes), np.abs(vectors[:, :-4:-1]), atol=1e-9)
    assert found.kept == pytest.approx(values[-3:].sum() / values.sum())
    assert found.channels == ("x1", "x2", "x3", "x4", "x5", "x6") and found.names == ("pc1", "pc2", "pc3")


@pytest.mark.parametrize("share_kept", [0.3, 0.9, 0.999, 1 - 1e-5, 1.0])
def test_the_fewest_axes_that_keep_a_share(share_kept):
    found = PrincipalCoordinates.of(MADE, variance=share_kept)
    assert found.kept >= share_kept - 1e-12
    if found.dimension > 1:
        assert PrincipalCoordinates.of(MADE, dimension=found.dimension - 1).kept < share_kept
    assert found.dimension == 6 or share_kept < 1


def test_a_share_that_axes_keep_exactly():
    cross = [[3, 0], [-3, 0], [0, 1], [0, -1]]
    assert PrincipalCoordinates.of(cross, variance=0.9).dimension == 1
    assert PrincipalCoordinates.of(cross, variance=0.9 + 1e-12).dimension == 2


def test_more_channels_than_samples():
    wide = RNG.standard_normal((5, 3_000)) + 1e3
    found = PrincipalCoordinates.of(wide)
    assert found.dimension == 4 and found.kept == pytest.approx(1)
    np.testing.assert_allclose(found.data(found.points), wide, atol=1e-8)


def test_directions_that_rounding_made_do_not_count():
    line = np.outer(np.linspace(0, 1, 9), [1, 1 / 3, 0.7]) + 1e6
    assert PrincipalCoordinates.of(line).dimension == 1
    assert PrincipalCoordinates.of(line + np.outer(np.arange(9) % 2, [0, 0, 1e-4])).dimension == 2


def test_samples_of_probability_zero_shape_the_hull_alone():
    weights = np.r_[np.ones(39), 0]
    with_it, without = (PrincipalCoordinates.of(MADE[:n], 2, probabilities=weights[:n]) for n in (40, 39))
    np.testing.assert_allclose(with_it.covariance, without.covariance, atol=1e-12)
    np.testing.assert_allclose(with_it.points[:39], without.points, atol=1e-9)


def test_tables_keep_the_names_of_their_columns():
    frame = pd.DataFrame(MADE, columns=list("abcdef"), index=pd.date_range("2020-01-01", periods=40))
    assert PrincipalCoordinates.of(frame).channels == tuple("abcdef")
    series = PrincipalCoordinates.of(Tsd(MADE), dimension=2)
    assert series.channels == ("0", "1", "2", "3", "4", "5")
    np.testing.assert_array_equal(series.points, PrincipalCoordinates.of(MADE, dimension=2).points)


# ---- the answer ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answer():
    return solve(Problem.from_data(MADE, dimension=3))


def test_nothing_is_said_of_modularity(answer):
    assert answer.modular is None and np.isnan(answer.price_of_modularity) and np.isnan(answer.modular_loss)
    for text in (repr(answer), answer._repr_html_(), solve(Problem.from_data(MADE, dimension=1)).message):
        assert "modular" not in text.lower() and "mix" not in text.lower()
    assert "3 principal coordinates of 6 channels (40 samples), which keep all but 0.0" in repr(answer)
    plain = json.loads(as_json(answer.to_dict()))
    assert plain["modular"] is None and plain["price_of_modularity"] is None
    assert plain["variance_kept"] == answer.problem.sources.kept and len(plain["channels"]) == 6
    with pytest.raises(InputError, match="whose axes mean nothing"):
        decide(answer.problem)
    with pytest.raises(InputError, match="`compare` the code with labels"):
        answer.metrics()


def test_encoder_and_decoder_act_on_data_about_their_mean(answer):
    sources = answer.problem.sources
    activity = np.maximum((MADE - sources.centre) @ answer.encoder.T + answer.encoder_bias, 0)
    np.testing.assert_allclose(activity, answer.activity(), atol=1e-12)
    back = activity @ answer.decoder.T + answer.decoder_bias + sources.centre
    np.testing.assert_allclose(back, sources.data(sources.points), atol=1e-10)


@pytest.mark.thorough
@pytest.mark.parametrize("options", [{"dimension": 1}, {"dimension": 2}, {"readout": Soft(9.0)}])
def test_answers_are_drawn_saved_and_read(options, tmp_path):
    answer = solve(Problem.from_data(MADE, **({"dimension": 3} | options)))
    answer.save(tmp_path / "code.npz")
    again = Representation.load(tmp_path / "code.npz")
    assert repr(again) == repr(answer) and again.problem.sources.channels == answer.problem.sources.channels
    assert as_json(again.to_dict()).replace("-0.0", "0.0")[:200] == as_json(answer.to_dict())[:200]
    assert certify(again.problem, again).gap <= 1e-8
    answer.plot(tmp_path / "code.svg")
    assert "modular" not in (tmp_path / "code.svg").read_text()


@pytest.mark.parametrize(
    ("name", "alter", "said"),
    [
        ("kept", lambda kept: kept * 0 + 1.5, "kept: 1.5 is not a share"),
        ("mixing", lambda axes: axes * 1.01, "axes: not orthonormal"),
        ("points", lambda points: points[:, ::-1], "sources: not principal coordinates"),
        ("points", lambda points: points + 0.1, "sources: not principal coordinates"),
        ("centre", lambda centre: centre[1:], "axes: shape"),
        ("channels", lambda channels: channels[1:], "axes: shape"),
        ("modular_loss", lambda _: np.float64(3), "modular_loss: damaged or altered"),
    ],
)
def test_altered_files_are_refused(answer, tmp_path, name, alter, said):
    path = tmp_path / "code.npz"
    answer.save(path)
    with np.load(path) as file:
        content = dict(file)
    np.savez(path, **content | {name: alter(content[name])})
    with pytest.raises(InputError, match=said):
        Representation.load(path)


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (MADE, {"dimension": 7}, "dimension: the data vary along 6"),
        (MADE, {"dimension": 0}, "dimension: 0 is not a whole number from 1 on"),
        (MADE, {"dimension": 1.5}, "dimension: 1.5 is not"),
        (MADE, {"variance": 0}, "variance: 0 is not a share"),
        (MADE, {"variance": 1.01}, "variance: 1.01 is not a share"),
        (MADE, {"variance": "much"}, "variance: 'much' is not a share"),
        (MADE, {"dimension": 2, "variance": 0.5}, "give one of them"),
        (MADE, {"mixing": np.eye(6)}, "mixing: data are seen as they are"),
        (MADE, {"groups": {"a": [0]}}, "groups: the axes of data mean nothing"),
        (MADE, {"probabilities": [1, 2]}, "probabilities: 2 given for 40"),
        (MADE[:1], {}, "data: only one row"),
        (np.ones((4, 2)) / 3, {}, "data: all rows are the same"),
        (MADE * [1, 1, np.nan, 1, 1, 1], {}, "data: 40 value.s. are NaN or infinite, the first at row 0, column 2"),
        (MADE * 1e150, {}, "data: values reach"),
        (object(), {}, "data: expected a matrix"),
    ],
)
def test_bad_data_are_refused(data, options, said):
    with pytest.raises(InputError, match=said):
        Problem.from_data(data, **options)


def test_data_of_other_channels_are_refused(answer):
    with pytest.raises(InputError, match=r"data: 4 channel\(s\), but the axes were found in 6"):
        answer.problem.sources.coordinates(MADE[:, :4])


# ---- on the command line ------------------------------------------------------------------------------------------


def test_solve_takes_data_as_they_are(tmp_path):
    wide = tmp_path / "wide.csv"
    pd.DataFrame(np.hstack([MADE[:5], MADE[:5, ::-1] ** 2])).to_csv(wide, index=False)
    done = CliRunner().invoke(main, ["solve", str(wide), "--variance", "0.9", "--json"])
    answer = json.loads(done.stdout)
    assert done.exit_code == 0 and answer["variance_kept"] >= 0.9 and len(answer["channels"]) == 12
    done = CliRunner().invoke(main, ["solve", IRIS, "--components", "2"])
    assert done.exit_code == 0 and "2 principal coordinates of 4 channels (150 samples)" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--components", "2", "--variance", "0.5"], "give one of them"),
        (["--components", "9"], "vary along 4 direction"),
        (["--variance", "2"], "not a share"),
        (["--components", "2", "--mixing", IRIS], "--mixing: is about sources"),
        (["--components", "2", "--targets", IRIS], "--targets: is about sources"),
    ],
)
def test_solve_refuses(options, said):
    done = CliRunner().invoke(main, ["solve", IRIS, *options])
    assert done.exit_code == 2 and said in done.stderr and "\n" not in done.stderr.strip()


def test_axes_cut_between_equal_variances_say_so(tmp_path):
    corners = [[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-3, 3)]
    said = {count: repr(solve(Problem.from_data(corners, count))) for count in (1, 2, 3)}
    assert [count for count, text in said.items() if "varies as much as the last one kept" in text] == [2]
    solve(Problem.from_data(corners, 2)).save(tmp_path / "code.npz")
    assert Representation.load(tmp_path / "code.npz").problem.sources.tied


def test_some_of_the_axes_mean_as_little_as_all():
    problem = Problem.from_data(np.random.default_rng(0).standard_normal((9, 3)))
    assert not any(problem.part(axes).sources.identified for axes in ([0], [0, 1]))
