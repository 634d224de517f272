"""Resamples: what is drawn, what is asked of each, and that what is said of all follows from them."""

import json
import re
from dataclasses import replace
from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, bootstrap, solve
from solver.commands.cli import main
from solver.questions.block_length import block_length
from solver.questions.price_interval import percentiles, price_interval, reflected
from solver.questions.resamples import OfResamples, drawn, likenesses, possible, ratios
from tests.examples import thorough
from theory import InputError, Sources
from theory.readouts import Exact, Noisy, Soft

CUT = np.array([point for point in product([-1.0, 0.0, 1.0], repeat=2) if sum(point) < 2])
MANY = CUT[np.random.default_rng(0).integers(len(CUT), size=60)]


# ---- what is drawn ------------------------------------------------------------------------------------------------


@given(st.data())
def test_so_many_are_drawn(data):
    count = data.draw(st.integers(4, 60))
    replaced = data.draw(st.booleans())
    size = data.draw(st.integers(2, count if replaced else count - 1))
    block = data.draw(st.none() | st.floats(1, count / 2))
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    times = drawn(count, size, replaced, block, rng)
    assert len(times) == count and times.sum() == size and times.min() >= 0
    assert replaced or times.max() <= 1


@pytest.mark.parametrize("block", [None, 1.0, 7.0])
@pytest.mark.parametrize("replaced", [False, True])
def test_all_are_as_likely_to_be_drawn(replaced, block):
    rng = np.random.default_rng(0)
    times = np.mean([drawn(30, 15, replaced, block, rng) for _ in range(2000)], axis=0)
    np.testing.assert_allclose(times, 0.5, atol=0.05)


def test_blocks_keep_neighbours():
    def neighbours(block, replaced):
        rng = np.random.default_rng(1)
        times = [np.minimum(drawn(200, 100, replaced, block, rng), 1) for _ in range(100)]
        return np.mean([(one[1:] * one[:-1]).sum() / one.sum() for one in times])

    for replaced in (False, True):
        alone, together = neighbours(None, replaced), neighbours(20.0, replaced)
        assert alone < 0.6 and together > 0.85


def test_samples_that_never_count_are_in_every_resample():
    ends = np.array([[-2.0, -2.0], [2.0, 2.0]])
    problem = Problem(np.vstack([MANY, ends]), probabilities=[1.0] * len(MANY) + [0.0, 0.0])
    assert possible(problem)[1].tolist() == [60, 61]
    made = OfResamples(problem)
    for number in range(5):
        one = made.problem(seed=0, samples=30, replaced=0, resample=number, part=0)
        np.testing.assert_allclose(one.sources.upper + one.sources.mean, 2)
        assert one.sources.sample_probabilities[-2:].tolist() == [0, 0]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_resample_is_the_problem_of_its_rows(replaced):
    weights = np.random.default_rng(1).uniform(0.5, 2, size=len(MANY))
    counted = np.random.default_rng(2).uniform(0.5, 2, size=len(MANY))
    costs = {"encoder_cost": 0.5, "bias_cost": 0.2, "mixing": [[1, 0.3], [0, 1], [1, 1]]}
    problem = Problem(MANY, probabilities=weights, readout=Soft(30, probabilities=counted), **costs)
    made = OfResamples(problem).problem(seed=3, samples=40, replaced=int(replaced), resample=7, part=0)
    times = drawn(60, 40, replaced, None, np.random.default_rng([3, 40, int(replaced), 7]))
    rows = np.repeat(np.arange(60), times)
    direct = Problem(MANY[rows], probabilities=weights[rows], readout=Soft(30, probabilities=counted[rows]), **costs)
    # A row that is drawn twice is one of twice the weight.
    for code in (np.eye(2), np.array([[1.0, -0.4], [0.2, 2.0], [1.0, 1.0]])):
        assert made.loss(code) == pytest.approx(direct.loss(code), rel=1e-10)
    assert made.modular_loss == pytest.approx(direct.modular_loss, rel=1e-10)


def test_hulls_of_resamples_are_parts():
    points = np.random.default_rng(0).normal(size=(80, 3))
    made, whole = OfResamples(Problem(points)), Sources(points)
    turns = np.random.default_rng(1).normal(size=(50, 3))
    for number in range(5):
        one = made.problem(seed=0, samples=40, replaced=0, resample=number, part=0).sources
        assert (one.support(turns) - turns @ one.mean <= whole.support(turns) - turns @ whole.mean + 1e-12).all()


