"""The examples in the docstrings of networks, which the plain suite leaves alone with the rest."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("jax")
pytestmark = pytest.mark.networks

ROOT = Path(__file__).parents[3]
ROOM = ROOT / "solver" / "networks"
PAGE = (ROOT / "docs" / "networks.md").read_text()


@pytest.mark.parametrize("name", sorted(path.stem for path in ROOM.glob("[a-z]*.py")))
def test_examples(name):
    done = doctest.testmod(import_module(f"solver.networks.{name}"))
    assert not done.failed


def test_the_page_of_networks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.S).group(1), names)
    assert (abs(names["trained"].final / names["floor"] - 1) < 1e-4).all()
    assert (tmp_path / "curves.png").exists() and (tmp_path / "run.npz").exists()
