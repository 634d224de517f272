"""How methods grow: in ratios, which hold on any machine; and that a run keeps what it has measured."""

import json
import time
from dataclasses import asdict

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.kept import Kept
from benchmarks.reporting import Growth, as_markdown, growth, machine
from benchmarks.scaling import __main__ as scaling
from benchmarks.scaling import measured, report
from benchmarks.scaling.measured import Measurement
from benchmarks.scaling.series import AXES, SERIES, TIME_LIMIT, WARM, Series, series_of
from tests.examples import plainly
from theory import InputError

QUICK = [series for series in SERIES if series.quick]


def processor_time(task):
    begun = time.process_time()
    apart = task().get("apart", 0.0)
    return time.process_time() - begun - apart


@pytest.mark.parametrize(
    "series",
    plainly(QUICK, [series for series in QUICK if series.name.startswith("columns")]),
    ids=lambda series: series.name,
)
def test_four_times_the_size_takes_no_more_than_that_many_times_as_long(series):
    small, large = series.quick
    assert large == 4 * small
    series.warm_up()
    tasks = [series.task(size, TIME_LIMIT) for size in (small, large)]
    # In turns, and the least of several: other processes take the caches away.
    first, second = np.min([[processor_time(task) for task in tasks] for _ in range(3)], axis=0)
    assert second <= series.most * first


@pytest.mark.parametrize("power", [0.0, 1.0, 2.5])
def test_growth_is_the_power_and_has_no_spread_where_it_is_one(power):
    sizes = np.array([10, 30, 100, 1000])
    found = growth(sizes, 0.3 * sizes**power)
    assert found.slope == pytest.approx(power, abs=1e-9) and found.error == pytest.approx(0, abs=1e-6)


def test_the_spread_of_growth_is_the_error_of_least_squares():
    sizes = [1, 10, 100, 1000]
    found = growth(sizes, [1.0, 12.0, 80.0, 1100.0])
    (slope, _), covariance = np.polyfit(np.log(sizes), np.log([1.0, 12.0, 80.0, 1100.0]), 1, cov=True)
    assert found.slope == pytest.approx(slope) and found.error == pytest.approx(covariance[0, 0] ** 0.5)


def test_no_growth_is_told_of_two_sizes():
    assert growth([10, 100], [1.0, 2.0]) is None


def test_sources_multiply_time_by_a_factor_each():
    rows = [Measurement("auto, sources", size, cpu=0.1 * 2**size, wall=1.0, gap=0.0) for size in (2, 3, 4, 5)]
    (fit,) = report.fits(rows)
    (row,) = report.growth_table([fit], "sources")
    assert row[report.GROWTH_HEAD.index("time grows as")] == "2.00 ± 0.00 a source"


def test_what_takes_no_time_does_not_flatten_growth():
    rows = [Measurement("modular, samples", 10**power, cpu=1e-3 + 1e-6 * 10**power) for power in range(2, 8)]
    (fit,) = report.fits(rows)
    assert 0.9 < fit.seconds.slope <= 1


def test_what_was_cut_short_does_not_flatten_growth_either():
    rows = [Measurement("auto, sources", size, cpu=min(3.0**size, 30.0), status="optimal") for size in (1, 2, 3)]
    rows.append(Measurement("auto, sources", 4, cpu=30.0, status=report.CUT_SHORT))
    (fit,) = report.fits(rows)
    (row,) = report.growth_table([fit], "sources")
    assert np.exp(fit.seconds.slope) == pytest.approx(3) and "cut short" in row[report.GROWTH_HEAD.index("seconds")]


def test_every_name_is_used_once_and_sizes_grow():
    names = [series.name for series in SERIES]
    assert len(set(names)) == len(names)
    assert all(list(series.sizes) == sorted(set(series.sizes)) for series in SERIES)
    assert {series.axis for series in SERIES} == set(AXES)


@pytest.mark.slow
@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_methods_have_problems_that_suit(series):
    found = series.task(series.sizes[0], WARM)()
    assert found["status"] and 0 <= found.get("gap", 0) <= 1


