"""Tensors and layers of other libraries, known by what they can do: none of these libraries is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def plain_array(values: Any) -> Any:
    """A tensor of torch as an array of numpy, without its gradient and from whatever device; all else as it is.

    Arrays of JAX need nothing of the kind.

    Example:
        >>> plain_array([[1, 2]])
        [[1, 2]]
    """
    if isinstance(values, list | tuple) and values and _is_tensor(values[0]):
        return [plain_array(one) for one in values]
    if not _is_tensor(values):
        return values
    tensor = values.detach().cpu()
    if str(tensor.dtype).endswith("bfloat16"):
        tensor = tensor.float()
    return tensor.numpy()


def _is_tensor(values: Any) -> bool:
    return callable(getattr(values, "detach", None)) and callable(getattr(values, "cpu", None))


def layer_weights(layer: Any) -> Any:
    """The matrix of a linear layer, one row per output; what is no layer stays as it is.

    Args:
        layer: a module with `weight` (torch, Equinox), one with `kernel` or a mapping that holds it (Flax, which keeps
            one row per input), or a matrix.

    Example:
        >>> layer_weights({"kernel": [[1, 2, 3], [4, 5, 6]], "bias": [0, 0, 0]}).tolist()
        [[1, 4], [2, 5], [3, 6]]
    """
    if layer is None or hasattr(layer, "shape"):
        return layer
    if hasattr(layer, "weight"):
        return layer.weight
    kernel = layer.get("kernel") if isinstance(layer, Mapping) else getattr(layer, "kernel", None)
    if kernel is None:
        return layer
    return np.asarray(plain_array(getattr(kernel, "value", kernel))).T
