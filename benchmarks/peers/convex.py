"""Convex programs in the similarity of samples, by cvxpy, and this project's own two methods."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator

import cvxpy as cp
import numpy as np

from benchmarks.peers.instances import Instance
from benchmarks.peers.trace import Run
from solver import solve

WALL_CLOCK_FACTOR = 10
"""Limits of what looks at the clock on the wall, as a multiple: a busy machine must not end a run that the processor's
clock would let go on."""

SOLVERS = {
    "CLARABEL": {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10},
    "SCS": {"eps_abs": 1e-9, "eps_rel": 1e-9, "max_iters": 100_000},
}


def similarity(instance: Instance, limit: float) -> Iterator[Run]:
    """Least energy of a positive semidefinite, nonnegative similarity of all samples (Dorrell et al. 2026).

    The activity is linear in the sources, so the similarity z_s . z_t is (s, 1)' B (t, 1) for one matrix B of d + 1
    rows. What comes out is a value, no code: a lower bound, that is met where such a B comes of nonnegative neurons.
    """
    points = instance.points - instance.points.mean(axis=0)
    count, dimension = points.shape
    if count > 1_000:  # their similarities, T by T, are too many to write down
        yield Run("", note=f"not begun: {count:,} by {count:,} similarities")
        return
    lifted = np.hstack([points, np.ones((count, 1))])
    for name, options in SOLVERS.items():
        clock = time.process_time()
        inner = cp.Variable((dimension + 1, dimension + 1), PSD=True)
        similarities = lifted @ inner @ lifted.T
        code = inner[:dimension, :dimension]
        loss = cp.trace(similarities) / count + cp.trace(code) + cp.matrix_frac(np.eye(dimension), code)
        program = cp.Problem(cp.Minimize(loss), [similarities >= 0])
        limits = {"time_limit" if name == "CLARABEL" else "time_limit_secs": WALL_CLOCK_FACTOR * limit}
        program.get_problem_data(name)  # which `solve` then need not make again
        start_up = time.process_time() - clock
        clock = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of inaccurate answers, which are judged below
                program.solve(solver=name, **options, **limits)
            value = np.inf if program.value is None else float(program.value)
        except (cp.SolverError, np.linalg.LinAlgError) as error:  # cvxpy evaluates the loss of a code that is none
            yield Run(name, start_up, note=str(error).split("\n", maxsplit=1)[0])
            continue
        excess = abs(value / instance.optimum.loss - 1)
        yield Run(name, start_up, [(time.process_time() - clock, float(excess))])


def _ours(instance: Instance, limit: float, method: str) -> Iterator[Run]:
    for seed in range(3):
        clock = time.process_time()
        answer = solve(instance.posed(), method=method, time_limit=WALL_CLOCK_FACTOR * limit, rng=seed)
        seconds = time.process_time() - clock
        # It is done when its proof is, not before.
        yield Run(method, 0.0, [(seconds, max(answer.gap, answer.loss / instance.optimum.lower_bound - 1))])


def conic(instance: Instance, limit: float) -> Iterator[Run]:
    """This project's conic method: one program for the code, up to four sources."""
    if instance.points.shape[1] > 4:
        yield Run("conic", note="up to four sources")
        return
    yield from _ours(instance, limit, "conic")


def ours(instance: Instance, limit: float) -> Iterator[Run]:
    """`solve`, with its certificate, of linear and of rectified neurons."""
    yield from _ours(instance, limit, "auto")