# ---- blocks of time -----------------------------------------------------------------------------------------------


def test_length_of_blocks_of_a_known_series():
    """Of x_t = a x_(t-1) + noise the rule has a closed form: G = 2a / (1-a)^2 and g = (1+a) / (1-a) in variances."""
    steps, kept = np.random.default_rng(0).standard_normal(20_000), 0.9
    series = np.zeros_like(steps)
    for time in range(1, len(steps)):
        series[time] = kept * series[time - 1] + steps[time]
    known = (2 * kept / (1 - kept) ** 2 / ((1 + kept) / (1 - kept))) ** (2 / 3) * len(steps) ** (1 / 3)
    assert block_length(series[:, None]) == pytest.approx(known, rel=0.2)
    assert block_length(steps[:, None]) < 3
    assert block_length(np.column_stack([steps, 100 * series + 7])) == pytest.approx(block_length(series[:, None]))
    assert 40 < block_length(np.arange(300.0)[:, None]) <= 3 * 300**0.5  # too short to tell


def test_length_of_blocks_of_squares():
    """Signs may be independent where sizes are not."""
    rng = np.random.default_rng(0)
    sizes = np.repeat(rng.uniform(0.1, 3, size=200), 25)
    assert block_length((sizes * rng.choice([-1.0, 1.0], size=5000))[:, None]) > 15


# ---- intervals ----------------------------------------------------------------------------------------------------


def test_half_of_the_samples_vary_as_all_do():
    """Of a mean: the variance over halves of the samples is that of the mean of all, in expectation exactly."""
    sample = np.random.default_rng(0).standard_normal(20)
    exact = sample.var(ddof=1) / 20
    means = np.array([drawn(20, 10, False, None, np.random.default_rng(k)) @ sample / 10 for k in range(2000)])
    assert means.var() == pytest.approx(exact, rel=0.1)
    low, high = reflected(5 + sample.mean(), 5 + means, 0.95, share=0.5, replaced=False)
    assert (high - low) / (2 * 1.96 * exact**0.5) == pytest.approx(1, rel=0.1)
    quarter = np.array([drawn(20, 5, False, None, np.random.default_rng(k)) @ sample / 5 for k in range(2000)])
    scaled = reflected(5 + sample.mean(), 5 + quarter, 0.95, share=0.25, replaced=False)
    np.testing.assert_allclose(scaled, (low, high), rtol=0.02)


def test_what_resamples_are_too_high_the_interval_is_lower():
    prices = np.array([0.3, 0.4, 0.5, np.nan])
    assert percentiles(prices, 1 - 1e-12) == pytest.approx((0.3, 0.5))
    low, high = reflected(0.3, prices, 1 - 1e-12, share=0.5, replaced=False)
    assert (low, high) == pytest.approx((0.1, 0.3))
    assert reflected(0.1, prices, 0.9, share=1.0, replaced=True) == (0.0, 0.0)
    assert np.isnan(reflected(0.1, np.array([np.nan]), 0.9, share=0.5, replaced=False)).all()


@given(st.integers(0, 1000), st.floats(0, 0.1), st.floats(0.5, 0.99), st.booleans())
def test_upper_ends_are_cautious(seed, price, level, replaced):
    rng = np.random.default_rng(seed)
    prices, parts = rng.uniform(0, 0.2, size=(2, 30))
    how = {"share": 1.0 if replaced else 0.5, "replaced": replaced, "parts": None if replaced else parts}
    low, high = price_interval(price, prices, level, **how)
    plain = reflected(price, prices, level, **how)
    assert low == plain[0] and high >= max(plain[1], percentiles(prices, level)[1]) and 0 <= low <= high


def test_a_price_that_is_none_by_chance_can_be_one():
    """Of a margin that is normal about a little more than zero, whose square is the price."""
    rng = np.random.default_rng(0)
    missed = {"price_interval": 0, "reflected": 0}
    for _ in range(200):
        sample = 0.1 + rng.standard_normal(60)
        halves = np.array([rng.permutation(sample)[:30].mean() for _ in range(60)])
        price, prices = max(0.0, sample.mean()) ** 2, np.maximum(0, halves) ** 2
        for way in (price_interval, reflected):
            low, high = way(price, prices, 0.95, share=0.5, replaced=False)
            missed[way.__name__] += not low <= 0.01 <= high
    assert missed["price_interval"] < 20 and missed["reflected"] > 40


