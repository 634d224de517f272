"""Without the extra, networks are refused in one line that names it, before any work."""

import importlib
import sys

import pytest

from solver import extras
from theory.errors import InputError


@pytest.fixture
def without_jax(monkeypatch):
    found = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in ("jax", "optax") else found(name))
    for name in [name for name in sys.modules if name.startswith("solver.networks")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("without_jax")
def test_the_extra_is_named():
    with pytest.raises(InputError, match=r"networks: needs jax and optax; pip install 'modularity-solver\[networks\]'"):
        importlib.import_module("solver.networks")
