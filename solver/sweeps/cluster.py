"""Workers for a sweep: processes here or those of a Ray cluster, by way of joblib, or those of a Dask cluster."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from operator import call
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from solver.extras import require
from theory.errors import InputError, unknown_name


@dataclass(frozen=True)
class ClusterLimits:
    """How long a cluster is waited for, and how many tasks it has at once."""

    answer_seconds: float = 10.0  # for its first answer, and then for a first worker
    parent_seconds: float = 1.0  # after which a worker looks whether the program that started it still runs
    dask_tasks: int = 2  # per worker, that it works on or waits for
    tasks_per_round: int = 4  # per worker, where a backend hands back nothing before all are done


CLUSTER = ClusterLimits()

Work = Callable[["partial[Any]", Iterable[Any]], Iterator[Any]]
"""Calls a function with each of many tasks, and yields the results in any order."""


class WorkerDiedError(Exception):
    """A process that worked on a sweep ended, and with it what the others had begun."""


@contextmanager
def workers(jobs: int | None, backend: str | None, scheduler: str | None) -> Iterator[Work]:
    """Yield ``work(function, tasks)``: an iterator over ``function(task)``, in any order.

    Args:
        jobs: how many, -1 for one per core; what joblib's own context says, or one, if not given.
        backend: "loky", "dask", "ray" or what else joblib knows; that of its context, or processes, if not given.
        scheduler: address of a cluster.

    Raises:
        InputError: no such backend, one that is not installed, no cluster or no workers there.
        WorkerDiedError: from `work`, where a backend does not begin again by itself.
    """
    from joblib import Parallel, parallel_config
    from joblib.parallel import BACKENDS, EXTERNAL_BACKENDS, LokyBackend

    if jobs is not None and not (isinstance(jobs, int) and (jobs >= 1 or jobs == -1)):
        raise InputError(f"jobs: {jobs!r} is not a number of processes; give 1 or more, or -1 for one per core")
    known = sorted({*BACKENDS, *EXTERNAL_BACKENDS, "dask", "ray"})
    if backend is not None and backend not in known:
        raise InputError(unknown_name("backend", backend, known))
    if scheduler is not None and backend not in ("dask", "ray"):
        raise InputError("scheduler: only the backends 'dask' and 'ray' have one; name one of them, or leave it out")
    with ExitStack() as stack:
        stack.enter_context(_safe_path())
        if backend == "dask":
            yield _by_dask(stack.enter_context(_dask(jobs, scheduler)))
            return
        settings: dict[str, Any]
        if backend == "ray":
            settings, jobs = {}, stack.enter_context(_ray(jobs, scheduler))
        else:
            settings = {"inner_max_num_threads": 1} if backend == "loky" else {}
        if backend is not None:
            stack.enter_context(parallel_config(backend=backend, n_jobs=jobs, **settings))
        parallel = Parallel(n_jobs=jobs)
        if parallel._backend.supports_return_generator and backend != "ray":
            # Workers that never got a task would wait for one for minutes, too, after a kill.
            beginning = {"initializer": _begin, "initargs": (os.getpid(),)}
            # Large arrays go with each task: of files that tasks share joblib loses count, and says so at length.
            options = {**beginning, "max_nbytes": None} if isinstance(parallel._backend, LokyBackend) else {}
            yield _as_they_come(Parallel(n_jobs=jobs, return_as="generator_unordered", **options))
        else:
            # Workers end with each call otherwise, and may take seconds to start.
            yield _all_at_once(stack.enter_context(parallel))


@contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that are started within import no random.py that lies in the working folder."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _as_they_come(parallel: Any) -> Work:
    from joblib import delayed

    def work(function: partial[Any], tasks: Iterable[Any]) -> Iterator[Any]:
        results = parallel(delayed(function)(task) for task in tasks)
        try:
            with _deaths_as_one_error():
                yield from results
        finally:
            with _deaths_as_one_error():
                results.close()

    return work


def _all_at_once(parallel: Any) -> Work:
    from joblib import delayed

    def work(function: partial[Any], tasks: Iterable[Any]) -> Iterator[Any]:
        left = iter(tasks)
        while some := list(islice(left, CLUSTER.tasks_per_round * parallel._effective_n_jobs())):
            with _deaths_as_one_error():
                results = parallel(delayed(function)(task) for task in some)
            yield from results

    return work


def _by_dask(client: Any) -> Work:
    """Without joblib, which waits forever where Dask gives a task up."""
    from distributed import KilledWorker, as_completed

    def work(function: partial[Any], tasks: Iterable[Any]) -> Iterator[Any]:
        left = iter(tasks)
        # The result of a task: what is only scattered is lost with the workers that have it.
        held = client.submit(partial, function.func, *function.args, pure=False)

        def some() -> list[Any]:
            wanted = CLUSTER.dask_tasks * max(1, sum(client.ncores().values())) - futures.count()
            return [client.submit(call, held, task, pure=False) for task in islice(left, max(0, wanted))]

        futures = as_completed([], loop=client.loop)
        futures.update(some())
        try:
            for future in futures:
                result = future.result()
                futures.update(some())
                yield result
        except KilledWorker as error:
            raise WorkerDiedError(str(error)) from error
        finally:
            client.cancel(list(futures.futures))

    return work


@cache
def end_with(process: int) -> None:
    """In a process that another started: end once that one has ended, even by a kill that leaves it no time to say so.

    Args:
        process: number of the other.
    """
    if os.getppid() != process:
        return

    def watch() -> None:
        while os.getppid() == process:
            time.sleep(CLUSTER.parent_seconds)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _begin(process: int) -> None:
    """In a process that another has just started, which may have ended before that."""
    if os.getppid() != process:
        os._exit(1)
    end_with(process)


@contextmanager
def _deaths_as_one_error() -> Iterator[None]:
    """One exception for all backends, each of which has its own."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool as error:  # and loky's, which are of this kind
        raise WorkerDiedError(str(error)) from error
    except Exception as error:
        names = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("ray.exceptions")}
        # A task that failed is a defect, and stays the error that it is.
        if names and "RayTaskError" not in names:
            raise WorkerDiedError(str(error)) from error
        raise


