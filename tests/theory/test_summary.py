"""Summaries: whatever the chunks, the answer is that of all samples in one piece; memory holds what is extreme."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, certify, solve
from tests.examples import share
from theory import InputError, Sources
from theory.geometry.extremes import _frame, _standardised, distinct_rows, extreme_rows, inside_of
from theory.summary import SUMMARY, Moments, Summary, SummaryBuilder

KINDS = ("normal", "heavy", "grid", "correlated", "far", "scales", "ramp")


def samples(kind, count, dimension, seed):
    """(count, dimension) ugly in one way or another."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((count, dimension))
    if kind == "heavy":
        points = rng.standard_t(1.5, size=points.shape)
    if kind == "grid":
        points = rng.integers(0, 3, size=points.shape).astype(float)
        points[: dimension + 1] = np.vstack([np.zeros(dimension), np.eye(dimension)])  # which varies in all directions
    if kind == "correlated":
        points = points[:, :1] + 1e-3 * points
    if kind == "far":
        points += 1e6
    if kind == "scales":
        points *= 10.0 ** rng.integers(-8, 9, size=dimension)
    if kind == "ramp":
        points += np.linspace(0, 50, count)[:, None]
    return points


@st.composite
def cut_samples(draw):
    """Samples, weights or None, and where they are cut."""
    count, dimension = draw(st.integers(12, 60)), draw(st.integers(1, 4))
    points = samples(draw(st.sampled_from(KINDS)), count, dimension, draw(st.integers(0, 2**32 - 1)))
    weights = draw(st.none() | st.lists(st.integers(0, 3), min_size=count, max_size=count).filter(any))
    if weights is not None:
        weights = np.array(weights, dtype=float)
        weights[: dimension + 1] = 1
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=5)))
    return points, weights, cuts


def same_sources(one, other):
    """To twelve digits of the deviations and ranges."""
    deviation, reach = np.sqrt(np.diag(one.covariance)), one.upper - one.lower
    assert one.count == other.count
    np.testing.assert_allclose(
        one.about_mean(other.mean) / deviation, 0, atol=1e-9
    )  # a mean far away is rounded itself
    np.testing.assert_allclose(other.lower / reach, one.lower / reach, rtol=0, atol=1e-12)
    np.testing.assert_allclose(other.upper / reach, one.upper / reach, rtol=0, atol=1e-12)
    scaled = [found.covariance / np.outer(deviation, deviation) for found in (one, other)]
    np.testing.assert_allclose(*scaled, rtol=0, atol=1e-12)
    weights = np.random.default_rng(0).standard_normal((50, one.dimension)) / reach
    np.testing.assert_allclose(other.support(weights), one.support(weights), rtol=0, atol=1e-12)


@given(cut_samples())
def test_summaries_of_any_parts_merge_into_that_of_the_whole(drawn):
    points, weights, cuts = drawn
    whole = Sources(points, weights)
    chunks = np.split(points, cuts)
    parts = None if weights is None else np.split(weights, cuts)
    streamed = Sources.from_chunks(chunks, probabilities=parts)
    same_sources(whole, streamed)
    summaries = [Summary.of(chunk, None if parts is None else parts[i]) for i, chunk in enumerate(chunks) if len(chunk)]
    merged = Sources.from_summary(reduce(add, summaries))
    same_sources(whole, merged)
    same_sources(whole, Sources.from_summary(reduce(lambda one, other: other + one, summaries)))
    assert {tuple(row) for row in merged.points} <= {tuple(row) for row in points}