def test_a_correction_that_is_chance_widens_the_interval():
    rng = np.random.default_rng(0)
    prices = 5 + rng.standard_normal(400)
    plain = reflected(5, prices, 0.95, share=0.5, replaced=False)
    follows = reflected(5, prices, 0.95, share=0.5, replaced=False, parts=prices[:200] + 0.1)
    by_chance = reflected(5, prices, 0.95, share=0.5, replaced=False, parts=5 + rng.standard_normal(200))
    np.testing.assert_allclose(follows, plain)
    assert (by_chance[1] - by_chance[0]) / (plain[1] - plain[0]) == pytest.approx(2, abs=0.15)


# ---- what is said of neurons --------------------------------------------------------------------------------------


def test_ratios_depend_on_no_choice_among_codes():
    """A ring, as that of the how-to page, has many optimal codes."""
    place = 2 * np.pi * np.arange(8) / 8
    ring = np.array([(np.cos(a), np.sin(a), np.cos(a - b), np.sin(a - b)) for a in place for b in place[:4]])
    neuron = np.array([[1.0, 0.5, -0.3, 0.2]])
    found = []
    for seed in (0, 1):
        order = np.random.default_rng(seed).permutation(len(ring))
        found.append(np.concatenate(ratios(solve(Problem(ring[order])), neuron)))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-7)
    assert (found[0] <= 1 + 1e-9).all()


def test_ratios_of_groups_are_those_of_their_best_neurons():
    points = np.random.default_rng(0).normal(size=(40, 3))
    groups = {"pair": [0, 1], "alone": [2]}
    answer = solve(Problem(points, groups=groups))
    (pair, alone), given = ratios(answer, answer.source_weights)
    turns = np.random.default_rng(1).normal(size=(20_000, 2))
    tried = np.column_stack([turns, np.zeros(len(turns))])
    earned = np.einsum("ni,ij,nj->n", tried, answer.multiplier, tried) / answer.problem.neuron_cost(tried)
    assert earned.max() <= pair + 1e-9 and pair - earned.max() < 1e-3
    assert alone == pytest.approx(ratios(solve(Problem(points)))[0][2], rel=1e-6)
    np.testing.assert_allclose(given, 1, atol=1e-6)  # its own earn what they cost


# ---- all of it ----------------------------------------------------------------------------------------------------


def test_numbers_follow_from_the_resamples():
    found = bootstrap(Problem(MANY), 6, seed=4)
    made = OfResamples(Problem(MANY))
    for number in (0, 5):
        alone = solve(made.problem(seed=4, samples=30, replaced=0, resample=number, part=0))
        assert found.prices[number] == pytest.approx(alone.price_of_modularity, abs=1e-9)
    assert found.interval == price_interval(
        found.price, found.prices, 0.95, share=0.5, replaced=False, parts=found.part_prices
    )
    part = made.problem(seed=4, samples=30, replaced=0, resample=3, part=15).sources
    whole = made.problem(seed=4, samples=30, replaced=0, resample=3, part=0).sources
    assert (part.count, whole.count) == (15, 30) and {*map(tuple, part.points)} <= {*map(tuple, whole.points)}
    assert sum(found.verdicts.values()) == pytest.approx(1)
    assert found.curve.sizes.tolist() == [15, 30, 60] and found.curve.means[-1] == found.price
    assert found.curve.prices[1][:6].tolist() == found.prices.tolist()
    again, other = (bootstrap(Problem(MANY), 6, seed=seed, curve=False) for seed in (4, 5))
    assert found == replace(found) and again.prices.tolist() == found.prices.tolist() != other.prices.tolist()
    plain = found.to_dict()
    assert plain["verdict"] == found.verdict and json.loads(json.dumps(plain))["prices"] == found.prices.tolist()


def test_bounds_decide_on_verdicts():
    found = bootstrap(Problem(MANY), 4, curve=False)
    bounds = np.array([(0, 1e-12), (0, 5e-4), (2e-3, 3e-3), (0, 2e-3)])
    other = replace(found, price_bounds=bounds, statuses=("optimal", "optimal", "optimal", "bounded"))
    assert other.kinds == ("modular", "practically modular", "mixed", "undecided") and other.unproven == 1
    assert "1 resample of 4 not proven optimal" in " ".join(other.sentences())
    assert replace(other, practically=1e-5).kinds[1] == "undecided"
    partly = replace(found, complete=False)
    assert partly.sentences()[-1] == "It was stopped before all resamples were solved."