# ---- clusters -------------------------------------------------------------------------------------------------


@contextmanager
def _dask(jobs: int | None, scheduler: str | None) -> Iterator[Any]:
    require("backend 'dask'", "cluster", "distributed")
    import dask.config
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        if scheduler is None:
            count = None if jobs in (None, -1) else jobs
            # The numbers are for the workers' processes; nobody looks at a page of a cluster that ends with the sweep.
            stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 1}))
            cluster = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None)
            address = stack.enter_context(cluster)
        else:
            _require_there(scheduler, "tcp://HOST:8786")
            address = scheduler
        try:
            client = stack.enter_context(Client(address, timeout=CLUSTER.answer_seconds, set_as_default=False))
            client.wait_for_workers(1, timeout=CLUSTER.answer_seconds)
        except (OSError, ValueError, TimeoutError) as error:
            said = "no worker came" if isinstance(error, TimeoutError) else " ".join(str(error).split())
            raise InputError(f"scheduler: no Dask cluster to work on at {scheduler!r} ({said}); start one") from None
        yield client


@contextmanager
def _ray(jobs: int | None, scheduler: str | None) -> Iterator[int]:
    require("backend 'ray'", "cluster", "ray")
    import ray
    from ray.util.joblib import register_ray

    ours = not ray.is_initialized()
    if ours:
        if scheduler is not None:
            _require_there(scheduler, "HOST:6379")
        count = None if scheduler is not None or jobs in (None, -1) else jobs
        try:
            ray.init(
                address=scheduler,
                num_cpus=count,
                include_dashboard=False,
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            said = " ".join(str(error).split())
            raise InputError(f"scheduler: no Ray cluster to work on at {scheduler!r} ({said}); start one") from None
    try:
        register_ray()
        yield int(ray.cluster_resources()["CPU"]) if jobs in (None, -1) else int(jobs or 1)
    finally:
        if ours:
            ray.shutdown()


def _require_there(scheduler: str, example: str) -> None:
    """Refuse an address at which nobody listens: clusters themselves wait for minutes.

    Raises:
        InputError: no address, or nobody there.
    """
    try:
        parts = urlsplit(scheduler if "//" in scheduler else f"//{scheduler}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise InputError(f"scheduler: {scheduler!r} is no address; give one such as {example}")
    try:
        socket.create_connection((host, port), timeout=CLUSTER.answer_seconds).close()
    except OSError as error:
        raise InputError(
            f"scheduler: nobody answers at {scheduler!r} ({error.strerror or error}); start the cluster, or give "
            "another address"
        ) from None
