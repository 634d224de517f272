"""Checkpoints: all that training needs to go on, in one file that is written whole or not at all."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from solver.files import CHECKSUMS, checksums, write_arrays
from solver.networks.network import Data, Network
from theory.arrays import Array
from theory.errors import InputError


def flat(tree: Any) -> dict[str, Array]:
    """Leaves by the path to them, such as "encoder.weights".

    Example:
        >>> flat({"encoder": {"bias": np.zeros(2)}})
        {'encoder.bias': array([0., 0.])}
    """
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {".".join(str(step.key) for step in path): np.asarray(leaf, dtype=np.float64) for path, leaf in leaves}


def nested(leaves: dict[str, Array]) -> dict[str, Any]:
    """The tree of such leaves.

    Example:
        >>> nested({"encoder.bias": np.zeros(2)})
        {'encoder': {'bias': array([0., 0.])}}
    """
    tree: dict[str, Any] = {}
    for path, leaf in leaves.items():
        *above, name = path.split(".")
        layer = tree
        for step in above:
            layer = layer.setdefault(step, {})
        layer[name] = leaf
    return tree


def mark_of(network: Network, data: Data, steps: int, rate: float, seeds: Sequence[int]) -> str:
    """A digest of all that a run depends on, data included."""
    digest = hashlib.sha256(repr((network, steps, rate, tuple(map(int, seeds)))).encode())
    for array in data:
        digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def saved(place: Path, mark: str, state: Any, curve: list[Array]) -> None:
    """Write a run: its mark, the curve so far, and the leaves of its state in their order."""
    leaves: dict[str, Any] = {
        f"leaf{number}": np.asarray(leaf) for number, leaf in enumerate(jax.tree_util.tree_leaves(state))
    }
    write_arrays({"mark": np.array(mark), "curve": np.array(curve), **leaves}, place)


def restored(place: Path, mark: str, state: Any) -> tuple[Any, list[Array]]:
    """The state and the curve in a file, or the state as it is and no curve, where there is no file.

    Raises:
        InputError: a file of another run, one that was altered, or none that training wrote.
    """
    if not place.exists():
        return state, []
    current, structure = jax.tree_util.tree_flatten(state)
    remedy = "give another name, or remove it to begin anew"
    try:
        # Read whole first: numpy would leave the handle of a file open that is no archive.
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
        written, written_mark = content.pop(CHECKSUMS), str(content["mark"])
    except Exception:  # a damaged archive fails in a dozen ways, and each says the same
        raise InputError(f"checkpoint: {str(place)!r} is none that training wrote; {remedy}") from None
    if not np.array_equal(written, checksums(content)):
        raise InputError(f"checkpoint: {str(place)!r} is damaged or was altered; {remedy}")
    if written_mark != mark:
        raise InputError(f"checkpoint: {str(place)!r} keeps another network, data, steps, rate or seeds; {remedy}")
    leaves = [content[f"leaf{number}"] for number in range(len(current))]
    return jax.tree_util.tree_unflatten(structure, leaves), list(content["curve"])
