"""Formulas inside sentences, as in ``the bias `h(w) = max_t -w.s_t` ``: plain in the terminal, typeset on pages."""

from __future__ import annotations

import re

WORDS = {
    **{name: rf"\{name} " for name in ("alpha", "lambda", "mu", "kappa", "nu", "rho", "sigma", "theta", "omega", "pi")},
    **{name: rf"\{name}" for name in ("cos", "sin", "max", "min", "sum")},
    "tr": r"\operatorname{tr}",
    "L_modular": r"L_{\text{modular}}",
}

MARKUP_RULES = (
    (r"sqrt\(([^()]*(?:\([^()]*\)[^()]*)*)\)", r"\\sqrt{\1}"),
    (r"(?<=\w)\*", r"^*"),
    (r"'", r"^\\top "),
    (r"\^(-?\d+(?:/\d+)?)", r"^{\1}"),
    (r"(?<!\\text)_([A-Za-z0-9]+)", r"_{\1}"),
    (r">=", r"\\ge "),
    (r"<=", r"\\le "),
    (r"!=", r"\\ne "),
    (r"\+-", r"\\pm "),
    (r"(?<=[\w)}])\.(?=[\w(\\])", r" \\cdot "),
)
"""Applied in this order, after the words."""


def unmarked(text: str) -> str:
    """The sentence without its backticks.

    Example:
        >>> unmarked("at the cost `lambda`")
        'at the cost lambda'
    """
    return text.replace("`", "")


def typeset(text: str) -> str:
    r"""The sentence with its formulas between dollars, in LaTeX.

    Example:
        >>> typeset("no `w` has `w'Fw >= h(w)^2`")
        'no $w$ has $w^\\top Fw \\ge h(w)^{2}$'
    """
    return re.sub(r"`([^`]*)`", lambda formula: f"${_latex(formula[1])}$", text)


def _latex(formula: str) -> str:
    for word, meaning in WORDS.items():
        formula = re.sub(rf"(?<![A-Za-z\\]){word}(?![A-Za-z])", meaning.replace("\\", r"\\"), formula)
    for pattern, replacement in MARKUP_RULES:
        formula = re.sub(pattern, replacement, formula)
    return re.sub(" +", " ", formula).strip()
