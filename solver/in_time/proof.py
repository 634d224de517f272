"""What is proven of a task in time: matrices M_t and weights of views, and the bound that they come to.

1. Begin with the M_t of a network.
2. For given M_t the bound is linear in the weights of the views, and so is what a neuron earns: a linear program, with
   a row for each neuron seen so far and, where a Y_t is indefinite, one for its worst direction (cutting planes).
3. For given weights each M_t on its own is that of the best code of one static problem, in which the views towards the
   past are a cost of the weights and those towards the future are the readout. All steps are solved in turn.
   Before that their sizes are chosen together, a geometric program in one number a step.
4. The weights follow: those of the recurrent views in proportion to what their views say, which at the best are alike,
   as is the product of a weight and its view to first order; those of the readout likewise.
5. Steps 3 and 4 alternate while they raise the bound and there is time. The best M_t and weights that were seen are the
   proof; those that the end of the time has left half changed are looked at too. Steps 1 and 2 are always done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.certificate import lower_bound
from solver.deadline import time_is_up
from solver.solving.solve import solve_one_of_many
from theory.arrays import Array
from theory.errors import InputError
from theory.immutable import Frozen
from theory.in_time.memory import MemoryBounds
from theory.neurons import Canonical
from theory.problem import Problem
from theory.readouts import Exact, symmetric_root

ChainCodes = tuple[tuple[Array, ...], ...]


@dataclass(frozen=True)
class MemoryProofLimits:
    """How long the weights of a proof are improved, and what is rounding."""

    semidefinite: float = 1e-12  # least eigenvalue of a Y_t, in units of its largest, that is zero up to rounding
    sweeps: int = 100  # over all steps at most
    looked_at: int = 5  # sweeps between two looks at the bound
    planes: int = 10  # rounds of cutting planes at most
    earned: float = 1e-10  # by how much a neuron may earn more than it costs, relative
    patience: int = 2  # looks at the bound in a row that close too little of the gap, after which the search ends
    closed: float = 0.01  # share of the gap that is enough
    least_weight: float = 1e-3  # of a view, relative to even ones, with which step 3 begins
    static: float = 1e-9  # gap to which the problems of step 3 are solved
    # Share of a readout's largest demand that every direction gets in step 3: no M_t is singular.
    definite: float = 1e-9


MEMORY_PROOF = MemoryProofLimits()


@dataclass(frozen=True, eq=False)
class MemoryProof(Frozen):
    """A proof of a lower bound, checked by `proven`.

    Attributes:
        codes: for each chain and each of its steps (m_t, m_t) M_t.
        links: weights of the views of the recurrent weights.
        reads: weights of the views of the readout.
    """

    codes: ChainCodes
    links: Array
    reads: Array


def proven(bounds: MemoryBounds, proof: MemoryProof) -> float:
    """The lower bound that a proof comes to: nothing is taken from it but its matrices and weights.

    Raises:
        InputError: a proof of another task.
    """
    _require_fitting(bounds, proof)
    links = np.maximum(proof.links, 0.0)
    reads = np.maximum(proof.reads, 0.0)
    links = links / max(1.0, links.sum())
    outputs = np.array([output for _, _, output in bounds.reads])
    for output in set(outputs.tolist()):
        reads[outputs == output] /= max(1.0, reads[outputs == output].sum())
    try:
        rho = max([1.0, *(ratio for ratio, _ in earned(bounds, bounds.slopes(proof.codes, links, reads)).values())])
        value = bounds.value(proof.codes, links, reads) / rho**0.5
    except np.linalg.LinAlgError:
        return 0.0
    return max(0.0, value) if np.isfinite(value) else 0.0


def earned(bounds: MemoryBounds, slopes: dict[tuple[int, int], Array]) -> dict[int, tuple[float, Array]]:
    """For each step the most that a neuron earns for its cost, and that neuron; infinite where a Y_t is indefinite."""
    trials, forms = bounds.trials, dict[int, Array]()
    for (number, step), slope in slopes.items():
        values = np.linalg.eigvalsh(slope)
        if values[0] < -MEMORY_PROOF.semidefinite * values[-1]:
            return {step: (np.inf, np.zeros(trials.entered_by(step)))}
        basis = bounds.basis(number, step)
        forms[step] = forms.get(step, 0.0) + basis @ slope @ basis.T
    ratios = dict[int, tuple[float, Array]]()
    for step, form in forms.items():
        problem = trials.step_problems[step]
        assert problem is not None
        if np.abs(form).max() > 0:
            bound = lower_bound(problem, form)
            ratios[step] = trials.steps * bound.rho, bound.worst_neuron
    return ratios


def prove(bounds: MemoryBounds, weights: Sequence[Array], loss: float, tolerance: float) -> tuple[float, MemoryProof]:
    """The best lower bound found, and its proof.

    Args:
        bounds: of the task.
        weights: for each step (n, d_t) those of a network on what has entered.
        loss: of that network.
        tolerance: relative gap that is enough.
    """
    codes = bounds.codes_of(weights)  # step 1
    if not codes:  # every trial is alike to the targets, and what the clock asks for is not bounded
        return 0.0, MemoryProof((), np.zeros(0), np.zeros(0))
    links, reads = _ProofSearch(bounds).weights(codes) or _even_weights(bounds)
    best = MemoryProof(codes, links, reads)
    value = proven(bounds, best)
    trial, grams, idle = _with_all_views(bounds, best), [own.T @ own for own in weights], 0
    for number in range(1, MEMORY_PROOF.sweeps + 1):  # step 5
        if value >= (1 - tolerance) * loss or idle == MEMORY_PROOF.patience:
            break
        if time_is_up():
            break
        try:
            trial = _in_turn(bounds, trial, grams)
        except (InputError, np.linalg.LinAlgError):
            break
        if number % MEMORY_PROOF.looked_at and not time_is_up():
            continue
        raised = proven(bounds, trial)
        idle = 0 if raised > value + MEMORY_PROOF.closed * (loss - value) else idle + 1
        if raised > value:
            value, best = raised, trial
    return value, best


class _ProofSearch:
    """Step 2: the neurons seen so far, and the linear program in the weights of the views."""

    def __init__(self, bounds: MemoryBounds) -> None:
        self.bounds = bounds
        self.neurons: list[tuple[int, Array]] = []
        for step, problem in enumerate(bounds.trials.step_problems):
            if problem is not None and any(step == place[1] for place in bounds.places()):
                self.neurons += [(step, neuron) for neuron in problem.modular.unit_neurons]

    def weights(self, codes: ChainCodes) -> tuple[Array, Array] | None:
        """The best weights for these M_t; None where the program has no solution."""
        from scipy.optimize import linprog

        bounds = self.bounds
        recurrent, readout = bounds.costs(codes)
        if not (np.isfinite(recurrent).all() and np.isfinite(readout).all()):
            return None
        gain = np.concatenate([recurrent, 2 * readout])
        sums = self._sums()
        fixed, views = self._forms(codes)
        directions = list[tuple[tuple[int, int], Array]]()
        answer: tuple[Array, Array] | None = None
        for _ in range(MEMORY_PROOF.planes):
            rows, limits = self._rows(fixed, views, directions)
            solution = linprog(-gain, np.vstack([sums, rows]), np.concatenate([np.ones(len(sums)), limits]))
            if solution.status != 0:
                return answer
            answer = solution.x[: len(recurrent)], solution.x[len(recurrent) :]
            slopes = bounds.slopes(codes, *answer)
            indefinite = list[tuple[tuple[int, int], Array]]()
            for place, slope in slopes.items():
                values, vectors = np.linalg.eigh(slope)
                if values[0] < -MEMORY_PROOF.semidefinite * values[-1]:
                    indefinite.append((place, vectors[:, 0]))
            if indefinite:
                directions += indefinite
                continue
            ratios = earned(bounds, slopes)
            new = [(step, neuron) for step, (ratio, neuron) in ratios.items() if ratio > 1 + MEMORY_PROOF.earned]
            if not new:
                break
            self.neurons += new
        return answer

    def _sums(self) -> Array:
        """The weights of all links sum to at most one, those of an output's reads too."""
        bounds = self.bounds
        outputs = np.array([output for _, _, output in bounds.reads])
        rows = [np.concatenate([np.ones(len(bounds.links)), np.zeros(len(outputs))])]
        rows += [np.concatenate([np.zeros(len(bounds.links)), outputs == output]) for output in set(outputs.tolist())]
        return np.array(rows, dtype=float)

    def _forms(self, codes: ChainCodes) -> tuple[dict[tuple[int, int], Array], list[dict[tuple[int, int], Array]]]:
        """The slopes where all weights are zero, and what each view adds to them."""
        bounds = self.bounds
        fixed = bounds.slopes(codes, np.zeros(len(bounds.links)), np.zeros(len(bounds.reads)))
        reads = [
            {(number, step): slope}
            for (number, step, _), slope in zip(bounds.reads, bounds.read_slopes(codes), strict=True)
        ]
        return fixed, [*bounds.link_slopes(codes), *reads]

    def _rows(
        self,
        fixed: dict[tuple[int, int], Array],
        views: list[dict[tuple[int, int], Array]],
        directions: list[tuple[tuple[int, int], Array]],
    ) -> tuple[Array, Array]:
        """What each neuron earns and may, and minus what each direction must be worth."""
        trials, rows, limits = self.bounds.trials, list[Array](), list[float]()
        for step, neuron in self.neurons:
            seen = {
                number: self.bounds.basis(number, at).T @ neuron for number, at in self.bounds.places() if at == step
            }
            problem = trials.step_problems[step]
            assert problem is not None

            def worth(form: dict[tuple[int, int], Array], seen: dict[int, Array] = seen, step: int = step) -> float:
                return float(sum(v @ form[n, step] @ v for n, v in seen.items() if (n, step) in form))

            rows.append(np.array([worth(view) for view in views]))
            limits.append(float(problem.neuron_cost(neuron)[0]) / trials.steps - worth(fixed))
        for place, direction in directions:
            rows.append(-np.array([direction @ view[place] @ direction if place in view else 0.0 for view in views]))
            limits.append(float(direction @ fixed[place] @ direction))
        size = np.maximum(np.abs(np.array(rows)).max(axis=1), np.finfo(float).tiny)
        return np.array(rows) / size[:, None], np.array(limits) / size


