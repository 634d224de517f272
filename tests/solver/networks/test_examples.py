"""The examples in the docstrings of networks, which the plain suite leaves alone with the rest."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("jax")
pytestmark = pytest.mark.networks

ROOT = Path(__file__).parents[3]
ROOMS = (ROOT / "solver" / "networks", ROOT / "solver" / "studies" / "networks")
PAGE = (ROOT / "docs" / "networks.md").read_text()


@pytest.mark.parametrize(
    "path", [path for room in ROOMS for path in sorted(room.glob("[a-z]*.py"))], ids=lambda path: path.stem
)
def test_examples(path):
    done = doctest.testmod(import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)))
    assert not done.failed


def test_the_page_of_networks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for text in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(text, names)
    assert names["carried"].activity.shape == (5, 96, 12)
    assert (abs(names["trained"].final / names["floor"] - 1) < 1e-4).all()
    assert (tmp_path / "curves.png").exists() and (tmp_path / "run.npz").exists()
