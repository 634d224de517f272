"""What memory costs whatever the network: lower bounds for tasks in time (docs/mathematics.md, "Tasks in time").

A *contrast* is a combination of trials, with numbers that sum to zero. Under it the activity at step t differs by
``V_t a``, where V_t are the neurons' weights on what has entered and a is the contrast of that. If the inputs after t
do not differ under it, the recurrent weights take this difference to that of the next step, and so on to the step where
a target is read. With the basis P_t of the contrasts at step t, ``M_t = P_t' V_t' V_t P_t`` and P_t's images ``N_t``:

    |W|^2    >= tr(N_t' M_{t+1} N_t M_t^-1)         at every step
    |R_j|^2  >= d M_t^-1 d'                         at every step where output j is asked for, with the contrasts d
    |W_in|^2 >= tr(E' M_t E (X'X)^-1)               for those contrasts E that enter with the inputs X

so these may be averaged over steps, with weights that sum to one. What is left depends on the M_t alone, and is convex
along geodesics of positive definite matrices. So any M_t prove a bound, if what they save, the slopes
``Y_t = -d(costs)/dM_t``, are positive semidefinite and no neuron earns more in a step than it costs there:

    loss >= (2 readout + recurrent) / sqrt(rho),    rho = max(1, max_t T max_v v'P_t Y_t P_t'v / f_t(v)) .

1. Every step and set of outputs that are asked for in the same trials there gives a chain: the contrasts that tell
   these outputs apart, as far back in time as later inputs leave them.
2. A chain has a view of the recurrent weights at each of its steps but the last, and one of a readout wherever all its
   contrasts are of trials in which that output is asked for.
3. `MemoryBounds.slopes` and `MemoryBounds.value` are linear in the weights of these views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theory.arrays import Array
from theory.immutable import Frozen, derived
from theory.in_time.trials import TRIALS, Trials, independent_columns


@dataclass(frozen=True, eq=False)
class ViewChain(Frozen):
    """Contrasts of trials that a target needs, from the step at which they have entered to the one where it is read."""

    first: int  # the step at which it begins
    contrasts: tuple[Array, ...]  # for each of its steps (n, m_t) combinations of trials
    # For each step but the last (m_{t+1}, m_t) what its contrasts are among those of the next.
    images: tuple[Array, ...]

    @property
    def last(self) -> int:
        """The step at which it ends."""
        return self.first + len(self.contrasts) - 1

    def basis(self, trials: Trials, step: int) -> Array:
        """(d_t, m_t) the contrasts of what has entered by a step."""
        return np.asarray(trials.entered[:, : trials.entered_by(step)].T @ self.contrasts[step - self.first])


@dataclass(frozen=True, eq=False)
class MemoryBounds(Frozen):
    """All chains of a task, and the bounds that matrices M_t and weights of the views prove.

    Example:
        >>> inputs, targets = np.zeros((2, 3, 1)), np.full((2, 3, 1), np.nan)
        >>> inputs[:, 0] = targets[:, 2] = [[-1.0], [1.0]]
        >>> bounds = MemoryBounds(Trials(inputs, targets))
        >>> [(chain.first, chain.last) for chain in bounds.chains], bounds.links, bounds.reads
        ([(0, 2)], ((0, 0), (0, 1)), ((0, 2, 0),))
    """

    trials: Trials

    @derived
    def chains(self) -> tuple[ViewChain, ...]:
        """Step 1: the longest first; one whose contrasts are those of a later one is left out."""
        chains = list[ViewChain]()
        for step in reversed(range(self.trials.steps)):
            masks: dict[bytes, list[int]] = {}
            for output in range(self.trials.outputs):
                has_target = self.trials.has_target[:, step, output]
                if has_target.any():
                    masks.setdefault(has_target.tobytes(), []).append(output)
            for outputs in masks.values():
                chain = self._chain(step, outputs)
                if chain is not None and not any(self._holds(other, chain) for other in chains):
                    chains.append(chain)
        return tuple(chains)

    @derived
    def links(self) -> tuple[tuple[int, int], ...]:
        """The views of the recurrent weights (step 2): chain and step."""
        return tuple(
            (number, chain.first + step)
            for number, chain in enumerate(self.chains)
            for step in range(len(chain.images))
        )

    @derived
    def reads(self) -> tuple[tuple[int, int, int], ...]:
        """The views of the readout (step 2): chain, step and output."""
        return tuple(
            (number, step, output)
            for number, chain in enumerate(self.chains)
            for step in range(chain.first, chain.last + 1)
            for output in range(self.trials.outputs)
            if not chain.contrasts[step - chain.first][~self.trials.has_target[:, step, output]].any()
            and self.trials.has_target[:, step, output].any()
        )

    @derived
    def readings(self) -> tuple[Array, ...]:
        """(m_t,) d of each view of the readout: the contrasts of its target."""
        return tuple(
            np.where(self.trials.has_target[:, step, output], self.trials.targets[:, step, output], 0.0)
            @ self.chains[number].contrasts[step - self.chains[number].first]
            for number, step, output in self.reads
        )

    @derived
    def entrances(self) -> dict[str, Array]:
        """(m_t, m_t) the cost of the input weights as a form on M_t, by chain and step ("0:2"), where there is one.

        Inputs that enter at several steps through the same channels are averaged over.
        """
        forms, seen = dict[str, Array](), np.zeros((self.trials.channels, self.trials.channels))
        for number, chain in enumerate(self.chains):
            for step in range(chain.first, chain.last + 1):
                contrasts = chain.contrasts[step - chain.first]
                before = self.trials.entered[:, : self.trials.entered_by(step - 1)].T @ contrasts
                new = _null_space(before, float(np.linalg.norm(self.trials.entered) * np.linalg.norm(contrasts)))
                moved = self.trials.inputs[:, step].T @ contrasts @ new
                if new.shape[1]:
                    inverse = np.linalg.inv(moved.T @ moved)
                    seen += moved @ inverse @ moved.T
                    forms[f"{number}:{step}"] = self.trials.input_cost * new @ inverse @ new.T
        most = max(1.0, float(np.linalg.eigvalsh(seen)[-1]) if len(seen) else 1.0)
        return {place: form / most for place, form in forms.items()}

    def basis(self, number: int, step: int) -> Array:
        """(d_t, m_t) P_t of a chain."""
        return self.chains[number].basis(self.trials, step)

    def places(self) -> list[tuple[int, int]]:
        """Every chain and step that has a matrix M_t."""
        return [(n, step) for n, chain in enumerate(self.chains) for step in range(chain.first, chain.last + 1)]

    # ---- what matrices and weights prove ------------------------------------------------------------------------

    def value(self, codes: Sequence[Sequence[Array]], links: Array, reads: Array) -> float:
        """2 readout + recurrent: the bound where rho is at most one (step 3).

        For each chain and each of its steps there is a positive definite M_t (m_t, m_t). The weights of the links sum
        to at most one, and so do those of the reads of each output.
        """
        recurrent, readout = self.costs(codes)
        return float(links @ recurrent + 2 * reads @ readout)

    def costs(self, codes: Sequence[Sequence[Array]]) -> tuple[Array, Array]:
        """What each view of the recurrent weights, and of the readout, says that these cost at least."""
        recurrent = [
            self.trials.recurrent_cost * np.trace(np.linalg.solve(before, image.T @ after @ image))
            for before, after, image in (self.link(codes, *link) for link in self.links)
        ]
        readout = [
            self.trials.readout_cost * wanted @ np.linalg.solve(self.code(codes, number, step), wanted)
            for (number, step, _), wanted in zip(self.reads, self.readings, strict=True)
        ]
        return np.array(recurrent), np.array(readout)

    def slopes(self, codes: Sequence[Sequence[Array]], links: Array, reads: Array) -> dict[tuple[int, int], Array]:
        """Step 3: (m_t, m_t) Y_t of every chain and step, minus the slope of all costs of weights."""
        slopes = {
            place: -self.entrances.get(f"{place[0]}:{place[1]}", 0.0 * self.code(codes, *place))
            for place in self.places()
        }
        for weight, view in zip(links, self.link_slopes(codes), strict=True):
            for place, slope in view.items():
                slopes[place] = slopes[place] + weight * slope
        for weight, (number, step, _), slope in zip(reads, self.reads, self.read_slopes(codes), strict=True):
            slopes[number, step] = slopes[number, step] + weight * slope
        return slopes

    def link_slopes(self, codes: Sequence[Sequence[Array]]) -> list[dict[tuple[int, int], Array]]:
        """What each view of the recurrent weights adds to the slopes of the two steps that it joins."""
        views, cost = list[dict[tuple[int, int], Array]](), self.trials.recurrent_cost
        for number, step in self.links:
            before, after, image = self.link(codes, number, step)
            inverse = np.linalg.inv(before)
            saved = inverse @ image.T @ after @ image @ inverse
            spent = image @ inverse @ image.T
            views.append({(number, step): cost * _even(saved), (number, step + 1): -cost * _even(spent)})
        return views

    def read_slopes(self, codes: Sequence[Sequence[Array]]) -> list[Array]:
        """What each view of the readout adds to the slope of its step."""
        halves = [
            np.linalg.solve(self.code(codes, number, step), wanted)
            for (number, step, _), wanted in zip(self.reads, self.readings, strict=True)
        ]
        return [self.trials.readout_cost * np.outer(half, half) for half in halves]

    def codes_of(self, weights: Sequence[Array]) -> tuple[tuple[Array, ...], ...]:
        """The M_t of a network, from its neurons' weights (neurons, d_t) on what has entered by each step."""
        return tuple(
            tuple(
                _even((seen := weights[step] @ chain.basis(self.trials, step)).T @ seen)
                for step in range(chain.first, chain.last + 1)
            )
            for chain in self.chains
        )

    def code(self, codes: Sequence[Sequence[Array]], number: int, step: int) -> Array:
        """(m_t, m_t) M_t of a chain."""
        return codes[number][step - self.chains[number].first]

    def link(self, codes: Sequence[Sequence[Array]], number: int, step: int) -> tuple[Array, Array, Array]:
        """M_t and M_{t+1} of a chain, and N_t."""
        image = self.chains[number].images[step - self.chains[number].first]
        return self.code(codes, number, step), self.code(codes, number, step + 1), image

    # ---- chains ---------------------------------------------------------------------------------------------------

    def _chain(self, last: int, outputs: list[int]) -> ViewChain | None:
        """The chain of outputs that are asked for in the same trials at a step; None where they do not vary."""
        trials = self.trials
        has_target = trials.has_target[:, last, outputs[0]]
        weights = np.where(has_target, trials.weights, 0.0)
        wanted = np.where(has_target[:, None], trials.targets[:, last, outputs], 0.0)
        centred = np.where(has_target[:, None], wanted - weights @ wanted / weights.sum(), 0.0)
        contrasts = weights[:, None] * centred
        entered = trials.entered[:, : trials.entered_by(last)]
        # Only as many as what has entered, and the targets, tell apart.
        sizes = np.abs(weights[:, None] * np.where(has_target[:, None], np.abs(wanted), 0.0)).max(axis=0, initial=0.0)
        chosen = independent_columns(contrasts, sizes)
        contrasts = contrasts[:, chosen]
        seen = entered.T @ contrasts
        if not len(chosen) or len(independent_columns(seen, np.abs(entered).max(initial=0.0) * sizes[chosen])) < len(
            chosen
        ):
            return None  # no output, or some whose means over the trials are all that tells them apart
        steps, images = [contrasts], list[Array]()
        for step in range(last - 1, -1, -1):
            moved = trials.inputs[:, step + 1].T @ steps[0]
            size = np.linalg.norm(trials.inputs) * np.linalg.norm(steps[0])
            image = _null_space(moved, float(size))
            if not image.shape[1]:
                break
            steps.insert(0, steps[0] @ image)
            images.insert(0, image)
        return ViewChain(last - len(images), tuple(steps), tuple(images))

    def _holds(self, other: ViewChain, chain: ViewChain) -> bool:
        """Whether the contrasts with which a chain ends are among those of another at that step."""
        if not other.first <= chain.last <= other.last:
            return False
        known, own = other.contrasts[chain.last - other.first], chain.contrasts[-1]
        missed = own - known @ np.linalg.lstsq(known, own, rcond=None)[0]
        return bool(np.linalg.norm(missed) <= TRIALS.independent * np.linalg.norm(own))


def _null_space(matrix: Array, size: float) -> Array:
    """(k, m) an orthonormal basis of what a matrix (r, k) takes to zero, up to rounding of numbers of a size."""
    if not matrix.size:
        return np.eye(matrix.shape[1])
    _, sizes, right = np.linalg.svd(matrix)
    rank = int((sizes > TRIALS.independent * size).sum())
    return np.eye(matrix.shape[1]) if not rank else np.asarray(right[rank:].T)


def _even(matrix: Array) -> Array:
    return np.asarray((matrix + matrix.T) / 2)
