"""Every peer on every instance, each in a process of its own so that none pays for another's memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor

from benchmarks.peers.instances import Instance
from benchmarks.peers.trace import Outcome, Run

PEERS = {
    "solve": "convex:ours",
    "conic": "convex:conic",
    "Adam, neurons alone": "descent:adam_eliminated",
    "Adam, penalised": "descent:adam_penalised",
    "L-BFGS": "general:lbfgs",
    "L-BFGS, augmented Lagrangian": "general:augmented_lagrangian",
    "SLSQP": "general:slsqp",
    "trust-constr": "general:trust_constr",
    "similarity": "convex:similarity",
}
"""Where each peer's runs come from; imported only where they are run, for some of them need extras."""

RECTIFIED_PEERS = {
    "solve, rectified": "convex:ours",
    "Adam, neurons alone, rectified": "rectified:adam_eliminated",
    "Adam, network, rectified": "rectified:adam_network",
    "convex, sets of active samples": "rectified:convex",
}
"""Peers of rectified neurons."""

ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
"""For JAX. All times are seconds of the processor, and one thread is what everybody has."""


def outcome(peer: str, instance: Instance, limit: float) -> Outcome:
    """One peer on one instance, in this process."""
    from importlib import import_module

    module, name = (PEERS | RECTIFIED_PEERS)[peer].split(":")
    runs_of: Callable[[Instance, float], Iterable[Run]] = getattr(import_module(f"benchmarks.peers.{module}"), name)
    instance.optimum  # noqa: B018 - known before any clock starts
    instance.problem.sources.vertices  # noqa: B018
    before = _peak()
    # Settings and seeds are tried as long as they begin within four time limits.
    runs = list(_in_time(runs_of(instance, limit), 4 * limit))
    return Outcome.of(peer, instance, runs, _peak() - before)


def _in_time(runs: Iterable[Run], limit: float) -> Iterator[Run]:
    clock = time.process_time()
    for run in runs:
        yield run
        if time.process_time() - clock > limit:
            return


def _peak() -> float:
    """Largest resident memory so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def outcomes(
    peers: Iterable[str], instances: Iterable[Instance], limit: float, known: Mapping[tuple[str, str], Outcome]
) -> Iterator[Outcome]:
    """All of them in turn, one process at a time: two would slow each other. What is known is not run again."""
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", JAX_PLATFORMS="cpu", XLA_FLAGS=ONE_THREAD)
    peers = list(peers)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        for instance in instances:
            for peer in peers:
                before = known.get((instance.name, peer))
                yield pool.submit(outcome, peer, instance, limit).result() if before is None else before
