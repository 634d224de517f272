"""What commands are given: options that several share, and the problem that they pose."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.output import FORMATS, QUIET
from solver.commands.terminal.progress import counted, is_silent, silence
from solver.examples import EXAMPLES, path_of
from solver.extras import PAGES, PICTURES, SAVED_AS, require_writer
from theory.errors import InputError

if TYPE_CHECKING:
    from solver.reading import Choice, Energy, InputFile, NumericTable
    from solver.reading.prepared import PreparedTable
    from theory.arrays import Array
    from theory.exact.problem import ExactProblem
    from theory.principal import PrincipalCoordinates
    from theory.problem import Problem
    from theory.readouts import Reads
    from theory.sources import Sources

NEURON_KINDS = ("linear", "rectified", "free")  # kinds of `theory.neurons`, which is not imported for the help

ENERGY_OPTIONS = ("mean", "squared-mean", "peak", "context=")
"""How kinds of `solver.reading.energy` begin, which is not imported for the help."""

ANGLE = re.compile(r"(?P<name>[^=:].*?)(?:=(?P<turn>[^=:]+))?(?::(?P<count>[0-9]+))?")
"""A column that is an angle, what a turn is, and how many harmonics."""

OF_KNOWN_SOURCES = {
    "angles": "--angle",
    "categories": "--category",
    "groups": "--group",
    "trajectory": "--trajectory",
    **{name: f"--{name.replace('_', '-')}" for name in ("mixing", "targets", "transitions", "recurrent_cost")},
}
"""Options that are about sources, by the name of their value: refused where these are not known."""

READ_FROM_FILES = ("mixing", "targets", "transitions", "encoder", "decoder")  # options that are files which are read


Command = Callable[..., Any]


def names_in(module: str, *attributes: str, more: Iterable[str] = ()) -> Callable[[Any, Any, str], list[str]]:
    """Complete names that a module holds, which is imported only when the TAB key asks.

    Args:
        module: that holds them.
        attributes: collections of names, or mappings by name.
        more: further names.
    """

    def complete(_context: Any, _parameter: Any, start: str) -> list[str]:
        home = import_module(module)
        known = [str(name) for attribute in attributes for name in getattr(home, attribute)]
        return [name for name in (*known, *more) if name.startswith(start)]

    return complete


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """One decorator for several; the help lists options in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _with_file(command: Command) -> Command:
    """The argument `file`, which may be an example."""

    @wraps(command)
    def inside(*arguments: Any, file: str | None, example: str | None, **options: Any) -> Any:
        return command(*arguments, file=_file_of(file, example), **options)

    return inside


def chosen_columns(what: str) -> Callable[[Command], Command]:
    """Which columns of a table are sources, or what else `what` says."""
    return together(
        click.option(
            "--columns",
            multiple=True,
            metavar="COLUMN,COLUMN",
            help=f"Columns that are {what}, by name, number from 0 or pattern such as 'x*'.  [default: all]",
        ),
        click.option(
            "--drop", multiple=True, metavar="COLUMN,COLUMN", help=f"Columns that are no {what}; any content."
        ),
        click.option(
            "--index-column", metavar="COLUMN", help="Column that names or numbers the rows, and is none of them."
        ),
    )


column_options = together(
    chosen_columns("sources"),
    click.option(
        "--angle",
        "angles",
        multiple=True,
        metavar="COLUMN[=TURN][:N]",
        help="Column that is an angle: cosine and sine, or N harmonics. TURN: 360, 24, degrees.  [default: radians]",
    ),
    click.option("--category", "categories", multiple=True, metavar="COLUMN", help="Column of categories."),
)
"""Which columns are sources, and what they are."""

data_options = together(
    click.argument("file", metavar="FILE", type=click.Path(), required=False),
    click.option(
        "--example",
        type=click.Choice(list(EXAMPLES)),
        metavar="NAME",
        help=f"Shipped sources for FILE: {', '.join(EXAMPLES)}.",
    ),
    click.option("--encoder-cost", type=float, metavar="X", help="Cost of the squared encoder weights.  [default: 1]"),
    click.option("--decoder-cost", type=float, metavar="X", help="Cost of the squared decoder weights.  [default: 1]"),
    click.option("--weight-cost", type=float, metavar="X", help="Both costs at once."),
    click.option("--activity-cost", type=float, metavar="X", help="Cost of squared activity.  [default: 1]"),
    click.option("--bias-cost", type=float, metavar="X", help="Cost of squared biases.  [default: 0]"),
    click.option("--mixing", type=click.Path(), metavar="FILE", help="Matrix the sources are seen through."),
    click.option("--probabilities", metavar="COLUMN", help="Column of sample weights: name, or number from 0."),
    column_options,
    _with_file,
)
"""Data, from a file or of an example, and costs: what poses a problem."""

