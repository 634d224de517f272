"""The benchmark command runs; whether its targets are met is for the command itself to say."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


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


def test_the_quick_run_of_reach_meets_its_targets(tmp_path):
    table = tmp_path / "reach.json"
    command = [sys.executable, "-m", "benchmarks.reach", "--quick", "--json", str(table)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    rows = json.loads(table.read_text())
    assert done.returncode == 0, done.stdout
    assert {row["sources"] for row in rows} == {6, 10, 20}
    assert all(row["gap"] <= row["target"] and row["seeds_apart"] <= 1e-6 for row in rows)


def test_reach_knows_no_nine_sources():
    command = [sys.executable, "-m", "benchmarks.reach", "--sources", "9"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no instance has 9; choose one of [6, 7, 8, 10, 13, 20]" in done.stderr
