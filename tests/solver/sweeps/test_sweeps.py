"""Sweeps: the same table whatever interrupts them, and nothing of another's."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import solver.sweeps.run as sweeps
from solver import Problem, Sweep, certify, solve, sweep
from solver.commands.cli import main
from solver.sweeps.journal import opened, parsed
from solver.sweeps.numbers import numbers, solves_many
from solver.sweeps.pose import OfData
from solver.sweeps.run import run
from solver.sweeps.spec import read_sweep
from solver.sweeps.table import read_rows
from tests.examples import share
from tests.theory.test_neurons import Peak
from theory import InputError
from theory.families import family
from theory.readouts import Exact, Soft

SPEC = """
family = "opposite-corners"
certified = false

[grid]
parameter = {from = 0.3, to = 0.7, count = 5}
encoder_cost = {from = 0.1, to = 10, count = 20, scale = "log"}
"""


SQUARE = [[-1, -1], [-1, 1], [1, -1], [1, 1]]


def plan(cost=1.0):
    return Sweep.of_family("opposite-corners", parameter=[0.5, 0.7], encoder_cost=[cost, 2.0])


def steady(table):
    return table.drop(columns="seconds")


def test_the_table_holds_what_solve_and_certify_say(tmp_path):
    file = tmp_path / "table.parquet"
    whole = sweep(plan())
    sweep(plan(), file)
    pd.testing.assert_frame_equal(steady(pd.read_parquet(file)), steady(whole), check_dtype=False)
    assert [path.name for path in tmp_path.iterdir()] == ["table.parquet"]
    for _, row in whole.iterrows():
        answer = solve(family("opposite-corners").problem(row.parameter, encoder_cost=row.encoder_cost))
        assert row.loss == pytest.approx(answer.loss, rel=1e-8) and row.modular == answer.modular
        assert row.price_of_modularity == pytest.approx(answer.price_of_modularity, abs=1e-8)
        assert row.certified_bound == pytest.approx(certify(answer.problem, answer).lower_bound, rel=1e-8)
    assert (whole.certified_gap < 1e-8).all()


@pytest.mark.thorough
def test_after_a_kill_the_same_command_goes_on_and_counts_nothing_twice(tmp_path):
    spec, journal, table = (tmp_path / name for name in ("spec.toml", "spec.parquet.journal", "spec.parquet"))
    spec.write_text(SPEC)
    with subprocess.Popen([sys.executable, "-m", "solver", "sweep", str(spec), "--jobs", "1"]) as process:
        while not (journal.exists() and journal.read_bytes().count(b"\n") > 1):
            assert process.poll() is None
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    kept = [parsed(line) for line in journal.read_bytes().splitlines(keepends=True)[1:] if line.endswith(b"\n")]
    assert 0 < len(kept) < 100 and not table.exists()
    done = CliRunner().invoke(main, ["sweep", str(spec), "--jobs", "1", "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["statuses"] == {"optimal": 100}
    found = pd.read_parquet(table)
    assert found["index"].tolist() == list(range(100)) and not journal.exists()
    # What was known is taken over, down to the seconds it took.
    seconds = found.seconds.to_numpy()
    assert [row["seconds"] for row in kept] == [seconds[row["index"]] for row in kept]


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """A sweep all of whose points are known, just before the table is written."""
    folder, rows = tmp_path_factory.mktemp("cut"), run(plan())
    with suppress(InterruptedError), opened(plan(), folder / "t.parquet") as begun:
        begun.add(rows)
        raise InterruptedError
    return folder / "t.parquet", (folder / "t.parquet.journal").read_bytes(), rows


@given(st.floats(0, 1), st.booleans())
@share(1 / 4)
def test_a_journal_cut_at_any_byte_loses_no_more_than_the_line_it_cuts(journal, place, doubled):
    table, content, rows = journal
    cut = content[: round(place * len(content))]
    if doubled:
        cut += b"".join(cut.splitlines(keepends=True)[1:2])
    table.unlink(missing_ok=True)
    table.with_name("t.parquet.journal").write_bytes(cut)
    found = run(plan(), table)
    known = max(content[: round(place * len(content))].count(b"\n") - 1, 0)
    assert [row["seconds"] for row in found[:known]] == [row["seconds"] for row in rows[:known]]
    assert [row["loss"] for row in found] == [row["loss"] for row in rows]
    assert pd.read_parquet(table)["index"].tolist() == list(range(len(rows)))


def test_results_of_another_sweep_and_of_none_are_refused_and_left_alone(tmp_path):
    file = tmp_path / "table.parquet"
    sweep(plan(), file)
    before = file.read_bytes()
    with pytest.raises(InputError, match="holds another sweep"):
        sweep(plan(3.0), file)
    assert file.read_bytes() == before
    (tmp_path / "other.parquet").write_text("no table\n")
    with pytest.raises(InputError, match="holds no sweep"):
        sweep(plan(), tmp_path / "other.parquet")
    with opened(plan(), tmp_path / "busy.parquet"), pytest.raises(InputError, match="another run is at work"):
        sweep(plan(), tmp_path / "busy.parquet")


def test_a_callback_stops_a_sweep_which_goes_on_later(tmp_path):
    spread = Sweep.of_family("opposite-corners", parameter=np.linspace(0.1, 0.5, 30), certified=False)
    table = tmp_path / "table.parquet"
    first = run(spread, table, callback=lambda done, count: 0 < done < count)
    assert 0 < len(first) < 30 and not table.exists()
    whole = run(spread, table)
    assert len(whole) == 30 and whole[: len(first)] == first


def test_a_point_that_has_no_problem_is_refused_and_the_others_are_solved():
    table = sweep(Sweep.of_family("opposite-corners", parameter=[0.5, 7.0]))
    assert table.status.tolist() == ["optimal", "refused"] and "outside the range" in table.message[1]
    with pytest.raises(InputError, match="none of its problems"):
        sweep(Sweep.of_family("opposite-corners", parameter=[7.0, 8.0]))


def test_resamples_depend_on_their_seed_alone():
    data = Problem(np.random.default_rng(0).uniform(size=(30, 2)))
    one, other = (sweep(Sweep.of_data(data, bootstrap=numbers)) for numbers in ([0, 1, 2], [2, 0]))
    # What else is solved together with them may change the last digit.
    assert other.loss.tolist() == pytest.approx([one.loss[2], one.loss[0]], rel=1e-13)
    assert abs(one.loss[0] / one.loss[1] - 1) > 1e-6
    assert one.loss[0] == pytest.approx(solve(data).loss, rel=1e-8)
    assert sweep(Sweep.of_data(data, bootstrap=[1], seed=5)).loss[0] != one.loss[1]


def test_a_sweep_of_a_data_set_keeps_what_its_problem_says():
    rows = [[0, 0], [0, 1], [1, 0], [2, 2]]
    problem = Problem(rows, mixing=[[1, 0.5], [0, 1]], bias_cost=2.0, readout=Exact([[1, 0]]), groups={"a": [0]})
    found = sweep(Sweep.of_data(problem, encoder_cost=[1.0, 3.0]))
    alone = [solve(problem.replaced(encoder_cost=cost)).loss for cost in (1.0, 3.0)]
    assert found.loss.tolist() == pytest.approx(alone, rel=1e-8)
    # Prices, kinds of neurons and separate groups tell a sweep from others.
    others = [Problem(rows), Problem(rows, bias_cost=2.0), Problem(rows, neurons=Peak())]
    others += [Problem(rows, groups={}), Problem(rows, groups={}, separate=True), problem]
    assert len({Sweep.of_data(other, encoder_cost=[1.0]).fingerprint for other in others}) == len(others)


@pytest.mark.parametrize(
    ("problem", "point", "said"),
    [
        (np.eye(2), {}, r"problem: expected a Problem, got ndarray; write Sweep.of_data\(Problem\(sources\)\)"),
        (Problem(SQUARE, readout=Soft(3.0)), {}, "readout: errors are coordinates of a sweep"),
        (Problem(SQUARE, transitions=[[0, -1], [1, 0]]), {}, "transitions: a sweep over data has no recurrent layer"),
        (Problem(SQUARE, groups={}), {"columns": ["s1"]}, "columns: mixing, targets and groups are of all sources"),
        (Problem(SQUARE), {"columns": ["s3"]}, "columns: 's3' is unknown"),
        (Problem(SQUARE), {"samples": 9}, "samples: 9 of 4 rows cannot be drawn"),
        (Problem(SQUARE), {"samples": 2.5}, "samples: 2.5 is not a whole number"),
        (Problem(SQUARE), {"noise_variance": 1.0}, "noise_variance: noise makes errors"),
    ],
)
def test_points_that_a_data_set_does_not_have_are_refused(problem, point, said):
    with pytest.raises(InputError, match=said):
        OfData(problem).problem(seed=0, **point)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("famly = 'one-corner'", [], "did you mean 'family'"),
        ("family = 'one-cornr'\n[grid]\nparameter = [0.5]", [], "did you mean"),
        ("family = 'one-corner'\n[grid]\nparamter = [0.5]", [], "did you mean 'parameter'"),
        ("family = 'one-corner'\n[grid]\nparameter = {from = 0.1, to = 1}", [], "'count' is missing"),
        ("family = 'one-corner'\n[grid]\nencoder_cost = [1]", ["--jobs", "1"], "parameter: missing"),
        ("family = 'one-corner'", [], "grid: missing"),
        ("[grid]\nparameter = [0.5]", [], "family: missing"),
        ("data = 'nowhere.csv'\n[grid]\nencoder_cost = [1]", [], "nowhere.csv"),
        ("family = ", [], "no TOML"),
        (SPEC, ["--results", "table.csv"], "table.csv"),
        (SPEC, ["--results", "no/where.parquet"], "there is no folder"),
        (SPEC, ["--jobs", "0"], "jobs: 0"),
        (SPEC, ["--backend", "daks"], "did you mean 'dask'"),
        (SPEC, ["--scheduler", "tcp://127.0.0.1:1"], "only the backends"),
        (SPEC, ["--backend", "dask", "--scheduler", "tcp://127.0.0.1:1"], "nobody answers"),
        (SPEC, ["--backend", "dask", "--scheduler", "here"], "is no address"),
        (SPEC, ["--backend", "dask", "--scheduler", "[31m"], "is no address"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, monkeypatch, text, options, said):
    if "--scheduler" in options and "--backend" in options:
        pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(text)
    done = CliRunner().invoke(main, ["sweep", "spec.toml", *options])
    assert (done.exit_code, done.stdout) == (2, "") and done.stderr.count("\n") == 1
    assert said in done.stderr


def test_another_sweep_is_refused_on_the_command_line(tmp_path):
    (tmp_path / "spec.toml").write_text("family = 'one-corner'\n[grid]\nparameter = [0.5]")
    assert CliRunner().invoke(main, ["sweep", str(tmp_path / "spec.toml"), "--jobs", "1"]).exit_code == 0
    (tmp_path / "spec.toml").write_text("family = 'one-corner'\n[grid]\nparameter = [0.6]")
    done = CliRunner().invoke(main, ["sweep", str(tmp_path / "spec.toml")])
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and "holds another sweep" in done.stderr


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="did you mean"):
        Sweep.of_family("opposite-corners", paramter=[0.5])


@given(st.integers(0, 3), st.floats(0, 1), st.integers(1, 255))
@share(1 / 4)
def test_a_line_of_a_journal_that_was_altered_is_solved_again(journal, number, place, change):
    folder, lines, rows = altered_journal(journal)
    line = bytearray(lines[number + 1])
    line[int(place * (len(line) - 2))] ^= change
    (folder / "altered.parquet.journal").write_bytes(b"".join([*lines[: number + 1], line, *lines[number + 2 :]]))
    with opened(plan(), folder / "altered.parquet") as known:
        assert number not in known.rows
        assert all(row == rows[index] for index, row in known.rows.items())


def altered_journal(journal):
    table, content, rows = journal
    return table.parent, content.splitlines(keepends=True), rows


@pytest.mark.parametrize(
    "text",
    [
        "seed = " + "9" * 5000,
        "x = " + "[" * 5000,
        'data = "d.csv"\ngroups = {x = 3}\n[grid]\nencoder_cost = [1]',
        'family = "one-corner"\n[grid]\nparameter = {from = 1, to = 1' + "0" * 400 + ", count = 3}",
        'family = "one-corner"\n[grid]\nparameter = [1' + "0" * 400 + "]",
        'family = "one-corner"\n[grid]\nparameter = [0.5]\n[fixed]\nencoder_cost = 1' + "0" * 400,
        'family = "one-corner"\ntolerance = 1' + "0" * 400 + "\n[grid]\nparameter = [0.5]",
        'family = "one-corner"\ntime_limit = 1' + "0" * 400 + "\n[grid]\nparameter = [0.5]",
        'family = "one-corner"\nmethod = 1979-05-27\n[grid]\nparameter = [0.5]',
        'family = "one-corner"\n[grid]\nparameter = {from = 1, to = 1' + "0" * 30 + ', count = 3, scale = "log"}',
        'family = "one-corner"\nmethod = "no"\n[grid]\nparameter = [0.5]',
        'family = "one-corner"\ncertified = 1979-05-27\n[grid]\nparameter = [0.5]',
        'family = "one-corner"\n[grid]\n'
        + "\n".join(
            f"{name} = {{from = 1, to = 2, count = 10000}}"
            for name in ("parameter", "encoder_cost", "decoder_cost", "bias_cost")
        ),
    ],
)
def test_an_absurd_file_of_a_sweep_is_one_line(tmp_path, text):
    (tmp_path / "d.csv").write_text("a,b\n0,0\n0,1\n1,0\n")
    (tmp_path / "absurd.toml").write_text(text)
    done = CliRunner().invoke(main, ["sweep", str(tmp_path / "absurd.toml"), "--jobs", "1"])
    assert done.exit_code == 2, done.output[-500:]
    assert [path.name for path in tmp_path.glob("*.parquet*")] == []


def test_a_sweep_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "marked.toml").write_text(SPEC, encoding="utf-8-sig")
    assert len(read_sweep(tmp_path / "marked.toml")) == 100


def test_a_sweep_of_which_nothing_can_be_posed_leaves_no_file(tmp_path):
    with pytest.raises(InputError, match="none of its problems"):
        sweep(Sweep.of_family("one-corner", encoder_cost=[-1.0, -2.0]), tmp_path / "t.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("backend", ["sequential", "threading", "multiprocessing"])
def test_any_backend_of_joblib_will_do(backend):
    assert sweep(plan(), backend=backend, jobs=1).status.tolist() == ["optimal"] * 4


def test_workers_do_not_import_what_lies_in_the_working_folder(tmp_path):
    for name in ("random", "queue"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(7)\n")
    (tmp_path / "spec.toml").write_text("family = 'one-corner'\n[grid]\nparameter = [0.5, 0.6, 0.7]")
    command = [os.path.join(os.path.dirname(sys.executable), "modularity"), "sweep", "spec.toml", "--jobs", "2"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-500:]


in_proc = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="processes are looked up in /proc")

WORKING = """
from functools import partial
from itertools import repeat
from time import sleep
from solver.sweeps.cluster import workers
with workers(2, "loky", None) as work:
    for _ in work(partial(sleep), repeat(0.01)):
        print("at work", flush=True)