readout_options = together(
    data_options,
    click.option("--error-cost", type=float, metavar="X", help="Cost of squared error.  [default: no error]"),
    click.option(
        "--noise-variance", type=float, metavar="X", help="Variance of the neurons' noise, with --error-cost."
    ),
    click.option(
        "--targets", type=click.Path(), metavar="FILE", help="What is decoded, y = targets s.  [default: the data]"
    ),
)
"""Data, costs, and how the code is read out."""

picture_option = click.option("--plot", "picture", type=click.Path(), metavar="FILE", help="Draw .png, .pdf or .svg.")

group_option = click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="NAME=COLUMN,COLUMN",
    help="Sources, by name or number from 0, that belong together; repeatable.",
)

problem_options = together(
    readout_options,
    group_option,
    click.option(
        "--energy",
        metavar="KIND",
        shell_complete=lambda _c, _p, start: [kind for kind in ENERGY_OPTIONS if kind.startswith(start)],
        help="What activity costs: its mean square, squared-mean, peak, or context=COLUMN of weights.  [default: mean]",
    ),
    click.option(
        "--standardize",
        is_flag=True,
        help="Take each source, but angles and categories, in units of its standard deviation.",
    ),
    picture_option,
)
"""Data, costs, readout, groups of sources, and a picture."""

principal_options = together(
    click.option("--components", type=int, metavar="N", help="Sources are not known: N principal coordinates."),
    click.option("--variance", type=float, metavar="X", help="Or as many as keep this share of the variance."),
)
"""For data whose sources are not known."""

seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="For random starts and draws."
)

search_options = together(
    click.option("--tolerance", type=float, metavar="X", help="Relative gap that counts as optimal.  [default: 1e-8]"),
    click.option("--time-limit", type=float, metavar="SECONDS", help="Stop each search after this time, with a bound."),
    seed_option,
)
"""When a search ends, and where it starts."""


practically_option = click.option(
    "--practically",
    type=float,
    metavar="X",
    help="Price of modularity up to which to call a code modular for practical purposes.  [default: 0.001]",
)


def threshold_of(practically: float | None) -> float:
    """What was given with --practically, or the usual threshold."""
    from theory.conditions.practically import PRACTICALLY, checked_threshold

    return PRACTICALLY if practically is None else checked_threshold(practically)


def limits_of(options: dict[str, Any], *more: str) -> dict[str, Any]:
    """The limits of a search that were set: those of `search_options`, and more options of these names."""
    names = ("tolerance", "time_limit", *more)
    return {name: options[name] for name in names if options[name] is not None}


def _file_of(file: str | None, example: str | None) -> str:
    if file is not None and example is not None:
        raise click.UsageError(f"--example: the sources are those of {file!r} already; give one of the two")
    if example is not None:
        return str(path_of(example))
    if file is None:
        raise click.UsageError("Missing argument 'FILE': give a file, - for standard input, or --example NAME")
    return file


def format_options(*known: str) -> Callable[[Command], Command]:
    """How the answer is printed: one of the formats named (all, if none is) or quiet, as the argument `form`."""
    known = known or FORMATS

    def with_form(command: Command) -> Command:
        @wraps(command)
        def inside(*arguments: Any, form: str | None, as_object: bool, quiet: bool, **options: Any) -> Any:
            flags = {"--format": form is not None, "--json": as_object, "--quiet": quiet}
            used = [name for name, is_used in flags.items() if is_used]
            if len(used) > 1:
                raise click.UsageError(f"{' and '.join(used)}: each says how the answer is printed; give one of them")
            if quiet:
                silence()
            chosen = QUIET if quiet else "json" if as_object else form or known[0]
            return command(*arguments, form=chosen, **options)

        return inside

    help_of_format = f"How to print: {', '.join(known)}.  [default: {known[0]}]"
    return together(
        click.option("--format", "form", type=click.Choice(known), metavar="FORM", help=help_of_format),
        click.option("--json", "as_object", is_flag=True, help="Short for --format json."),
        click.option("--quiet", is_flag=True, help="Print errors only; files and exit code say the rest."),
        with_form,
    )


