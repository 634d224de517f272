"""One setting of hypothesis for the whole suite: the same examples in every run, more of them on request.

pytest                                  the suite, always the same
pytest --hypothesis-profile=search      a hunt: fresh examples, twelve times as many
pytest --arithmetic=nehalem             the suite as it runs on an older processor: sums are rounded in another order
"""

import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import engine

# Before numpy is loaded: matrices are small here, and threads that wait for each other on busy cores made descents take
# sixty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A failing example is worth a few seconds of simplification, not the five minutes that hypothesis allows itself.
engine.MAX_SHRINKING_SECONDS = 10

ARITHMETICS = ("nehalem", "haswell", "numpy-baseline")
"""The first two are kernels of OpenBLAS; the last is numpy without what it has for newer processors."""

FEATURES = """
try:
    from numpy._core import _multiarray_umath as numpy
except ImportError:
    from numpy.core import _multiarray_umath as numpy
print(*(name for name in numpy.__cpu_dispatch__ if numpy.__cpu_features__.get(name)))
"""


def pytest_addoption(parser):
    parser.addoption("--arithmetic", choices=ARITHMETICS, help="compute as another processor does")


def pytest_configure(config):
    """Set what numpy reads when it is loaded, which is after this; workers inherit it."""
    chosen = config.getoption("arithmetic")
    if chosen is None or hasattr(config, "workerinput"):
        return
    if "numpy" in sys.modules:
        raise pytest.UsageError("--arithmetic: numpy is loaded already; run pytest without plugins that load it")
    if chosen == "numpy-baseline":
        found = subprocess.run([sys.executable, "-c", FEATURES], capture_output=True, text=True, check=True).stdout
        os.environ["NPY_DISABLE_CPU_FEATURES"] = found.strip()
    else:
        os.environ["OPENBLAS_CORETYPE"] = chosen.capitalize()


SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "suite", max_examples=8, deadline=None, derandomize=True, print_blob=True, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile(
    "search", parent=settings.get_profile("suite"), max_examples=100, derandomize=False, database=None
)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def _drafts():
    """Pictures in the resolution of a screen, which takes half the time."""
    from solver.pictures import style

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "DOTS_PER_INCH", 120)
        yield