"""
"""Two workers with a task that asks nothing of the package."""


@in_proc
def test_workers_end_with_the_program_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", WORKING], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"at work\n"
        started = children(process.pid)
        assert len(started) >= 2
        process.kill()
    until(lambda: not any(os.path.exists(f"/proc/{worker}") for worker in started))


@in_proc
@pytest.mark.thorough
def test_workers_end_with_the_sweep_that_is_killed(tmp_path):
    (tmp_path / "spec.toml").write_text(SPEC.replace("10", "40"))
    command = [sys.executable, "-m", "solver", "sweep", str(tmp_path / "spec.toml"), "--jobs", "2"]
    journal = tmp_path / "spec.parquet.journal"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 1)
        workers = children(process.pid)
        assert len(workers) >= 2
        process.kill()
    until(lambda: not any(os.path.exists(f"/proc/{worker}") for worker in workers))


def children(parent):
    """Numbers of the processes that one has started."""
    found = []
    for entry in os.listdir("/proc"):
        with suppress(OSError, ValueError), open(f"/proc/{int(entry)}/stat") as stream:
            if int(stream.read().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry))
    return found


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_table_that_was_altered_is_refused(tmp_path):
    axes = {"parameter": [0.5, 0.6]}
    small = Sweep.of_family("opposite-corners", **axes, certified=False)
    sweep(small, tmp_path / "t.parquet")
    table = pq.read_table(tmp_path / "t.parquet")
    at = table.column_names.index("loss")
    altered = table.set_column(at, "loss", pa.array([1.0, 1.0])).replace_schema_metadata(table.schema.metadata)
    pq.write_table(altered, tmp_path / "t.parquet")
    with pytest.raises(InputError, match="is damaged or was altered"):
        sweep(small, tmp_path / "t.parquet")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A table, and its rows."""
    table = tmp_path_factory.mktemp("finished") / "table.parquet"
    return table, run(plan(), table)