def costs_of(options: dict[str, Any]) -> dict[str, float]:
    """The costs that were given, by the names of `Problem`."""
    encoder, decoder, both = (options[name] for name in ("encoder_cost", "decoder_cost", "weight_cost"))
    if both is not None and (encoder is not None or decoder is not None):
        raise click.UsageError("--weight-cost sets both costs; leave out --encoder-cost and --decoder-cost")
    if both == 0:
        raise click.UsageError("--weight-cost: the cost of the decoder cannot be zero; --encoder-cost 0 sets the other")
    costs = {
        "encoder_cost": both if both is not None else encoder,
        "decoder_cost": both if both is not None else decoder,
        "activity_cost": options["activity_cost"],
        "bias_cost": options["bias_cost"],
    }
    return {name: cost for name, cost in costs.items() if cost is not None}


def require_outputs(
    options: dict[str, Any],
    *files: str,
    picture: str | None = None,
    saved: str | None = None,
    proof: str | None = None,
    page: str | None = None,
) -> None:
    """Refuse what cannot be written, or would overwrite what is read, before the work begins.

    Args:
        options: those of a command; some of them, `READ_FROM_FILES`, are files that are read.
        files: others that are read.
        picture: the picture to write, if any.
        saved: the answer to write, if any.
        proof: the proof to write, if any.
        page: the page to write, if any.
    """
    if picture is saved is proof is page is None:
        return
    from theory.writing import require_writable

    inputs = [*files, *(options[name] for name in READ_FROM_FILES if options.get(name) is not None)]
    for path, suffixes, argument in (
        (proof, (".json",), "--proof"),
        (saved, SAVED_AS, "--save"),
        (picture, PICTURES, "--plot"),
        (page, PAGES, "--page"),
    ):
        if path is not None:
            require_writer(argument, require_writable(path, suffixes, argument, inputs=inputs).suffix)


def inputs_of(file: str, options: dict[str, Any]) -> tuple[InputFile, InputFile | None]:
    """The data and the mixing, each of which may be a pipe that can be read only once."""
    from solver.reading import STANDARD_INPUT, input_file

    if file == STANDARD_INPUT == options["mixing"]:
        raise click.UsageError("--mixing: standard input cannot be both the data and the mixing; give a file for one")
    return input_file(file), None if options["mixing"] is None else input_file(options["mixing"])


def require_one_pipe(*files: str | None) -> None:
    """Refuse standard input for more than one table."""
    from solver.reading import STANDARD_INPUT

    if files.count(STANDARD_INPUT) > 1:
        raise click.UsageError("-: standard input cannot be two tables at once; give files")


def activity_of(recorded: InputFile, data: InputFile, options: dict[str, Any]) -> NumericTable:
    """Recorded activity, its rows in the order of those of the sources where a column names them in both."""
    from solver.reading import Choice, read_table, rows_in_order

    index = options["index_column"]
    table = read_table(recorded, "activity", choice=Choice.of(options["activity_columns"], (), index))
    return table if index is None else rows_in_order(table, recorded, read_table(data, choice=choice_of(options)), data)


def problem_of(file: str, options: dict[str, Any], *, whole: bool = False) -> Problem:
    """The problem that a command poses; with the samples themselves, however many they are, where these are needed."""
    costs = costs_of(options)
    return problem_from(*inputs_of(file, options), options, costs, whole=whole)


def problem_from(
    data: InputFile, mixing: InputFile | None, options: dict[str, Any], costs: dict[str, Any], *, whole: bool = False
) -> Problem:
    """The problem of files that were opened before; what was made of angles and categories is told on stderr."""
    from solver.reading import read_mixing
    from theory.principal import PrincipalCoordinates
    from theory.problem import Problem

    costs = energy_of(options).costs(costs)
    table: PreparedTable | None = None
    sources: Sources
    if options.get("components") is not None or options.get("variance") is not None:
        sources = _principal_of(data, options)
    elif options["angles"] or options["categories"]:
        table = _prepared_of(data, options)
        sources = table.sources
    else:
        sources = _sources_of(data, options, whole=whole)
    matrix = None if mixing is None else read_mixing(mixing)
    if isinstance(sources, PrincipalCoordinates):
        matrix = sources.axes
    problem = Problem(
        sources,
        mixing=matrix if table is None else table.seen(matrix),
        readout=readout_of(options, seen=None if table is None else table.mixing),
        groups=groups_of(options, sources.names) if table is None else groups_of_prepared(table, options),
        **costs | neurons_of(data, options) | recurrence_of(options, sources),
    )
    if table is not None:
        tell_notes(table)
    return problem


