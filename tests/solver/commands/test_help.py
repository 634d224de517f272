"""What helps beside the answers: completion, the doctor, the gallery."""

import json
import os
import re
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

import solver
from solver import examples, extras
from solver.commands.cli import main
from solver.commands.installation import doctor
from solver.commands.installation.completion import SHELLS
from solver.pictures.pages.gallery import hang
from tests.examples import CUT
from tests.solver.commands.test_cli import accepted, process, refused, run

# ---- completion ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_asks_the_program(shell):
    script = accepted("completion", shell).stdout
    assert "_MODULARITY_COMPLETE" in script and f"{shell}_complete" in script and "modularity" in script


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["so"], "solve"),
        (["solve", "--exam"], "--example"),
        (["solve", "--example", "co"], "corner_cut_square"),
        (["phase", "one-"], "one-corner"),
        (["theorems", "range-"], "range-independence"),
        (["verify", "--theorem", "range-"], "range-independence"),
        (["reproduce", "cell"], "cell-types"),
        (["reproduce", "networks"], "networks-widths"),
        (["solve", "--solver", "S"], "SCS"),
        (["phase", "one-corner", "--against", "bias"], "bias_cost"),
        (["sweep", "--backend", "d"], "dask"),
    ],
)
def test_the_names_are_known(words, completed):
    *before, start = words
    told = ShellComplete(main, {}, "modularity", "_MODULARITY_COMPLETE").get_completions(before, start)
    assert completed in [one.value for one in told]


@pytest.mark.thorough
def test_the_program_answers():
    asked = {"_MODULARITY_COMPLETE": "bash_complete", "COMP_WORDS": "modularity phase one-", "COMP_CWORD": "2"}
    environment = os.environ | asked | {"PYTHONPATH": os.pathsep.join(sys.path)}
    said = process(env=environment).communicate()[0]
    assert "plain,one-corner" in said.splitlines()


def test_the_doctor_names_what_hides_the_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "_speed", lambda: {"iris": 0.1})
    assert json.loads(accepted("doctor", "--json").stdout)["hiding"] == []
    (tmp_path / "solver.py").write_text("mine = 1")
    assert f"{tmp_path / 'solver.py'} hides a package" in " ".join(accepted("doctor").stdout.split("\n"))


# ---- what hides the program -----------------------------------------------------------------------------------------


def test_a_file_that_hides_a_package_is_named(tmp_path):
    (tmp_path / "theory.py").write_text("mine = 1")
    (tmp_path / "mine.py").write_text("import solver")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, tmp_path / "mine.py"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode and f"theory: {tmp_path / 'theory.py'} hides the package" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["solver", "theory"])
