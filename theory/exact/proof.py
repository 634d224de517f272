"""Proofs of verdicts: rational objects that anyone can check against the data, without the code that found them.

A proof of *mixed* is an integer neuron w:

1. Compute h(w) and w'F w from the data, and compare: h(w)^2 < w'F w.

A proof of *modular* is a list of simplicial cones, each with a sample s_t, whose corner v = mean - s_t bounds the bias
from below, h(w) >= v.w:

1. Check that the cones cover every direction, from the signs of determinants and the ridges that cones share.
2. Check that v.w >= 0 on each cone.
3. Check that (v.w)^2 >= w'F w on each cone: W (v v' - F) W' is copositive, with W the generators of the cone.
4. Check that the stored slacks are those of the generators.

The v need not be vertices, nor the generators facet normals, for the proof to hold.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np

from theory.arrays import ArrayLike
from theory.errors import InputError
from theory.exact.copositivity import MOST_ORDER, determinant, negative_direction
from theory.exact.problem import ExactProblem
from theory.exact.rational import RATIONALS, fraction_text, integer_text, read_fraction, shown
from theory.exact.surds import rational_below
from theory.immutable import Frozen
from theory.readouts import Reads
from theory.sources import Sources
from theory.writing import written_whole

FORMAT = "modularity proof 1"

ENTRIES = {True: ("generators", "cones", "samples", "slacks"), False: ("witness", "bias", "worth")}
"""Entries of a proof of modular, and of one of mixed."""


@dataclass(frozen=True, eq=False)
class Proof(Frozen):
    """Why the optimal code is modular, or why not.

    Attributes:
        modular: what is proven.
        digest: SHA-256 of the exact data.
        witness: of mixed, d integers w.
        bias: of mixed, h(w).
        worth: of mixed, a rational at most w'F w, equal to it where F is rational.
        generators: of modular, R directions of d integers.
        cones: of modular, N rows of d indices of generators.
        samples: of modular, N samples, whose corners bound the bias on the cones.
        slacks: of modular, R rationals: 1 - a'F a of each generator scaled to the facet {a.y <= 1}, or a smaller
            rational of the same sign where that is irrational; zero is a tie.

    Example:
        >>> from theory import modularity
        >>> proof = modularity([[0, 0], [0, 1], [1, 0], [1, 1]], exact=True).proof
        >>> proof.modular, len(proof.cones), proof.ties
        (True, 4, 4)
    """

    modular: bool
    digest: str
    witness: list[int] | None = None
    bias: Fraction | None = None
    worth: Fraction | None = None
    generators: list[list[int]] | None = None
    cones: list[list[int]] | None = None
    samples: list[int] | None = None
    slacks: list[Fraction] | None = None

    @property
    def ties(self) -> int:
        """Generators on which the condition holds with equality."""
        return sum(1 for slack in self.slacks or [] if slack == 0)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, with fractions as "p/q" and very long integers as hexadecimal text.

        Example:
            >>> from theory import modularity
            >>> modularity([[0, 0], [0, 1], [1, 0]], exact=True).proof.to_dict()["witness"]
            [-1, -1]
        """
        entries = {name: _written(getattr(self, name)) for name in ENTRIES[self.modular]}
        return {"format": FORMAT, "modular": self.modular, "digest": self.digest, **entries}

    @classmethod
    def from_dict(cls, saved: Any) -> Proof:
        """The proof that `to_dict` wrote.

        Raises:
            InputError: anything else.

        Example:
            >>> from theory import modularity
            >>> proof = modularity([[0, 0], [0, 1], [1, 0]], exact=True).proof
            >>> Proof.from_dict(proof.to_dict()) == proof
            True
        """
        if not isinstance(saved, dict) or saved.get("format") != FORMAT:
            raise InputError(f"proof: not a saved proof (its format is not {FORMAT!r})")
        modular, digest = saved.get("modular"), saved.get("digest")
        if not isinstance(modular, bool) or not isinstance(digest, str):
            raise InputError("proof: altered; `modular` must be true or false and `digest` a text")
        wanted = {"format", "modular", "digest", *ENTRIES[modular]}
        if saved.keys() != wanted:
            odd = ", ".join(sorted(shown(name) for name in saved.keys() ^ wanted))
            raise InputError(f"proof: entries are missing or unknown: {odd}")
        fractions = ("slacks", "bias", "worth")
        values = {
            name: _as_fractions(saved[name], name) if name in fractions else _as_integers(saved[name])
            for name in ENTRIES[modular]
        }
        return cls(modular, digest, **values)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the proof as JSON, whole or not at all.

        Example:
            >>> import tempfile
            >>> from theory import modularity
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     modularity([[0], [1]], exact=True).proof.save(Path(folder) / "proof.json")
            ...     check_proof(Proof.load(Path(folder) / "proof.json"), [[0], [1]])
            True
        """
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Proof:
        """Read what `save` wrote.

        Raises:
            InputError: not such a file.

        Example:
            >>> import tempfile
            >>> from theory import modularity
            >>> proof = modularity([[0, 0], [0, 1], [1, 0]], exact=True).proof
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     proof.save(Path(folder) / "proof.json")
            ...     Proof.load(Path(folder) / "proof.json") == proof
            True
        """
        try:
            saved = json.loads(Path(path).read_text(), object_pairs_hook=_once_each, parse_int=_short_integer)
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise InputError(f"{path}: not a JSON file ({error})") from None
        except RecursionError:
            raise InputError(f"{path}: nested too deeply to be a proof") from None
        return cls.from_dict(saved)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose names occur once each: other objects mean different things to different readers."""
    result = dict(pairs)
    if len(result) < len(pairs):
        raise InputError("proof: altered; an entry is given twice")
    return result


