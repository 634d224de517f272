"""Whether other neurons would do as well, in a sentence; its numbers are in `Ambiguity.to_dict`, too."""

from __future__ import annotations

import numpy as np

from solver.ambiguity.ambiguity import Ambiguity


def sentence(ambiguity: Ambiguity) -> str:
    """What is said of it in a summary.

    Example:
        >>> from solver import Problem, solve
        >>> sentence(solve(Problem([[0, 0], [0, 1], [1, 0]])).ambiguity())
        'The neurons are unique: every optimal code has these.'
        >>> sentence(solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])).ambiguity())
        'The neurons are unique up to sign: every optimal code has these, or the mirror image (-w) of 2 of them.'
    """
    if ambiguity.unique is None:
        known = _continua(ambiguity)
        return f"Whether other neurons would do as well is not decided: {ambiguity.reason}{known}."
    if ambiguity.unique:
        mirrored = int(np.count_nonzero(ambiguity.mirrored))
        if not mirrored:
            return "The neurons are unique: every optimal code has these."
        return (
            f"The neurons are unique up to sign: every optimal code has these, or the mirror image (-w) of {mirrored} "
            "of them."
        )
    return f"Other neurons would do as well: {_made_of(ambiguity)}; {_enough(ambiguity)}, and {_everywhere(ambiguity)}."


def _made_of(ambiguity: Ambiguity) -> str:
    if ambiguity.continua:
        return f"optimal codes can have any of whole continua of neurons{_continua(ambiguity)}"
    images = ""
    if ambiguity.mirrored.any():
        all_of_them = "" if ambiguity.mirrored.all() else f" of {int(np.count_nonzero(ambiguity.mirrored))}"
        images = f" and the mirror images (-w){all_of_them}"
    return f"optimal codes are made of {len(ambiguity.neurons)} different ones{images}"


def _continua(ambiguity: Ambiguity) -> str:
    if not ambiguity.continua:
        return ""
    sizes = ", ".join(str(len(extremes)) for extremes in ambiguity.continua)
    return (
        f" ({len(ambiguity.continua)} continua, with {sizes} extreme neurons)"
        if len(ambiguity.continua) > 1
        else (f" (one continuum, with {sizes} extreme neurons)")
    )


def _enough(ambiguity: Ambiguity) -> str:
    least, most = ambiguity.fewest_bounds
    return f"{most} are enough" if least == most else f"between {least} and {most} are enough"


def _everywhere(ambiguity: Ambiguity) -> str:
    count = int(np.count_nonzero(ambiguity.essential))
    if count:
        return f"{count} {'is' if count == 1 else 'are'} certainly in every optimal code"
    if ambiguity.continua:
        return "none is known to be in every optimal code"
    return "none is in every optimal code, so that which neurons a code has is one choice of many"