def _sources_of(data: InputFile, options: dict[str, Any], *, whole: bool) -> Sources:
    """The sources in a table of numbers."""
    from solver.reading import read_sources

    with counted("read") as follow:
        # The order of a series is lost in a summary.
        whole = whole or bool(options.get("trajectory")) or energy_of(options).context is not None
        sources = read_sources(data, options["probabilities"], follow, whole=whole, choice=choice_of(options))
    return sources.standardized() if options.get("standardize") else sources


def _prepared_of(data: InputFile, options: dict[str, Any]) -> PreparedTable:
    """A table with angles or categories in it."""
    from solver.reading import read_prepared

    table = read_prepared(data, options["probabilities"], choice_of(options), turns_of(options))
    return table.standardized() if options.get("standardize") else table


def choice_of(options: dict[str, Any]) -> Choice:
    """Which columns of the data are sources."""
    from solver.reading import Choice

    choice = Choice.of(options["columns"], options["drop"], options["index_column"])
    context = energy_of(options).context
    return replace(choice, angles=tuple(turns_of(options)), categories=options["categories"], context=context)


def turns_of(options: dict[str, Any]) -> dict[str, tuple[str | None, int]]:
    """What a turn of each angle is, and the number of its harmonics, by the name of the column."""
    turns: dict[str, tuple[str | None, int]] = {}
    for text in options["angles"]:
        match = ANGLE.fullmatch(text)
        if match is None:
            raise click.UsageError(f"--angle: {text!r} names no column; write COLUMN, COLUMN=360 or COLUMN=360:2")
        if match["name"] in turns:
            raise click.UsageError(f"--angle: {match['name']!r} is given twice")
        turns[match["name"]] = match["turn"], int(match["count"] or 1)
    return turns


def groups_of_prepared(table: PreparedTable, options: dict[str, Any]) -> dict[str, Any]:
    """All groups of a prepared table: those that were given, and what each other column was made into."""
    groups: dict[str, Any] = {}
    for name, members in (groups_of(options, (*table.sources.names, *table.groups)) or {}).items():
        groups[name] = [one for member in members for one in table.groups.get(str(member), (member,))]
    taken = {member for members in groups.values() for member in members}
    named = {table.sources.names[member] if isinstance(member, int) else member for member in taken}
    return groups | {name: members for name, members in table.groups.items() if not named & set(members)}


def tell_notes(table: PreparedTable) -> None:
    """Say on stderr what angles and categories were made into."""
    if not is_silent():
        for note in table.notes:
            click.echo(note, err=True)


def energy_of(options: dict[str, Any]) -> Energy:
    """What activity costs."""
    from solver.reading import Energy

    return Energy.of(options.get("energy"))


def neurons_of(data: InputFile, options: dict[str, Any]) -> dict[str, Any]:
    """The kind of neuron, if one was given, by its activation or by what its activity costs."""
    activation, energy = options.get("activation"), energy_of(options)
    if activation not in (None, "linear") and energy.kind != "mean":
        raise click.UsageError(
            f"--energy: {activation} neurons pay for their mean squared activity; leave it out, or take linear neurons"
        )
    neurons = energy.neurons(data)
    return {"neurons": neurons} if activation is None or neurons is not None else {"activation": activation}


def groups_of(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, list[int | str]] | None:
    """The groups of sources that were given, or None."""
    groups: dict[str, list[int | str]] = {}
    for text in options.get("groups") or ():
        name, sign, columns = text.partition("=")
        if not (sign and name.strip() and columns.strip()):
            raise click.UsageError(f"--group: {text!r} names no sources; write NAME=COLUMN,COLUMN")
        if name.strip() in groups:
            raise click.UsageError(f"--group: {name.strip()!r} is given twice; list all of its columns at once")
        members = [column.strip() for column in columns.split(",")]
        groups[name.strip()] = [int(one) if one.isdecimal() and one not in names else one for one in members]
    return groups or None


def _principal_of(data: InputFile, options: dict[str, Any]) -> PrincipalCoordinates:
    """Data whose sources are not known, in principal coordinates."""
    from solver.reading import read_samples
    from theory.principal import PrincipalCoordinates

    components, variance = options["components"], options["variance"]
    if components is not None and variance is not None:
        raise click.UsageError("--components, --variance: each says how many axes to keep; give one of them")
    for name, option in OF_KNOWN_SOURCES.items():
        if options.get(name) or isinstance(options.get(name), float):  # a cost of zero is one
            raise click.UsageError(f"{option}: is about sources, which are not known here; leave it out")
    table = read_samples(data, options["probabilities"], choice_of(options))
    values = table.values
    if options.get("standardize"):
        values = _standardized(values, table.probabilities)
    return PrincipalCoordinates.of(values, components, variance, table.probabilities, channels=table.names)


