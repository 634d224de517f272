"""Whether the program agrees with itself: its answer kept in a file, certified, put in words, and judged by the theory.

What an answer is worth is judged elsewhere (`judgement`). Here nothing is trusted more than anything else: what is said
twice must be said alike, what is given must not be changed, and what has a hole in it must be refused.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.soundness.codes import modular_code
from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.judgement import OPTIMAL, ROUNDING, has_lost_digits
from benchmarks.soundness.neurons import Whitened, best_neurons
from benchmarks.soundness.rational import RationalProblem
from solver import Representation
from theory.arrays import Array
from theory.conditions import Verdict

__all__ = ["against_changes", "against_file", "against_price", "against_program", "taken_masked"]

# ---- what is given ------------------------------------------------------------------------------------------------


def taken_masked(problem: Drawn) -> Iterator[str]:
    """What is taken although an entry of it is masked, or no number."""
    from theory.errors import InputError

    if not problem.masked:
        return
    for hidden in (True, False):
        try:
            _given_hole(problem, hidden=hidden)
        except InputError:
            continue
        yield f"{problem.masked}: {'a masked entry' if hidden else 'NaN'} is taken as a number"


def _given_hole(problem: Drawn, *, hidden: bool) -> None:
    from solver import Problem

    options = problem.options()
    points: Any = problem.points
    if problem.masked == "sources":
        points = _with_hole(points, hidden=hidden)
    elif problem.masked in ("probabilities", "mixing"):
        options[problem.masked] = _with_hole(options[problem.masked], hidden=hidden)
    else:
        name = problem.masked.removeprefix("readout ")
        changed = replace(problem.reading, **{name: _with_hole(getattr(problem.reading, name), hidden=hidden)})
        options["readout"] = changed.posed()
    Problem(points, **options)


def _with_hole(whole: Array, *, hidden: bool) -> Any:
    """The array with a hole in its last row: masked, or NaN."""
    array = whole.copy()
    where = (-1,) * array.ndim
    array[where] = -9999.0 if hidden and array.ndim > 1 else 1.0 if hidden else np.nan
    if not hidden:
        return array
    mask = np.zeros(array.shape, dtype=bool)
    mask[where] = True
    return np.ma.array(array, mask=mask)


def against_changes(answer: Any, arguments: dict[str, Any], *, linear: bool = True) -> Iterator[str]:
    """What can be changed of an answer or of its problem; then all arrays that it was posed with are overwritten."""
    for owner, name in ((answer.problem, "encoder_cost"), (answer.problem.sources, "points"), (answer, "loss")):
        before = getattr(owner, name)
        try:
            setattr(owner, name, before)
        except AttributeError:
            continue
        yield f"{type(owner).__name__}.{name} can be set"
    arrays = {item.name: getattr(answer, item.name) for item in fields(answer)}
    kept = ("mixing", "gram", "energy_matrix") if linear else ("mixing", "gram")
    arrays |= {f"problem.{name}": getattr(answer.problem, name) for name in kept}
    arrays |= {f"sources.{name}": getattr(answer.problem.sources, name) for name in ("points", "mean", "covariance")}
    for name, value in arrays.items():
        if isinstance(value, np.ndarray) and value.size and value.flags.writeable:
            yield f"the answer's {name} can be written to"
    for value in arguments.values():
        if isinstance(value, np.ndarray) and value.flags.writeable:
            value[...] = 3.0 * value + 1.0


# ---- in a file ----------------------------------------------------------------------------------------------------


def against_file(answer: Any) -> tuple[bytes, list[str]]:
    """The file that the answer is saved to, and how what is loaded from it differs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.npz"
        answer.save(path)
        content = path.read_bytes()
        try:
            loaded = type(answer).load(path)
        except Exception as error:  # whatever it is, the file was not altered
            return b"", [f"the saved answer is not loaded: {type(error).__name__}: {error}".replace(str(path), "FILE")]
    wrong = [f"the saved answer has another {name}" for name in _differences(answer, loaded)]
    try:
        equal = bool(answer == loaded)
    except Exception as error:  # it has to be a truth value
        return content, [*wrong, f"== of answers raises {type(error).__name__}"]
    return content, wrong if equal or wrong else ["the answer loaded from a file is not equal to the one saved"]


def _differences(one: Any, other: Any) -> Iterator[str]:
    for item in fields(one):
        left, right = getattr(one, item.name), getattr(other, item.name)
        if item.name == "separate" and left is not None and right is not None:
            yield from (f"separate.{name}" for name in _differences(left, right))
        elif item.name in ("problem", "cover"):
            continue
        elif isinstance(left, dict):
            if left.keys() != right.keys() or any(left[name] != right[name] for name in left):
                yield item.name
        elif isinstance(left, np.ndarray | float):
            if not np.array_equal(left, right, equal_nan=True):
                yield item.name
        elif left != right:
            yield item.name


