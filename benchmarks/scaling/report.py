"""What came of it: fitted growth, every measurement, a picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reporting import Growth, growth, linear
from benchmarks.scaling.measured import Measurement
from benchmarks.scaling.series import AXES, SERIES, Series

__all__ = ["GROWTH_HEAD", "MEASURED_HEAD", "draw", "fits", "growth_table", "held", "measured_table"]

CUT_SHORT = "interrupted"  # status of what a limit of time has ended
EXPONENTIAL = "sources"  # on this axis growth is a factor per source, on others a power


@dataclass(frozen=True)
class Fit:
    """A series, what was measured of it, and how its time grows."""

    series: Series
    rows: list[Measurement]
    seconds: Growth | None

    @property
    def largest(self) -> Measurement:
        return self.rows[-1]


def seconds_of(row: Measurement, axis: str) -> float:
    """Seconds of the processor; on the clock where several processes work."""
    taken = row.wall if axis == "workers" else row.cpu
    assert taken is not None
    return taken


def fits(measurements: Iterable[Measurement], series: Iterable[Series] = SERIES) -> list[Fit]:
    """Every series of which something was measured."""
    known = [row for row in measurements if not row.failed]
    fitted = []
    for one in series:
        rows = sorted((row for row in known if row.series == one.name), key=lambda row: row.size)
        if rows:
            whole = [row for row in rows if row.status != CUT_SHORT]
            # Less than 0.05 s tell of what there is to do for any size; the largest three sizes, of larger ones yet.
            timed = [row for row in whole if seconds_of(row, one.axis) >= 0.05][-3:]
            seconds = _growth(one.axis, timed, [seconds_of(row, one.axis) for row in timed])
            fitted.append(Fit(one, rows, seconds))
    return fitted


def _growth(axis: str, rows: Sequence[Measurement], values: Sequence[float]) -> Growth | None:
    if axis == "workers":
        return None
    sizes = [float(row.size) for row in rows]
    return linear(sizes, values) if axis == EXPONENTIAL else growth(sizes, values)


GROWTH_HEAD = ["method", "problems", "sizes", "time grows as", "seconds", "memory", "gap", "iterations"]


def growth_table(fitted: Iterable[Fit], axis: str) -> list[list[str]]:
    """Rows of words: how each series along an axis grows, and the largest of it."""
    rows = []
    for fit in fitted:
        if fit.series.axis == axis:
            last = fit.largest
            gaps = [row.gap for row in fit.rows if row.gap is not None]
            rows.append(
                [
                    fit.series.method,
                    fit.series.about,
                    f"{fit.rows[0].size:,} to {last.size:,}",
                    _grows(fit.seconds, axis),
                    f"{seconds_of(fit.rows[0], axis):.2g} to {seconds_of(last, axis):.3g}"
                    + (", cut short" if last.status == CUT_SHORT else ""),
                    "" if last.megabytes is None else f"{last.megabytes:.0f} MB",
                    "" if not gaps else f"{_gap(gaps[0])} to {_gap(gaps[-1])}",
                    "" if last.iterations is None else f"{fit.rows[0].iterations} to {last.iterations}",
                ]
            )
    return rows


def _gap(gap: float) -> str:
    return f"{gap:.0e}" if gap else "0"


def _grows(fitted: Growth | None, axis: str) -> str:
    if fitted is None:
        return "-"
    if axis == EXPONENTIAL:
        # A slope of log time over sources is a factor each.
        factor = math.exp(fitted.slope)
        return f"{factor:.2f} ± {factor * fitted.error:.2f} a source"
    return f"{axis[0].upper() if axis == 'vertices' else 'T'}^({fitted})"


MEASURED_HEAD = ["method", "axis", "size", "processor", "clock", "memory", "gap", "iterations", "neurons", "status"]


def measured_table(measurements: Iterable[Measurement]) -> list[list[str]]:
    """Rows of words: every measurement."""
    order = {series.name: place for place, series in enumerate(SERIES)}
    rows = []
    for row in sorted(measurements, key=lambda row: (order[row.series], row.size)):
        series = SERIES[order[row.series]]
        rows.append(
            [
                series.method,
                series.axis,
                f"{row.size:,}",
                "" if row.cpu is None else f"{row.cpu:.3g} s",
                "" if row.wall is None else f"{row.wall:.3g} s",
                "" if row.megabytes is None else f"{row.megabytes:.0f} MB",
                "" if row.gap is None else _gap(row.gap),
                "" if row.iterations is None else str(row.iterations),
                "" if row.neurons is None else str(row.neurons),
                row.failed or row.status,
            ]
        )
    return rows


def held(measurements: Iterable[Measurement]) -> list[tuple[Series, float]]:
    """For the series with a quick pair of sizes, of which both were measured, the ratio of their times."""
    known = {(row.series, row.size): row for row in measurements if not row.failed}
    ratios = []
    for series in SERIES:
        pair = [known.get((series.name, size)) for size in series.quick]
        if pair and all(pair):
            first, second = (seconds_of(row, series.axis) for row in pair if row is not None)
            ratios.append((series, second / first))
    return ratios


MARKS = "osD^v<>PX*hd"


def draw(fitted: Sequence[Fit], file: Path) -> None:
    """Time, memory and gap along every axis, on logarithmic scales."""
    from matplotlib.figure import Figure

    axes_present = [axis for axis in AXES if axis != "workers" and any(fit.series.axis == axis for fit in fitted)]
    methods = list(dict.fromkeys(fit.series.method for fit in fitted if fit.series.axis != "workers"))
    figure = Figure(figsize=(11, 3.1 * len(axes_present) + 0.8), layout="constrained")
    panels = figure.subplots(len(axes_present), 3, squeeze=False)
    for line, axis in zip(panels, axes_present, strict=True):
        for fit in fitted:
            if fit.series.axis == axis:
                number = methods.index(fit.series.method)
                style = {"color": f"C{number % 10}", "marker": MARKS[number % len(MARKS)], "markersize": 4}
                values = [
                    [(row.size, row.cpu) for row in fit.rows],
                    [(row.size, row.megabytes) for row in fit.rows if row.megabytes],
                    [(row.size, max(row.gap, 1e-16)) for row in fit.rows if row.gap is not None],
                ]
                for panel, points in zip(line, values, strict=True):
                    if points:
                        panel.plot(*zip(*points, strict=True), label=fit.series.method, linewidth=1.2, **style)
        names = ("seconds of processor time", "megabytes beyond the samples", "relative gap")
        for panel, name in zip(line, names, strict=True):
            panel.set(xlabel=AXES[axis], ylabel=name, yscale="log")
            panel.set_xscale("linear" if axis == EXPONENTIAL else "log")
            panel.grid(alpha=0.3)
    handles = {
        label: handle for panel in panels.flat for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=min(6, len(handles)), frameon=False
    )
    figure.savefig(file, dpi=130)