def _standardized(values: Array, probabilities: Array | None) -> Array:
    """Each channel about its mean, in units of its standard deviation; one that does not vary as it is."""
    import numpy as np

    mean = np.average(values, axis=0, weights=probabilities)
    deviation = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=probabilities))
    return np.asarray((values - mean) / np.where(deviation > 1e-12 * np.abs(values).max(axis=0), deviation, 1.0))


def recurrence_of(options: dict[str, Any], sources: Sources) -> dict[str, Any]:
    """The transitions and their cost, where the code has a recurrent layer."""
    file, series, cost = (options.get(name) for name in ("transitions", "trajectory", "recurrent_cost"))
    if file is not None and series:
        raise click.UsageError("--trajectory finds the transitions that --transitions gives; leave out one of them")
    if file is None and not series:
        if cost is not None:
            raise click.UsageError("--recurrent-cost: there is no recurrent layer; give --transitions or --trajectory")
        return {}
    from solver.reading import read_transitions
    from theory.dynamics import Transitions

    transitions = Transitions.from_trajectory(sources) if file is None else Transitions(read_transitions(file))
    return {"transitions": transitions} | ({} if cost is None else {"recurrent_cost": cost})


def readout_of(options: dict[str, Any], *, exact: bool = False, seen: Array | None = None) -> Reads | None:
    """How the code is read out, or None for the exact decoder of the data.

    Args:
        options: as given.
        exact: whether numbers are to stay as they were typed.
        seen: (channels, d) what of the sources the targets are of, if it is not the sources themselves.
    """
    error_cost, variance = options.get("error_cost"), options.get("noise_variance")
    if variance is not None and error_cost is None:
        raise click.UsageError("--noise-variance: noise makes errors, so they need a cost; give --error-cost")
    if error_cost is None and options.get("targets") is None:
        return None
    from solver.reading import read_exactly, read_mixing
    from theory.readouts import Exact, Noisy, Soft

    targets: Any = options.get("targets")
    if targets is not None:
        targets = read_exactly(targets, "targets")[0] if exact else read_mixing(targets, "targets")
        if seen is not None:
            if targets.shape[1] != len(seen):
                raise InputError(
                    f"targets: {targets.shape[1]} column(s) do not fit the {len(seen)} that the network sees"
                )
            targets = targets @ seen
    if exact:
        error_cost, variance = (None if cost is None else repr(cost) for cost in (error_cost, variance))
    if error_cost is None:
        return Exact(targets)
    return Soft(error_cost, targets) if variance is None else Noisy(error_cost, variance, targets)


def require_exact_prices(options: dict[str, Any]) -> None:
    """Refuse a rational verdict for costs or about groups that only floating point knows."""
    _require_single_sources(options)
    if options.get("standardize"):
        raise click.UsageError(
            "--standardize: standard deviations are no fractions, which exact verdicts need; leave it out, or give "
            "data that are standardized"
        )
    if options.get("groups"):
        raise click.UsageError("--group: exact verdicts and proofs are about single sources; leave it out")
    for name in ("activity_cost", "bias_cost", "energy"):
        if options.get(name) is not None:
            raise click.UsageError(
                f"--{name.replace('_', '-')}: exact verdicts and proofs are about activity at cost one and biases at "
                "none; leave it out, or --exact and --proof"
            )


def _require_single_sources(options: dict[str, Any]) -> None:
    if options["angles"] or options["categories"]:
        raise click.UsageError("--angle, --category: make groups of sources, and exact verdicts are about single ones")


def exact_problem_of(
    data: InputFile, mixing: InputFile | None, options: dict[str, Any], costs: dict[str, float]
) -> ExactProblem:
    """The problem in rationals."""
    _require_single_sources(options)
    from solver.reading import read_exactly
    from theory.exact.problem import ExactProblem

    sources, probabilities = read_exactly(data, probabilities=options["probabilities"], choice=choice_of(options))
    columns = None if mixing is None else read_exactly(mixing, "mixing")[0]
    # The shortest decimal that reads as the given float is what was typed.
    encoder_cost, decoder_cost = (repr(costs.get(name, 1)) for name in ("encoder_cost", "decoder_cost"))
    return ExactProblem.posed(
        sources,
        mixing=columns,
        probabilities=probabilities,
        encoder_cost=encoder_cost,
        decoder_cost=decoder_cost,
        readout=readout_of(options, exact=True),
    )