def test_the_command_names_what_hides_it(name, tmp_path):
    (tmp_path / f"{name}.py").write_text("mine = 1")
    done = subprocess.run(
        [sys.executable, "-m", "modularity_solver", "solve", "--example", "iris"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.splitlines()
    assert done.returncode == 2 and len(said) == 1
    assert f"{name}: {tmp_path / name}.py hides the package" in said[0] and "rename that file" in said[0]


def test_other_shells_are_refused():
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in refused("completion", "tcsh")


# ---- doctor -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def healthy():
    return json.loads(accepted("doctor", "--json").stdout)


@pytest.mark.thorough
def test_what_the_doctor_finds(healthy):
    import numpy

    assert healthy["version"] == solver.__version__ and healthy["packages"]["numpy"] == numpy.__version__
    assert "CLARABEL" in healthy["conic_solvers"] and healthy["cores"] >= 1 and healthy["blas"]
    assert set(healthy["seconds"]) == set(doctor.TRIED) and all(seconds > 0 for seconds in healthy["seconds"].values())
    assert "test" not in healthy["missing"] and "(required)" not in healthy["missing"]


def test_the_doctor_in_words(monkeypatch):
    monkeypatch.setattr(doctor, "_speed", lambda: {"corner_cut_square": 0.0123, "iris": 0.5})
    monkeypatch.setattr(doctor, "_missing", lambda: {})
    words = accepted("doctor").stdout
    assert re.search(r"^Speed +corner_cut_square in 12.3 ms, iris in 500 ms, on \d+ core", words, re.M)
    assert words.endswith("Nothing is missing.\n") and max(map(len, words.splitlines())) <= doctor.LINE_WIDTH


def test_what_is_missing_and_what_is_too_old(monkeypatch):
    versions = {"plotly": "4.0", "cvxopt": None}
    known = doctor.version_of
    monkeypatch.setattr(
        doctor, "version_of", lambda name: versions.get(name, "99") if name in versions else known(name)
    )
    missing = doctor._missing()
    assert missing["page"] == ["plotly>=5.20"] and missing["solvers"] == ["cvxopt>=1.3"]
    lines = doctor._absent({"page": ["plotly>=5.20"], "(required)": ["rich>=13.7"]})
    assert "    pip install 'modularity-solver[page]'" in lines[2] and lines[2].endswith("  plotly>=5.20")
    assert "'modularity-solver'" in lines[3]


def test_a_doctor_who_is_not_installed(monkeypatch):
    from importlib import metadata

    def unknown(name):
        raise metadata.PackageNotFoundError(name)

    for name in ("requires", "version"):
        monkeypatch.setattr(metadata, name, unknown)
    monkeypatch.setattr(doctor, "_speed", dict)
    assert "runs from a folder and is not installed" in accepted("doctor").stdout.replace("\n" + " " * 15, " ")
    assert run("--version").stdout == "modularity not installed\n"


# ---- gallery ------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_page_of_every_example_and_one_that_leads_to_them(tmp_path, monkeypatch):
    pytest.importorskip("plotly")
    # All of them take long; the suite is content with one.
    monkeypatch.setattr(examples, "EXAMPLES", {"corner_cut_square": "A <square>."})
    pages = []
    index = hang(tmp_path, pages.append, stops=1)
    assert [page.name for page in pages] == [f"{name}.html" for name in examples.EXAMPLES]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["index.html", *(page.name for page in pages)])
    text = index.read_text()
    assert re.findall(r'<h2><a href="([^"]*)"', text) == [page.name for page in pages]
    # It needs nothing but itself, and the pages beside it.
    assert all(link.startswith(("data:", "corner_cut_square")) for link in re.findall(r'(?:src|href)="([^"]*)"', text))
    assert '<p class="about">A &lt;square&gt;.</p>' in text


def test_the_gallery_on_the_command_line(tmp_path, monkeypatch):
    def hung(folder, said):
        if said is not None:
            said(folder / "iris.html")
        return folder / "index.html"

    monkeypatch.setattr("solver.pictures.pages.gallery.hang", hung)
    words = accepted("gallery", tmp_path / "new").stdout
    assert "iris.html." in words and "index.html." in words and (tmp_path / "new").is_dir()
    assert accepted("gallery", tmp_path / "new", "--quiet").output == ""


def test_folders_that_are_none(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert "is a file; give the name of a folder" in refused("gallery", tmp_path / "file")
    assert "there is no folder" in refused("gallery", tmp_path / "no" / "no")
    (tmp_path / "index.html").write_text("<title>mine</title>")
    assert "is there already, of another kind" in refused("gallery", tmp_path)
    assert (tmp_path / "index.html").read_text() == "<title>mine</title>"
    monkeypatch.setattr("solver.extras.find_spec", lambda name: None)
    assert r"pip install 'modularity-solver[page]'" in refused("gallery", tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("plotly", ["solve", CUT, "--page", "code.html"]),
        ("pandas", ["solve", CUT, "--save", "code.csv"]),
        ("xarray", ["solve", CUT, "--save", "code.nc"]),
        ("pyarrow", ["sweep", "spec.toml"]),
        ("distributed", ["sweep", "spec.toml", "--backend", "dask"]),
        ("ray", ["sweep", "spec.toml", "--backend", "ray"]),
        ("hypothesis", ["verify"]),
        ("plotly", ["gallery", "pages"]),
        ("jax", ["reproduce", "networks", "--folder", "studies"]),
    ],
)
def test_what_is_not_installed_is_said_before_the_work(tmp_path, monkeypatch, module, arguments):
    def fail(*_, **__):
        pytest.fail("the work was begun")

    found = extras.find_spec
    # Whatever else is missing here: that one alone is.
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == module else found("os"))
    monkeypatch.setattr("solver.solving.run.Run.search", fail)
    cut = os.path.abspath(CUT)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text('family = "one-corner"\n[grid]\nparameter = [0.5]\n')
    said = refused(*[cut if one == CUT else one for one in arguments])
    assert re.search(rf": needs {module}; pip install 'modularity-solver\[\w+\]'$", said.strip())
    assert sorted(os.listdir(tmp_path)) in (["spec.toml"], ["spec.toml", "studies"])
