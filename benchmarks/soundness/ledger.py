"""What came of each problem, one JSON object a line, written down at once: a run goes on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.soundness.activations import activation_of
from benchmarks.soundness.crew import Finished
from benchmarks.soundness.draws import Drawn
from theory.errors import InputError

RESULTS = "results.jsonl"  # name of the file in its folder

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Record:
    """What came of one problem, and under which settings."""

    # A record counts for a run with the same seed, limit and state of the code.
    seed: int
    index: int
    time_limit: float
    code: str
    # What was drawn; also `readout`, `groups` (how many) and `activation` below.
    family: str
    sources: int
    samples: int
    channels: int
    # See `crew.Finished`.
    outcome: str
    seconds: float
    error: str = ""
    warned: tuple[str, ...] = ()
    checking_seconds: float = 0.0
    # Of the answer.
    status: str = ""
    method: str = ""
    message: str = ""
    neurons: int = 0
    loss: float | None = None
    lower_bound: float | None = None
    # See `judgement.Judgement`; None where nothing was found.
    gap: float | None = None
    ratio: float | None = None
    excess: float | None = None
    saving: float | None = None
    saved_by: str = ""
    wrong: tuple[str, ...] = ()
    readout: str = ""
    groups: int = 0
    activation: str = "linear"


def record_of(problem: Drawn, finished: Finished, *, time_limit: float, code: str) -> Record:
    """One line of the ledger."""
    values: dict[str, Any] = {"readout": problem.reading.kind, "groups": len(problem.groups or {})}
    values |= {"activation": problem.kind}
    if finished.claim is not None:
        claim = finished.claim
        values |= {name: getattr(claim, name) for name in ("status", "method", "message")}
        values |= {"loss": _number(claim.loss), "lower_bound": _number(claim.lower_bound)}
        values |= {"neurons": len(claim.encoder)}
    if finished.judgement is not None:
        judgement = finished.judgement
        values |= {name: _number(getattr(judgement, name)) for name in ("gap", "ratio", "excess", "saving")}
        values |= {"saved_by": judgement.saved_by, "wrong": tuple(judgement.wrong)}
    return Record(
        problem.seed,
        problem.index,
        time_limit,
        code,
        problem.family,
        problem.dimension,
        len(problem.points),
        problem.dimension if problem.mixing is None else len(problem.mixing),
        finished.outcome,
        finished.seconds,
        finished.error,
        finished.warned,
        finished.checking_seconds,
        **values,
    )


def _number(value: float) -> float | None:
    # JSON knows no infinity and no NaN.
    return float(value) if math.isfinite(value) else None


def read(folder: Path) -> list[Record]:
    """The records of a folder, each problem once; a last line that was torn is left out.

    Raises:
        InputError: a line, other than the last, that is no record.
    """
    path = folder / RESULTS
    if not path.exists():
        return []
    records: dict[int, Record] = {}
    whole = path.read_bytes()[: _whole_bytes(path)]
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            record = _parsed(line)
        except (ValueError, TypeError):
            raise InputError(f"{path}: line {number} is no record of this benchmark; give another folder") from None
        records.setdefault(record.index, record)
    return list(records.values())


def _parsed(line: bytes) -> Record:
    values = json.loads(line)
    if not isinstance(values, dict) or not set(values) <= {item.name for item in fields(Record)}:
        raise ValueError
    typed: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Record(**typed)


def _whole_bytes(path: Path) -> int:
    """How much of the file is whole lines, the last of which makes sense."""
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    last = content.rfind(b"\n", 0, max(0, end - 1)) + 1
    try:
        _parsed(content[last:end])
    except (ValueError, TypeError):
        return last
    return end


def require_same_run(
    folder: Path, records: list[Record], *, seed: int, time_limit: float, code: str, activation: str = "linear"
) -> None:
    """Records of another seed, limit, kind of neurons or state of the code are not mixed with new ones.

    Raises:
        InputError: there are such records.
    """
    for record in records:
        kind = activation_of(seed, record.index, activation)
        for name, is_now in (("seed", seed), ("time_limit", time_limit), ("code", code), ("activation", kind)):
            before = getattr(record, name)
            if before != is_now:
                raise InputError(
                    f"--folder: {str(folder)!r} holds results with {name} {before}, and it is {is_now} now; "
                    "give another folder, or remove that one"
                )


@contextmanager
def appending(folder: Path) -> Iterator[Any]:
    """Yield a function that writes one record down at once, behind those that are whole.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RESULTS
    if path.exists():
        os.truncate(path, _whole_bytes(path))
    with path.open("a") as stream:

        def write(record: Record) -> None:
            stream.write(json.dumps(asdict(record), allow_nan=False) + "\n")
            stream.flush()

        yield write


def state_of_code() -> str:
    """A short name for the state of the program and of this benchmark: results of different states are not one run."""
    content = hashlib.sha256()
    for folder in ("theory", "solver", "benchmarks/soundness"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            content.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return content.hexdigest()[:12]
