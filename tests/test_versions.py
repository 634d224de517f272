"""One version, and the oldest ones of others: what is written in several places agrees."""

import re
import tomllib
from pathlib import Path

import solver

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_oldest_versions_are_those_allowed():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    allowed = dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in wanted)
    listed = (ROOT / "tests" / "oldest.txt").read_text().splitlines()
    tried = dict(line.split("==") for line in listed if not line.startswith("#"))
    assert tried.keys() == allowed.keys()
    for name, version in allowed.items():
        # Only trailing zeros may differ.
        assert re.fullmatch(re.escape(version) + r"(\.0)*", tried[name]), name


def test_the_version_is_the_same_everywhere():
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.M)
    told = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert {solver.__version__, cited[1], told[1].split(" ")[0]} == {PROJECT["version"]}


def test_no_version_is_told_twice():
    headings = re.findall(r"^## (\d+)\.(\d+)\.(\d+)\b", (ROOT / "CHANGELOG.md").read_text(), re.M)
    versions = [tuple(map(int, heading)) for heading in headings]
    assert versions == sorted(set(versions), reverse=True) and versions