def _in_turn(bounds: MemoryBounds, proof: MemoryProof, grams: list[Array]) -> MemoryProof:
    """Steps 3 and 4; `grams` holds the matrix G of the code of each step, and is brought up to date."""
    for step in sorted({step for _, step in bounds.places()}, reverse=True):
        if time_is_up():
            break
        proof, grams[step] = _with_step(bounds, proof, step, grams[step])
    recurrent, readout = bounds.costs(proof.codes)
    links, reads = proof.links * recurrent, proof.reads * readout**2
    for output in {output for _, _, output in bounds.reads}:
        own = np.array([at == output for _, _, at in bounds.reads])
        reads[own] /= reads[own].sum()
    return MemoryProof(proof.codes, links / max(links.sum(), np.finfo(float).tiny), reads)


def _with_step(bounds: MemoryBounds, proof: MemoryProof, step: int, gram: Array) -> tuple[MemoryProof, Array]:
    """Step 3 at one step.

    Where contrasts do not span what has entered, the readout is that of the targets B = M^-1 P'G with the present G: of
    all with B P = 1 it costs least there, so that the next code is no worse.
    """
    problem = bounds.trials.step_problems[step]
    assert problem is not None
    here = [number for number, at in bounds.places() if at == step]
    bases = [bounds.basis(number, step) for number in here]
    around = [_around(bounds, proof, number, step) for number in here]
    scale = bounds.trials.steps
    before = sum((own @ spent @ own.T for own, (spent, _) in zip(bases, around, strict=True)), np.zeros_like(gram))
    targets = np.vstack(
        [
            symmetric_root(scale * demand) @ np.linalg.solve(own.T @ gram @ own, own.T @ gram)
            for own, (_, demand) in zip(bases, around, strict=True)
        ]
    )
    root = np.vstack([problem.energy_root, symmetric_root(scale * before)])
    neurons = Canonical(root, root.T @ root, None)
    static = Problem(problem.sources, encoder_cost=0.0, neurons=neurons, readout=Exact(targets))
    weights = solve_one_of_many(static, tolerance=MEMORY_PROOF.static, rng=0).source_weights
    changed = [list(chain) for chain in proof.codes]
    for number, own in zip(here, bases, strict=True):
        seen = weights @ own
        changed[number][step - bounds.chains[number].first] = seen.T @ seen
    codes = tuple(tuple(chain) for chain in changed)
    return MemoryProof(codes, proof.links, proof.reads), np.asarray(weights.T @ weights)


