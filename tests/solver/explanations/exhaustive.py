"""All formulas, tried one by one: what the search is held to. Slow, and written without it."""

from functools import cache
from itertools import combinations, product

import numpy as np

TIE = 1e-12


def trees(labels):
    """Every tree of at most three literals, labels repeated or not, as nested tuples."""
    literals = [(label, sign) for label in labels for sign in (False, True)]
    yield from literals
    pairs = [(operator, *two) for operator in ("and", "or") for two in product(literals, repeat=2)]
    yield from pairs
    yield from ((operator, one, pair) for operator in ("and", "or") for one in literals for pair in pairs)


def truth(tree, table):
    """(T,) where a tree is true of a table (T, k)."""
    if tree[0] not in ("and", "or"):
        label, negated = tree
        return table[:, label] ^ negated
    one, other = (truth(part, table) for part in tree[1:])
    return one & other if tree[0] == "and" else one | other


@cache
def functions(labels):
    """Every formula once: for each that is no constant the fewest literals, their labels, and one of its trees."""
    cells = np.array(list(product((False, True), repeat=labels)))
    found = {}
    for tree in trees(range(labels)):
        values = truth(tree, cells)
        if values.all() or not values.any():
            continue
        size = 1 if tree[0] not in ("and", "or") else 2 if tree[2][0] not in ("and", "or") else 3
        # Of several trees that say the same the one of fewest literals comes first.
        found.setdefault(values.tobytes(), (size, tree))
    return list(found.values())


def read_by(tree):
    """The labels of a tree."""
    return {tree[0]} if tree[0] not in ("and", "or") else read_by(tree[1]) | read_by(tree[2])


def iou_of(holds, fires, weights):
    """Intersection over union."""
    return weights[holds & fires].sum() / weights[holds | fires].sum()


def best(table, fires, weights, without=()):
    """The largest IoU of all formulas, the fewest literals that reach it, and how many formulas of so many do.

    Args:
        table: (T, k) of truth values.
        fires: (T,).
        weights: (T,).
        without: labels; what reads all of them does not count.
    """
    scored = [
        (iou_of(truth(tree, table), fires, weights), size, tree)
        for size, tree in all_of(table.shape[1])
        if not without or not set(without) <= read_by(tree)
    ]
    if not scored:
        return float("nan"), 0, 0
    top = max(value for value, _, _ in scored)
    sizes = [size for value, size, _ in scored if value >= top - TIE]
    return top, min(sizes), sizes.count(min(sizes))


@cache
def all_of(labels):
    """`functions` of three labels at a time, so that many labels cost what they must."""
    if labels <= 3:
        return functions(labels)
    found = {}
    for three in combinations(range(labels), 3):
        for size, tree in functions(3):
            named = renamed(tree, three)
            # Of fewer labels than three the same function comes up again, with the same tree.
            found[named] = size
    return [(size, tree) for tree, size in found.items()]


def renamed(tree, names):
    """The tree with other labels."""
    if tree[0] not in ("and", "or"):
        return names[tree[0]], tree[1]
    return tree[0], renamed(tree[1], names), renamed(tree[2], names)