@pytest.mark.parametrize(
    "options",
    [
        {"readout": Soft(20)},
        thorough({"readout": Noisy(20, 0.1)}),
        {"groups": {"first": [0], "second": [1]}},
        thorough({"mixing": [[1, 0.5], [0, 1]], "encoder_cost": 0.1}),
        thorough({"probabilities": np.arange(60) % 3}),
    ],
    ids=str,
)
def test_all_that_solve_takes(options):
    found = bootstrap(Problem(MANY, **options), 2, curve=False)
    assert found.statuses == ("optimal",) * 2 and np.isfinite(found.interval).all()
    assert found.own_ratios.shape == (2, 2) and found.own_ratios.max() < 1 + 1e-6


def test_nothing_is_said_of_neurons_where_nothing_is_known():
    found = bootstrap(Problem(MANY, readout=Exact([[1, 1]])), 3, curve=False)
    assert found.own_ratios.size == 0 and found.sources_table() == [] and found.statuses == ("optimal",) * 3


@pytest.mark.thorough
@pytest.mark.parametrize("activation", ["rectified", "free"])
def test_neurons_that_are_not_linear(activation):
    points = np.random.default_rng(0).normal(size=(16, 1))
    found = bootstrap(Problem(points, activation=activation, readout=Soft(20)), 3, curve=False)
    assert found.statuses == ("optimal",) * 3 and found.sources_table() == []
    assert (found.price_bounds[:, 0] <= found.prices).all() and (found.prices <= found.price_bounds[:, 1]).all()


def test_resamples_that_cannot_be_posed_are_counted():
    points = np.column_stack([MANY[:, 0], np.r_[1.0, 1.0, np.zeros(58)]])
    found = bootstrap(Problem(points), 8, curve=False)
    assert 0 < found.refused < 8 and found.kinds.count("refused") == found.refused
    assert "constant" in found.messages[0] and found.messages[0] in " ".join(found.sentences())
    assert sum(found.verdicts.values()) == pytest.approx(1) and np.isfinite(found.interval).all()
    alone = np.column_stack([MANY[:, 0], np.r_[1.0, np.zeros(59)]])
    with pytest.raises(InputError, match="resamples: none of them can be posed"):
        bootstrap(Problem(alone), 2, size=2, curve=False)


def test_it_goes_on_where_it_was_stopped(tmp_path):
    whole = bootstrap(Problem(MANY), 4, curve=False)
    table = tmp_path / "resamples.parquet"
    partly = bootstrap(Problem(MANY), 4, curve=False, results=table, callback=lambda done, count: done > 0)
    assert not partly.complete or table.exists()
    again = bootstrap(Problem(MANY), 4, curve=False, results=table)
    assert again.complete and again.prices.tolist() == whole.prices.tolist() and table.exists()
    with pytest.raises(InputError, match="another sweep"):
        bootstrap(Problem(MANY, encoder_cost=2), 4, curve=False, results=table)


@pytest.mark.thorough
def test_processes_change_nothing():
    one, two = (bootstrap(Problem(MANY), 30, jobs=jobs) for jobs in (1, 2))
    assert one.prices.tolist() == two.prices.tolist() and one.own_ratios.tolist() == two.own_ratios.tolist()


def test_rows_in_order_of_time_are_noticed():
    walk = np.cumsum(np.random.default_rng(0).normal(size=(400, 2)), axis=0) % 1.0
    sorted_rows = walk[np.argsort(walk[:, 0])]
    found = bootstrap(Problem(sorted_rows), 2, curve=False)
    assert any(sentence.startswith("Rows resemble those before them") for sentence in found.sentences())
    blocks = bootstrap(Problem(sorted_rows), 2, curve=False, block="auto")
    assert blocks.block == pytest.approx(found.suited, abs=0.1) and "too few" in blocks.sentences()[-1]


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ("resamples: 1 is not", {"resamples": 1}),
        ("size: 60 of 60 samples cannot be drawn", {"size": 60}),
        ("size: 61 of 60 samples cannot be drawn", {"size": 61, "replace": True}),
        ("block: 'long' is no length", {"block": "long"}),
        ("block: 31 is no length", {"block": 31}),
        ("level: 95 is no share", {"level": 95}),
        ("practically: -1 is no price", {"practically": -1}),
    ],
)
def test_what_cannot_be_used(said, options):
    with pytest.raises(InputError, match=said):
        bootstrap(Problem(MANY), **options)


def test_problems_without_samples_of_sources():
    square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    for problem in (
        Problem(Sources.from_moments(np.eye(2) / 3, square)),
        Problem.from_data(MANY),
        Problem(square, transitions=[[0, -1], [1, 0]]),
    ):
        with pytest.raises(InputError):
            bootstrap(problem)