@pytest.mark.thorough
def test_a_run_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    asked = []

    def measure(name, size):
        asked.append((name, size))
        if size == 316:
            raise KeyboardInterrupt
        return Measurement(name, size, cpu=float(size), wall=1.0, megabytes=1.0, gap=0.0)

    monkeypatch.setattr(scaling, "measured", measure)
    monkeypatch.setattr(scaling, "TOO_LONG", 500.0)
    table, words = tmp_path / "scaling.json", ["--only", "conic", "--only", "vertices"]
    CliRunner().invoke(scaling.main, [*words, "--json", str(table)])
    assert [size for _, size in asked] == [10, 32, 100, 316]
    kept = json.loads(table.read_text())["rows"]
    assert [row["size"] for row in kept] == [10, 32, 100]

    asked.clear()
    monkeypatch.setattr(
        scaling, "measured", lambda name, size: asked.append(size) or Measurement(name, size, cpu=600.0)
    )
    picture, page = tmp_path / "scaling.png", tmp_path / "scaling.md"
    done = CliRunner().invoke(
        scaling.main, [*words, "--json", str(table), "--plot", str(picture), "--markdown", str(page)]
    )
    assert done.exit_code == 0 and asked == [316], done.output
    rows = {row["size"]: row for row in json.loads(table.read_text())["rows"]}
    assert rows[1000]["failed"] == scaling.NOT_BEGUN
    assert picture.stat().st_size > 10_000 and page.read_text().count("###") == 2


def test_measurements_of_another_machine_are_refused(tmp_path):
    table = tmp_path / "scaling.json"
    conditions = machine(scaling.PACKAGES)
    row = Measurement("modular, samples", 100, cpu=1.0)
    Kept(table, Measurement, conditions).add(row)
    assert Kept(table, Measurement, conditions).rows == [row]
    content = json.loads(table.read_text())
    assert set(scaling.PACKAGES) < set(content["conditions"])
    content["conditions"]["numpy"] = "1.0"
    table.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"measured with numpy 1\.0, not"):
        Kept(table, Measurement, conditions)
    table.write_text("[]")
    done = CliRunner().invoke(scaling.main, ["--json", str(table)])
    assert done.exit_code == 2 and "no file of this benchmark" in done.stderr


def test_no_series_of_that_name():
    done = CliRunner().invoke(scaling.main, ["--only", "moonlight"])
    assert done.exit_code == 2 and "no series has moonlight" in done.stderr


def test_a_short_run_fails_where_time_grows_more_than_it_may(monkeypatch):
    def measure(name, size):
        return Measurement(name, size, cpu=1e-12 * size**2)

    monkeypatch.setattr(scaling, "measured", measure)
    done = CliRunner().invoke(scaling.main, ["--quick"])
    assert done.exit_code == 1 and "NO" in done.output
    monkeypatch.setattr(scaling, "measured", lambda name, size: Measurement(name, size, cpu=1e-6 * size))
    assert CliRunner().invoke(scaling.main, ["--quick"]).exit_code == 0


@pytest.mark.thorough
def test_a_process_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(measured, "CLOCK_FACTOR", 0.001)
    assert measured.measured("modular, samples", 100, seconds=80.0).failed == "ended after 0.08 s on the clock"


@pytest.mark.thorough
def test_what_takes_too_much_time_or_memory_is_ended_and_the_clock_is_fine():
    assert measured.measured("alternating, sources", 10, seconds=1.0).failed == "ended after 1 s of the processor"
    seconds = {measured.measured("modular, sources", 8).cpu for _ in range(2)}
    assert any(abs(250 * second - round(250 * second)) > 0.01 for second in seconds)  # not in steps of 4 ms
    assert measured.measured("modular, samples", 1_000_000_000, gigabytes=1.0).failed == "out of memory"


@pytest.mark.slow
def test_a_fresh_process_measures():
    found = measured.measured("columns, samples", 1000)
    assert found.failed == "" and found.status == "optimal" and 0 < found.cpu < 10 and found.megabytes < 1000


def test_tables_are_markdown():
    assert as_markdown("T", ["a", "b"], [["1", "2"]]) == "### T\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert str(Growth(1.234, 0.05)) == "1.23 ± 0.05"
    assert set(asdict(Measurement("columns, samples", 1))) >= {"cpu", "gap"}
    assert isinstance(series_of("columns, samples"), Series)