# ---- what else the program says -----------------------------------------------------------------------------------


def against_program(problem: Drawn, saved: bytes) -> Iterator[str]:
    """How certificate, words and verdict disagree with an answer, loaded from the content of its file.

    The problem is posed anew for the certificate and the verdict.
    """
    from solver import Problem, Representation
    from solver.nonlinear.representation import NonlinearRepresentation

    linear = problem.activation == "linear"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.npz"
        path.write_bytes(saved)
        answer: Any = Representation.load(path) if linear else NonlinearRepresentation.load(path)
    posed = Problem(problem.points.copy(), **deepcopy(problem.options()))
    if linear or answer.status == "optimal":
        # A bound that the search did not meet is priced anew for as long as it took.
        yield from _against_certificate(posed, answer)
    if not linear:
        yield from _against_nonlinear_words(answer)
        return
    yield from against_words(answer)
    yield from _against_verdict(problem, posed, answer)


def _against_certificate(posed: Any, answer: Representation) -> Iterator[str]:
    from solver import certify

    certificate = certify(posed, answer)
    if not certificate.feasible:
        if answer.status == "optimal":
            yield "certify calls an optimal answer infeasible"
        return
    if answer.status != "optimal" and max(certificate.gap, answer.gap) <= answer.tolerance:
        yield f"the answer is {answer.status} at a gap of {answer.gap:.3g}, and certify sees nothing against it"
    # Where units are far apart the network itself has no more digits; the answer promises those of its tolerance, or
    # says that it cannot.
    if not has_lost_digits(answer) and abs(certificate.loss / answer.loss - 1) > answer.tolerance:
        yield f"certify measures a loss of {certificate.loss:.15g}, and the answer says {answer.loss:.15g}"
    if answer.status == "optimal" and not certificate.gap <= OPTIMAL + ROUNDING:
        yield f"certify sees a gap of {certificate.gap:.3g} in an answer called optimal"
    elif certificate.lower_bound < answer.lower_bound * (1 - 1e-6):  # it may prove so much less
        yield f"certify proves {certificate.lower_bound:.15g}, and the answer says {answer.lower_bound:.15g}"


def against_words(answer: Any) -> Iterator[str]:
    """What the summary says that the numbers do not."""
    text, loss, bound = repr(answer), answer.loss, answer.lower_bound
    optimal = answer.status == "optimal"
    if ("proven optimal to a relative gap" in text) != optimal:
        says = "does not say" if optimal else "says"
        yield f"the summary {says} 'proven optimal' of an answer that is {answer.status}"
    for words in ("the modularity condition holds", "the closed form is optimal", "meets the best"):
        if words in text + answer.message and not loss <= bound * (1 + OPTIMAL + ROUNDING):
            yield f"the words {words!r} stand beside a gap of {1 - bound / loss:.3g}"
    if optimal and "failed" in answer.message.replace("the modularity condition fails", ""):
        yield f"the message of an optimal answer says that something failed: {answer.message}"
    if ("No neuron is worth" in text) != (len(answer) == 0):
        yield f"the summary is wrong about whether any of {len(answer)} neurons is worth having"
    count = re.search(r"^([\d,]+) neurons? codes? ", text, flags=re.MULTILINE)
    if len(answer) and (count is None or int(count[1].replace(",", "")) != len(answer)):
        yield f"the summary does not tell the number of neurons, {len(answer)}"
    least = answer.modular_loss if answer.separate is None else answer.separate.lower_bound
    yield from against_price(text, answer, least)
    said = re.search(r"(?:Loss|so far|found) ([\d.e+-]+)[,;]", text)
    if said is None or abs(float(said[1]) / loss - 1) > 5.1e-9:  # nine digits are printed
        yield f"the summary does not say the loss, {loss:.9g}"


def against_price(text: str, answer: Any, least_modular: float) -> Iterator[str]:
    """What a summary says of the price of modularity that loss and bounds, that of modular codes too, do not."""
    sentence = re.search(r"^Price of \w+: .*$", text, flags=re.MULTILINE)
    if sentence is None:
        return
    said, price = sentence[0], answer.modular_loss / answer.loss - 1
    least = least_modular / answer.loss - 1
    most = answer.modular_loss / answer.lower_bound - 1 if answer.lower_bound > 0 else float("inf")
    if ": none" in said and most > 2e-10:  # so small a price may be called none
        yield f"the summary says that modularity costs nothing, and it may cost {most:.3g}"
    if said.endswith(": mixed.") and not least > 0:
        yield "the summary says mixed, and nothing proves that modular codes cost more"
    if "for practical purposes" in said and "perhaps" not in said and most > answer.practically + ROUNDING:
        yield f"the summary says modular for practical purposes at a price of up to {most:.3g}"
    bounds = {"at most ": (most,), "at least ": (least,), "": (price,)}
    known = re.search(r"would cost (?:only )?(at most |at least |)(\S+) %(?: to (\S+) %)? more", said)
    if known is None:
        return
    expected = (least, most) if known[3] else bounds[known[1]]
    for printed, number in zip((known[2], known[3]), expected, strict=False):
        if not _as_printed(printed, 100 * number):
            yield f"the summary says that modularity costs {printed} %, and that is {100 * number:.3g} %"