# ---- on the command line ------------------------------------------------------------------------------------------


def ran(tmp_path, *words):
    table = tmp_path / "many.csv"
    np.savetxt(table, MANY, delimiter=",")
    return CliRunner().invoke(main, ["bootstrap", str(table), "--jobs", "1", "--seed", "3", *words])


def test_the_command_says_what_the_library_says(tmp_path):
    picture, page = tmp_path / "prices.svg", tmp_path / "prices.html"
    done = ran(tmp_path, "--resamples", "2", "--no-curve", "--json", "--plot", str(picture), "--page", str(page))
    assert done.exit_code == 0 and picture.exists() and "<h1>" in page.read_text()
    said = json.loads(done.stdout)
    found = bootstrap(Problem(MANY), 2, seed=3, curve=False)
    assert said["prices"] == found.prices.tolist() and said["interval"] == list(found.interval)
    text = ran(tmp_path, "--resamples", "2", "--no-curve", "--replace", "--level", "0.8").stdout
    assert text == f"{bootstrap(Problem(MANY), 2, seed=3, curve=False, replace=True, level=0.8)!r}\n"


def test_a_table_for_each_source(tmp_path):
    table = ran(tmp_path, "--resamples", "2", "--no-curve", "--format", "csv")
    assert [row.split(",")[0] for row in table.stdout.splitlines()] == ["source", "s1", "s2"]


def test_bad_words(tmp_path):
    for words, said in (
        (["--block", "x"], "--block: 'x'"),
        (["--size", "99"], "size: 99"),
        (["--level", "2"], "level"),
    ):
        done = ran(tmp_path, *words)
        assert done.exit_code == 2 and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.thorough
def test_solve_says_how_surely(tmp_path):
    table = tmp_path / "many.csv"
    np.savetxt(table, MANY, delimiter=",")
    found = bootstrap(Problem(MANY), 2)
    done = CliRunner().invoke(main, ["solve", str(table), "--bootstrap", "2", "--json"])
    said = json.loads(done.stdout)
    assert said["bootstrap"]["prices"] == found.prices.tolist() and said["status"] == "optimal" and not done.stderr
    told = CliRunner().invoke(main, ["solve", str(table), "--bootstrap", "2"]).stdout
    assert told.endswith("\n".join(["", *found.sentences(), ""]))


def test_solve_refuses_what_has_no_resamples(tmp_path):
    table = tmp_path / "many.csv"
    np.savetxt(table, MANY, delimiter=",")
    refused = CliRunner().invoke(main, ["solve", str(table), "--bootstrap", "2", "--components", "1"])
    assert refused.exit_code == 2 and "axes of the data mean nothing" in refused.stderr


@pytest.mark.thorough
def test_the_page():
    page = (Path(__file__).parents[3] / "docs" / "bootstrap.md").read_text()
    for text in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(text, {})


# ---- which neurons every code has ---------------------------------------------------------------------------------


def test_neurons_that_every_code_has_are_found_again():
    rows = np.random.default_rng(0).integers(-2, 3, size=(80, 2))
    found = bootstrap(Problem(rows), resamples=6, curve=False)
    assert found.essential_decided == 6 and found.essential_likenesses.min() > 1 - 1e-9
    for row in found.neurons_table():
        assert (row["essential"], round(row["like"], 9), round(row["like_low"], 9)) == (1.0, 1.0, 1.0)
    assert found.to_dict()["neurons"] == found.neurons_table()


def test_where_no_code_needs_a_neuron_none_is_essential():
    octagon = np.array([[np.cos(turn), np.sin(turn)] for turn in np.pi / 4 * np.arange(8)])
    answer = solve(Problem(octagon))
    assert answer.ambiguity().unique is False and likenesses(answer, answer.source_weights) == [0.0, 0.0]
    assert likenesses(solve(Problem(CUT)), np.array([[3.0, 0.0], [-2.0, 0.0]]))[0] == pytest.approx(
        likenesses(solve(Problem(CUT)), np.array([[1.0, 0.0]]))[0]
    )


def test_what_is_not_decided_is_not_told(monkeypatch):
    module = import_module("solver.ambiguity.ambiguity")
    monkeypatch.setattr(module, "undecidable", lambda *_, **__: "asked to leave it open")
    found = bootstrap(Problem(MANY), resamples=4, curve=False)
    assert found.essential_decided == 0
    assert not any("essential" in row for row in found.neurons_table())