@given(st.floats(0, 1), st.integers(1, 255))
@share(1 / 2)
def test_a_byte_of_a_table_is_not_believed(finished, place, change):
    table, rows = finished
    content = bytearray(table.read_bytes())
    content[int(place * (len(content) - 1))] ^= change
    altered = table.with_name("byte.parquet")
    altered.write_bytes(content)
    try:
        with opened(plan(), altered) as known:
            assert [known.rows[index] for index in range(len(rows))] == read_rows(table)
    except InputError as error:
        assert "damaged" in str(error) or "holds" in str(error)


def test_a_journal_without_points_is_in_nobodys_way(tmp_path):
    header = next(iter(made(tmp_path / "a.parquet")))
    other = Sweep.of_family("opposite-corners", parameter=[0.9], certified=False)
    (tmp_path / "b.parquet.journal").write_bytes(header)
    assert len(sweep(other, tmp_path / "b.parquet")) == 1
    with pytest.raises(InputError, match="scheduler"):
        sweep(other, tmp_path / "c.parquet", backend="loky", scheduler="here")
    assert not (tmp_path / "c.parquet.journal").exists()


def made(path):
    """The lines of a journal that is whole."""
    with opened(plan(), path) as known:
        known.add([{"index": 0, "status": "optimal"}])
    return path.with_name(path.name + ".journal").read_bytes().splitlines(keepends=True)