@share(1 / 4)
@given(st.sampled_from(KINDS), st.integers(1, 4), st.booleans(), st.integers(0, 2**32 - 1))
def test_many_rows_go_the_quick_way_to_the_same_end(kind, dimension, weighted, seed):
    points = samples(kind, 3 * SUMMARY.step_rows // 2, dimension, seed)
    weights = np.random.default_rng(seed).integers(0, 3, len(points)).astype(float) if weighted else None
    whole = Sources(points, weights)
    streamed = Sources.from_chunks(
        np.array_split(points, 3), probabilities=None if weights is None else np.array_split(weights, 3)
    )
    same_sources(whole, streamed)
    if kind in ("normal", "heavy", "far"):
        assert {tuple(row) for row in streamed.vertices} == {tuple(row) for row in whole.vertices + 0.0} or np.allclose(
            np.sort(streamed.vertices, axis=0), np.sort(whole.vertices, axis=0), rtol=0, atol=1e-9
        )
        assert len(streamed.points) == len(whole.vertices)


@share(1 / 4)
@given(st.integers(0, 2**32 - 1), st.integers(2, 3))
def test_the_code_is_that_of_one_piece(seed, dimension):
    points = samples("normal", 400, dimension, seed) @ samples("normal", dimension, dimension, seed + 1) + 3
    whole, streamed = solve(Problem(points)), solve(Problem(Sources.from_chunks(np.array_split(points, 7))))
    assert streamed.loss == pytest.approx(whole.loss, rel=1e-12)
    assert streamed.status == whole.status and streamed.problem.sources.count == 400
    # Its biases are those that all samples ask for, and who has the samples can certify it on them.
    resting = whole.problem.sources.support(streamed.source_weights)
    np.testing.assert_allclose(streamed.problem.sources.support(streamed.source_weights), resting, rtol=1e-12)
    assert certify(streamed.problem, streamed).gap == pytest.approx(certify(Problem(points), streamed).gap, abs=1e-12)
    # Activity of any rows, a chunk at a time.
    activity = np.vstack([streamed.activity(chunk) for chunk in np.array_split(points, 7)])
    np.testing.assert_allclose(streamed.reconstruct(activity), points, atol=1e-9)


def test_digits_of_correlated_samples_far_from_zero():
    rng = np.random.default_rng(0)
    first = rng.integers(-(2**20), 2**20, 40_000).astype(float)
    thin = rng.integers(-8, 9, 40_000).astype(float)
    points = np.column_stack([first, first + thin]) + 2.0**40
    root = Summary.of_chunks(np.array_split(points, 9)).moments.root
    # All differences are whole numbers, so the exact deviation of the thin one is known.
    assert np.linalg.norm(root @ [-1, 1]) == pytest.approx(thin.std(), rel=1e-9)


def test_samples_of_weight_zero_count_for_the_hull_alone():
    box = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
    far = Summary.of([[5.0, 0], [0, 5]], [0, 0])
    both = Sources.from_summary(far + Summary.of(box))
    np.testing.assert_array_equal(both.covariance, np.eye(2))
    assert both.upper.tolist() == [5, 5]
    with pytest.raises(InputError, match="all are zero"):
        Sources.from_summary(far)


def test_a_sorted_table_is_flat_chunk_by_chunk():
    grid = np.stack(np.meshgrid(*[np.arange(4.0)] * 3, indexing="ij"), -1).reshape(-1, 3)
    summary = Summary.of_chunks(np.split(grid, 16))  # lines
    assert len(summary.extremes) == 8
    assert Sources.from_summary(summary).covariance == pytest.approx(np.eye(3) * 1.25, abs=1e-12)


def test_memory_holds_what_is_extreme():
    angle = 2 * np.pi * np.arange(36) / 36
    ring = np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])
    builder = SummaryBuilder()
    for _ in range(5):
        builder.add(np.tile(ring, (SUMMARY.step_rows // 36, 1)))
    assert sum(map(len, builder._rows.pending)) <= len(ring)
    assert len(builder.summary().extremes) == 36


def test_builders_beside_each_other():
    points = samples("normal", 60_000, 3, 0)
    first = SummaryBuilder()
    first.add(points[:30_000])
    begun = first.summary()
    other = SummaryBuilder(beside=first)
    other.add(points[30_000:], first_row=30_000)
    beside = other.summary()
    assert len(beside.extremes) < len(Summary.of(points[30_000:]).extremes)
    whole = Summary.of(points)
    merged = begun + beside
    assert {tuple(row) for row in merged.extremes} == {tuple(row) for row in whole.extremes}
    np.testing.assert_allclose(merged.covariance, whole.covariance, rtol=1e-12)


def test_some_of_the_columns():
    points = samples("normal", 500, 4, 0)
    same_sources(Sources(points[:, [2, 0]]), Sources.from_summary(Summary.of(points).of_columns([2, 0])))
    problem = Problem(Sources.from_chunks([points]), groups={"pair": [0, 1]})
    assert problem.blocks[0].sources.count == 500


def test_samples_summarise_and_are_added_to():
    one, other = samples("normal", 50, 2, 0), samples("heavy", 70, 2, 1)
    merged = Sources.from_summary(Sources(one).summarised() + Sources(other).summarised())
    same_sources(Sources(np.vstack([one, other])), merged)
    assert merged.summarised() is merged.stream
    with pytest.raises(InputError, match="moments alone"):
        Sources.from_moments(np.eye(2), [[-2, -2], [2, -2], [0, 3]]).summarised()


# ---- extreme rows -------------------------------------------------------------------------------------------------


@share(1 / 2)
@given(st.integers(2, 4), st.sampled_from(["normal", "grid", "heavy"]), st.integers(0, 2**32 - 1))
def test_trying_each_row_finds_what_qhull_finds(dimension, kind, seed):
    points = samples(kind, 60, dimension, seed)
    points = points[distinct_rows(points)]
    tried = points[_frame(_standardised(points))]
    hull = points[extreme_rows(points)]
    weights = np.random.default_rng(0).standard_normal((200, dimension)) / np.ptp(points, axis=0)
    np.testing.assert_allclose((tried @ weights.T).max(axis=0), (hull @ weights.T).max(axis=0), atol=1e-11)
    if kind != "grid":
        assert {tuple(row) for row in tried} == {tuple(row) for row in hull}


def test_in_many_sources_only_what_is_outside_stays():
    rng = np.random.default_rng(0)
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 6)).reshape(6, -1).T
    points = np.vstack([rng.uniform(-0.99, 0.99, size=(300, 6)), corners, corners[:10]])
    assert {tuple(row) for row in points[extreme_rows(points)]} == {tuple(row) for row in corners}
    # While there is room only copies are dropped.
    assert len(Summary.of(points).extremes) == 300 + len(corners)


@given(st.integers(1, 5), st.sampled_from(KINDS), st.integers(0, 2**32 - 1))
def test_bodies_lie_inside(dimension, kind, seed):
    points = _standardised(samples(kind, 40, dimension, seed))
    rng = np.random.default_rng(seed)
    # Beyond the hull by a millionth of its size, in directions where it is known how far it reaches.
    ways = rng.standard_normal((20, dimension))
    beyond = points[np.argmax(ways @ points.T, axis=1)] + 1e-6 * ways / np.linalg.norm(ways, axis=1)[:, None]
    columns = np.ascontiguousarray(np.vstack([points, beyond]).T)
    left = set(inside_of(points).outside(columns, np.empty((2, columns.shape[1]))).tolist())
    assert set(range(40, 60)) <= left
    assert set(extreme_rows(points).tolist()) <= left


def test_not_a_number_is_never_inside():
    columns = np.array([[0.0, np.nan, np.inf], [0.0, 0.0, 0.0]])
    body = inside_of(np.array([[-1.0, -1], [1, -1], [-1, 1], [1, 1]]))
    assert body.outside(columns, np.empty((2, 3))).tolist() == [1, 2]


# ---- files and refusals -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def streamed():
    points = samples("correlated", 300, 2, 0) + 100
    return solve(Problem(Sources.from_chunks(np.array_split(points, 3), names=["left", "right"])))


def test_a_streamed_code_is_saved_and_certified(streamed, tmp_path):
    file = tmp_path / "code.npz"
    streamed.save(file)
    again = Representation.load(file)
    assert again.loss == streamed.loss and again.problem.sources.count == 300
    assert again.problem.sources.names == ("left", "right")
    assert certify(again.problem, again).gap == certify(streamed.problem, streamed).gap


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("stream_root", lambda root: 0.9 * root, "agree|differ|says|problem|loss"),
        ("stream_root", lambda root: 100 * root, "same samples"),
        ("stream_shift", lambda shift: shift + 1e3, "same samples"),
        ("stream_lower", lambda lower: lower - 1, "same samples"),
        ("stream_count", lambda count: count - 299, "count"),
        ("stream_origin", lambda origin: origin[:1], "origin"),
        ("points", lambda points: points[points[:, 0] > points[:, 0].min()], "same samples"),
    ],
)
def test_an_altered_summary_is_refused(streamed, tmp_path, name, change, said):
    file = tmp_path / "code.npz"
    streamed.save(file)
    with np.load(file) as found:
        content = dict(found)
    content[name] = np.asarray(change(content[name]))
    np.savez(file, **content)
    with pytest.raises(InputError, match=said):
        Representation.load(file)


