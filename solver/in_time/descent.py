"""Local search for a network: sequential quadratic programming in all weights and biases.

    minimise loss(W, W_in, b, rest, R, c)   subject to   z >= 0 on all trials and steps,   R z + c = y where asked

1. Histories that are alike are looked at once; of equations that follow from each other as many are kept as are
   independent, whatever the network: those of a basis of the features of the trials (`Trials.features`).
2. The activity is run forward, with its derivatives along all variables.
3. SLSQP (Kraft 1988) goes from a network to a nearby one that no small change improves. It counts the loss, activity,
   targets and variables in units of the network to begin with: it tells sizes apart by their absolute values.
4. The result is repaired (`solver.in_time.repair`): its biases and its readout are recomputed, so that it is exact,
   neurons that are not needed are left out, and the unit of each is the best.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from solver.deadline import OutOfTime, require_time
from solver.in_time.network import LinearNetwork
from solver.in_time.repair import balanced, pruned, repaired
from theory.arrays import Array
from theory.in_time.trials import Trials


class Descent:
    """The search for one task: what of it does not depend on the network is computed once."""

    def __init__(self, trials: Trials) -> None:
        self.trials = trials
        # Step 1.
        flat = trials.features.reshape(-1, trials.features.shape[2])
        flat = flat / np.maximum(np.abs(flat).max(axis=0), np.finfo(float).tiny)
        _, self.distinct = np.unique(flat.round(12), axis=0, return_index=True)
        self.equations = [self._equations(flat, output) for output in range(trials.outputs)]
        self.targets = np.where(trials.has_target, trials.targets, 0.0).reshape(-1, trials.outputs)

    def improved(self, network: LinearNetwork) -> LinearNetwork:
        """Steps 2 to 4, from a network that does the task."""
        from scipy.optimize import minimize

        size, start = len(network), np.concatenate([part.ravel() for part in _parts(network)])
        activity = float(np.abs(network.run(self.trials.inputs)).max()) or 1.0
        loss, units = self._loss(start, size)[0], self._units(network, activity)

        last = start / units

        def scaled_loss(flat: Array) -> tuple[float, Array]:
            require_time(0.0)
            value, slope = self._loss(flat * units, size)
            return value / loss, slope * units / loss

        def keep(flat: Array) -> None:
            nonlocal last
            last = flat.copy()

        with suppress(OutOfTime):  # its last step is then repaired as any
            last = minimize(
                scaled_loss,
                last,
                jac=True,
                method="SLSQP",
                constraints=[
                    {
                        "type": "eq",
                        "fun": lambda flat: self._missed(flat * units, size),
                        "jac": lambda flat: self._missed_slope(flat * units, size) * units,
                    },
                    {
                        "type": "ineq",
                        "fun": lambda flat: self._activity(flat * units, size) / activity,
                        "jac": lambda flat: self._activity_slope(flat * units, size) * (units / activity),
                    },
                ],
                options={"maxiter": 400, "ftol": 1e-13},
                callback=keep,
            ).x
        if not np.isfinite(last).all():
            return network
        # Step 4.
        exact = repaired(self.trials, self._network(last * units, size))
        return balanced(self.trials, pruned(self.trials, exact))

    def _units(self, network: LinearNetwork, activity: float) -> Array:
        """(variables,) the size of those of a kind; of biases that of the activity and of the targets."""
        target = float(np.abs(self.targets).max())
        weights = (network.recurrent, network.inward, network.readout)
        recurrent, inward, readout = (float(np.sqrt((part**2).mean())) or 1.0 for part in weights)
        sizes = (recurrent, inward, activity, activity, readout, target)
        return np.concatenate([np.full(part.size, unit) for part, unit in zip(_parts(network), sizes, strict=True)])

    def _equations(self, flat: Array, output: int) -> Array:
        """(r, n T) orthonormal combinations of the rows in which an output is asked for, by its largest target."""
        has_target = self.trials.has_target[:, :, output].ravel()
        left, sizes, _ = np.linalg.svd(flat[has_target], full_matrices=False)
        rank = int((sizes > 1e-9 * sizes[0]).sum())
        rows = np.zeros((rank, len(flat)))
        rows[:, has_target] = left[:, :rank].T
        largest = float(np.abs(self.trials.targets[:, :, output].ravel()[has_target]).max())
        return rows / (largest or 1.0)

    # ---- the program, in one vector of variables ------------------------------------------------------------------

    def _network(self, flat: Array, size: int) -> LinearNetwork:
        channels, outputs = self.trials.channels, self.trials.outputs
        shapes = ((size, size), (size, channels), (size,), (size,), (outputs, size), (outputs,))
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        return LinearNetwork(*(part.reshape(shape) for part, shape in zip(np.split(flat, ends), shapes, strict=False)))

    def _loss(self, flat: Array, size: int) -> tuple[float, Array]:
        trials, network = self.trials, self._network(flat, size)
        activity = network.run(trials.inputs)
        energies = network.energies(trials, activity)
        weights = 2 * trials.weights[:, None] / trials.steps
        recurrent, inward = np.zeros((size, size)), np.zeros((size, trials.channels))
        bias, back = np.zeros(size), np.zeros((trials.count, size))
        for step in range(trials.steps - 1, -1, -1):
            back = back + weights * activity[:, step]
            inward += back.T @ trials.inputs[:, step]
            if step:
                bias += back.sum(axis=0)
                recurrent += back.T @ activity[:, step - 1]
                back = back @ network.recurrent
        slopes = (
            recurrent + 2 * trials.recurrent_cost * network.recurrent,
            inward + 2 * trials.input_cost * network.inward,
            bias,
            back.sum(axis=0),
            2 * trials.readout_cost * network.readout,
            np.zeros(trials.outputs),
        )
        return sum(energies.values()), np.concatenate([slope.ravel() for slope in slopes])

    def _activity(self, flat: Array, size: int) -> Array:
        activity = self._network(flat, size).run(self.trials.inputs)
        return np.asarray(activity.reshape(-1, size)[self.distinct].ravel())

    def _activity_slope(self, flat: Array, size: int) -> Array:
        network = self._network(flat, size)
        slopes = self._slopes(network, network.run(self.trials.inputs))
        return np.asarray(slopes.reshape(-1, size, len(flat))[self.distinct].reshape(-1, len(flat)))

    def _missed(self, flat: Array, size: int) -> Array:
        network = self._network(flat, size)
        missed = network.read(network.run(self.trials.inputs)).reshape(-1, self.trials.outputs) - self.targets
        return np.concatenate([rows @ missed[:, output] for output, rows in enumerate(self.equations)])

    def _missed_slope(self, flat: Array, size: int) -> Array:
        network, outputs = self._network(flat, size), self.trials.outputs
        activity = network.run(self.trials.inputs)
        slopes = self._slopes(network, activity).reshape(-1, size, len(flat))
        activity, start = activity.reshape(-1, size), len(flat) - outputs * (size + 1)
        result = list[Array]()
        for output, rows in enumerate(self.equations):
            slope = np.tensordot(rows, network.readout[output] @ slopes, 1)
            slope[:, start + output * size : start + (output + 1) * size] += rows @ activity
            slope[:, start + outputs * size + output] += rows.sum(axis=1)
            result.append(slope)
        return np.concatenate(result)

    def _slopes(self, network: LinearNetwork, activity: Array) -> Array:
        """(trials, T, n, variables) derivatives of the activity."""
        trials, size, channels = self.trials, len(network), self.trials.channels
        inward, bias = size * size, size * size + size * channels
        count = bias + 2 * size + trials.outputs * (size + 1)
        slopes, own = np.zeros((trials.count, trials.steps, size, count)), np.arange(size)
        for step in range(trials.steps):
            now = slopes[:, step]
            if step:
                now += np.einsum("ij,tjv->tiv", network.recurrent, slopes[:, step - 1])
                for before in range(size):
                    now[:, own, own * size + before] += activity[:, step - 1, before, None]
            now[:, own, bias + (0 if step else size) + own] += 1.0
            for channel in range(channels):
                now[:, own, inward + own * channels + channel] += trials.inputs[:, step, channel, None]
        return slopes


def _parts(network: LinearNetwork) -> tuple[Array, ...]:
    return network.recurrent, network.inward, network.bias, network.rest, network.readout, network.readout_bias
