"""Tensors and layers of torch, JAX, Flax and Equinox, by what they can do."""

import numpy as np
import pytest

from solver import Problem, audit, solve
from theory.inputs import as_matrix
from theory.inputs.tensors import layer_weights

SQUARE = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])


class Tensor:
    """As one of torch: numpy may have it only without its gradient, from the processor, in a kind that it knows."""

    def __init__(self, values, gradient=True, device="cuda", dtype="torch.float32"):
        self.values, self.gradient, self.device, self.dtype = np.asarray(values, np.float32), gradient, device, dtype
        self.shape = self.values.shape

    def detach(self):
        return Tensor(self.values, False, self.device, self.dtype)

    def cpu(self):
        return Tensor(self.values, self.gradient, "cpu", self.dtype)

    def float(self):
        return Tensor(self.values, self.gradient, self.device)

    def numpy(self):
        if self.gradient:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.device != "cpu" or self.dtype == "torch.bfloat16":
            raise TypeError("can't convert")
        return self.values

    def __array__(self, dtype=None, copy=None):
        return self.numpy().astype(dtype or np.float32)


class Layer:
    def __init__(self, **weights):
        vars(self).update(weights)


def test_a_tensor_is_a_matrix():
    for dtype in ("torch.float32", "torch.bfloat16"):
        np.testing.assert_array_equal(as_matrix(Tensor(SQUARE, dtype=dtype), "sources"), SQUARE)
    np.testing.assert_array_equal(as_matrix([Tensor(row) for row in SQUARE], "sources"), SQUARE)
    answer = solve(Problem(Tensor(SQUARE), mixing=Tensor(np.eye(2)), probabilities=Tensor(np.ones(4))))
    assert answer.loss == solve(Problem(SQUARE)).loss
    np.testing.assert_array_equal(answer.activity(Tensor(SQUARE)), answer.activity(SQUARE))


def test_layers_are_their_weights():
    weights = np.arange(6.0).reshape(3, 2)
    kernel = Layer(kernel=Layer(value=weights.T))
    for layer in (weights, Layer(weight=weights), {"kernel": weights.T, "bias": 0}, Layer(kernel=weights.T), kernel):
        np.testing.assert_array_equal(layer_weights(layer), weights)
    assert layer_weights(None) is None


def test_an_audit_takes_a_network_as_it_is():
    encoder, decoder = np.array([[1.0, 0], [0, 1], [-1, -1]]), np.array([[2.0, 1, 0], [1, 2, 0]]) / 3
    activity = 2 + SQUARE @ encoder.T
    plain = audit(Problem(SQUARE), activity, encoder=encoder, decoder=decoder)
    given = audit(
        Problem(Tensor(SQUARE)),
        Tensor(activity),
        encoder=Layer(weight=Tensor(encoder)),
        decoder={"kernel": Tensor(decoder.T)},
    )
    assert given.excess == pytest.approx(plain.excess, rel=1e-6) and given.encoder_error < 1e-6


@pytest.mark.networks
def test_arrays_of_jax():
    jnp = pytest.importorskip("jax.numpy")
    for dtype in (jnp.float32, jnp.bfloat16):
        np.testing.assert_array_equal(as_matrix(jnp.asarray(SQUARE, dtype=dtype), "sources"), SQUARE)
    assert solve(Problem(jnp.asarray(SQUARE))).loss == solve(Problem(SQUARE)).loss


def test_tensors_of_torch():
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(2, 3)
    activity = torch.relu(layer(torch.tensor(SQUARE, dtype=torch.float32))) + 1
    assert activity.requires_grad
    np.testing.assert_array_equal(as_matrix(activity, "activity"), activity.detach().numpy())
    np.testing.assert_array_equal(as_matrix(layer_weights(layer), "encoder"), layer.weight.detach().numpy())
    np.testing.assert_array_equal(as_matrix(torch.tensor(SQUARE, dtype=torch.bfloat16), "sources"), SQUARE)
