"""The theory as a page to read: docs/theory.md, from the derivation, the registry of theorems and the families.

    python -m theory.print_theory        writes that page anew

A test compares the page with a fresh print.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sympy as sp

from theory.families import FAMILIES, Family
from theory.symbolic.derivation import IN_LATEX, Derivation, derive
from theory.symbolic.markup import typeset
from theory.theorems import THEOREMS, Theorem
from theory.writing import written_whole

THEORY_PAGE = Path(__file__).parents[1] / "docs" / "theory.md"

THEORY_OPENING = """# The theory

Printed by `python -m theory.print_theory` from the expressions that the program evaluates: not to be edited by hand.

Sources $s$ with mean zero and covariance $C$ reach a layer of neurons as $x = A s$, $K = A^\\top A$. The layer encodes
and decodes them, $z = W_{in} x + b_{in} \\ge 0$ and $x = W_{out} z + b_{out}$, at the loss

$$ \\mathbb{E}\\,\\lVert z \\rVert^2 + \\lambda \\lVert W_{in} \\rVert^2 + \\mu \\lVert W_{out} \\rVert^2 . $$

With as many neurons as help, when does each read one source only?
"""


def theory_page() -> str:
    """The text of docs/theory.md."""
    sections = [
        THEORY_OPENING,
        "## From the loss to the condition\n",
        "Two sources under a general mixing (`modularity derive --mixing general`):\n",
        *_chain(2, "general"),
        "### No mixing\n",
        "With $K = 1$ the same chain (`modularity derive --sources 3`) ends, for three sources, in\n",
        _display(derive(3).steps[-1].expressions[0]),
        "### Any number of sources\n",
        "The entry of $F$ that belongs to sources $i$ and $j$ is found from these two alone "
        "(`modularity derive --sources 4 --mixing general`):\n",
        *(_display(expression) for expression in derive(None, mixing="general").steps[-1].expressions[:3]),
        "### Decoders that may err\n",
        "With squared errors at the cost $\\kappa$ and noise of variance $v$ in every neuron "
        "(`modularity derive --readout noisy`) the decoder is a ridge regression, and sources may be left out:\n",
        *_links(derive(2, readout="noisy"), ("Noise", "Decoder", "Best modular code", "Uncorrelated sources")),
        "## Theorems\n",
        "Each is checked against certified optima by the tests, at the edge of its hypothesis too. Where activity or "
        "squared biases have a cost of their own, weights are to be read in the units of "
        "[mathematics.md](mathematics.md), section 1. Published statements that do not hold as they are worded are in "
        "[decided.md](decided.md).\n",
        *(_theorem(entry) for entry in THEOREMS.values()),
        "## Families with a boundary\n",
        *(_family(entry) for entry in FAMILIES.values()),
    ]
    return "\n".join(sections)


def _chain(sources: int, mixing: str) -> list[str]:
    chain = derive(sources, mixing=mixing)
    return _links(chain, [step.name for step in chain.steps])


def _links(chain: Derivation, names: Sequence[str]) -> list[str]:
    lines = []
    for number, step in enumerate(chain.steps, 1):
        if step.name in names:
            why = typeset(step.why)
            lines.append(f"**{number}. {step.name}.** {why[:1].upper()}{why[1:]}.\n")
            lines += [_display(expression) for expression in step.expressions]
    return lines


def _display(expression: Any) -> str:
    return f"$$ {sp.latex(expression, symbol_names=IN_LATEX)} $$\n"


def _theorem(entry: Theorem) -> str:
    return (
        f"### {entry.name}\n\n{typeset(entry.statement)}\n\n$$ {entry.latex} $$\n\n"
        f"*Speaks of* codes with {entry.scope}.\n\n*Why.* {typeset(entry.proof)}\n\n*Source:* {entry.source}.\n"
    )


def _family(entry: Family) -> str:
    values = "; ".join(f"${sp.latex(value)}$" if value.is_rational else _algebraic(value) for value in entry.boundary())
    return (
        f"### {entry.name}\n\n{typeset(entry.statement)}\n\n"
        f"Parameter: {typeset(entry.parameter)}. Boundary: {values or 'none'}.\n"
    )


def _algebraic(value: Any) -> str:
    polynomial = sp.latex(sp.minimal_polynomial(value, sp.Symbol("a")))
    return f"$a^* = {sp.N(value, 15)}$, a root of ${polynomial}$"


if __name__ == "__main__":
    THEORY_PAGE.parent.mkdir(exist_ok=True)
    with written_whole(THEORY_PAGE) as temporary:
        temporary.write_text(theory_page())
