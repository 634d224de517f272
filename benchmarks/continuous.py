"""Are samples of a continuous distribution ever exactly modular, and what does modularity cost them?

    python -m benchmarks.continuous

Independent samples of five laws are asked in two to four sources: how many draws are modular, and the median price by
law and number of samples. A minute of one core; exit code 1 if a draw is modular.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
import numpy as np

from solver import Problem, solve
from theory import modularity

LAWS = ("uniform", "normal", "exponential", "laplace", "arcsine")
COUNTS = (20, 100, 1000)
LARGE = (10_000, 100_000)  # samples of two sources alone, uniform and normal


def drawn(law: str, count: int, dimension: int, seed: int) -> np.ndarray:
    """Independent samples (count, dimension) of a law."""
    rng = np.random.default_rng([seed, count, dimension, LAWS.index(law)])
    size = (count, dimension)
    if law == "arcsine":
        return rng.beta(0.5, 0.5, size=size)
    return getattr(rng, law)(size=size)


def cases() -> Iterator[tuple[str, int, int]]:
    """Law, number of samples and number of sources of each row of the table."""
    for dimension in (2, 3, 4):
        for count in COUNTS[: 3 if dimension < 4 else 2]:
            for law in LAWS:
                yield law, count, dimension
    for count in LARGE:
        for law in ("uniform", "normal"):
            yield law, count, 2


@click.command()
def main() -> None:
    """Print the table."""
    total = modular = 0
    click.echo(f"{'law':>12}{'sources':>9}{'samples':>9}{'modular':>9}{'median price':>14}")
    for law, count, dimension in cases():
        draws = [drawn(law, count, dimension, seed) for seed in range(6)]
        exactly = sum(modularity(points).modular is not False for points in draws)
        price = float(np.median([solve(Problem(points)).price_of_modularity for points in draws]))
        total, modular = total + len(draws), modular + exactly
        click.echo(f"{law:>12}{dimension:>9}{count:>9,}{exactly:>9}{100 * price:>12.3g} %")
    click.echo(f"{modular} of {total} draws are modular.")
    sys.exit(modular > 0)


if __name__ == "__main__":
    main()