def _around(bounds: MemoryBounds, proof: MemoryProof, number: int, step: int) -> tuple[Array, Array]:
    """What an M_t costs as a form that is linear in it, and the form that its inverse costs."""
    trials, own = bounds.trials, bounds.code(proof.codes, number, step)
    spent, wanted = np.zeros_like(own), np.zeros_like(own)
    spent += bounds.entrances.get(f"{number}:{step}", 0.0)
    for weight, (at, begin) in zip(proof.links, bounds.links, strict=True):
        if at != number or begin not in (step - 1, step):
            continue
        before, after, image = bounds.link(proof.codes, number, begin)
        if begin == step:
            wanted += weight * trials.recurrent_cost * image.T @ after @ image
        else:
            spent += weight * trials.recurrent_cost * image @ np.linalg.inv(before) @ image.T
    for weight, (at, when, _), reading in zip(proof.reads, bounds.reads, bounds.readings, strict=True):
        if (at, when) == (number, step):
            wanted += weight * trials.readout_cost * np.outer(reading, reading)
    inverse = np.linalg.inv(own)
    least = MEMORY_PROOF.definite * max(np.trace(wanted), np.finfo(float).tiny)
    return spent, wanted + least * inverse / np.trace(inverse)


def _with_all_views(bounds: MemoryBounds, proof: MemoryProof) -> MemoryProof:
    """With weights of which none is zero: step 4 would leave it so."""
    links, reads = _even_weights(bounds)
    least = MEMORY_PROOF.least_weight * links, MEMORY_PROOF.least_weight * reads
    return MemoryProof(proof.codes, np.maximum(proof.links, least[0]), np.maximum(proof.reads, least[1]))


def _even_weights(bounds: MemoryBounds) -> tuple[Array, Array]:
    outputs = np.array([output for _, _, output in bounds.reads])
    reads = np.array([1.0 / (outputs == output).sum() for output in outputs])
    return np.full(len(bounds.links), 1.0 / max(1, len(bounds.links))), reads


def _require_fitting(bounds: MemoryBounds, proof: MemoryProof) -> None:
    shapes = [[matrix.shape[1] for matrix in chain.contrasts] for chain in bounds.chains]
    sizes = [[matrix.shape[-1] if np.ndim(matrix) == 2 else -1 for matrix in chain] for chain in proof.codes]
    if sizes != shapes or len(proof.links) != len(bounds.links) or len(proof.reads) != len(bounds.reads):
        raise InputError("proof: its matrices and weights are not those of this task; give the proof of its own answer")
