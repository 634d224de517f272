"""Formulas become MathML while the site is built, so that whoever reads it needs no script for them."""

import re
from html import unescape
from typing import Any

from math_core import LatexError, LatexToMathML
from mkdocs.exceptions import PluginError

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.S)
"""What pymdownx.arithmatex leaves of a formula: TeX in `\\(...\\)` or `\\[...\\]`, in an element of a class."""


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """The page with every formula set; one that is not understood ends the build."""
    convert = LatexToMathML().convert_with_local_state

    def set_formula(found: re.Match[str]) -> str:
        element, tex = found[1], unescape(found[2]).strip()
        try:
            formula = convert(tex, displaystyle=element == "div")
        except LatexError as error:
            raise PluginError(f"{page.file.src_uri}: the formula {tex!r} is not understood: {error}") from error
        return f'<{element} class="formula">{formula}</{element}>'

    return FORMULA.sub(set_formula, html)
