"""Workers for a sweep: processes here, or those of a Dask or Ray cluster, all of them by way of joblib."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from theory.errors import InputError, unknown_name

__all__ = ["WorkerDiedError", "workers"]

PATIENCE = 10.0
"""Seconds that a cluster has for its first answer, and then for a first worker."""

ROUND = 4
"""Tasks a worker that are given out at once where a backend hands back nothing before all are done."""

Work = Callable[..., Iterator[Any]]


class WorkerDiedError(Exception):
    """A process that worked on a sweep ended, and with it what the others had begun."""


@contextmanager
def workers(jobs: int | None, backend: str | None, scheduler: str | None) -> Iterator[Work]:
    """Yield ``work(function, *shared, tasks)``: an iterator over ``function(*shared, task)``, in any order.

    Args:
        jobs: how many, -1 for one a core; what joblib's own context says, or one, if not given.
        backend: "loky", "dask", "ray" or what else joblib knows; that of its context, or processes, if not given.
        scheduler: address of a cluster.

    Raises:
        InputError: no such backend, one that is not installed, no cluster or no workers there.
        WorkerDiedError: from `work`, where a backend does not begin again by itself.
    """
    from joblib import Parallel, parallel_config
    from joblib.parallel import BACKENDS, EXTERNAL_BACKENDS

    if jobs is not None and not (isinstance(jobs, int) and (jobs >= 1 or jobs == -1)):
        raise InputError(f"jobs: {jobs!r} is not a number of processes; give 1 or more, or -1 for one a core")
    known = sorted({*BACKENDS, *EXTERNAL_BACKENDS, "dask", "ray"})
    if backend is not None and backend not in known:
        raise InputError(unknown_name("backend", backend, known))
    if scheduler is not None and backend not in ("dask", "ray"):
        raise InputError("scheduler: only the backends 'dask' and 'ray' have one; name one of them, or leave it out")
    with ExitStack() as stack:
        stack.enter_context(_safe_path())
        if backend == "dask":
            settings = {"client": stack.enter_context(_dask(jobs, scheduler)), "wait_for_workers_timeout": PATIENCE}
            jobs = -1
        elif backend == "ray":
            settings, jobs = {}, stack.enter_context(_ray(jobs, scheduler))
        else:
            settings = {"inner_max_num_threads": 1} if backend == "loky" else {}
        if backend is not None:
            stack.enter_context(parallel_config(backend=backend, n_jobs=jobs, **settings))
        parallel = Parallel(n_jobs=jobs, return_as="list" if backend == "ray" else "generator_unordered")
        if backend == "ray":
            # Its workers end with each call otherwise, and take seconds to start.
            yield _all_at_once(stack.enter_context(parallel))
        else:
            yield _as_they_come(parallel)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that are started within import no random.py that lies in the working folder."""
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _as_they_come(parallel: Any) -> Work:
    from joblib import delayed

    def work(function: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
        *shared, tasks = arguments
        found = parallel(delayed(function)(*shared, task) for task in tasks)
        try:
            with _deaths_told():
                yield from found
        finally:
            with _deaths_told():
                found.close()

    return work


def _all_at_once(parallel: Any) -> Work:
    from joblib import delayed

    def work(function: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
        *shared, tasks = arguments
        left: Iterable[Any] = iter(tasks)
        while some := list(islice(left, ROUND * parallel._effective_n_jobs())):
            with _deaths_told():
                found = parallel(delayed(function)(*shared, task) for task in some)
            yield from found

    return work


@contextmanager
def _deaths_told() -> Iterator[None]:
    """One exception for all backends, each of which has its own."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool as error:  # and loky's, which are of this kind
        raise WorkerDiedError(str(error)) from error
    except Exception as error:
        if any(kind.__module__.startswith("ray.exceptions") for kind in type(error).__mro__):
            raise WorkerDiedError(str(error)) from error
        raise


# ---- clusters -------------------------------------------------------------------------------------------------


@contextmanager
def _dask(jobs: int | None, scheduler: str | None) -> Iterator[Any]:
    _require("distributed", "dask")
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        if scheduler is None:
            count = None if jobs in (None, -1) else jobs
            # The numbers are for the workers' processes; nobody looks at a page of a cluster that ends with the sweep.
            cluster = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None)
            address = stack.enter_context(cluster)
        else:
            _require_there(scheduler, "tcp://HOST:8786")
            address = scheduler
        try:
            client = stack.enter_context(Client(address, timeout=PATIENCE, set_as_default=False))
            client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError, TimeoutError) as error:
            said = "no worker came" if isinstance(error, TimeoutError) else " ".join(str(error).split())
            raise InputError(f"scheduler: no Dask cluster to work on at {scheduler!r} ({said}); start one") from None
        yield client


@contextmanager
def _ray(jobs: int | None, scheduler: str | None) -> Iterator[int]:
    _require("ray", "ray")
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


def _require(module: str, backend: str) -> None:
    if find_spec(module) is None:
        raise InputError(f"backend: {backend!r} needs {module}; install modularity-solver[cluster]")


def _require_there(scheduler: str, example: str) -> None:
    """Ask at the address whether anyone listens: clusters themselves wait for minutes.

    Raises:
        InputError: no address, or nobody there.
    """
    parts = urlsplit(scheduler if "//" in scheduler else f"//{scheduler}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise InputError(f"scheduler: {scheduler!r} is no address; give one such as {example}")
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
    except OSError as error:
        raise InputError(
            f"scheduler: nobody answers at {scheduler!r} ({error.strerror or error}); start the cluster, or give "
            "another address"
        ) from None
