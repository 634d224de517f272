"""Codes whose neurons read one group of sources each: certified, priced, and sometimes the best of all."""

import json
from dataclasses import replace
from functools import cache
from itertools import product

import cvxpy as cp
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, Sources, certify, lower_bound, separation, solve
from solver.commands.cli import main
from solver.pictures.plot import plot_verdict
from solver.strategies import seeds
from tests.examples import plainly, share, thorough
from theory import InputError
from theory.conditions import decide
from theory.readouts import Exact, Noisy, Soft

RING = {"position": [0, 1], "relative": [2, 3]}
CUES = {"first": [0, 1], "second": [2, 3]}


def waves(angles):
    """Cosine and sine of each column of angles, (T, 2 k)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(len(angles), -1)


def ring(objects, size=12):
    """Position, and position relative to an object, on a ring: every pair of them that occurs."""
    places = 2 * np.pi * np.array(list(product(range(size), objects))) / size
    return waves(np.column_stack([places[:, 0], places[:, 0] - places[:, 1]]))


def cues(size, repeats):
    """Two cues on a ring, with or without repeats."""
    pairs = [pair for pair in product(range(size), repeat=2) if repeats or pair[0] != pair[1]]
    return waves(2 * np.pi * np.array(pairs) / size)


def grouped(seed, *, readout=None, dimension=None):
    """Correlated sources of unlike scales, tied or heavy-tailed, under a mixing, in two or three groups."""
    rng = np.random.default_rng(seed)
    dimension = dimension or int(rng.integers(2, 5))
    kind = rng.integers(3)
    draw = (
        rng.standard_normal
        if kind == 0
        else rng.standard_cauchy
        if kind == 1
        else lambda size: rng.integers(3, size=size)
    )
    samples = draw(size=(int(rng.integers(3, 12)) + dimension, dimension)) @ rng.standard_normal((dimension, dimension))
    samples = samples + 1e-2 * rng.standard_normal(samples.shape)
    groups = rng.permutation(dimension)
    cut = np.unique(rng.integers(1, dimension, size=2))
    return Problem(
        samples * 10 ** rng.uniform(-1, 1, dimension),
        mixing=rng.standard_normal((dimension + 1, dimension)),
        encoder_cost=10 ** rng.uniform(-3, 1),
        readout=readout,
        groups={str(number): part.tolist() for number, part in enumerate(np.split(groups, cut))},
    )


KNOWN = {
    "anywhere": (ring(range(12)), RING, 1e-6, 0),
    "two places": (ring((0, 3)), RING, 1e-6, 0.082392),
    "three places": (ring((0, 1, 2)), RING, 1e-6, 0.165637),
    "four places": (ring((0, 3, 6, 9)), RING, 1e-6, 0),
    "repeats": (cues(4, repeats=True), CUES, 1, 0),
    "none": (cues(4, repeats=False), CUES, 1, 0.00087070),
    "six, repeats": (cues(6, repeats=True), CUES, 1, 0),
    "six, none": (cues(6, repeats=False), CUES, 1, 0),
}
"""Sources, groups, the cost of the encoder, and the price of separate neurons."""


@cache
def solved(name):
    """One of these and its optimal code: immutable, so that tests may share them."""
    points, groups, cost, _ = KNOWN[name]
    problem = Problem(Sources(points, names=("pc", "ps", "rc", "rs")), encoder_cost=cost, groups=groups)
    return problem, solve(problem)


@pytest.mark.parametrize("name", plainly(KNOWN, KNOWN.keys() - {"two places", "three places"}))
def test_known_prices(name):
    (problem, answer), price = solved(name), KNOWN[name][-1]
    least, most = answer.price_bounds
    assert least - 1e-9 <= answer.price_of_modularity == pytest.approx(price, abs=1e-6) and most - least < 1e-8
    assert answer.status == answer.separate.status == "optimal"
    assert answer.modular is (price == 0) and answer.separate.modular
    assert certify(problem, answer).gap < 1e-8 and certify(problem.separated, answer.separate).gap < 1e-8
    assert {len(read) for read in answer.separate.coded_groups()} == {1}
    verdict = separation(problem)
    assert verdict.modular is (price == 0) and verdict.price_bound >= price - 1e-9
    if price:
        # The witness is a neuron of several groups that earns more than it costs.
        multiplier = answer.separate.multiplier
        assert verdict.witness @ multiplier @ verdict.witness > problem.neuron_cost(verdict.witness[None])[0] * 1.01
        assert verdict.margin < 0


def design(problem, count=400):
    """The best code of neurons in many directions of each group, at most two sources each, as one convex program."""
    units = []
    for members, block in zip(problem.groups.values(), problem.blocks, strict=True):
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        ways = np.array([[1.0], [-1.0]])
        if len(members) == 2:
            # Costs have kinks where a neuron is held by two samples: there a grid would miss by more than its square.
            ways = block.whitening.weights(np.column_stack([np.cos(angle), np.sin(angle)]))
            ways = np.vstack([ways, block.sources.fan.generators])
        units.append(np.zeros((len(ways), problem.dimension)))
        units[-1][:, list(members)] = ways
    units = np.vstack(units)
    units = units / np.sqrt(problem.neuron_cost(units))[:, None] / problem.modular.unit_weights
    readout = problem.readout.in_coordinates(1 / problem.modular.unit_weights, problem.modular_loss)
    energies = cp.Variable(len(units), nonneg=True)
    code = problem.modular_loss * units.T @ cp.diag(energies) @ units
    root = np.linalg.qr(readout.targets * readout.decoder_cost**0.5, mode="r").T
    ridge = 0 if readout.ridge is None else readout.ridge
    program = cp.Problem(cp.Minimize(cp.sum(energies) + cp.matrix_frac(root, code + ridge)))
    return program.solve(solver="CLARABEL") * problem.modular_loss


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # older conic solvers say so of the sixth digit
@given(seeds, st.booleans())
@share(1 / 3)
def test_a_design_on_a_fine_grid_of_directions_agrees(seed, exact):
    rng = np.random.default_rng(seed)
    readout = None if exact else Noisy(10 ** rng.uniform(0, 3), 0.1, rng.standard_normal((2, 4)))
    problem = grouped(seed, dimension=4, readout=readout)
    problem = problem.replaced(groups={"a": [0, 2], "b": [3]}, separate=True)
    answer, value = solve(problem), design(problem)
    assert answer.status == "optimal" and answer.modular
    assert value * (1 - 1e-3) <= answer.loss <= value * (1 + 1e-6)


@pytest.mark.thorough
@given(seeds)
@share(1 / 3)
def test_codes_that_may_do_more_cost_less(seed):
    rng = np.random.default_rng(seed)
    problem = grouped(seed, readout=Soft(10 ** rng.uniform(0, 3)) if rng.random() < 0.3 else None)
    answer = solve(problem)
    alone = solve(problem.replaced(groups={}))
    assert answer.status == answer.separate.status == "optimal"
    assert answer.loss == pytest.approx(solve(problem.replaced(groups=None)).loss, rel=1e-7)
    assert answer.lower_bound <= answer.separate.lower_bound * (1 + 1e-9)
    assert answer.separate.lower_bound <= alone.separate.loss * (1 + 1e-9)
    # Groups of one are the closed form.
    assert alone.separate.loss == pytest.approx(problem.modular_loss, rel=1e-8) == alone.modular_loss
    # The order of groups, and of sources, is nobody's business.
    turned = problem.replaced(groups=dict(reversed(problem.groups.items()))).separated
    assert solve(turned).loss == pytest.approx(answer.separate.loss, rel=1e-8)
    for posed, found in ((problem, answer), (problem.separated, answer.separate)):
        checked = certify(posed, found)
        assert checked.feasible and checked.gap < 2e-8
        assert checked.loss == pytest.approx(found.loss, rel=1e-9)
    verdict = separation(problem)
    if answer.price_of_modularity > 1e-7:
        assert verdict.modular is False
    if verdict.modular:
        assert answer.price_of_modularity <= 1e-8
    assert answer.price_of_modularity <= verdict.price_bound + 1e-8


@given(seeds)
def test_any_multiplier_bounds_separate_codes(seed):
    problem = grouped(seed)
    half = np.random.default_rng(seed).standard_normal((problem.dimension, problem.dimension))
    every, some = (lower_bound(posed, half @ half.T) for posed in (problem, problem.separated))
    # Fewer neurons earn no more, so that the same multiplier proves no less.
    assert every.value <= some.value * (1 + 1e-9) and some.value <= solve(problem.separated).loss * (1 + 1e-9)
    own = some.worst_neuron
    assert problem.neuron_cost(own[None])[0] == pytest.approx(1)
    assert own @ some.multiplier @ own == pytest.approx(some.rho, rel=1e-9)
    assert sum(bool(own[list(members)].any()) for members in problem.groups.values()) == 1


@pytest.mark.thorough
@given(seeds)
@share(1 / 4)
def test_products_are_separate_whatever_the_correlations(seed):
    rng = np.random.default_rng(seed)
    shadows = [rng.standard_normal((4, 2)), rng.standard_normal((3, 1)), rng.standard_normal((4, 2))]
    rows = np.array([np.concatenate(parts) for parts in product(*shadows)])
    order = rng.permutation(5)
    groups = {str(number): np.flatnonzero(np.isin(order, part)) for number, part in enumerate(([0, 1], [2], [3, 4]))}
    problem = Problem(rows[:, order], probabilities=rng.exponential(size=len(rows)) ** 3, groups=groups)
    answer = solve(problem)
    assert problem.separable and answer.status == "optimal" and answer.price_of_modularity == 0
    assert separation(problem).modular is True
    assert answer.loss == pytest.approx(sum(solve(problem.part(members)).loss for members in groups.values()))
    # Nothing of this is believed where all neurons are priced on all faces.
    known = lower_bound(problem.replaced(groups=None), answer.multiplier)
    assert known.value == pytest.approx(answer.loss, rel=1e-9)
    # The proof is the data's: of other data it proves less.
    fewer = problem.replaced(sources=np.delete(problem.sources.points, answer.activity().sum(axis=1).argmax(), axis=0))
    assert certify(fewer, answer).lower_bound <= solve(fewer).loss * (1 + 1e-9)


@pytest.mark.thorough
def test_twenty_sources_in_four_groups():
    rng = np.random.default_rng(0)
    shadows = [rng.standard_normal((6, 5)) for _ in range(4)]
    rows = np.array([np.concatenate(parts) for parts in product(*shadows)])
    groups = {name: range(5 * number, 5 * number + 5) for number, name in enumerate("abcd")}
    problem = Problem(rows, probabilities=rng.exponential(size=len(rows)), groups=groups)
    answer = solve(problem)
    checked = certify(problem, answer)
    assert answer.status == "optimal" and checked.gap < 1e-8 and checked.feasible and checked.exact
    # Without one combination of corners the hull is no product, and the proof is gone.
    holed = problem.replaced(sources=rows[1:])
    assert not holed.separable and certify(holed, answer).lower_bound < answer.lower_bound * (1 - 1e-3)


def test_errors_of_one_group_tell_of_another():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((25, 3)) @ [[1, 0.9, 0.5], [0, 0.3, 0.5], [0, 0, 0.2]]
    problem = Problem(rows, readout=Soft(20), groups={"pair": [0, 1]}).separated
    answer = solve(problem)
    assert answer.status == "optimal" and answer.iterations > 1
    # It is a minimum: no group can do better while the other stays.
    for members, block in zip(problem.groups.values(), problem.blocks, strict=True):
        multiplier = problem.multiplier(answer.source_weights.T @ answer.source_weights)
        own = multiplier[np.ix_(members, members)]
        assert block.pricing.maximise(own).rho == pytest.approx(1, abs=1e-6)
    # A target that no group but one is asked for needs no other.
    only = solve(problem.replaced(readout=Soft(1e4, targets=[[0, 0, 1.0]])))
    assert only.status == "optimal" and ("s3",) in only.coded_groups()


def test_entries_between_groups_decide():
    """Seen through a mixing, a box need not be separate: its hull is a product, but what is decoded is none."""
    box = np.array(list(product((0.0, 1.0), repeat=3)))
    problem = Problem(box, mixing=np.eye(3) + 0.6, encoder_cost=1e-3, groups={"pair": [0, 1]})
    answer = solve(problem)
    assert not problem.separable and answer.price_of_modularity > 1e-3
    assert separation(problem).modular is False
    # Of the block-diagonal multiplier of the separate code alone no neuron would earn more than it costs.
    assert lower_bound(problem, answer.separate.multiplier).rho < 1 + 1e-9


@given(seeds)
@share(1 / 4)
def test_targets_that_leave_sources_out(seed):
    rng = np.random.default_rng(seed)
    targets = rng.standard_normal((int(rng.integers(1, 4)), 4))
    targets[:, rng.integers(4)] *= rng.random() < 0.5
    problem = grouped(seed, dimension=4).replaced(readout=Exact(targets), groups={"a": [0, 3], "b": [1, 2]})
    separate = solve(problem.separated)
    # No neuron of one group decodes anything of another: each by itself.
    alone = sum(
        solve(block.replaced(readout=Exact(targets[:, list(members)]))).loss
        for members, block in zip(problem.groups.values(), problem.blocks, strict=True)
    )
    assert separate.status == "optimal" and separate.loss == pytest.approx(alone, rel=1e-7)
    assert certify(problem.separated, separate).gap < 1e-7 and separate.modular


def test_a_separate_problem_refuses_other_codes(tmp_path):
    problem, answer = solved("none")
    assert certify(problem, answer).feasible and not certify(problem.separated, answer).feasible
    with pytest.raises(InputError, match="problem: nothing says what is to be separate"):
        separation(problem.replaced(groups=None))
    asked = solve(problem, method="groups")
    assert asked.modular and asked.status == "bounded" and asked.lower_bound <= answer.loss


def test_files_keep_groups(tmp_path):
    file = tmp_path / "code.npz"
    problem = Problem(cues(4, repeats=False), groups=CUES, readout=Exact(np.eye(4) * 2))
    answer = solve(problem)
    for found in (answer, answer.separate):
        found.save(file)
        read = Representation.load(file)
        assert read.problem.groups == problem.groups and read.problem.separate is found.problem.separate
        assert read.coded_groups() == found.coded_groups() and read.price_bounds == found.price_bounds
        assert (read.separate is None) is (found.separate is None)
    answer.save(file)
    read = Representation.load(file)
    assert isinstance(read.separate, Representation) and read.separate.loss == answer.separate.loss
    assert certify(read.problem.separated, read.separate).gap < 1e-8
    content = dict(np.load(file))
    for name, value, said in (
        ("separate_loss", content["separate_loss"] * 0.9, "separate_loss: damaged"),
        ("separate_source_weights", content["source_weights"], "separate_"),
        ("separate_lower_bound", content["separate_loss"] * 1.01, "separate_lower_bound: damaged"),
        ("modular_loss", content["modular_loss"] * 1.01, "modular_loss: damaged"),
        ("group_of", np.array([0, 0, 0, 0]), "group_of: damaged"),
        ("group_of", np.array([0, 1, 0, 1]), "separate_source_weights: damaged or altered; a neuron reads several"),
        ("separate", np.array(True), "source_weights: damaged or altered; a neuron reads several"),
    ):
        np.savez(file, **(content | {name: value}))
        with pytest.raises(InputError) as refused:
            Representation.load(file)
        assert said in str(refused.value)
    np.savez(file, **{name: value for name, value in content.items() if name != "separate_multiplier"})
    with pytest.raises(InputError, match="it lacks 'separate_multiplier'"):
        Representation.load(file)


def test_who_stops_has_both_codes():
    problem = Problem(np.random.default_rng(0).standard_normal((30, 4)), groups={"a": [0, 1]})
    seen = []
    stopped = solve(problem, callback=lambda progress: seen.append(progress) or True)
    assert stopped.status == "interrupted" and stopped.message.endswith("stopped by the callback") and len(seen) == 1
    assert stopped.modular and stopped.loss == pytest.approx(stopped.separate.loss)
    assert seen[0].lower_bound == 0 and stopped.lower_bound <= solve(problem).loss * (1 + 1e-9)
    assert certify(problem, stopped).feasible
    limited = solve(problem, time_limit=1e-6)
    assert limited.status == "interrupted" and limited.separate.lower_bound <= limited.separate.loss


@pytest.mark.thorough
def test_words_pictures_and_json(tmp_path):
    problem, answer = solved("two places")
    words = repr(answer)
    assert "code 2 groups of 4 sources" in words and "one group per neuron would cost 8.24 % more" in words
    assert "mix position and relative" in words and "position, relative" in answer._repr_html_()
    assert ", one group each." in repr(answer.separate) and "no other" in repr(answer.separate).lower()
    told = answer.to_dict()
    assert told["groups"] == {"position": ["pc", "ps"], "relative": ["rc", "rs"]}
    assert told["separate"]["loss"] == answer.modular_loss and len(told["coded_groups"]) == len(answer)
    json.dumps(told)
    figure = answer.plot(tmp_path / "code.png")
    texts = [text.get_text() for legend in _legends(figure) for text in legend.get_texts()]
    assert {"position", "relative", "several groups", "best separate code"} <= set(texts)
    assert "Price of separation 8.24 %" in figure.get_suptitle()
    assert "mixed" in plot_verdict(problem, separation(problem)).get_suptitle()


def _legends(figure):
    parts = [figure, *figure.subfigs, *(inner for part in figure.subfigs for inner in part.subfigs)]
    return [
        *(one for part in parts for one in part.legends),
        *(axes.get_legend() for axes in figure.axes if axes.get_legend()),
    ]


def test_the_command_line_takes_groups(tmp_path):
    file = tmp_path / "ring.csv"
    np.savetxt(file, cues(4, repeats=False), delimiter=",", header="pc,ps,rc,rs", comments="")
    options = [str(file), "--group", "position=pc, ps", "--group", "relative=2,3", "--json"]
    solved = json.loads(CliRunner().invoke(main, ["solve", *options]).stdout)
    assert solved["price_of_modularity"] == pytest.approx(0.00087070, abs=1e-6)
    checked = json.loads(CliRunner().invoke(main, ["check", *options]).stdout)
    assert checked["modular"] is False and checked["groups"] == solved["groups"]
    words = CliRunner().invoke(main, ["check", str(file), "--group", "all=0,1,2,3"])
    assert words.exit_code == 0 and "\nSeparate: " in words.stdout
    for group, said in (
        ("position", "names no sources; write NAME=COLUMN,COLUMN"),
        ("=0", "names no sources"),
        ("position=9", "'position' has 9, but the 4 source(s) count from 0 to 3"),
        ("position=x", "'x' is unknown"),
        ("position=pc,0", "source 'pc' is twice in 'position'"),
    ):
        done = CliRunner().invoke(main, ["solve", str(file), "--group", group])
        assert done.exit_code == 2 and said in done.stderr
    for more in (["--group", "a=1", "--group", "a=2"], ["--group", "a=1", "--exact"]):
        assert CliRunner().invoke(main, ["check", str(file), *more]).exit_code == 2


@pytest.mark.parametrize(("readout", "moment"), [(None, 2), (Soft(5.0), 1)], ids=["side by side", "all at once"])
def test_a_search_can_be_stopped_on_the_way(readout, moment):
    problem = Problem(np.random.default_rng(0).normal(size=(60, 5)), groups={"a": [0, 1], "b": [2, 3, 4]})
    problem = problem.replaced(readout=readout, separate=True)
    moments = []
    answer = solve(problem, callback=lambda progress: moments.append(progress.loss) or len(moments) == moment)
    assert answer.status == "interrupted" and len(moments) == moment
    assert moments[-1] <= moments[0] * (1 + 1e-9) <= problem.modular_loss * (1 + 2e-9)
    checked = certify(problem, answer)
    assert checked.feasible and 0 < answer.lower_bound <= answer.loss


@pytest.mark.parametrize("error_cost", [1e-3, 1.66])
def test_where_no_neuron_is_worth_having_none_of_several_groups_is(error_cost):
    rows = [[-0.8794, 0.1313], [-0.7409, 0.4269], [0.3066, 0.1121], [0.4440, -0.4707]]
    problem = Problem(rows, encoder_cost=0.0553, readout=Soft(error_cost), groups={})
    assert not len(problem.modular_weights)
    verdict = separation(problem)
    assert verdict.modular is decide(problem).modular is True and verdict.witness is None


def test_silent_groups_may_leave_a_neuron_of_both_worth_having():
    """What two sources have in common, told of by one neuron."""
    common = np.random.default_rng(0).uniform(-1, 1, (30, 1))
    rows = common + np.random.default_rng(1).uniform(-0.05, 0.05, (30, 2))
    found = []
    for error_cost in np.geomspace(0.05, 50, 8):
        problem = Problem(rows, encoder_cost=0.1, readout=Soft(error_cost), groups={})
        verdict = separation(problem)
        assert verdict.modular is decide(problem).modular
        silent = not len(problem.modular_weights)
        found.append((silent, verdict.modular))
    assert (True, True) in found and (False, False) in found


def categories(*counts):
    """Every combination of one value of each category, as indicators."""
    return np.array([np.concatenate([np.eye(n)[i] for n, i in zip(counts, row, strict=True)])
                     for row in product(*map(range, counts))])  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "units", "seed"),
    [
        thorough((9, 2), (1.0, 1.0), None),
        thorough((9, 3), (1.0, 10.0), 0),
        pytest.param((9, 9), (1.0, 3.0), 1, marks=pytest.mark.thorough),
    ],
)
def test_groups_beyond_exact_pricing_are_proven_optimal_each_by_its_own_cover(counts, units, seed, tmp_path):
    """The joint answer said "bounded", at a gap of a per cent, though each group alone was proven optimal."""
    order = np.arange(sum(counts)) if seed is None else np.random.default_rng(seed).permutation(sum(counts))
    rows = categories(*counts) * np.repeat(units, counts)
    place = np.split(np.argsort(order), np.cumsum(counts)[:-1])
    groups = {name: sorted(members.tolist()) for name, members in zip("ba", place, strict=True)}
    problem = Problem(rows[:, order], groups=groups)
    answer = solve(problem)
    alone = [solve(Problem(size * np.eye(count))) for size, count in zip(units, counts, strict=True)]
    assert answer.status == "optimal" and answer.separate.status == "optimal"
    assert answer.loss == pytest.approx(sum(one.loss for one in alone), rel=1e-8)
    assert answer.lower_bound >= sum(one.lower_bound for one in alone) - 1e-8 * answer.loss
    answer.save(tmp_path / "answer.npz")
    loaded = Representation.load(tmp_path / "answer.npz")
    for seen in (answer, loaded):
        assert certify(problem, seen).gap <= answer.tolerance
        assert certify(problem.separated, seen.separate).gap <= answer.tolerance
        assert certify(problem, replace(seen, cover=None)).gap > 1e-3  # nothing else proves it
    (cover,) = [part for part in loaded.cover.parts if part is not None][:1]
    less = replace(loaded.cover, parts=[part and replace(part, weight=0 * part.weight) for part in loaded.cover.parts])
    assert len(cover.weight) and certify(problem, replace(loaded, cover=less)).gap > 1e-3
    with pytest.raises(InputError, match="cover: its groups"):
        certify(problem, replace(loaded, cover=replace(loaded.cover, parts=loaded.cover.parts[:1])))
    with pytest.raises(InputError, match="cover: its groups"):
        loaded.cover.require_fitting(Problem(rows))
    with pytest.raises(InputError, match="bound each group by itself"):
        loaded.cover.ratio(problem.canonical, problem.canonical.energy_matrix)
