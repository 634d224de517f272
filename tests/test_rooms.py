"""The house: what a room may import, and that there are no circles, lazy imports and those for types included."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import theory

ROOT = Path(theory.__file__).parents[1]

FLOORS = [
    {"theory.errors", "theory.immutable", "theory.arrays"},
    {"theory.inputs.names"},
    {"theory.modular.formulas", "theory.writing", "theory.inputs", "theory.geometry"},
    {
        "theory.summary",
        "theory.blocks",
        "theory.sources",
        "theory.principal",
        "theory.readouts",
        "theory.groups",
        "theory.dynamics",
        "theory.neurons",
        "theory.inputs.problem",
        "theory.reductions",
        "theory.modular",
        "theory.coordinates",
        "theory.problem",
        "theory.in_time",
        "theory.dependent",
    },
    {"theory.exact"},
    {"theory.bounds"},
    {"theory.conditions"},
    {"theory.symbolic"},
    {"theory.families"},
    {"theory.theorems"},
    {"theory.print_formulas", "theory.print_theory"},
    {
        "solver.pictures.__init__",
        "solver.problem",
        "solver.plain",
        "solver.verdict",
        "solver.extras",
        "solver.stopping",
        "solver.deadline",
        "solver.conic_solvers",
        "solver.codes",
        "solver.certificate",
        "solver.rectified",
        "solver.free",
        "solver.solving.plan",
        "solver.generation",
        "solver.batches",
        "solver.ambiguity",
        "solver.metrics",
        "solver.files",
        "solver.reading",
    },
    {"solver.relaxations", "solver.examples"},
    {"solver.methods", "solver.oracles"},
    {
        "solver.pictures.style",
        "solver.pictures.source_plane",
        "solver.pictures.summary",
        "solver.pictures.words",
        "solver.pictures.sketch",
        "solver.pictures.plot",
        "solver.pictures.panels",
        "solver.pictures.lettering",
        "solver.pictures.pages.explorer",
        "solver.pictures.pages.report",
        "solver.pictures.explanations",
        "solver.pictures.nonlinear",
        "solver.pictures.questions",
        "solver.pictures.training",
        "solver.codes.drawn",
        "solver.comparison",
        "solver.tables",
        "solver.nonlinear.code",
        "solver.nonlinear.files",
    },
    {
        "solver.codes.answer",
        "solver.representation",
        "solver.solving",
        "solver.nonlinear",
        "solver.explanations",
        "solver.batches.answers",
        "solver.batches.solve_many",
    },
    {"solver.questions", "solver.in_time", "solver.sweeps", "solver.strategies", "solver.sklearn", "solver.networks"},
    {"solver.auditing", "solver.pictures.audit", "solver.pictures.audit_words", "solver.pictures.audit_nonlinear"},
    {"solver.verification"},
    {"solver.pictures"},
    {"solver.studies"},
    {"solver.commands"},
    {"solver.__main__"},
]
"""From the ground up: a module may import its own floor and those below."""


def modules():
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for top in ("theory", "solver")
        for path in (ROOT / top).rglob("*.py")
        if path.parent.name not in ("theory", "solver") or path.name != "__init__.py"
    }


def statements(body):
    """All statements of a module, those within others included: imports and classes are nowhere else."""
    for node in body:
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from statements(getattr(node, name, ()))


def imported(nodes, known):
    for node in nodes:
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            yield from ({name, f"{name}.__init__"} & known.keys())


@cache
def house():
    """Of each module, what it imports, and the classes at its top: each file is read once."""
    known = modules()
    parsed = ((name, ast.parse(path.read_text()).body) for name, path in known.items())
    return {
        name: (
            set(imported(statements(body), known)) - {name},
            [node.name for node in body if isinstance(node, ast.ClassDef)],
        )
        for name, body in parsed
    }


def graph():
    return {name: others for name, (others, _) in house().items()}


def floor_of(module):
    rooms = [
        (len(room), floor)
        for floor, rooms in enumerate(FLOORS)
        for room in rooms
        if f"{module}.".startswith(f"{room}.")
    ]
    assert rooms, f"{module} has no floor"
    return max(rooms)[1]


def test_no_circles():
    list(TopologicalSorter(graph()).static_order())


def test_imports_never_climb():
    climbing = [(one, other) for one, others in graph().items() for other in others if floor_of(other) > floor_of(one)]
    assert not climbing


def test_no_room_is_crowded():
    for room in {path.parent for path in modules().values()}:
        assert len(list(room.glob("*.py"))) <= 16, room


def test_no_class_has_a_namesake():
    places = {}
    for module, (_, classes) in house().items():
        for name in classes:
            places.setdefault(name, []).append(module)
    assert not {name: found for name, found in places.items() if len(found) > 1}
