"""Explanations in words and in a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from solver.explanations.pairs import LabelPair
from solver.pictures.words import aligned


def columns_of_neurons(explained: Any) -> dict[str, list[Any]]:
    """What is found of each neuron, by column."""
    rows = [_row(explained, number) for number in range(len(explained))]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _row(explained: Any, number: int) -> dict[str, Any]:
    one = explained.neurons[number]
    precision, chance = explained.selectivity[number], np.nan_to_num(explained.chance_selectivity[number])
    above = np.nan_to_num((precision - chance) / np.maximum(1 - chance, 1e-12), nan=-np.inf)
    best = int(np.argmax(np.round(above, 12)))
    ranked = not np.isnan(precision[best])
    return {
        "neuron": one.neuron,
        "fires": one.fires,
        "formula": str(one.formula or ("always fires" if one.fires else "never fires")),
        "iou": one.iou,
        "upper_bound": one.upper_bound,
        "ties": one.ties,
        "runner_up": "" if one.runner_up is None else str(one.runner_up),
        "runner_up_iou": one.runner_up_iou,
        "chance": float(one.chance.mean()) if len(one.chance) else float("nan"),
        "most_by_chance": float(one.chance_bound.max()) if len(one.chance) else float("nan"),
        "p_value": one.p_value,
        "most_selective_for": explained.labels[best] if ranked else "",
        "precision": float(precision[best]),
        "chance_precision": float(explained.chance_selectivity[number, best]),
        "chance_deviation": float(explained.chance_deviation[number, best]),
    }


# ---- sentences ----------------------------------------------------------------------------------------------------


def sentences_of(explained: Any) -> list[str]:
    """What is found, in words."""
    return [
        explained.rule,
        *_proof(explained),
        *_silent(explained),
        *_always(explained),
        *_chance(explained),
        *_pairs(explained),
        *_kept_apart(explained),
    ]


def _proof(result: Any) -> list[str]:
    explained = [one for one in result.neurons if one.formulas]
    open_ones = [one for one in explained if not one.proven]
    if not explained:
        return []
    best = "the best one of up to three literals"
    if not open_ones:
        return [f"The formula of every neuron is proven to be {best}."]
    most = max(one.upper_bound - one.iou for one in open_ones)
    return [
        f"The formulas of {len(explained) - len(open_ones)} of {len(explained)} neurons are proven to be {best}; the "
        f"time ended the search for the others, of which none can gain more than {most:.3g} of IoU."
    ]


def _silent(explained: Any) -> list[str]:
    silent = [one for one in explained.neurons if not one.formulas]
    if not silent:
        return []
    return [f"{_count(len(silent), 'neuron fires', 'neurons fire')} on all samples or on none: no formula."]


def _chance(result: Any) -> list[str]:
    explained = [one for one in result.neurons if one.formulas]
    if not result.shuffles or not explained:
        return []
    better = sum(one.p_value <= 1 / (1 + result.shuffles) for one in explained)
    by_chance = len(explained) / (1 + result.shuffles)
    return [
        f"With the rows of the labels shuffled {result.shuffles} times, no formula is as good for {better} of "
        f"{len(explained)} neurons; if labels told nothing, {by_chance:.2g} would be expected."
    ]


def _always(explained: Any) -> list[str]:
    """How many formulas are no better than one that says nothing."""
    worse = sum(bool(one.formulas) and one.upper_bound <= one.fires for one in explained.neurons)
    if not worse:
        return []
    return [
        f"For {_count(worse, 'neuron', 'neurons')} no formula is better than one that is always true, whose IoU is the "
        "share of samples on which the neuron fires."
    ]


def _pairs(explained: Any) -> list[str]:
    pairs = explained.pairs
    count = len(pairs.labels) * (len(pairs.labels) - 1) // 2
    words = []
    if pairs.never:
        mixed = sum(not pair for pair in pairs.apart[np.triu_indices(len(pairs.labels), 1)]) - pairs.same
        words.append(
            f"Of {_count(count, 'pair', 'pairs')} of labels {_count(pairs.never, 'lacks', 'lack')} a combination. By "
            f"theory the best linear code of two labels mixes those of {_count(mixed, 'pair', 'pairs')}, and has a "
            "neuron for each in the others."
        )
        words += [_pair(pair) for pair in pairs.listed[:5]]
    elif count and not pairs.same:
        words.append(
            "Every combination of two labels occurs. By theory the best linear code of any two has a neuron for each."
        )
    if pairs.same:
        words.append(f"{_count(pairs.same, 'pair of labels says', 'pairs of labels say')} the same, or the opposite.")
    if pairs.modular is not None and len(pairs.labels) > 2:
        price = "" if np.isnan(pairs.price_bounds[0]) else f": separate ones cost {_price(pairs.price_bounds)}"
        each = "has a neuron for each" if pairs.modular else f"mixes some{price}"
        words.append(f"The best linear code of all labels together {each}.")
    return words


def _pair(pair: LabelPair) -> str:
    one, other = pair.shares
    chance = f"of independent labels {pair.expected:.2g} samples would have both"
    shares = f"{100 * one:.3g} % and {100 * other:.3g} % of the samples"
    price = "best apart" if pair.modular else f"best mixed, apart costs {_price(pair.price_bounds)}"
    return f"  {pair.first} and {pair.second} ({shares}) are never together ({chance}): {price}."


def _price(bounds: tuple[float, float]) -> str:
    low, high = (f"{100 * bound:.3g}" for bound in bounds)
    return f"{high} % more" if low == high else f"{low} to {high} % more"


def _kept_apart(explained: Any) -> list[str]:
    """How many neurons read labels that theory keeps apart."""
    place = {name: number for number, name in enumerate(explained.pairs.labels)}
    told = [
        one for one in explained.neurons if one.formula is not None and not one.p_value > 1 / (1 + explained.shuffles)
    ]
    several = [[place[name] for name in one.formula.labels] for one in told if one.formula and one.formula.size > 1]
    if not several:
        return []
    apart = sum(any(explained.pairs.apart[a, b] for a in labels for b in labels) for labels in several)
    who = "Of the neurons that no shuffle explains as well" if explained.shuffles else "Of the neurons with a formula"
    return [
        f"{who} {_count(len(several), 'reads', 'read')} several labels, {apart} of them two labels that by theory "
        "have a neuron each."
    ]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


# ---- the table ----------------------------------------------------------------------------------------------------


def text_of(explained: Any) -> str:
    """Sentences, and a table of the neurons."""
    most = 40
    rows = [["neuron", "fires", "IoU", "chance", "formula", "runner-up", "most selective for"]]
    columns = columns_of_neurons(explained)
    for number in range(min(len(explained), most)):
        row = {name: values[number] for name, values in columns.items()}
        rows.append(
            [
                row["neuron"],
                f"{100 * row['fires']:.3g} %",
                _iou(row),
                "" if np.isnan(row["chance"]) else f"{row['chance']:.3f}",
                row["formula"],
                f"{row['runner_up']} ({row['runner_up_iou']:.3f})" if row["runner_up"] else "",
                _precision(row),
            ]
        )
    lines = aligned(rows, left=[4, 5, 6])
    more = len(explained) - most
    return "\n".join([*sentences_of(explained), "", *lines, *([f"... and {more} more neurons"] if more > 0 else [])])


def _iou(row: dict[str, Any]) -> str:
    if np.isnan(row["iou"]):
        return ""
    return f"{row['iou']:.3f}" if row["upper_bound"] == row["iou"] else f"{row['iou']:.3f} to {row['upper_bound']:.3f}"


def _precision(row: dict[str, Any]) -> str:
    if not row["most_selective_for"]:
        return ""
    chance = f"; chance {row['chance_precision']:.3f} ± {row['chance_deviation']:.3f}"
    return f"{row['most_selective_for']} ({row['precision']:.3f}{'' if np.isnan(row['chance_precision']) else chance})"
