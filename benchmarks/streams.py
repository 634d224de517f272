"""How long a stream takes against reading it, and in how much memory; exit code 1 if a target is missed.

    python -m benchmarks.streams [--rows N] [--folder FOLDER] [--json OUT]

Samples of three sources, correlated normal and uniform, in an .npy file that is made for it and deleted: 2.4 GB for the
hundred million rows that are usual. Reading is `numpy.memmap` summed a block at a time in one thread, and
streaming is what `modularity solve` does before it solves; in turns, each in a process of its own, *cold* where the
system was told to forget the file before, and *warm* where the file is in its memory (if that has room for it). Only
what is read from a disk is read in the time of a disk: from memory the same numbers come many times as fast.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from benchmarks.speed import Row, show

BLOCK_ROWS = 1 << 18

READ_PROGRAM = """
import sys, time
import numpy as np
start, total = time.perf_counter(), 0.0
array = np.load(sys.argv[1], mmap_mode="r")
for row in range(0, len(array), 1 << 18):
    total += float(array[row:row + (1 << 18)].sum())
print(time.perf_counter() - start)
"""

STREAM_PROGRAM = """
import resource, sys, time
from pathlib import Path
import numpy as np
from solver.reading import input_file
from solver.reading.streams import stream
from theory import Sources
Sources(np.random.default_rng(0).uniform(size=(100, 3))).vertices  # what is imported once is not counted
file = input_file(sys.argv[1])
start = time.perf_counter()
sources = stream(file)
taken = time.perf_counter() - start
print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, len(sources.points), sources.count)
"""


def blocks(kind: str, rows: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((3, 3))
    for start in range(0, rows, BLOCK_ROWS):
        shape = min(BLOCK_ROWS, rows - start), 3
        yield rng.uniform(-1, 1, size=shape) if kind == "uniform cube" else rng.standard_normal(shape) @ mixing


def made(file: Path, kind: str, rows: int) -> None:
    with file.open("wb") as stream:
        header = {"descr": "<f8", "fortran_order": False, "shape": (rows, 3)}
        np.lib.format.write_array_header_1_0(stream, header)
        for block in blocks(kind, rows):
            stream.write(block.data)
        stream.flush()
        os.fsync(stream.fileno())


def forgotten(file: Path) -> None:
    """Have the system drop the file from its memory; what cannot be told so stays as it is."""
    if hasattr(os, "posix_fadvise"):
        with file.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run(program: str, file: Path) -> list[float]:
    done = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def measure(rows: int, folder: Path, repeats: int = 3) -> list[Row]:
    table = []
    for kind in ("correlated normal", "uniform cube"):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            file = Path(place) / "sources.npy"
            made(file, kind, rows)
            for cold in (True, False):
                times: dict[str, list[float]] = {READ_PROGRAM: [], STREAM_PROGRAM: []}
                peak = 0.0
                for _ in range(repeats):
                    for program, taken in times.items():
                        if cold:
                            forgotten(file)
                        seconds, *more = run(program, file)
                        taken.append(seconds)
                        if more:
                            assert more[2] == rows
                            peak = max(peak, more[0])
                reading, streaming = (float(np.median(taken)) for taken in times.values())
                case = f"{kind}, {rows:,} rows, {'cold' if cold else 'warm'}"
                print(f"{case}: read in {reading:.2f} s, streamed in {streaming:.2f} s", flush=True)
                # Told of the memory's speed too, but held to the disk's.
                table.append(Row(case, "time of streaming / reading", streaming / reading, 3.0 if cold else np.inf))
                table.append(Row(case, "peak memory, GB", peak / 1e9, 1.0))
    return table


@click.command()
@click.option("--rows", type=click.IntRange(min=1000), default=100_000_000, show_default=True)
@click.option("--folder", type=click.Path(exists=True, file_okay=False), default=tempfile.gettempdir())
@click.option("--json", "out", type=click.Path(dir_okay=False), help="Also write the rows to this file.")
def main(rows: int, folder: str, out: str | None) -> None:
    """Measure, print a table, and exit with 1 if a target is missed."""
    table = measure(rows, Path(folder))
    show(table)
    if out is not None:
        told = [asdict(row) | {"met": row.met, "target": row.target if row.target < np.inf else None} for row in table]
        Path(out).write_text(json.dumps(told, indent=1) + "\n")
    sys.exit(0 if all(row.met for row in table) else 1)


if __name__ == "__main__":
    main()