def _short_integer(text: str) -> int:
    if len(text) > RATIONALS.digits:
        raise InputError(f"proof: altered; an integer has {len(text):,} digits, where long ones are hexadecimal text")
    return int(text)


def _written(value: Any) -> Any:
    """Lists, integers and fractions as they are saved."""
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, Fraction):
        return fraction_text(value)
    return value if value.bit_length() <= RATIONALS.decimal_bits else integer_text(value)


def _as_fractions(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [read_fraction(item, f"proof: {name}") for item in value]
    return read_fraction(value, f"proof: {name}")


def _as_integers(value: Any, depth: int = 2) -> Any:
    """Rows of integers, read from text where they are long; anything else stays unchanged, to be refused later."""
    if isinstance(value, list) and depth:
        return [_as_integers(item, depth - 1) for item in value]
    if isinstance(value, str):
        number = int(read_fraction(value, "proof: an integer"))
        return number if _written(number) == value else value
    return value


def check_proof(
    proof: Proof,
    sources: ArrayLike | Sources,
    *,
    mixing: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
    encoder_cost: Any = 1,
    decoder_cost: Any = 1,
    readout: Reads | None = None,
) -> bool:
    """Verify a proof against the data, in rational arithmetic and from nothing but the proof.

    Args:
        proof: a `Proof`.
        sources: (T, d) as for `theory.modularity`, like the following.
        mixing: (dx, d) or None.
        probabilities: (T,) or None.
        encoder_cost: its cost.
        decoder_cost: matters where errors have a cost.
        readout: what is decoded and how, if not the data without error.

    Returns:
        What is proven: True for modular, False for mixed.

    Raises:
        InputError: the proof is for other data, has been altered, or proves nothing; the message says which.

    Example:
        >>> from theory import modularity
        >>> triangle = [[0, 0], [0, 1], [1, 0]]
        >>> check_proof(modularity(triangle, exact=True).proof, triangle)
        False
    """
    posed = ExactProblem.posed(
        sources,
        mixing=mixing,
        probabilities=probabilities,
        encoder_cost=encoder_cost,
        decoder_cost=decoder_cost,
        readout=readout,
    )
    verify(proof, posed)
    return proof.modular


def verify(proof: Proof, problem: ExactProblem) -> None:
    """Raise InputError unless the proof holds for this problem."""
    if proof.digest != problem.digest:
        raise InputError("proof: it is for other data, mixing, probabilities, encoder cost or readout than those given")
    (_verify_modular if proof.modular else _verify_mixed)(proof, problem)


def _verify_mixed(proof: Proof, problem: ExactProblem) -> None:
    witness = proof.witness
    if not _is_rows([witness], problem.dimension) or proof.bias is None or proof.worth is None:
        raise InputError("proof: altered; it lacks a witness of one integer per source, its bias or its worth")
    assert witness is not None
    bias = problem.support(witness)
    if proof.bias != bias or proof.worth != rational_below(problem.worth(witness), bias**2):
        raise InputError("proof: altered; bias or worth are not those of the witness")
    if not proof.bias**2 < proof.worth:
        raise InputError("proof: altered; the witness does not earn more than it costs")


def _verify_modular(proof: Proof, problem: ExactProblem) -> None:
    generators, cones, samples, slacks = proof.generators, proof.cones, proof.samples, proof.slacks
    dimension = problem.dimension
    if dimension > MOST_ORDER:
        raise InputError(f"proof: {dimension} sources are more than can be checked ({MOST_ORDER})")
    if not (_is_rows(generators, dimension) and _is_rows(cones, dimension) and _is_rows([samples], None)):
        raise InputError("proof: altered; generators, cones and samples must be rows of integers, one entry per source")
    assert generators is not None and cones is not None and samples is not None
    indices = [index for cone in cones for index in cone]
    in_range = min(indices) >= 0 and max(indices) < len(generators) and min(samples) >= 0
    if not in_range or max(samples) >= len(problem.points) or len(samples) != len(cones):
        raise InputError("proof: altered; cones name generators or samples that do not exist")
    if any(gcd(*generator) != 1 for generator in generators):
        raise InputError("proof: altered; generators must be in lowest terms")
    if not covers(generators, cones):  # step 1
        raise InputError("proof: altered; its cones do not cover every direction")
    rays = np.array(generators, dtype=object)
    for cone, sample in zip(cones, samples, strict=True):
        if (rays[cone] @ problem.corners[sample] < 0).any():  # step 2
            raise InputError("proof: altered; a sample's corner turns away from a generator of its cone")
        if negative_direction(problem.slack_form(rays[cone], sample)) is not None:  # step 3
            raise InputError("proof: altered; the condition is not shown on one of its cones")
    if slacks != facet_slacks(problem, generators, cones, samples):  # step 4
        raise InputError("proof: altered; its slacks are not those of its generators")


def _is_rows(rows: Any, length: int | None) -> bool:
    """Whether these are one or more rows of integers, which booleans and floats are not."""
    return (
        isinstance(rows, list)
        and len(rows) > 0
        and all(isinstance(row, list) and len(row) > 0 and length in (None, len(row)) for row in rows)
        and all(type(value) is int for row in rows for value in row)
    )


def covers(generators: list[list[int]], cones: list[list[int]]) -> bool:
    """Whether the simplicial cones cover every direction, from orientations and incidences alone.

    If every cone has inner points and every ridge (all generators of a cone but one) belongs to exactly two cones that
    lie on opposite sides of it, then a path that avoids the smaller faces leaves a cone only to enter another. So all
    directions, up to smaller faces, lie in equally many cones, and some lie in one.

    Example:
        >>> axes = [[1, 0], [0, 1], [-1, 0], [0, -1]]
        >>> covers(axes, [[0, 1], [1, 2], [2, 3], [3, 0]]), covers(axes, [[0, 1], [1, 2], [2, 3]])
        (True, False)
    """
    sides: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for cone in cones:
        ordered = sorted(cone)
        volume = determinant([generators[index] for index in ordered])
        if volume == 0:
            return False
        orientation = 1 if volume > 0 else -1
        for place in range(len(ordered)):
            # It takes `place` transpositions to move the omitted generator to the front.
            sides[tuple(ordered[:place] + ordered[place + 1 :])].append(orientation * (-1) ** place)
    return all(sorted(pair) == [-1, 1] for pair in sides.values())


def facet_slacks(
    problem: ExactProblem, generators: list[list[int]], cones: list[list[int]], samples: list[int]
) -> list[Fraction]:
    """1 - a'F a of each generator a, scaled to v.a = 1 with v the corner of its first cone's sample.

    Where it is irrational, a smaller rational of the same sign.
    """
    sample_of: dict[int, int] = {}
    for cone, sample in zip(cones, samples, strict=True):
        for index in cone:
            sample_of.setdefault(index, sample)
    result = []
    for index, generator in enumerate(generators):
        height = Fraction(
            int(problem.corners[sample_of.get(index, 0)] @ np.array(generator, dtype=object)), problem.unit
        )
        worth = problem.worth(generator)
        slack = 1 - worth * (1 / height**2) if height else -worth
        result.append(rational_below(slack, Fraction(0)))
    return result
