"""A page of reports: the table, and pictures of the closest calls and of counterexamples."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape

from solver.pictures.style import as_png
from solver.verification.judgement import Judgement
from solver.verification.verify import Report
from theory.writing import written_whole

__all__ = ["write_report"]

PAGE_STYLE = """
body { font-family: Helvetica, Arial, sans-serif; max-width: 60em; margin: 2em auto; color: #222; }
table { border-collapse: collapse; } th, td { padding: 0.3em 0.8em; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; } .refuted { color: #b03a0c; font-weight: bold; }
img { max-width: 100%; } h2 { margin-top: 2em; } pre { background: #f5f5f5; padding: 0.8em; overflow-x: auto; }
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
        f"<!doctype html><html><head><meta charset='utf-8'><title>{title}</title><style>{PAGE_STYLE}</style></head>",
        "<body>",
        f"<h1>{title}</h1><table><tr>{''.join(f'<th>{name}</th>' for name in header)}</tr>{rows}</table>",
        *(_section(report) for report in reports),
        "</body></html>\n",
    ]
    with written_whole(path) as temporary:
        temporary.write_text("\n".join(parts))


def _row(report: Report) -> str:
    refuted = '<span class="refuted">yes</span>' if report.disagreements else "no"
    counts = f"<td>{report.trials}</td><td>{report.agreements}</td><td>{report.undecided}</td>"
    return (
        f"<tr><td>{escape(report.name)}</td>{counts}<td>{refuted}</td>"
        f"<td>{'-' if report.worst is None else f'{report.worst_margin:.1e}'}</td><td>{report.seconds:.1f}</td>"
        f"<td>{f'{report.near_failures} of {report.near_misses}' if report.near_misses else '-'}</td></tr>"
    )


def _section(report: Report) -> str:
    parts = [f"<h2>{escape(report.name)}</h2>"]
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
