"""One setting of hypothesis for the whole suite: the same examples in every run, more of them on request.

pytest                                  the suite, always the same two: the simplest of each law, and one at random
pytest --hypothesis-profile=thorough    eight examples, always the same; thorough tests always have as many
pytest --hypothesis-profile=search      a hunt: fresh examples, twelve times as many as thorough ones
"""

import gc
import linecache
import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import engine

# Before numpy is loaded: matrices are small here, and threads that wait for each other on busy cores made descents take
# sixty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A failing example is worth a few seconds of simplification, not the five minutes that hypothesis allows itself.
engine.MAX_SHRINKING_SECONDS = 10

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "suite", max_examples=2, deadline=None, derandomize=True, print_blob=True, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("thorough", parent=settings.get_profile("suite"), max_examples=8)
settings.register_profile(
    "search", parent=settings.get_profile("suite"), max_examples=100, derandomize=False, database=None
)
settings.load_profile("suite")


def pytest_configure(config):
    """Where thorough tests run they have as many examples as they need."""
    if config.getoption("--hypothesis-profile") is None and "not thorough" not in config.option.markexpr:
        settings.load_profile("thorough")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """What collecting makes stays: to look among it for garbage, again and again, takes seconds.

    Neither are the files that it read for doctests looked up before each of these, nor garbage as often as is usual.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        linecache.clearcache()
        gc.freeze()
        gc.set_threshold(20_000)
        gc.enable()
