"""2023, figures 2 and 4 and appendix A.3.4: six uniform factors whose targets a random matrix mixes.

A network sees a rotation x = O e of six independent factors, uniform from 0 to 1, and is to say y = W e with normal W;
an autoencoder sees and says y itself. Activity and weights cost what they do in the paper.

1. The hull is a cube of half width r, so that h(w)^2 - w'F w is the sum over pairs i != j of r^2 |w_i w_j| - F_ij w_i
   w_j, zero on the axes: own neurons are optimal if and only if |F_ij| <= r^2 for every pair.
2. For a rotation F_ij = c_ij (C + r^2 + encoder_cost), with c the cosines between columns of W: a bound on these.
3. Draw matrices with six rows, solve them to a certificate, and hold the price against the greatest cosine.
4. Draw matrices with more and more rows, and count for how many own neurons are optimal.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from solver.metrics import mutual_information_ratio
from solver.pictures.style import BLUE, GREY, ORANGE, legend
from solver.representation import Representation
from solver.studies.study import Finding, curve, is_free, panels, scatter, solved, theory_line
from theory.arrays import Array
from theory.conditions import decide
from theory.problem import Problem
from theory.readouts import Exact, Reads, Soft
from theory.sources import Sources

FACTORS_OF_TARGETS = 6

VARIANCE_OF_FACTORS = 1 / 12  # of one that is uniform from 0 to 1
REACH = 1 / 2  # how far such a factor goes from its mean

WEIGHT_COST, PAPER_ERROR_COST = 1e-4 / 1e-3, 1 / 1e-3  # of the supervised networks (table 1), with activity at one

AUTOENCODER_COST = 1e-3 / 5e-3  # of the weights of the autoencoders, with activity at one
AUTOENCODER_ROWS = 50  # numbers that they see

FREE_ENCODER = 1e-9  # cost of an encoder that costs next to nothing


def study(rng: np.random.Generator, quick: bool) -> Finding:
    """Solve random square mixings, and decide random tall ones."""
    square = rng.normal(size=(3 if quick else 8, FACTORS_OF_TARGETS, FACTORS_OF_TARGETS))
    # Step 3.
    exact = [solved(_supervised(Exact(targets=matrix))) for matrix in square]
    erring = [solved(_supervised(Soft(PAPER_ERROR_COST, targets=matrix))) for matrix in square[: 2 if quick else 3]]
    rows: list[dict[str, Any]] = [
        _row(kind, code, matrix)
        for kind, codes in (("exact", exact), ("errors", erring))
        for code, matrix in zip(codes, square, strict=False)
    ]
    # Step 4.
    heights = (6, 12, 50) if quick else (6, 8, 10, 12, 15, 20, 30, 50)
    draws = 5 if quick else 20
    counts: dict[float, list[int]] = {WEIGHT_COST: [], FREE_ENCODER: []}
    agree = True
    for height in heights:
        matrices = rng.normal(size=(draws, height, FACTORS_OF_TARGETS))
        for cost, tally in counts.items():
            verdicts = [decide(_supervised(Exact(targets=matrix), cost)).modular for matrix in matrices]
            agree &= verdicts == [bool(_greatest_cosine(matrix) <= threshold(cost)) for matrix in matrices]
            tally.append(sum(verdict is True for verdict in verdicts))
    tall = rng.normal(size=(draws, AUTOENCODER_ROWS, FACTORS_OF_TARGETS))
    recovered = sum(decide(_autoencoder(matrix)).modular is True for matrix in tall)
    cosines, prices = (
        np.array([row[name] for row in rows if row["readout"] == "exact"]) for name in ("cosine", "price")
    )
    with_errors = np.array([code.price_of_modularity for code in erring])
    holds = (
        agree
        and np.array_equal(is_free(prices), cosines <= threshold(WEIGHT_COST))
        and np.abs(with_errors - prices[: len(erring)]).max() < 1e-4
        and recovered == counts[FREE_ENCODER][-1] == draws
    )
    figure, (left, right) = panels(2)
    scatter(left, cosines, prices)
    theory_line(left, threshold(WEIGHT_COST), f"theory: {threshold(WEIGHT_COST):.3f}")
    legend(left, loc="upper left", bbox_to_anchor=(0.08, 1.0))  # away from the points, which look like its marker
    left.set(xlabel="greatest cosine between columns of the mixing", ylabel="price of modularity (%)")
    left.set_title(f"{len(exact)} random 6 by 6 mixings, at the paper's costs")
    for (cost, tally), colour, label in zip(
        counts.items(), (ORANGE, BLUE), ("at the paper's costs", "with a free encoder"), strict=True
    ):
        curve(right, heights, tally, colour, label=f"{label}: cosines up to {threshold(cost):.3f}")
    right.axhline(draws, color=GREY, linewidth=0.5, zorder=0)
    right.set(xscale="log", xlabel="targets, rows of the mixing", ylabel=f"modular, of {draws}", ylim=(0, None))
    right.set_xticks(heights, [str(height) for height in heights])
    right.minorticks_off()
    right.set_title("Random mixings that are taller and taller")
    right.set_yticks(range(0, draws + 1, 5))
    legend(right)
    free = is_free(prices)
    sizes, mixed, scores = (
        [row[name] for row, own in zip(rows, free, strict=False) if not own]
        for name in ("neurons", "mixed_neurons", "information_ratio")
    )
    first = {cost: _from(heights, tally, draws) for cost, tally in counts.items()}
    verdict = (
        f"own neurons are optimal if and only if no two columns of the mixing have a cosine above "
        f"{threshold(WEIGHT_COST):.3f} at the paper's costs, or {threshold(FREE_ENCODER):.3f} if the encoder is free, "
        f"in all {2 * draws * len(heights)} cases tried; of {len(exact)} random 6 by 6 mixings {int(free.sum())} are "
        f"modular, the others have {min(mixed)} to {max(mixed)} mixed neurons of {min(sizes)} to {max(sizes)} and "
        f"prices from {100 * prices[~free].min():.2g} to {100 * prices.max():.2g} %, and score {min(scores):.2f} to "
        f"{max(scores):.2f} of 1; of {draws} tall ones all are modular from {first[WEIGHT_COST]} rows on at the "
        f"paper's costs and from {first[FREE_ENCODER]} on if the encoder is free, and {recovered} of {draws} "
        f"autoencoders of {AUTOENCODER_ROWS} signals"
    )
    return Finding(bool(holds), verdict, rows, figure)


def threshold(encoder_cost: float) -> float:
    """Greatest cosine between two columns of the targets at which own neurons are optimal.

    By steps 1 and 2 it is where |F_ij| = r^2.

    Example:
        >>> threshold(0.0)
        0.75
    """
    return REACH**2 / (VARIANCE_OF_FACTORS + REACH**2 + encoder_cost)


def _factors() -> Sources:
    corners = np.array(list(product((-REACH, REACH), repeat=FACTORS_OF_TARGETS)))
    return Sources.from_moments(VARIANCE_OF_FACTORS * np.eye(FACTORS_OF_TARGETS), corners)


def _supervised(readout: Reads, encoder_cost: float = WEIGHT_COST) -> Problem:
    return Problem(_factors(), encoder_cost=encoder_cost, decoder_cost=WEIGHT_COST, readout=readout)


def _autoencoder(mixing: Array) -> Problem:
    return Problem(_factors(), mixing=mixing, encoder_cost=AUTOENCODER_COST, decoder_cost=AUTOENCODER_COST)


def _greatest_cosine(matrix: Array) -> float:
    columns = matrix / np.linalg.norm(matrix, axis=0)
    return float(np.abs(np.triu(columns.T @ columns, 1)).max())


def _purity(code: Representation) -> Array:
    """(n,) share of each neuron's squared weights that is on its main factor."""
    squares = code.source_weights**2
    return np.asarray(squares.max(axis=1) / squares.sum(axis=1))


def _row(readout: str, code: Representation, matrix: Array) -> dict[str, Any]:
    purity = _purity(code)
    return {
        "readout": readout,
        "cosine": _greatest_cosine(matrix),
        "price": code.price_of_modularity,
        "gap": code.gap,
        "neurons": len(code),
        "mixed_neurons": int((purity < 1 - 1e-9).sum()),
        "least_share_of_main_factor": float(purity.min()),
        "information_ratio": _information_ratio(code),
    }


def _information_ratio(code: Representation) -> float:
    """The paper's score of the code, on samples of the factors: one if each neuron tells of one factor alone."""
    samples = np.random.default_rng(0).uniform(-REACH, REACH, size=(300, FACTORS_OF_TARGETS))
    return mutual_information_ratio(code.activity(samples), samples)


def _from(heights: tuple[int, ...], tally: list[int], draws: int) -> int | str:
    """The height from which on all draws are modular."""
    missed = [place for place, count in enumerate(tally) if count < draws]
    start = missed[-1] + 1 if missed else 0
    return heights[start] if start < len(heights) else f"more than {heights[-1]}"
