"""Answers in files: written whole, and read only if everything in them agrees with the problem they are of.

A file is read in six steps; each refuses it by the name of the first array that is wrong.

1. Read all arrays, without unpickling objects. Refuse files of a later format, and missing arrays.
2. Check that each array holds numbers or text, as its name demands.
3. Build the problem from its sources, mixing, costs, readout, groups and transitions.
4. Check that the shapes fit, that all numbers are finite, and that the multiplier is symmetric.
5. Compute from the problem and the neurons' weights what follows from them, and compare. The lower bound may not exceed
   what the multiplier could prove at best; what it does prove takes a search, which is left to `solver.certify`.
6. Compare all checksums: nothing else determines an array such as the multiplier.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.certificate import most_provable, network_agrees, optimality_gap
from solver.codes.certified import SAVED_NUMBERS, SAVED_TEXTS
from solver.codes.linear import BEYOND_DIGITS, RECURRENT_ARRAYS, SAVED_ARRAYS, Code, described
from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.conditions.practically import PRACTICALLY, checked_threshold
from theory.dynamics import Transitions
from theory.errors import InputError
from theory.groups import is_shared, membership
from theory.inputs import as_matrix
from theory.neurons import ENERGIES, Linear, Neurons
from theory.principal import PrincipalCoordinates
from theory.problem import COSTS, Problem
from theory.readouts import READOUTS
from theory.sources import Sources
from theory.summary import Moments, Summary
from theory.writing import written_whole

FORMAT_VERSION = 1  # written into every file
STREAM = "stream_"  # what the names of the summary's arrays and numbers begin with
SEPARATE = "separate_"  # what the names of the best separate code's arrays and numbers begin with
CHECKSUMS = "checksums"  # name of the array of the names and checksums of all others
COVER = "cover_"  # what those of a proof begin with; then the number of a group, where each has its own
COVER_ARRAYS = tuple(item.name for item in fields(Cover) if item.name != "parts")

TEXTS = ("names", "channels", "group_names", "readout", "neurons", *SAVED_TEXTS, CHECKSUMS)
"""Arrays that are no numbers."""

SAVED = (*SAVED_ARRAYS, *SAVED_NUMBERS, *SAVED_TEXTS)
"""What a file holds of every code; all else follows, but for a recurrent layer."""

NOT_SAVED = "not a saved representation"  # what is said of other files

STATUSES = ("optimal", "bounded", "interrupted")


@dataclass(frozen=True)
class FileTolerances:
    """How far a number in a file may lie from what is computed anew."""

    rounding: float = 1e-10  # relative, of two computations of one number, for a well-conditioned code
    provable: float = 1e-6  # share of the best provable bound: there is more rounding where scales are extreme


ALLOWED = FileTolerances()


def write(representation: Code, path: str | os.PathLike[str]) -> None:
    """Write code, certificate and problem to one .npz file, whole or not at all.

    Raises:
        InputError: neurons of a kind of one's own, which no file can describe.
        OSError: the file cannot be written.
    """
    problem = representation.problem
    content: dict[str, Any] = {name: getattr(representation, name) for name in SAVED}
    content |= {"format_version": FORMAT_VERSION, "practically": representation.practically, **posed_content(problem)}
    separate = representation.separate
    if separate is not None:
        content |= {SEPARATE + name: getattr(separate, name) for name in SAVED}
        content |= _saved_cover(separate.cover, SEPARATE + COVER)
    content |= _saved_transitions(representation) | _saved_cover(representation.cover, COVER)
    write_arrays(content, path)


def write_arrays(content: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write arrays by name, and their checksums, to one .npz file, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    everything = content | {CHECKSUMS: checksums(content)}
    with written_whole(path) as partial, partial.open("wb") as file:
        np.savez(file, **everything)


def _saved_cover(cover: Cover | None, prefix: str) -> dict[str, Any]:
    """The arrays of a proof, and of those of its groups, whose numbers follow the prefix."""
    if cover is None:
        return {}
    arrays = {name: getattr(cover, name) for name in COVER_ARRAYS}
    content: dict[str, Any] = {prefix + name: value for name, value in arrays.items() if value is not None}
    for number, part in enumerate(cover.parts):
        content |= _saved_cover(part, f"{prefix}{number}_")
    return content


def posed_content(problem: Problem) -> dict[str, Any]:
    """The arrays from which a problem is posed again, but for transitions: what `problem_in` reads.

    Args:
        problem: with a readout of the program's own.

    Raises:
        InputError: another readout.
    """
    sources = problem.sources
    content: dict[str, Any] = {
        "points": sources.points,
        "names": np.array(sources.names),
        "mixing": problem.mixing,
        **{name: getattr(problem, name) for name in COSTS},
    }
    if not sources.from_samples and sources.stream is None:
        content |= {"mean": sources.mean, "covariance": sources.covariance}
    if sources.probabilities is not None:
        content["probabilities"] = sources.probabilities
    content |= _saved_readout(problem) | _saved_groups(problem) | _saved_neurons(problem.neurons)
    if isinstance(sources, PrincipalCoordinates):
        content |= {
            "centre": sources.centre,
            "kept": sources.kept,
            "tied": float(sources.tied),
            "channels": np.array(sources.channels),
        }
    return content | _saved_stream(sources)


def checksums(content: dict[str, Any]) -> NDArray[Any]:
    """What stands in a file beside its arrays: the name of each, and its checksum."""
    return np.array([f"{name} {_checksum(value)}" for name, value in content.items()])


def _checksum(value: Any) -> str:
    """A checksum of the kind, the shape and the bytes of an array."""
    array = np.ascontiguousarray(value)
    whole = sha256(f"{array.dtype.str} {array.shape} ".encode())
    whole.update(array.tobytes())
    return whole.hexdigest()[:16]


def _saved_stream(sources: Sources) -> dict[str, Any]:
    """The summary of samples that are not kept, whose extreme rows are the points; nothing where there is none."""
    stream = sources.stream
    if stream is None:
        return {}
    moments = {item.name: getattr(stream.moments, item.name) for item in fields(Moments)}
    saved = moments | {"count": stream.count, "lower": stream.lower, "upper": stream.upper}
    return {STREAM + name: value for name, value in saved.items()}


def _saved_readout(problem: Problem) -> dict[str, Any]:
    """The readout by its kind and settings; nothing for the exact decoder of the data.

    Raises:
        InputError: a readout that is not one of the program's own.
    """
    readout = problem.given_readout
    kind = next((name for name, known in READOUTS.items() if type(readout) is known), None)
    if kind is None:
        raise InputError(f"readout: a {type(readout).__name__} is none of the program's own, and cannot be saved")
    arrays = _settings("readout", readout)
    return {"readout": kind, **arrays} if arrays else {}


def _settings(name: str, kind: Any) -> dict[str, Any]:
    """The fields of a readout or a kind of neuron as arrays, but those that are not given: what `_of_kind` reads."""
    defaults = {item.name: getattr(kind, item.name) for item in fields(kind)}
    return {
        f"{name}_{key}": np.asarray(value, dtype=np.float64) for key, value in defaults.items() if value is not None
    }


def _saved_neurons(neurons: Neurons) -> dict[str, Any]:
    """The kind of neuron by its name and settings; nothing for linear ones, nor for those that the caller names.

    Raises:
        InputError: a kind that is not one of the program's own.
    """
    if type(neurons) is Linear or not neurons.linear:
        return {}
    if ENERGIES.get(neurons.name) is not type(neurons):
        raise InputError(
            f"neurons: {type(neurons).__name__} is a kind of your own, which no file describes; "
            "keep the program that solves it, or pickle the answer"
        )
    return {"neurons": neurons.name, **_settings("neurons", neurons)}


def _saved_groups(problem: Problem) -> dict[str, Any]:
    """The groups; nothing where there are none."""
    if problem.groups is None:
        return {}
    names, separate = np.array(list(problem.groups)), problem.separate
    if is_shared(problem.groups):
        held = [np.isin(np.arange(problem.dimension), members) for members in problem.groups.values()]
        return {"group_names": names, "group_of": np.array(held), "separate": separate}
    return {"group_names": names, "group_of": membership(problem.groups), "separate": separate}


def _saved_transitions(representation: Code) -> dict[str, Any]:
    """The transitions and the layer that follows them; nothing where there are none."""
    problem = representation.problem
    if problem.transitions is None:
        return {}
    settings = {item.name: getattr(problem.transitions, item.name) for item in fields(Transitions)}
    arrays = {f"transitions_{name}": np.asarray(value) for name, value in settings.items() if value is not None}
    layer = {name: getattr(representation, name) for name in RECURRENT_ARRAYS}
    return {"recurrent_cost": problem.recurrent_cost, **arrays, **layer}


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields of the `Code` that `write` wrote.

    Raises:
        InputError: not such a file, one of a later version, or one in which something disagrees with the rest.
        OSError: the file cannot be opened.
    """
    content = _content(Path(path))  # step 1
    try:
        try:
            # Numbers beyond floating point are refused where they are looked at.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                _require_kinds(content)  # step 2
                problem = problem_in(content)  # step 3
                _require_shapes(content, problem)  # step 4
                fields_of = _agreeing(content, problem)  # step 5
        except InputError:
            raise
        except Exception:
            # What was altered can fail in any way; in a file that is as it was written that is a defect.
            require_checksums(content)
            raise
        require_checksums(content)  # step 6
        return fields_of
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