def _against_nonlinear_words(answer: Any) -> Iterator[str]:
    """What the summary of rectified or free neurons says that the numbers do not."""
    text, optimal = repr(answer), answer.status == "optimal"
    if ("Why not optimal" in text) != (answer.status == "bounded"):
        yield f"the summary says why it is not optimal, or does not, of an answer that is {answer.status}"
    if optimal and not answer.loss <= answer.lower_bound * (1 + OPTIMAL + ROUNDING):
        yield f"an optimal answer has a gap of {1 - answer.lower_bound / answer.loss:.3g}"
    if ("No neuron is worth" in text) != (len(answer) == 0):
        yield f"the summary is wrong about whether any of {len(answer)} neurons is worth having"
    yield from against_price(text, answer, answer.modular_lower_bound)


def _as_printed(printed: str, number: float) -> bool:
    """Whether a number is printed to three digits, but for the rounding of the number itself."""
    return abs(float(printed) - number) <= 5.1e-3 * abs(number) + 1e-13


def _against_verdict(problem: Drawn, posed: Any, answer: Representation) -> Iterator[str]:
    from solver import separation
    from theory import modularity
    from theory.conditions import decide

    if problem.separate:
        return
    if problem.groups is None:
        options = {name: value for name, value in problem.options().items() if name not in ("groups", "separate")}
        verdict = decide(posed) if "neurons" in options else modularity(problem.points, **options)
    else:
        verdict = separation(posed, time_limit=5.0, rng=0)
    price = answer.modular_loss / answer.loss - 1
    if verdict.modular is True and price > OPTIMAL + ROUNDING:
        yield f"the verdict says modular ({verdict.reason}), and the answer costs {price:.3g} less than a modular code"
    if price > verdict.price_bound * (1 + ROUNDING) + OPTIMAL + ROUNDING:
        yield f"the verdict bounds the price of modularity by {verdict.price_bound:.3g}, and it is {price:.3g}"
    if problem.reading.exact and np.linalg.matrix_rank(problem.targets, rtol=1e-9) < problem.dimension:
        # A code may leave sources out, so that its multiplier is not determined: no neuron can be held against it.
        return
    rational = RationalProblem(problem)
    if problem.groups is None:
        # Of two searches for the best modular code either may end early; exact arithmetic says which is better.
        codes = modular_code(problem, Whitened(problem)), posed.modular_weights
        code, tolerance = min(codes, key=rational.code_loss), 1e-7
    else:
        assert answer.separate is not None
        # It was searched for, and is known to so many digits.
        code, tolerance = answer.separate.source_weights, 1e-6
        if answer.separate.status != "optimal":
            return
    yield from _against_neurons(problem, rational, verdict, code, tolerance)


def _against_neurons(
    problem: Drawn, rational: RationalProblem, verdict: Verdict, code: Array, tolerance: float
) -> Iterator[str]:
    """Neurons that refute a verdict, at the multiplier of the best modular code; the witness that does not prove it."""
    try:
        multiplier = rational.worth(code)
    except ZeroDivisionError:
        return
    used = code[np.abs(code).any(axis=1)]
    own = max((float(rational.ratio(multiplier, neuron)) for neuron in used), default=1.0)
    if verdict.modular is False and verdict.witness is not None:
        earned = float(rational.ratio(multiplier, verdict.witness))
        if earned < min(own, 1.0) * (1 - tolerance):
            yield f"the verdict says mixed ({verdict.reason}), and its witness earns {earned:.9g} of what it costs"
    if verdict.modular is True:
        best, neuron = _best_neuron(problem, rational, multiplier, used)
        # Where digits are lost the multiplier of a rounded code is not that of the best one, and all but nothing is
        # saved.
        if best > max(own, 1.0) * (1 + tolerance) and rational.saving(code, neuron) > OPTIMAL:
            yield f"the verdict says modular ({verdict.reason}), and a neuron earns {best:.9g} of what it costs"


def _best_neuron(problem: Drawn, rational: RationalProblem, multiplier: Any, code: Array) -> tuple[float, Array]:
    """The neuron (d,) that earns most for its cost, of those that are found, and its ratio."""
    rng = np.random.default_rng([problem.seed, problem.index, 2])
    neurons = best_neurons(Whitened(problem), multiplier.astype(float), code, rng, quick=True)
    ratios: list[Fraction] = [rational.ratio(multiplier, neuron) for neuron in neurons]
    best = max(range(len(ratios)), key=ratios.__getitem__)
    return float(ratios[best]), neurons[best]
