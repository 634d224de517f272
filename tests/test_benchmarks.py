"""The benchmark command runs; whether its targets are met is for the command itself to say."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import explanations, nonlinear, reach, streams
from benchmarks.soundness import __main__ as soundness

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_quick_run_measures_every_case(tmp_path):
    table = tmp_path / "speed.json"
    command = [sys.executable, "-m", "benchmarks.speed", "--quick", "--json", str(table)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    rows = json.loads(table.read_text())
    assert {"case", "quantity", "measured", "target"} <= set(rows[0])
    assert all(row["measured"] >= 0 for row in rows)
    gaps = [row for row in rows if "gap" in row["quantity"]]
    assert gaps and all(row["measured"] <= row["target"] for row in gaps)


@pytest.mark.slow
def test_the_quick_run_of_reach_meets_its_targets(tmp_path):
    table = tmp_path / "reach.json"
    command = [sys.executable, "-m", "benchmarks.reach", "--quick", "--json", str(table)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    rows = json.loads(table.read_text())
    assert done.returncode == 0, done.stdout
    assert {row["sources"] for row in rows} == {6, 10, 20}
    assert all(row["gap"] <= row["target"] and row["seeds_apart"] <= 1e-6 for row in rows)


@pytest.mark.thorough
def test_the_quick_run_of_explanations_proves_all(tmp_path):
    done = CliRunner().invoke(explanations.main, ["--quick", "--json", str(tmp_path / "rows.json")])
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert done.exit_code == 0, done.output
    assert all(row["proven"] == row["neurons"] and row["iou"] >= row["beam_iou"] for row in rows)


def test_reach_knows_no_nine_sources():
    done = CliRunner().invoke(reach.main, ["--quick", "--sources", "9"])
    assert done.exit_code == 2
    assert "no instance has 9; choose one of [6, 10, 20]" in done.stderr


@pytest.mark.thorough
def test_a_quick_run_of_soundness_finds_nothing_wrong_and_goes_on_where_it_was_killed(tmp_path):
    command = [
        sys.executable,
        "-m",
        "benchmarks.soundness",
        "--quick",
        "--problems",
        "6",
        "--sources",
        "1-2",
        "--workers",
        "1",
    ]
    command += ["--folder", str(tmp_path)]
    results = tmp_path / "results.jsonl"
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while killed.poll() is None and (not results.exists() or results.read_bytes().count(b"\n") < 2):
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    before = results.read_text()
    with results.open("a") as stream:
        stream.write('{"seed": 0, "index": 9999')
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 problems; wrong answers: 0" in done.stdout
    lines = results.read_text().splitlines()
    indices = [json.loads(line)["index"] for line in lines]
    assert len(indices) == len(set(indices)) == 6
    whole = before[: before.rfind("\n") + 1]
    assert whole.count("\n") < 6 and results.read_text().startswith(whole)
    again = CliRunner().invoke(soundness.main, [*command[3:], "--report"])
    assert again.exit_code == 0 and again.stdout == done.stdout


@pytest.mark.thorough
def test_the_quick_run_of_nonlinear_neurons_reaches_what_is_asked(tmp_path):
    table, page = tmp_path / "nonlinear.json", tmp_path / "nonlinear.md"
    done = CliRunner().invoke(nonlinear.main, ["--quick", "--json", str(table), "--markdown", str(page)])
    assert done.exit_code == 0, done.output
    rows = json.loads(table.read_text())["rows"]
    assert len(rows) == 1 + sum(case.quick for case in nonlinear.CASES) and all(row["met"] for row in rows)
    assert {row["kind"] for row in rows} == {"rectified", "free"}
    assert all(row["seconds"] > 0 and row["neurons"] > 0 for row in rows)
    assert page.read_text().count("\n|") == len(rows) + 2


def test_a_case_of_several_seeds_says_how_far_they_are_apart():
    row = nonlinear.measure(nonlinear.Case("free", 1, 20, 1e-8, 1.0, seeds=2), 10.0)
    assert row.met and row.apart is not None and row.cells[-2] == f"{row.apart:.1e}"


@pytest.mark.slow
def test_streams_are_measured_and_their_files_deleted(tmp_path):
    done = CliRunner().invoke(streams.main, ["--rows", "300000", "--folder", str(tmp_path)])
    assert done.exit_code in (0, 1) and "peak memory, GB" in done.output
    assert not list(tmp_path.iterdir())
    rows = streams.measure(300_000, tmp_path, repeats=1)
    assert all(0 < row.measured < 1 for row in rows if row.quantity == "peak memory, GB")
