"""The studies that train networks: their data, their scores, their tables, and their quick forms."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("jax")
pytest.importorskip("sklearn")
pytestmark = pytest.mark.networks

from solver.commands.cli import main
from solver.strategies import seeds
from solver.studies.networks import constraints, frequencies
from solver.studies.networks.agreement import LEAST_PRICE, agreements, data_sets, ordered
from solver.studies.networks.optima import Held
from solver.studies.networks.scores import confidence, is_mixed, owed, rate, score, served, telling
from solver.studies.networks.supports import bits, cornerless, drawn, grid, hollow, tilted
from solver.studies.networks.trials import ARCHITECTURES, Trial, shown_to, verdict
from tests.examples import share

POINTS = grid(5)


@share(1 / 2)
@given(seed=seeds, heavy=st.booleans())
def test_what_neurons_owe_adds_up_where_sources_are_independent(seed, heavy):
    rng = np.random.default_rng(seed)
    sides = [rng.standard_t(2, 5) if heavy else rng.uniform(size=5) for _ in range(2)]
    chances = [rng.dirichlet(np.ones(5)) for _ in range(2)]
    sources = np.array([[x, y] for x in range(5) for y in range(5)], dtype=float)
    chance = np.outer(*chances).ravel()
    alone = np.column_stack([np.repeat(sides[0], 5), np.tile(sides[1], 5)])
    due = owed(np.column_stack([alone, alone.sum(axis=1)]), sources, chance)
    variance = chance @ (alone - chance @ alone) ** 2
    assert np.allclose(due[:2], np.diag(variance)) and np.allclose(due[2], variance)
    assert score(due[:2]) == pytest.approx(1) and not is_mixed(due[:2])


def test_scores_tell_modular_codes_from_mixed_ones():
    turned = POINTS @ [[1, 1], [1, -1]]
    chance = np.full(25, 1 / 25)
    assert score(owed(POINTS, POINTS, chance)) == 1 and score(owed(turned, POINTS, chance)) == pytest.approx(0)
    assert is_mixed(owed(turned, POINTS, chance))
    assert score(served(turned, np.linalg.inv([[1, 1], [1, -1]]), [[0], [1]])) == pytest.approx(0)
    assert telling(np.column_stack([turned, 1e-3 * turned])).shape == (25, 2)


def test_intervals_hold_what_they_should():
    assert confidence([0.0, 1.0]).mean == 0.5 and confidence([0.0, 1.0]).high == pytest.approx(
        0.5 + 12.706 / 2, abs=1e-3
    )
    # By hand: 8 of 10, z = 1.96.
    assert (rate([1] * 8 + [0] * 2).low, rate([1] * 8 + [0] * 2).high) == pytest.approx((0.490, 0.943), abs=1e-3)
    rng = np.random.default_rng(0)
    inside = [
        abs(one.mean - 0.5) <= one.high - one.mean for one in (confidence(rng.uniform(size=5)) for _ in range(400))
    ]
    assert 0.9 < np.mean(inside) < 0.99


def test_supports_are_what_they_are_called():
    corners = np.isin(np.abs(POINTS).min(axis=1), np.abs(POINTS).max())
    assert bits(POINTS, tilted(POINTS, 0)) == pytest.approx(0) and bits(POINTS, tilted(POINTS, 1)) > 0.5
    for kept in (tilted(POINTS, 2.0), hollow(POINTS, 1.0)):
        assert (kept[corners] > 0).all() and kept.sum() == pytest.approx(1) and verdict(POINTS, kept)[0]
    for diagonals in (1, 2, 3):
        cut = cornerless(POINTS, diagonals)
        # One point off each corner leaves enough: range need not be whole.
        assert (cut == 0).sum() == diagonals * (diagonals + 1) and verdict(POINTS, cut)[0] == (diagonals == 1)


def test_data_sets_are_drawn_alike_and_judged_by_the_certified_code():
    sets = data_sets(np.random.default_rng(0), POINTS, 2)
    again = data_sets(np.random.default_rng(0), POINTS, 2)
    assert all(np.array_equal(one, other) for name in sets for one, other in zip(sets[name], again[name], strict=True))
    assert all(verdict(POINTS, chance)[1] < 1e-9 for chance in sets["modular"])
    assert all(verdict(POINTS, chance)[1] > LEAST_PRICE for chance in sets["mixed"])
    assert np.ptp([(drawn(np.random.default_rng(seed), POINTS) == 0).sum() for seed in range(20)]) > 2


def test_every_architecture_is_shown_the_sources():
    for network in ARCHITECTURES.values():
        data = shown_to(network, POINTS, tilted(POINTS, 0.3))
        assert len(data.inputs) == 25 and len(np.unique(data.inputs.round(4), axis=0)) == 25


def test_agreement_counts_data_sets_and_names_failures():
    def trial(data, modular, mixed, separate=float("nan")):
        return Trial("some", data, modular, 0.0, (1.0,) * 2, mixed, (1.0, 1.1), separate)

    found = [
        trial("a", True, (False, False)),
        trial("b", True, (True, False), 1.01),
        trial("c", True, (True, True), 1.001),
        trial("d", False, (True, True)),
    ]
    (one,) = agreements(found)
    assert (one.modular.mean, one.mixed.mean, one.overall.mean) == (0.5, 1, 0.625)
    assert one.failures == ("b (1 of 2, modularity 1.00)", "c (2 of 2, modularity 1.00)") and one.gains == (1, 2)
    row = list(one.row().values())
    assert row[:3] == ["some", 4, 0.5] and one.row()["failures_where_mixing_pays"] == "1 of 2"
    # No certified problem is of networks of which nothing is told.
    assert one.banded == () and one.row()["mixed_at_price_low"] == "0 of 0" and np.isnan(one.row()["above_most"])


def test_networks_are_parted_by_the_price_of_their_own_kind():
    def trial(own, modular, mixed, above):
        held = Held("rectified", 7.0, own, above)
        return Trial("some", "a", modular, 0.0, (1.0,) * 2, mixed, (1.0, 1.1), held=held)

    (one,) = agreements(
        [
            trial(0.0002, True, (False, False), (0.0, 0.1)),
            trial(0.004, True, (True, False), (0.02, 0.2)),
            trial(0.03, False, (True, None), (0.01, 0.01)),
        ]
    )
    # The silent network is neither, and agrees with no verdict.
    assert one.banded == ((0, 2), (1, 2), (1, 1)) and one.above == (0.0, 0.2)
    assert one.ordered == (0.5, pytest.approx((3 + 2.5) / 6)) and one.overall.mean == pytest.approx(2 / 3)


def test_order_is_a_coin_where_all_prices_tie_and_nothing_where_all_networks_are_alike():
    assert ordered(np.zeros(4), np.array([True, False, True, False])) == 0.5
    assert np.isnan(ordered(np.arange(3.0), np.ones(3, dtype=bool)))
    assert ordered(np.arange(4.0), np.arange(4) > 1) == 1 and ordered(-np.arange(4.0), np.arange(4) > 1) == 0


def test_the_certified_code_of_waves_says_what_counts_as_mixed():
    assert frequencies.certified((2, 3))[0] < 1e-9 and frequencies.certified((2, 3))[1] == pytest.approx(1)
    price, modularity = frequencies.certified((1, 2))
    assert price == pytest.approx(0.162, abs=1e-3) and modularity < 0.4


def test_entangled_factors_never_differ_much():
    drawn = constraints.entangled(np.random.default_rng(0), 250, 3)
    assert drawn.shape == (250, 3) and np.abs(drawn[:, 0] - drawn[:, 1]).max() < 0.4 < np.ptp(drawn[:, 2])


@pytest.mark.parametrize("name", ["networks-ranges", "networks-frequencies"])
def test_quick_forms_write_what_they_found(name, tmp_path):
    done = CliRunner().invoke(main, ["reproduce", name, "--quick", "--folder", str(tmp_path)])
    assert done.exit_code in (0, 1), done.output
    assert done.stdout[6:].strip().startswith(f"{name}: ") and (tmp_path / f"{name}.png").stat().st_size > 10_000
    with (tmp_path / f"{name}.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) >= 6 and {row["networks"] for row in rows} == {"5"}
    assert {row["theory_modular"] for row in rows} == {"True", "False"}
    assert all(float(row["score_low"]) <= float(row["score"]) <= 1 for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["networks-constraints", "networks-pictures", "networks-agreement"])
def test_further_quick_forms(name, tmp_path, monkeypatch):
    monkeypatch.setattr(constraints, "CONSTRAINED", {"linear": constraints.CONSTRAINED["linear"]})
    monkeypatch.setattr(constraints, "CLAIMED", ("linear",))
    done = CliRunner().invoke(main, ["reproduce", name, "--quick", "--folder", str(tmp_path)])
    assert done.exit_code in (0, 1) and (tmp_path / f"{name}.csv").exists(), done.output


def test_the_quick_form_of_widths_has_a_row_for_each_network(tmp_path):
    done = CliRunner().invoke(main, ["reproduce", "networks-widths", "--quick", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    with (tmp_path / "networks-widths.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["kind"] for row in rows} == {"linear", "rectified"} and len(rows) == 10
    assert all(float(row["above"]) > 0 and float(row["optimum"]) > 7 for row in rows)


def test_another_seed_trains_other_networks_on_data_that_are_fixed(tmp_path):
    """Where nothing else is drawn at random, the networks are."""
    tables = []
    for seed in ("0", "0", "1"):
        done = CliRunner().invoke(
            main, ["reproduce", "networks-ranges", "--quick", "--seed", seed, "--folder", str(tmp_path)]
        )
        assert done.exit_code in (0, 1), done.output
        tables.append((tmp_path / "networks-ranges.csv").read_text())
    assert tables[0] == tables[1] != tables[2]


def test_a_dead_network_has_no_modularity():
    dead = np.zeros((25, 3))
    assert is_mixed(owed(dead, POINTS, np.full(25, 1 / 25))) is None
    assert telling(dead).shape == (25, 3) and score(owed(dead, POINTS, np.full(25, 1 / 25))) == 0
    scores = constraints.scored(("dead", "none", "grid"), np.array([dead, dead]), POINTS)
    assert scores.ratio.mean == scores.gap.mean == scores.disentanglement.mean == 0