def test_points_of_two_sources_are_solved_together_and_no_interruption_shows(tmp_path):
    data = Problem(np.random.default_rng(0).normal(size=(30, 2)))
    resamples = Sweep.of_data(data, bootstrap=range(6), encoder_cost=[0.5, 2.0], certified=False)
    whole = sweep(resamples)
    assert (whole.method == "interior").mean() > 0.9 and (whole.status == "optimal").all()
    table = tmp_path / "table.parquet"
    with opened(resamples, table) as begun, suppress(InterruptedError):
        begun.add([row for row in run(resamples) if row["index"] % 3])  # in the midst of runs
        raise InterruptedError
    pd.testing.assert_frame_equal(steady(sweep(resamples, table)), steady(whole), check_dtype=False, check_exact=True)
    alone = sweep(replace(resamples, method="columns"))
    np.testing.assert_allclose(whole.loss, alone.loss, rtol=1e-9)
    assert (whole.modular == alone.modular).all() and (whole.neurons == alone.neurons).all()


def test_what_is_solved_together_no_time_limit_stops():
    free = Sweep.of_family("opposite-corners", parameter=[0.6, 0.7, 0.8], encoder_cost=[0.5, 2.0], certified=False)
    limited = replace(free, time_limit=1e-9)
    pd.testing.assert_frame_equal(steady(sweep(limited)), steady(sweep(free)), check_exact=True)
    assert solves_many(limited) and numbers(limited) == numbers(free)
    # A search of its own ends at the limit.
    assert "optimal" not in set(sweep(replace(limited, method="columns")).status)


