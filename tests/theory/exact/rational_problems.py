"""Rational problems in two and three sources, many on the boundary of the condition or a hair beside it.

Every problem is drawn from one `random.Random`. What the verdict must be is found by other means than the program's:
facets from all subsets of samples, and the ellipsoid of F compared with each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations, permutations, product
from math import isqrt, lcm, prod
from operator import mul
from random import Random

KINDS = ("generic", "tie", "disturbed", "irrational")

OFF = range(15, 31)
"""A disturbed tie is off by ten to minus one of these."""

SCALES = range(-12, 13)
"""Powers of ten of the sources' units."""

ROOT_DIGITS = 200
"""Decimal digits of the roots that an irrational condition is compared with."""

TELLING = Fraction(1, 10**100)
"""What is closer to the boundary than this, with roots of so many digits, may be a tie."""


@dataclass(frozen=True)
class RationalProblem:
    """Arguments of `theory.modularity`."""

    points: list[list[Fraction]]
    probabilities: list[Fraction]
    options: dict = field(default_factory=dict)

    @property
    def arguments(self):
        return {"probabilities": self.probabilities, **self.options}


def draw(random: Random, kind: str, dimension: int) -> RationalProblem:
    """A problem of one of the KINDS."""
    while True:
        if kind == "generic":
            problem = random.choice([cloud, nearly_a_box])(random, dimension)
        elif kind == "irrational":
            problem = seen_through_anything(random, nearly_a_box(random, dimension))
        else:
            problem = random.choice([on_the_boundary, on_the_boundary, product_support, few_levels])(random, dimension)
            if kind == "disturbed" and problem is not None:
                problem = disturbed(random, problem)
        if problem is not None and determinant(covariance(problem)) != 0:
            return in_other_units(random, with_more_rows(random, problem))


# ---- the kinds ----------------------------------------------------------------------------------------------------


def cloud(random: Random, dimension: int) -> RationalProblem:
    count = random.randint(dimension + 1, 11)
    points = [
        [Fraction(random.randint(-99, 99), random.randint(1, 40)) for _ in range(dimension)] for _ in range(count)
    ]
    return RationalProblem(points, weights(random, count))


def nearly_a_box(random: Random, dimension: int) -> RationalProblem:
    """A box with its corners cut and unequal weights: often modular, and not on the boundary."""
    points = [list(point) for point in sorted(orbit(random, random.randint(5, 9), dimension))]
    return RationalProblem(points, [1 + share / 20 for share in weights(random, len(points))])


def on_the_boundary(random: Random, dimension: int) -> RationalProblem | None:
    """Weight moves from a set without correlations to some opposite samples until the first facet ties.

    Either without a mixing, or with one that treats all sources alike, as these samples do: then the condition is
    rational too. Along the way F is linear in the weights.
    """
    alike = random.random() < 0.4
    places = sorted(orbit(random, random.randint(3, 9), dimension, alike=alike))
    chosen = random.choice(places)
    ends = {chosen} if not alike else set(permutations(chosen))
    ends |= {tuple(-x for x in end) for end in ends}
    even = [Fraction(1, len(places))] * len(places)
    moved = [Fraction(int(place in ends), len(ends)) for place in places]
    options = {"mixing": alike_mixing(random, dimension), "encoder_cost": cost(random)} if alike else {}
    start, end = (RationalProblem([list(place) for place in places], share, options) for share in (even, moved))
    facets = facets_of(start.points)
    first, last = ([1 - value_of(form, facet) for facet in facets] for form in (condition(start)[0], condition(end)[0]))
    crossings = [a / (a - b) for a, b in zip(first, last, strict=True) if a > 0 > b]
    if min(first) < 0 or not crossings:
        return None
    share = min(crossings)
    return replace(start, probabilities=[(1 - share) * a + share * b for a, b in zip(even, moved, strict=True)])


