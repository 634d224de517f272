"""Problems as files that `modularity solve` accepts, with the command that does it beside."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.soundness.activations import drawn_of
from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.ledger import Record
from benchmarks.soundness.tasks import DrawnTask
from theory.writing import written_whole


def save_cases(folder: Path, cases: Sequence[tuple[Record, Sequence[str]]]) -> None:
    """Write the problems of these records, with the reasons why they were kept, in place of those of the last time."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("seed*-problem*.*"):
        path.unlink()
    for record, reasons in cases:
        problem = drawn_of(record.seed, record.index, record.activation)
        save_case(folder, problem, record.time_limit, {"kept_as": list(reasons), **asdict(record)})


def save_case(folder: Path, problem: Drawn, time_limit: float, said: dict[str, object]) -> Path:
    """Write one problem to an .npz file, and to a .json file the command that solves it and what is said of it."""
    path = folder / f"seed{problem.seed}-problem{problem.index}.npz"
    arguments = {
        "sources": problem.points,
        "mixing": problem.mixing,
        "probabilities": problem.probabilities,
        "targets": problem.reading.targets,
        "readout_probabilities": problem.reading.probabilities,
    }
    if isinstance(problem, DrawnTask):
        arguments = {"inputs": problem.inputs, "targets": problem.wanted, "probabilities": problem.probabilities}
    arrays: dict[str, Any] = {name: array for name, array in arguments.items() if array is not None}
    with written_whole(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **arrays)
    beside = {"command": shlex.join(_command(problem, path, time_limit)), "problem": str(problem), **said}
    with written_whole(path.with_suffix(".json")) as partial:
        partial.write_text(json.dumps(beside, indent=1) + "\n")
    return path


def _command(problem: Drawn, path: Path, time_limit: float) -> list[str]:
    """The words that solve it; where the command line has none for it, those of this benchmark."""
    worded = problem.energy.kind in ("mean", "squared-mean", "peak") and not isinstance(problem, DrawnTask)
    if problem.separate or problem.reading.probabilities is not None or not worded:
        return [
            "python",
            "-m",
            "benchmarks.soundness",
            "--only",
            str(problem.index),
            "--seed",
            str(problem.seed),
            "--activation",
            problem.kind,
            "--time-limit",
            f"{time_limit:g}",
        ]
    words = ["modularity", "solve", str(path)]
    for name in ("encoder_cost", "decoder_cost", "activity_cost", "bias_cost"):
        words += [f"--{name.replace('_', '-')}", repr(getattr(problem, name))]
    if problem.activation != "linear":
        words += ["--activation", problem.activation]
    if problem.energy.kind == "peak":
        words += ["--energy", "peak"]
    if problem.mixing is not None:
        words += ["--mixing", str(path)]
    if problem.probabilities is not None:
        words += ["--probabilities", "probabilities"]
    if problem.reading.targets is not None:
        words += ["--targets", str(path)]
    if not problem.reading.exact:
        words += ["--error-cost", repr(problem.reading.error_cost)]
    if problem.reading.kind == "noisy":
        words += ["--noise-variance", repr(problem.reading.noise_variance)]
    for name, members in (problem.groups or {}).items():
        words += ["--group", f"{name}={','.join(map(str, members))}"]
    return [*words, "--time-limit", f"{time_limit:g}"]
