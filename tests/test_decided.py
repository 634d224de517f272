"""What docs/decided.md shows is what happens: its proofs, prices and counterexamples, one after the other."""

import doctest
import re
from pathlib import Path

import pytest

from theory.theorems import PUBLISHED

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "decided.md").read_text()
SECTIONS = [(text.partition("\n")[0], text) for text in re.split(r"^## ", PAGE, flags=re.M)]
CODE = {title: "\n".join(re.findall(r"```python\n(.*?)```", text, re.S)) for title, text in SECTIONS}
OPENING, *EXAMPLES = [title for title, code in CODE.items() if code]


@pytest.mark.parametrize("title", EXAMPLES)
def test_what_the_page_shows(title):
    test = doctest.DocTestParser().get_doctest(f"{CODE[OPENING]}\n{CODE[title]}", {}, title, "docs/decided.md", 0)
    told: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(test, out=told.append).failed == 0, "".join(told)


def test_the_page_names_what_is_registered():
    assert re.findall(r"--theorem ([\w-]+)", PAGE) == list(PUBLISHED)
    assert len(EXAMPLES) == 6