def orbit(random: Random, size: int, dimension: int, *, alike: bool = False) -> set[tuple[Fraction, ...]]:
    """A sample at one end of its range, with its sources in another order too (alike: in all), mirrored in each."""
    sample = [Fraction(random.randint((size + 1) // 2, size)) for _ in range(dimension)]
    sample[0], sample[-1] = Fraction(size), sample[1]
    if dimension == 2:
        sample[1] = Fraction(random.randint((size + 1) // 2, size))
    orders = permutations(sample) if alike else ([*sample[k:], *sample[:k]] for k in range(2))
    signs = list(product((1, -1), repeat=dimension))
    return {tuple(s * x for s, x in zip(sign, order, strict=True)) for order in orders for sign in signs}


def alike_mixing(random: Random, dimension: int) -> list[list[Fraction]]:
    """A mixing that treats all sources alike: equal columns but for the place of one entry."""
    apart = Fraction(random.randint(-5, 5), 40)
    return [[Fraction(1) if i == j else apart for j in range(dimension)] for i in range(dimension)]


def seen_through_anything(random: Random, problem: RationalProblem) -> RationalProblem:
    """A mixing near the identity: F has square roots in it."""
    size = range(len(problem.points[0]))
    mixing = [[Fraction(random.randint(-12, 12), 50) + (i == j) for j in size] for i in size]
    return replace(problem, options={"mixing": mixing, "encoder_cost": cost(random)})


def product_support(random: Random, dimension: int) -> RationalProblem:
    """Every combination of levels, of independent sources or of others: modular in any case."""
    levels = [random.sample(range(-20, 21), random.randint(2, 3 if dimension == 3 else 4)) for _ in range(dimension)]
    points = [[Fraction(x, 7) for x in row] for row in product(*levels)]
    if random.random() < 0.5:
        return RationalProblem(points, weights(random, len(points)))
    shares = [weights(random, len(column), zero=False) for column in levels]
    rows = list(product(*shares))
    return RationalProblem(points, [row[0] * row[1] * (row[2] if dimension == 3 else 1) for row in rows])


def few_levels(random: Random, dimension: int) -> RationalProblem:
    """Few levels: many samples on common lines, planes and places."""
    count = random.randint(dimension + 1, 14)
    points = [[Fraction(random.randint(-2, 2), 10) for _ in range(dimension)] for _ in range(count)]
    return RationalProblem(points, weights(random, count))


def disturbed(random: Random, problem: RationalProblem) -> RationalProblem:
    """One coordinate, or one weight, is off by a hair either way."""
    hair = random.choice((1, -1)) * Fraction(1, 10 ** random.choice(OFF))
    row = random.randrange(len(problem.points))
    if random.random() < 0.5:
        share = list(problem.probabilities)
        share[row] = abs(share[row] + hair * (1 if share[row] else 0))
        return replace(problem, probabilities=share)
    points = [list(point) for point in problem.points]
    points[row][random.randrange(len(points[row]))] += hair
    return replace(problem, points=points)


# ---- what is done to all of them ----------------------------------------------------------------------------------


def cost(random: Random) -> Fraction:
    return Fraction(random.randint(1, 30), random.randint(1, 30))


def weights(random: Random, count: int, *, zero: bool = True) -> list[Fraction]:
    least = 0 if zero and random.random() < 0.3 else 1
    return [Fraction(random.randint(least, 9), random.randint(1, 5)) for _ in range(count)]


def with_more_rows(random: Random, problem: RationalProblem) -> RationalProblem:
    """Rows without weight between others, and rows twice, in any order: they do not change the verdict."""
    points, share = [list(point) for point in problem.points], list(problem.probabilities)
    for _ in range(random.randint(0, 2)):
        first, second = random.choice(problem.points), random.choice(problem.points)
        points.append([(a + 2 * b) / 3 for a, b in zip(first, second, strict=True)])
        share.append(Fraction(0))
    if random.random() < 0.3:
        row = random.randrange(len(points))
        points.append(list(points[row]))
        share[row] /= 2
        share.append(share[row])
    order = random.sample(range(len(points)), len(points))
    return replace(problem, points=[points[row] for row in order], probabilities=[share[row] for row in order])


def in_other_units(random: Random, problem: RationalProblem) -> RationalProblem:
    """Other units and another origin; and where there is no mixing, an encoder cost and a mixing of orthogonal columns.

    They do not change the verdict.
    """
    dimension = len(problem.points[0])
    wide = random.random() < 0.5
    units = [Fraction(random.randint(1, 9)) * Fraction(10) ** (random.choice(SCALES) * wide) for _ in range(dimension)]
    origin = [unit * random.randint(-3, 3) for unit in units]
    points = [[unit * x + o for unit, x, o in zip(units, row, origin, strict=True)] for row in problem.points]
    if problem.options:
        columns = [[x / unit for x, unit in zip(row, units, strict=True)] for row in problem.options["mixing"]]
        return replace(problem, points=points, options=problem.options | {"mixing": columns})
    options: dict = {"encoder_cost": cost(random)}
    if random.random() < 0.5:
        options["mixing"] = orthogonal_columns(random, dimension)
    return RationalProblem(points, problem.probabilities, options)


def orthogonal_columns(random: Random, dimension: int) -> list[list[Fraction]]:
    """A product of rational rotations, with the columns stretched."""
    matrix = [[Fraction(int(i == j)) for j in range(dimension)] for i in range(dimension)]
    for i, j in combinations(range(dimension), 2):
        t = Fraction(random.randint(-4, 4), random.randint(1, 5))
        cosine, sine = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        matrix[i], matrix[j] = (
            [cosine * a - sine * b for a, b in zip(matrix[i], matrix[j], strict=True)],
            [sine * a + cosine * b for a, b in zip(matrix[i], matrix[j], strict=True)],
        )
    stretch = [Fraction(random.randint(1, 9), random.randint(1, 9)) for _ in range(dimension)]
    return [[x * by for x, by in zip(row, stretch, strict=True)] for row in matrix]


# ---- what the verdict must be -------------------------------------------------------------------------------------


def expected(problem: RationalProblem) -> bool | None:
    """The verdict: that of the facets, if the ellipsoid of F is one; None if it is not, or too close to tell."""
    form, doubt = condition(problem)
    slacks = [1 - value_of(form, facet) for facet in facets_of(centred(problem))]
    if min(slacks) < -doubt:
        return False
    if any(0 < abs(slack) <= doubt for slack in slacks):
        return None
    return True if minors_not_negative(form, doubt) else None


def centred(problem: RationalProblem) -> list[list[Fraction]]:
    """-S about the mean."""
    total = sum(problem.probabilities)
    columns = zip(*problem.points, strict=True)
    mean = [sum(p * x for p, x in zip(problem.probabilities, column, strict=True)) / total for column in columns]
    return [[m - x for m, x in zip(mean, row, strict=True)] for row in problem.points]


def covariance(problem: RationalProblem) -> list[list[Fraction]]:
    rows, total = centred(problem), sum(problem.probabilities)
    size = range(len(rows[0]))
    weighted = list(zip(problem.probabilities, rows, strict=True))
    return [[sum(p * row[i] * row[j] for p, row in weighted) / total for j in size] for i in size]


def condition(problem: RationalProblem) -> tuple[list[list[Fraction]], Fraction | int]:
    """F_ij = K_ij sqrt(cost_i cost_j / (K_ii K_jj)) - M_ij, with m_i^2 on the diagonal; and what may be a tie."""
    rows, form, doubt = centred(problem), covariance(problem), Fraction(0)
    gram, metric = gram_and_inverse(problem)
    size = range(len(form))
    energy = [[form[i][j] + problem.options.get("encoder_cost", 1) * metric[i][j] for j in size] for i in size]
    least = [min(max(column), -min(column)) for column in zip(*rows, strict=True)]
    costs = [energy[i][i] + least[i] ** 2 for i in size]
    for i, j in product(size, size):
        square = costs[i] * costs[j] / (gram[i][i] * gram[j][j])
        root = root_of(square) if gram[i][j] else Fraction(0)
        form[i][j] = least[i] ** 2 if i == j else gram[i][j] * root - energy[i][j]
        if gram[i][j] and root**2 != square:
            doubt = TELLING
    return form, doubt


def gram_and_inverse(problem: RationalProblem) -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    """K = A'A, and its inverse by cofactors."""
    size = range(len(problem.points[0]))
    mixing = problem.options.get("mixing", [[Fraction(int(i == j)) for j in size] for i in size])
    gram = [[sum(row[i] * row[j] for row in mixing) for j in size] for i in size]
    volume = determinant(gram)
    units = [[Fraction(int(i == j)) for j in size] for i in size]
    inverse = [[determinant([*gram[:i], units[j], *gram[i + 1 :]]) / volume for i in size] for j in size]
    return gram, inverse


def root_of(square: Fraction) -> Fraction:
    """The square root, or a number close below it where that is irrational."""
    exact = Fraction(isqrt(square.numerator), isqrt(square.denominator))
    if exact * exact == square:
        return exact
    scale = 10**ROOT_DIGITS
    return Fraction(isqrt(square.numerator * square.denominator * scale**2), square.denominator * scale)


def value_of(form: list[list[Fraction]], facet: list[Fraction]) -> Fraction:
    size = range(len(facet))
    return sum((facet[i] * form[i][j] * facet[j] for i in size for j in size), Fraction(0))


def facets_of(points: list[list[Fraction]]) -> list[list[Fraction]]:
    """Every a with a.y <= 1 on all points and equality on d that are independent; the origin lies inside."""
    unit = lcm(*(value.denominator for row in points for value in row))
    distinct = sorted({tuple(int(value * unit) for value in row) for row in points})
    found = set()
    for chosen in combinations(distinct, len(points[0])):
        # In integers, by Cramer's rule: row.normal = height for each of the chosen.
        height = determinant(chosen)
        normal = [determinant([(*row[:k], 1, *row[k + 1 :]) for row in chosen]) for k in range(len(chosen))]
        if height < 0:
            height, normal = -height, [-value for value in normal]
        if height and all(sum(map(mul, normal, row)) <= height for row in distinct):
            found.add(tuple(Fraction(unit * value, height) for value in normal))
    return [list(facet) for facet in sorted(found)]


def determinant(rows):
    if len(rows) == 1:
        return rows[0][0]
    if len(rows) == 2:
        return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    a, b, c = rows
    return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])


def minors_not_negative(form: list[list[Fraction]], doubt: Fraction | int = 0) -> bool:
    """Whether F is positive semidefinite, beyond doubt, with its diagonal scaled to one."""
    size = range(len(form))
    subsets = [members for count in range(2, len(form) + 1) for members in combinations(size, count)]
    return all(
        determinant([[form[i][j] for j in members] for i in members]) >= doubt * prod(form[i][i] for i in members)
        for members in subsets
    )
