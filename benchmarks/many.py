"""Many small problems of two or three sources at once, beside one after the other; and one such problem by itself.

    python -m benchmarks.many [--problems N] [--samples T] [--quick] [--json OUT]

Several kinds of problems. Of each part the processor's time for one problem: to pose it, to find and prove its code
among the others, to write its answer out, and `solve` of it alone, taken in turns in this process. The ratio is that of
`solve` to a problem among the others, both posed already.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import click
import numpy as np

from benchmarks.reporting import machine, show
from solver import Problem, solve, solve_many
from theory.readouts import Soft

SOLVED_ALONE = 20  # problems solved one by one, and answers written out


def clouds(kind: str, problems: int, samples: int) -> list[Problem]:
    rng = np.random.default_rng(0)
    if kind == "grid":
        rows = rng.integers(0, 4, size=(problems, samples, 2)).astype(float)
        rows[:, :3] = [[0, 0], [0, 1], [1, 0]]
        return [Problem(cloud) for cloud in rows]
    rows = rng.normal(size=(problems, samples, 3 if "three sources" in kind else 2))
    if "soft readout" in kind:
        return [Problem(cloud, readout=Soft(10.0)) for cloud in rows]
    return [Problem(cloud) for cloud in rows]


KINDS = (
    "normal",
    "grid",
    "normal, soft readout",
    "normal, three sources",
    "normal, soft readout, three sources",
)


def milliseconds(action: Callable[[], object], count: int) -> float:
    begun = time.process_time()
    action()
    return 1e3 * (time.process_time() - begun) / count


def measured(kind: str, problems: int, samples: int) -> dict[str, object]:
    """All parts of one kind, each the median of the rounds."""
    parts: dict[str, list[float]] = {}
    gap, left = 0.0, 0
    for _ in range(3):
        posed: list[Problem] = []
        times = {"posed": milliseconds(lambda posed=posed: posed.extend(clouds(kind, problems, samples)), problems)}
        solved: list[object] = []
        times["found"] = milliseconds(lambda posed=posed, solved=solved: solved.append(solve_many(posed)), problems)
        answers = solved[0]
        times["written"] = milliseconds(lambda answers=answers: answers[:SOLVED_ALONE], SOLVED_ALONE)
        fresh = clouds(kind, SOLVED_ALONE, samples)
        times["alone"] = milliseconds(lambda fresh=fresh: [solve(problem) for problem in fresh], SOLVED_ALONE)
        for part, value in times.items():
            parts.setdefault(part, []).append(value)
        gap, left = float(answers.gap.max()), int((~answers.at_once).sum())
    medians = {part: float(np.median(values)) for part, values in parts.items()}
    ratio = float(np.median(np.array(parts["alone"]) / np.array(parts["found"])))
    return {"kind": kind, "problems": problems, "samples": samples, **medians, "ratio": ratio, "gap": gap, "left": left}


@click.command()
@click.option("--problems", default=10_000, show_default=True, help="Problems at once.")
@click.option("--samples", default=30, show_default=True, help="Samples of each.")
@click.option("--quick", is_flag=True, help="A hundredth of the problems.")
@click.option("--json", "target", type=click.Path(dir_okay=False), help="File to write the numbers to.")
def main(problems: int, samples: int, quick: bool, target: str | None) -> None:
    """Measure, and print a table."""
    count = problems // 100 if quick else problems
    rows = [measured(kind, count, samples) for kind in KINDS]
    head = ("kind", "posed", "found", "written", "solve", "solve / found", "largest gap", "solved by themselves")
    title = f"Milliseconds a problem of {samples} samples, {count:,} at once ({machine(['numpy'])['processor']})"
    show(
        title,
        head,
        [
            (
                str(row["kind"]),
                *(f"{row[part]:.3g}" for part in ("posed", "found", "written", "alone", "ratio")),
                f"{row['gap']:.1e}",
                str(row["left"]),
            )
            for row in rows
        ],
    )
    if target is not None:
        with open(target, "w") as stream:
            json.dump(rows, stream, indent=1)


if __name__ == "__main__":
    main()
