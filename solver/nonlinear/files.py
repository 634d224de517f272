"""Answers of nonlinear neurons in files: written whole, and read only if the numbers in them agree with the problem.

1. Read all arrays, without unpickling objects; refuse missing ones.
2. Build the problem from its sources, mixing, costs, readout and groups.
3. Compute from the problem and the network what follows from them, and compare.
4. Compare all checksums: nothing else determines an array such as the multiplier.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

from solver.certificate import optimality_gap
from solver.codes.certified import SAVED_TEXTS
from solver.files import (
    CHECKSUMS,
    arrays_in,
    posed_content,
    problem_in,
    require_arrays,
    require_checksums,
    write_arrays,
)
from solver.nonlinear.code import NONLINEAR_ARRAYS, NONLINEAR_NUMBERS, NonlinearCode, described
from theory.conditions.practically import checked_threshold
from theory.errors import InputError
from theory.neurons.nonlinear import rectified
from theory.problem import COSTS
from theory.writing import written_whole

SUM_ROUNDING = 64 * float(np.finfo(float).eps)  # rounding of a sum, relative to its largest terms


def write(answer: NonlinearCode, path: str | os.PathLike[str]) -> None:
    """Write an answer to one .npz file, or its neurons to a .csv, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    if str(path).lower().endswith(".csv"):
        columns = answer.columns()
        with written_whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as table:
            lines = csv.writer(table, lineterminator="\n")
            lines.writerow(columns)
            lines.writerows(zip(*columns.values(), strict=True))
        return
    if str(path).lower().endswith(".nc"):
        raise InputError(f"{path}: no netCDF is written of {answer.problem.neurons.name} neurons; give .npz or .csv")
    content: dict[str, Any] = {
        name: getattr(answer, name) for name in (*NONLINEAR_ARRAYS, *NONLINEAR_NUMBERS, *SAVED_TEXTS)
    }
    content |= posed_content(answer.problem)
    content |= {"activation": answer.problem.neurons.name, "practically": answer.practically}
    write_arrays(content, path)


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields of the answer that `write` wrote.

    Raises:
        InputError: not such a file, or one in which something disagrees with the rest.
        OSError: the file cannot be opened.
    """
    content = _content(Path(path))  # step 1
    try:
        problem = problem_in(content).replaced(activation=str(content["activation"]))  # step 2
        fields = _agreeing(content, problem)  # step 3
        require_checksums(content)  # step 4
        return fields
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:  # what was altered can fail in any way
        raise InputError(f"{path}: damaged or altered ({error})") from None


def _content(path: Path) -> dict[str, Any]:
    content = arrays_in(path)
    if "activation" not in content:
        raise InputError(f"{path}: holds no nonlinear neurons; read it with Representation.load")
    posed = ("points", "names", "mixing", *COSTS, "practically", CHECKSUMS)
    require_arrays(content, (*NONLINEAR_ARRAYS, *NONLINEAR_NUMBERS, *SAVED_TEXTS, *posed), path)
    return content


def _agreeing(content: dict[str, Any], problem: Any) -> dict[str, Any]:
    """The fields of the answer, those that follow from problem and network computed anew."""
    activity, encoder, bias = (content[name] for name in ("sample_activity", "encoder", "encoder_bias"))
    if encoder.shape[1]:
        points, weights = problem.sources.points, encoder @ problem.mixing
        # Steep neurons are differences of large numbers, which another machine may round otherwise.
        terms = np.abs(encoder) @ np.abs(problem.mixing) @ np.abs(points).max(axis=0) + np.abs(bias)
        rounding = SUM_ROUNDING * float(terms.max(initial=0.0))
        _require_same("sample_activity", activity, rectified(points, weights, bias), rounding)
    network = described(problem, activity, encoder, bias)
    for name in ("loss", "decoder", "decoder_bias", "neuron_costs"):
        _require_same(name, content[name], network[name])
    numbers = {name: float(content[name]) for name in NONLINEAR_NUMBERS}
    numbers["loss"], numbers["iterations"] = float(content["loss"]), int(content["iterations"])
    if not numbers["lower_bound"] <= numbers["loss"]:
        raise InputError("lower_bound: damaged or altered; it exceeds the loss")
    _require_same("gap", numbers["gap"], optimality_gap(numbers["loss"], numbers["lower_bound"]))
    texts = {name: str(content[name]) for name in SAVED_TEXTS}
    if (texts["status"] == "optimal") != (numbers["gap"] <= numbers["tolerance"]):
        raise InputError("status: damaged or altered; it does not follow from the gap")
    arrays = {name: content[name] for name in NONLINEAR_ARRAYS}
    practically = checked_threshold(float(content["practically"]))
    return network | arrays | numbers | texts | {"problem": problem, "practically": practically}


def _require_same(name: str, written: Any, computed: Any, rounding: float = 0.0) -> None:
    size = max(float(np.abs(computed).max(initial=0.0)), 1e-300)
    if np.shape(written) != np.shape(computed) or np.abs(np.asarray(written) - computed).max(initial=0.0) > (
        1e-9 * size + (1e-12 if name == "gap" else rounding)
    ):
        raise InputError(f"{name}: damaged or altered; it does not follow from problem and network")
