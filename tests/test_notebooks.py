"""The notebooks of `examples/` run from top to bottom, and what they say of themselves is so."""

import ast
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.py"))
HEADER = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # """
SECONDS = 180
"""Six times what a notebook may take, for machines that are busy."""


@pytest.mark.notebooks
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path):
    pytest.importorskip("ratinabox")
    setting = os.environ | {"MPLBACKEND": "agg", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(
        [sys.executable, path], cwd=tmp_path, env=setting, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_certified_learned_from_and_listed(path):
    text = path.read_text()
    assert re.search(r"^assert ", text, re.M) and re.search(r"gap|check_proof|lower_bound", text)
    assert text.startswith(HEADER), "the page begins with its title only if jupytext finds the whole header"
    assert text.count("# **What is learned.**") == 1
    for page in ("mkdocs.yml", "docs/tutorials/index.md"):
        assert f"{path.stem}.md" in (ROOT / page).read_text()
    assert all(text.count(f"# {tag}") for tag in ("%% [markdown]", "%matplotlib inline"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_notebook_imports_of_us_is_there(path):
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.module]
    ours = [node for node in nodes if node.module.split(".")[0] in ("solver", "theory")]
    assert ours
    for node in ours:
        assert all(hasattr(import_module(node.module), alias.name) for alias in node.names)