def test_a_point_that_is_solved_by_itself_has_the_row_of_one_that_is_solved_with_others():
    # The table does not depend on which workers died.
    whole = plan()
    settings = sweeps._Settings(whole.tolerance, None, "auto", False, os.getpid())
    points = [replace(sweeps._point(whole, place), by_itself=True) for place in range(len(whole))]
    alone = [sweeps._solved(whole, settings, ([point], None))[0][0] for point in points]
    together = sweep(replace(whole, certified=False)).to_dict("records")
    assert [row["method"] for row in together] == [row["method"] for row in alone]
    for one, other in zip(alone, together, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-10)
        assert one["coded"] == other["coded"]


@pytest.mark.parametrize("columns", [2, 3])
def test_a_problem_is_posed_once(monkeypatch, columns):
    """A point that was not solved with its run, or ended the run's common search, was posed again."""
    rows = np.random.default_rng(0).normal(size=(9, columns)) if columns == 3 else np.eye(3)[:, :2]
    posed = []

    class Counted(OfData):
        def problem(self, **point):
            posed.append(point["encoder_cost"])
            return super().problem(**point)

    points = Sweep(Counted(Problem(rows)), axes={"encoder_cost": [0.5, 1.0, 2.0]}, certified=False)
    monkeypatch.setattr(sweeps, "fits", lambda problem: columns == 2 and problem.encoder_cost < 2)
    found = sweep(points)
    assert (found.status == "optimal").all() and sorted(posed) == [0.5, 1.0, 2.0]
