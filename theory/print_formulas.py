"""The derived expressions, printed as numpy code for `theory.modular.formulas`.

    python -m theory.print_formulas        writes that file anew

So the numerical code evaluates what was derived, without importing sympy. A test compares the file with a fresh print.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sympy as sp

from theory.symbolic.derivation import DerivationSteps, Loss, trace_of_inverse
from theory.writing import written_whole


def formulas_module(loss: Loss | None = None) -> str:
    """The text of `theory.modular.formulas`: the expressions of the derivation of a loss, printed for numpy."""
    chain = DerivationSteps(None, "general", "exact", loss or Loss())
    chain.run()
    first, second = range(2)
    cost = [sp.Symbol(f"cost_{label}", positive=True) for label in chain.labels]
    named = {chain.costs[index]: cost[index] for index in (first, second)}
    strength = chain.stationary[chain.strengths[first]].subs(named)
    total = cost[first] * strength + (chain.loss.decoder_cost * chain.gram[first, first] / strength)
    worth = chain.differentiated(chain.loss.decoder_cost * trace_of_inverse(chain.gram, chain.code))
    entry = worth[first, second].subs(chain.stationary).subs(named)
    functions = [
        _function(
            "modular_cost", "Cost of the cheapest neuron that reads one source with unit weight.", chain.costs[first]
        ),
        _function("modular_strength", "Squared weight of the best modular neuron of a source.", strength),
        _function("modular_loss", "Share of a source in the loss of the best modular code.", sp.simplify(total)),
        _function(
            "multiplier_entry", "Entry of the multiplier Y for two sources, the same or not.", sp.simplify(entry)
        ),
    ]
    return HEADER + "\n\n".join(functions)


HEADER = '''"""Closed forms of the modular code, printed by `python -m theory.print_formulas`: not to be edited by hand.

All functions work entry by entry on numpy arrays. Names: energy_ii = M_ii, gram_ij = K_ij, extreme_i = m_i.
"""

from __future__ import annotations

from typing import Any

from numpy import sqrt


'''

ARGUMENTS: dict[str, str] = {
    "M": "energy",
    "K": "gram",
    "m": "extreme",
    "lambda": "encoder_cost",
    "mu": "decoder_cost",
}


def _function(name: str, meaning: str, expression: Any) -> str:
    from sympy.printing.numpy import NumPyPrinter

    renamed = {symbol: sp.Symbol(_renamed(symbol.name)) for symbol in expression.free_symbols}
    printer: Callable[[Any], str] = NumPyPrinter({"fully_qualified_modules": False}).doprint
    arguments = ", ".join(f"{argument}: Any" for argument in sorted(symbol.name for symbol in renamed.values()))
    body = re.sub(r"(?<!\*)\*(?!\*)|/", r" \g<0> ", printer(expression.subs(renamed)))
    return f'def {name}({arguments}) -> Any:\n    """{meaning}"""\n    return {body}\n'


def _renamed(name: str) -> str:
    letter, _, index = name.partition("_")
    return ARGUMENTS.get(letter, letter) + (f"_{index}" if index else "")


if __name__ == "__main__":
    with written_whole(Path(__file__).with_name("modular") / "formulas.py") as temporary:
        temporary.write_text(formulas_module())
