"""What docs/contributing.md shows is what happens, and none of it touches the packages."""

import re
from pathlib import Path

import pytest

from solver import methods

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "contributing.md").read_text()
HEADINGS = re.findall(r"^## (.*)$", PAGE, re.M)
CODE = [re.findall(r"```python\n(.*?)```", section, re.S) for section in re.split(r"^## ", PAGE, flags=re.M)[1:]]
SECTIONS = {heading: code[0] for heading, code in zip(HEADINGS, CODE, strict=True) if code}


@pytest.mark.parametrize("name", SECTIONS)
def test_each_is_added_from_outside(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(methods, "_REGISTERED", {})
    exec(compile(SECTIONS[name], f"contributing.md: {name}", "exec"), {"__name__": "outside"})


def test_the_page_shows_all_that_can_be_added():
    assert ["The rooms", *SECTIONS, "Tests", "The site and its notebooks"] == HEADINGS and len(SECTIONS) == 7


def test_a_method_that_is_none_is_refused():
    with pytest.raises(ValueError, match="one of the program's own"):
        methods.register("columns", methods)
    with pytest.raises(ValueError, match="no function `steps`"):
        methods.register("nothing", methods)
