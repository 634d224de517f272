"""The oldest versions that are tried are those that pyproject.toml allows."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_oldest_versions_are_those_allowed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    allowed = dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in wanted)
    listed = (ROOT / "tests" / "oldest.txt").read_text().splitlines()
    tried = dict(line.split("==") for line in listed if not line.startswith("#"))
    assert tried.keys() == allowed.keys()
    for name, version in allowed.items():
        # Only trailing zeros may differ.
        assert re.fullmatch(re.escape(version) + r"(\.0)*", tried[name]), name