def test_what_a_stream_cannot_tell_is_said(streamed):
    with pytest.raises(InputError, match="a summary alone"):
        streamed.metrics()
    with pytest.raises(InputError, match="a summary alone"):
        streamed.compare(np.arange(300))
    assert "300 samples" in str(streamed)


GOOD = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])


@pytest.mark.parametrize(
    ("chunks", "said"),
    [
        ([], "there are none"),
        ([np.empty((0, 2))], "none that has rows"),
        ([GOOD, GOOD[:, :1]], "chunk 1: 1 column"),
        ([GOOD, GOOD, [[0, 1], [2, np.nan]]], "row 1, column 1 of chunk 2"),
        ([GOOD, [["a", 1]]], "chunk 1: 'a' is not a number"),
        ([GOOD * 1e200], "larger unit"),
        ([GOOD[:1]], "only one row"),
        ([GOOD[:2], GOOD[:2]], "constant"),
        ([GOOD[[0]] * np.arange(1, 10)[:, None] ** np.arange(2)], "constant"),
        (GOOD, "one matrix is one piece"),
    ],
)
def test_chunks_that_cannot_be_used(chunks, said):
    with pytest.raises(InputError, match=said):
        Sources.from_chunks(chunks)


def test_weights_that_cannot_be_used():
    for weights, said in (
        ([np.ones(4)], "1 weights, but more chunks"),
        ([np.ones(4)] * 3, "2 chunks, but more weights"),
        ([np.ones(4), np.ones(3)], "of chunk 1: shape"),
        ([np.ones(4), [1, 1, -1, 1]], "of chunk 1: -1 at row 2"),
        ([[0] * 4] * 2, "all are zero"),
    ):
        with pytest.raises(InputError, match=said):
            Sources.from_chunks([GOOD, GOOD], probabilities=weights)


def test_tables_keep_their_names_and_must_agree():
    pandas = pytest.importorskip("pandas")
    tables = [pandas.DataFrame(GOOD, columns=["left", "right"]) for _ in range(2)]
    assert Sources.from_chunks(tables).names == ("left", "right")
    with pytest.raises(InputError, match="chunk 1: columns 'right', 'left'"):
        Sources.from_chunks([tables[0], tables[1][["right", "left"]]])
    with pytest.raises(InputError, match="merge those of the same"):
        Summary.of(tables[0]) + Summary.of(tables[1][["right", "left"]])
    with pytest.raises(InputError, match="of 2 and of 1 column"):
        Summary.of(GOOD) + Summary.of(GOOD[:, 0])


def test_a_summary_by_hand_is_checked():
    moments = Moments(4.0, np.zeros(2), np.full(2, 0.5), np.eye(2) / 2)
    Sources.from_summary(Summary(4, moments, np.zeros(2), np.ones(2), GOOD))
    with pytest.raises(InputError, match="same samples"):
        Sources.from_summary(Summary(4, moments, np.zeros(2), np.full(2, 0.7), GOOD))
