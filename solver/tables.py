"""Tables in, tables out: a code as a DataFrame or a Dataset, and results in the kind of table that was given.

pandas, polars and xarray are known by their objects and imported only where one is made.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.codes.certified import CertifiedCode
from solver.codes.linear import Code
from solver.extras import require
from theory.errors import InputError
from theory.inputs import column_labels
from theory.neurons import Activity
from theory.principal import PrincipalCoordinates
from theory.writing import written_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas
    import xarray

    from theory.arrays import Array

# ---- names ----------------------------------------------------------------------------------------------------


def neuron_names(code: CertifiedCode) -> list[str]:
    """Names of the n neurons, from ``neuron1`` on."""
    return [f"neuron{i + 1}" for i in range(len(code))]


def channel_names(code: CertifiedCode) -> list[str]:
    """Names of the columns of what is read out: the channels of data, the sources if they are seen as they are."""
    problem = code.problem
    count = code.decoder.shape[0]
    if isinstance(problem.sources, PrincipalCoordinates) and count == len(problem.sources.channels):
        return list(problem.sources.channels)
    if count == problem.dimension and np.array_equal(problem.readout.targets, np.eye(count)):
        return list(problem.sources.names)
    return [f"x{i + 1}" for i in range(count)]


def chosen(values: Any, names: Sequence[str], name: str) -> Any:
    """The columns of a table that have these names, in their order; what has no names, or needs none, as it is.

    Args:
        values: anything array-like.
        names: of what is wanted.
        name: what the caller calls it, for the message.

    Raises:
        InputError: a table with other columns than those wanted.
    """
    # Beside the columns that are wanted there may be any others.
    present = column_labels(values)
    unnamed = tuple(f"s{i + 1}" for i in range(len(names)))
    if present is None or present == tuple(names):
        return values
    missing = [wanted for wanted in names if wanted not in present]
    repeated = [wanted for wanted in names if present.count(wanted) > 1]
    if repeated:
        raise InputError(f"{name}: several columns are named {repeated[0]!r}; give each its own name")
    if not missing:
        return _taken(values, [present.index(wanted) for wanted in names])
    if tuple(names) == unnamed:
        return values
    raise InputError(f"{name}: there is no column {missing[0]!r}; the table has {', '.join(present[:5])}")


def _taken(values: Any, numbers: list[int]) -> Any:
    """Some columns of a table, which stays of its kind, so that what they hold is still told."""
    if hasattr(values, "iloc"):
        return values.iloc[:, numbers]
    return values.select(numbers) if hasattr(values, "column_names") else values[:, numbers]


# ---- tables like those given -----------------------------------------------------------------------------------


def like(table: Any, values: Array, columns: Sequence[str], along: str) -> Any:
    """Values in the kind of table that was given, row for row; an array for everything else.

    Args:
        table: a pandas or polars DataFrame, an xarray DataArray, or anything else.
        values: (T, k).
        columns: k names.
        along: what the columns are, as a dimension of an xarray.
    """
    library = type(table).__module__.split(".")[0]
    if library == "pandas" and hasattr(table, "index"):
        import pandas

        return pandas.DataFrame(values, index=table.index, columns=list(columns))
    if library == "polars":
        import polars

        return polars.DataFrame(values, schema=list(columns))
    if library == "xarray" and hasattr(table, "dims"):
        import xarray

        rows = table.dims[0]
        coordinates: dict[str, Any] = {along: list(columns)}
        if rows in table.coords:
            coordinates[rows] = table.coords[rows]
        return xarray.DataArray(values, coords=coordinates, dims=(rows, along))
    return values


# ---- a code as a table -----------------------------------------------------------------------------------------


def to_dataframe(code: Code) -> pandas.DataFrame:
    """One row per neuron: what it reads, what it costs and why, its bias, and its weight on every source.

    "mostly_reads" is the source, or the group, beside which all others are at most a tenth, and empty where there is
    none; "share_of_others" is what they are. "cost" is f(w), the sum of the energies of activity, bias and encoder; all
    energies are in units of the loss, and those of all neurons sum to those of the code. "bias" is what the encoder
    adds, as in `encoder_bias`;
    "mean_activity" is h(w), what that would be if the sources were centred. A source that is called like one of the
    other columns gets `` (source)`` after its name.

    Raises:
        InputError: pandas is not installed.
    """
    require("to_dataframe", "tables", "pandas")
    import pandas

    table = columns_of(code)
    frame = pandas.DataFrame(table, index=pandas.Index(table.pop("neuron"), name="neuron"))
    frame.attrs = _facts(code)
    return frame


def columns_of(code: Code) -> dict[str, list[Any]]:
    """The columns of `to_dataframe` by their names, that of the neurons first; needs no library of tables."""
    sources = code.problem.sources
    problem, mean = code.problem, sources.support(code.source_weights)
    activity = Activity.of(sources, code.source_weights, mean)
    mostly = code.mostly_reads()
    terms = dict(problem.terms(activity, code.encoder))
    table: dict[str, Any] = {
        "neuron": neuron_names(code),
        "reads": [", ".join(names) for names in code.coded_sources()],
        "mostly_reads": [name or "" for name, _ in mostly],
        "share_of_others": [share for _, share in mostly],
        "cost": code.neuron_costs,
        "energy_activity": terms.pop("activity"),
        "energy_bias": terms.pop("bias", np.zeros(len(code))),
        "energy_encoder": terms.pop("encoder", np.zeros(len(code))),
        **{f"energy_{name}": paid for name, paid in terms.items()},
        "energy_decoder": problem.decoder_cost * (code.decoder**2).sum(axis=0),
        "bias": code.encoder_bias,
        "mean_activity": mean,
    }
    for name, weights in zip(sources.names, code.source_weights.T, strict=True):
        while name in table:
            name += " (source)"  # noqa: PLW2901  # until no column has it
        table[name] = weights
    return {name: list(np.asarray(values).tolist()) for name, values in table.items()}


def to_xarray(code: Code) -> xarray.Dataset:
    """All arrays by the names of neurons, sources and channels, with the certificate as attributes.

    Dimensions are ``neuron``, ``source`` (``source_`` for the columns of the multiplier), ``seen`` (what the encoder
    reads), ``channel`` (what the decoder writes) and, where the sources are samples, ``sample``.

    Raises:
        InputError: xarray is not installed.
    """
    require("to_xarray", "tables", "xarray")
    import xarray

    arrays: dict[str, Any] = {
        "source_weights": (("neuron", "source"), code.source_weights),
        "neuron_costs": ("neuron", code.neuron_costs),
        "encoder_bias": ("neuron", code.encoder_bias),
        "multiplier": (("source", "source_"), code.multiplier),
        "encoder": (("neuron", "seen"), code.encoder),
        "decoder": (("channel", "neuron"), code.decoder),
        "decoder_bias": ("channel", code.decoder_bias),
    }
    names = list(code.problem.sources.names)
    channels = channel_names(code)
    seen = code.problem.mixing.shape[0]
    coordinates = {
        "neuron": neuron_names(code),
        "source": names,
        "source_": names,
        "channel": channels,
        "seen": channels if seen == len(channels) else [f"x{i + 1}" for i in range(seen)],
    }
    if code.problem.sources.from_samples:
        arrays["activity"] = (("sample", "neuron"), code.activity())
        arrays["sources"] = (("sample", "source"), code.problem.sources.points)
    return xarray.Dataset(arrays, coords=coordinates, attrs=_facts(code))


def write(code: Code, path: str | os.PathLike[str]) -> None:
    """The table of neurons as .csv, or everything as .nc (netCDF), whole or not at all.

    Raises:
        InputError: pandas or xarray is not installed.
        OSError: the file cannot be written.
    """
    if str(path).lower().endswith(".csv"):
        frame = to_dataframe(code)
        with written_whole(path) as temporary:
            frame.to_csv(temporary)
        return
    dataset = to_xarray(code)
    with written_whole(path) as temporary:
        dataset.to_netcdf(temporary, engine="scipy")


def _facts(code: Code) -> dict[str, Any]:
    """The certificate and the energies as numbers and words."""
    costs = {f"energy_{name}": float(value) for name, value in code.energies.items()}
    facts = {name: getattr(code, name) for name in ("status", "method", "loss", "lower_bound", "gap", "tolerance")}
    least, most = code.price_bounds
    price = {"price_of_modularity": float(code.price_of_modularity), "price_least": least, "price_most": most}
    return facts | costs | price | {"practically": code.practically, "message": code.message}