# ---- what is in the file --------------------------------------------------------------------------------------


def arrays_in(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file by name, of which nothing is checked yet.

    Raises:
        InputError: no such file.
        OSError: the file cannot be opened.
    """
    # Opened here, so that it is closed even where its content makes no sense.
    with path.open("rb") as stream:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about headers, which are read or are not
                loaded: Any = np.load(stream, allow_pickle=False)
                return {name: loaded[name] for name in loaded.files}
        except Exception:  # a damaged archive fails in a dozen ways, and each says the same
            raise InputError(f"{path}: {NOT_SAVED}; give a file that `save` or --save wrote") from None


def require_arrays(content: dict[str, NDArray[Any]], wanted: Iterable[str], path: Path) -> None:
    """Refuse a file that lacks one of these arrays."""
    missing = [name for name in wanted if name not in content]
    if missing:
        raise InputError(f"{path}: {NOT_SAVED}; it lacks {missing[0]!r}")


def _content(path: Path) -> dict[str, NDArray[Any]]:
    content = arrays_in(path)
    try:
        version = int(content["format_version"])
    except Exception:  # none, or no number
        raise InputError(f"{path}: {NOT_SAVED}; give a file that `save` or --save wrote") from None
    if version > FORMAT_VERSION:
        raise InputError(f"{path}: written by a later version (format {version}); update to read it")
    wanted = [*SAVED, "points", "names", "mixing", *COSTS, "practically", CHECKSUMS]
    if "group_names" in content:
        wanted += ["group_of", "separate"]
        if "separate" in content and not content["separate"].any():
            wanted += [SEPARATE + name for name in SAVED]
    require_arrays(content, wanted, path)
    return content


def _require_kinds(content: dict[str, NDArray[Any]]) -> None:
    """Numbers where numbers belong, and rows of them where the weights do."""
    for name, value in content.items():
        texts = name in TEXTS or name.removeprefix(SEPARATE) in SAVED_TEXTS
        if value.dtype.kind not in ("U" if texts else "biuf"):
            raise InputError(
                f"{name}: damaged or altered; it holds {value.dtype}, not {'text' if texts else 'real numbers'}"
            )
    for name in ("source_weights", SEPARATE + "source_weights"):
        if name in content and content[name].ndim != 2:
            raise InputError(f"{name}: damaged or altered; its shape is {content[name].shape}, not one row per neuron")


def _require_present(content: dict[str, NDArray[Any]], names: list[str]) -> None:
    missing = [name for name in names if name not in content]
    if missing:
        raise InputError(f"{missing[0]}: missing")


def require_checksums(content: dict[str, NDArray[Any]]) -> None:
    """Every array as it was written, all of them, and no other."""
    written = dict(str(line).rpartition(" ")[::2] for line in np.ravel(content[CHECKSUMS]).tolist())
    held = {name: _checksum(value) for name, value in content.items() if name != CHECKSUMS}
    for name in (*held, *written):
        if held.get(name) != written.get(name):
            raise InputError(f"{name}: damaged or altered; it is not what was written")


def problem_in(content: dict[str, NDArray[Any]]) -> Problem:
    """The problem that `posed_content`, and transitions beside it, describe.

    Args:
        content: arrays by name.

    Raises:
        InputError: arrays that pose none.
    """
    names = tuple(str(name) for name in np.ravel(content["names"]).tolist())
    sources: Sources
    if "kept" in content:
        sources = _principal(content)
    elif STREAM + "count" in content:
        sources = _stream(content, names)
    elif "covariance" in content:
        mean = content.get("mean")
        sources = Sources.from_moments(content["covariance"], content["points"], mean, names=names)
    else:
        sources = Sources(content["points"], content.get("probabilities"), names=names)
    costs = {name: _single(content, name) for name in COSTS}
    groups = _groups(content)
    separate = groups is not None and bool(content["separate"].any())
    transitions = _transitions(content)
    if transitions is not None:
        costs["recurrent_cost"] = _single(content, "recurrent_cost")
    return Problem(
        sources,
        mixing=content["mixing"],
        readout=_of_kind(content, "readout", READOUTS),
        neurons=_of_kind(content, "neurons", ENERGIES),
        groups=groups,
        separate=separate,
        transitions=transitions,
        **costs,
    )


def _groups(content: dict[str, NDArray[Any]]) -> dict[str, list[int]] | None:
    if "group_names" not in content:
        return None
    names, group_of = [str(name) for name in np.ravel(content["group_names"]).tolist()], content["group_of"]
    count = len(np.ravel(content["names"]))
    if group_of.ndim == 2 and group_of.shape == (len(names), count):  # of groups that share sources
        return {name: np.flatnonzero(held).tolist() for name, held in zip(names, group_of, strict=True)}
    group_of = np.ravel(group_of)
    if group_of.shape != np.ravel(content["names"]).shape or set(group_of.tolist()) != set(range(len(names))):
        raise InputError("group_of: damaged or altered; it does not give each source one of the groups")
    return {name: np.flatnonzero(group_of == number).tolist() for number, name in enumerate(names)}


def _principal(content: dict[str, NDArray[Any]]) -> PrincipalCoordinates:
    """Data without known sources, seen through their axes."""
    _require_present(content, ["centre", "channels", "tied"])
    channels = [str(name) for name in np.ravel(content["channels"]).tolist()]
    kept = _single(content, "kept")
    probabilities = content.get("probabilities")
    return PrincipalCoordinates(
        content["points"],
        content["mixing"],
        content["centre"],
        kept,
        channels=channels,
        probabilities=probabilities,
        tied=bool(_single(content, "tied")),
    )


def _stream(content: dict[str, NDArray[Any]], names: tuple[str, ...]) -> Sources:
    """Samples of which a summary is kept."""
    _require_present(content, [STREAM + name for name in (*(item.name for item in fields(Moments)), "lower", "upper")])
    # A number beyond floating point is a whole one of Python's.
    weight, count = (float(_single(content, STREAM + name)) for name in ("weight", "count"))
    origin, shift, root, lower, upper = (
        content[STREAM + name] for name in ("origin", "shift", "root", "lower", "upper")
    )
    points = as_matrix(content["points"], "points")
    if not (np.isfinite(count) and count >= 1):
        raise InputError(f"{STREAM}count: damaged or altered; {count!r} is no number of samples")
    sources = Sources.from_summary(
        Summary(int(count), Moments(weight, origin, shift, root), lower, upper, points), names=names
    )
    if sources.mean_outside is not None:
        raise InputError("stream_shift: the mean lies outside the hull of the points")
    return sources


def _transitions(content: dict[str, NDArray[Any]]) -> Transitions | None:
    if "transitions_matrices" not in content:
        return None
    _require_present(content, ["recurrent_cost", *RECURRENT_ARRAYS])
    settings: dict[str, Any] = {item.name: content.get(f"transitions_{item.name}") for item in fields(Transitions)}
    settings["ends"] = () if settings["ends"] is None else tuple(np.ravel(settings["ends"]).tolist())
    return Transitions(**settings)


def _of_kind(content: dict[str, NDArray[Any]], name: str, kinds: Mapping[str, type]) -> Any:
    """The readout or the kind of neuron that a file names, with its settings; None where it names none."""
    if name not in content:
        return None
    kind = str(content[name])
    if kind not in kinds:
        raise InputError(f"{name}: damaged or altered; {kind!r} is none of {', '.join(kinds)}")
    needed = [item.name for item in fields(kinds[kind]) if item.default is MISSING]
    _require_present(content, [f"{name}_{field}" for field in needed])
    settings: dict[str, Any] = {}
    for item in fields(kinds[kind]):
        value = content.get(f"{name}_{item.name}")
        settings[item.name] = None if value is None else value.item() if value.ndim == 0 else value
    return kinds[kind](**settings)


def _single(content: dict[str, NDArray[Any]], name: str) -> Any:
    value = content[name]
    kind = "U" if name in SAVED_TEXTS else "biuf"
    if value.size != 1 or value.dtype.kind not in kind:
        raise InputError(f"{name}: damaged or altered; it is not one {'text' if kind == 'U' else 'number'}")
    return value.item()


def _require_shapes(content: dict[str, NDArray[Any]], problem: Problem) -> None:
    """Shapes that fit and numbers that are finite, or the first that are not."""
    neurons, channels, dimension = len(content["source_weights"]), len(problem.mixing), problem.dimension
    targets = len(problem.readout.targets)
    shapes: dict[str, tuple[int, ...]] = {
        "source_weights": (neurons, dimension),
        "encoder": (neurons, channels),
        "encoder_bias": (neurons,),
        "decoder": (targets, neurons),
        "decoder_bias": (targets,),
        "neuron_costs": (neurons,),
        "multiplier": (dimension, dimension),
    }
    if problem.transitions is not None:
        count = len(problem.transitions)
        shapes |= {"recurrent": (count, neurons, neurons), "recurrent_bias": (count, neurons)}
    for name, shape in shapes.items():
        value = content[name]
        if value.shape != shape or not (value.size or (neurons == 0 and not problem.readout.exact)):
            raise InputError(f"{name}: damaged or altered; its shape {value.shape} does not fit the rest, {shape}")
        if value.size:
            as_matrix(value.reshape(len(value), -1), name)
        if value.dtype != np.float64:
            raise InputError(f"{name}: damaged or altered; it holds {value.dtype}, not float64")
    symmetric = content["multiplier"] - content["multiplier"].T
    if np.abs(symmetric).max() > ALLOWED.rounding * np.abs(content["multiplier"]).max():
        raise InputError("multiplier: damaged or altered; it is not symmetric")


# ---- whether it agrees ----------------------------------------------------------------------------------------


def _agreeing(content: dict[str, NDArray[Any]], problem: Problem) -> dict[str, Any]:
    weights = content["source_weights"]
    arrays = (*SAVED_ARRAYS, *(RECURRENT_ARRAYS if problem.transitions is not None else ()))
    stored = {name: content[name] for name in arrays} | {
        name: _single(content, name) for name in (*SAVED_NUMBERS, *SAVED_TEXTS)
    }
    if not (np.abs(weights).max(axis=1) > 0).all() or not np.isfinite(problem.readout_cost(weights.T @ weights)):
        raise InputError("source_weights: damaged or altered; from these neurons not all sources can be read")
    separate = None
    if problem.groups is not None and not problem.separate:
        separate = _separate(content, problem.separated)
    derived = described(problem, weights, None if separate is None else Code(**separate))
    if problem.separate and len(weights) and not derived["modular"]:
        raise InputError("source_weights: damaged or altered; a neuron reads several groups")
    for name, tolerance in _tolerances(problem, weights, derived).items():
        _require_agreement(name, stored[name], derived[name], tolerance)
    cover = _cover(content, problem)
    _require_proven(derived | stored, problem, cover)
    # The separate code has no threshold of its own.
    practically = checked_threshold(_single(content, "practically")) if "practically" in content else PRACTICALLY
    return derived | stored | {"cover": cover, "problem": problem, "separate": separate, "practically": practically}


def _separate(content: dict[str, NDArray[Any]], problem: Problem) -> dict[str, Any]:
    """The fields of the best separate code."""
    code = {name.removeprefix(SEPARATE): value for name, value in content.items() if name.startswith(SEPARATE)}
    try:
        _require_shapes(code, problem)
        fields_of = _agreeing(code, problem)
    except InputError as error:
        raise InputError(f"{SEPARATE}{error}") from None
    return fields_of


def _tolerances(problem: Problem, weights: Array, derived: dict[str, Any]) -> dict[str, Array]:
    """For each derived quantity how far two computations of it may lie apart, in the order they are looked at.

    Each is the allowed rounding, times the size of the terms that are added up, times the condition number of what is
    inverted.
    """
    seen = np.linalg.cond(problem.mixing / np.linalg.norm(problem.mixing, axis=0))
    read = problem.readout.condition(weights)
    absolute, mean = np.abs(weights), np.abs(problem.sources.mean)
    errors = problem.readout.errors
    centre = mean if errors is None else mean + np.abs(errors.mean)
    bias = np.abs(derived["encoder_bias"] + weights @ problem.sources.mean)
    encoder, decoder = np.abs(derived["encoder"]), np.abs(derived["decoder"])
    terms = np.einsum("ni,ij,nj->n", absolute, np.abs(problem.energy_matrix), absolute) + bias**2
    loss = sum(np.abs(value) for value in derived["energies"].values())
    summed = np.asarray(ALLOWED.rounding * (seen + read) * (loss + terms.sum()))
    recurrent_terms: dict[str, Array] = {}
    if problem.recurrence is not None:
        recurrent = np.abs(derived["recurrent"])
        size = ALLOWED.rounding * read * recurrent.max(axis=(1, 2), initial=0.0)
        resting = bias.sum() + np.abs(derived["recurrent_bias"]).max(axis=1, initial=0.0)
        moved = ALLOWED.rounding * (np.abs(problem.recurrence.offsets) @ absolute.T).max(axis=1, initial=0.0)
        recurrent_terms = {
            "recurrent": size[:, None, None],
            "recurrent_bias": (size * bias.sum() + ALLOWED.rounding * resting + moved)[:, None],
        }
    return {
        **recurrent_terms,
        "encoder": ALLOWED.rounding * seen * encoder.max(axis=0, initial=0.0),
        "encoder_bias": ALLOWED.rounding * (bias + absolute @ mean),
        "decoder": ALLOWED.rounding * read * decoder.max(axis=1, keepdims=True, initial=0.0),
        "decoder_bias": ALLOWED.rounding
        * read
        * (
            np.abs(problem.readout.targets) @ centre
            + decoder.max(axis=1, initial=0.0) * (bias.sum() + (absolute @ centre).sum())
        ),
        "neuron_costs": ALLOWED.rounding * seen * terms,
        "loss": summed,
        "modular_loss": summed if problem.separate else np.asarray(ALLOWED.rounding * seen * derived["modular_loss"]),
    }


def _require_agreement(name: str, stored: Any, derived: Any, tolerance: Array) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        agrees = np.abs(np.asarray(stored) - derived) <= tolerance
    # What has no number is none in the file either.
    agrees |= np.isnan(stored) & np.isnan(derived)
    if not agrees.all():
        raise InputError(f"{name}: damaged or altered; it disagrees with the sources and source_weights of the file")


def _require_proven(stored: dict[str, Any], problem: Problem, cover: Cover | None) -> None:
    loss, bound, gap, tolerance = (stored[name] for name in ("loss", "lower_bound", "gap", "tolerance"))
    if not 0 <= bound <= loss:
        raise InputError(f"lower_bound: damaged or altered; {bound!r} is not from zero to the loss")
    provable = most_provable(problem, stored["multiplier"], stored["source_weights"], cover)
    if bound > provable * (1 + ALLOWED.provable):
        raise InputError(f"lower_bound: damaged or altered; the multiplier proves {provable:.6g} at most")
    if not abs(gap - optimality_gap(loss, bound)) <= ALLOWED.rounding:
        raise InputError("gap: damaged or altered; it disagrees with loss and lower_bound")
    if stored["status"] not in STATUSES:
        raise InputError(f"status: damaged or altered; {stored['status']!r} is none of {', '.join(STATUSES)}")
    # Of a code without a tolerance every gap may have been within it.
    within, optimal = gap <= tolerance, stored["status"] == "optimal"
    # Within the tolerance and not optimal is only a code whose network rounding spoils, which is seen with the sources
    # in the order in which they are solved, and may be hidden by the rounding of another.
    spoilt = BEYOND_DIGITS in stored["message"]
    contradicted = (
        not within if optimal else within and not spoilt and network_agrees(problem, SimpleNamespace(**stored))
    )
    if not np.isnan(tolerance) and contradicted:
        raise InputError(f"status: damaged or altered; with a gap of {gap:.3g} it is not {stored['status']!r}")
    for name in ("iterations", "seconds"):
        if not 0 <= stored[name] < np.inf:
            raise InputError(f"{name}: damaged or altered; {stored[name]!r} is not a number from zero on")


def _cover(content: dict[str, NDArray[Any]], problem: Problem) -> Cover | None:
    cover = _cover_from(content, COVER)
    if cover is None:
        return None
    parts = [_cover_from(content, f"{COVER}{number}_") for number in range(len(problem.groups or {}))]
    cover = Cover.of_groups(parts) or cover
    cover.require_fitting(problem.canonical)
    return cover


def _cover_from(content: dict[str, NDArray[Any]], prefix: str) -> Cover | None:
    if not any(prefix + name in content for name in COVER_ARRAYS):
        return None
    _require_present(content, [prefix + name for name in COVER_ARRAYS if name not in ("samples", "symmetry")])
    return Cover(**{name: content.get(prefix + name) for name in COVER_ARRAYS})  # type: ignore[arg-type]  # are there
