"""A page of reports: the table, and pictures of the closest calls and of counterexamples."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape

from solver.pictures.style import as_png
from solver.verification.judgement import Judgement
from solver.verification.verify import Report
from theory.symbolic.markup import unmarked
from theory.writing import written_whole

PAGE_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --card: #f6f7f8; --text: #1d2125; --line: #c9cfd4; --bad: #b03a0c; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --card: #1d2125; --text: #e8ebee; --line: #3f474e; --bad: #ff9466; }
}
body { font: 16px/1.45 system-ui, Helvetica, Arial, sans-serif; background: var(--ground); color: var(--text);
  max-width: 60em; margin: 1em auto; padding: 0 1em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3em 0.6em; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
.refuted { color: var(--bad); font-weight: bold; } .source { opacity: 0.75; }
img { max-width: 100%; background: #fff; border-radius: 4px; } h2 { margin-top: 2em; overflow-wrap: anywhere; }
pre { background: var(--card); padding: 0.8em; overflow-x: auto; } a { color: inherit; }
"""


def write_report(reports: Sequence[Report], path: str | os.PathLike[str]) -> None:
    """Write an .html page that needs no other file.

    Args:
        reports: from `solver.verify`.
        path: where, whole or not at all.
    """
    header = ("theorem", "trials", "agree", "undecided", "refuted", "worst margin", "seconds", "near misses that fail")
    rows = "".join(_row(report) for report in reports)
    title = "Theorems against certified optima"
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{title}</title><style>{PAGE_STYLE}</style></head><body><h1>{title}</h1>",
        f"<div class='scroll'><table><tr>{''.join(f'<th>{name}</th>' for name in header)}</tr>{rows}</table></div>",
        *(_section(report) for report in reports),
        "</body></html>\n",
    ]
    with written_whole(path) as temporary:
        temporary.write_text("\n".join(parts), encoding="utf-8")


def _row(report: Report) -> str:
    refuted = '<span class="refuted">yes</span>' if report.disagreements else "no"
    counts = f"<td>{report.trials}</td><td>{report.agreements}</td><td>{report.undecided}</td>"
    return (
        f"<tr><td>{escape(report.name)}</td>{counts}<td>{refuted}</td>"
        f"<td>{'-' if report.worst is None else f'{report.worst_margin:.1e}'}</td><td>{report.seconds:.1f}</td>"
        f"<td>{f'{report.near_failures} of {report.near_misses}' if report.near_misses else '-'}</td></tr>"
    )


def _section(report: Report) -> str:
    parts = [f"<h2>{escape(report.name)}</h2><p>{escape(unmarked(report.statement))}</p>"]
    if report.source:
        parts.append(f'<p class="source">Source: {escape(report.source)}.</p>')
    if report.counterexample is not None:
        parts.append(f'<p class="refuted">Refuted.</p><pre>{escape(str(report))}</pre>')
        parts.append(_picture(report.counterexample[1]))
    elif report.worst is not None:
        parts.append(f"<p>Closest call: {escape(report.worst[1].said)}.</p>{_picture(report.worst[1])}")
    else:
        parts.append("<p>No problem that was drawn satisfies the hypothesis and could be decided.</p>")
    return "\n".join(parts)


def _picture(judgement: Judgement) -> str:
    picture = as_png(judgement.answer.plot(), 130)
    return f"<img alt='the optimal code' src='data:image/png;base64,{picture}'>"
