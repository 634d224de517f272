"""The site builds without warnings, asks nothing of other machines, and is searched from a folder."""

import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from solver import Problem, Soft, audit

ROOT = Path(__file__).parents[1]
PAGES = {path.stem: path for path in (ROOT / "docs").glob("*.md")}


HOW_TO = "before_you_start", "index", "neurons", "own_table", "own_tuning_curves"


def code_of(page):
    return "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S))


@pytest.mark.thorough
@pytest.mark.parametrize("page", ["index.md", *(f"how-to/{name}.md" for name in HOW_TO)])
def test_what_a_page_shows_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code_of(page), page, "exec"), {})


def test_the_page_of_networks_runs_where_torch_is_installed():
    pytest.importorskip("torch")
    page = (ROOT / "docs/how-to/own_network.md").read_text()
    exec(compile(re.search(r"```\{.python .torch\}\n(.*?)```", page, re.S)[1], "own_network.md", "exec"), {})


@pytest.mark.networks
def test_the_page_of_networks_runs_where_jax_is_installed():
    pytest.importorskip("jax")
    page = (ROOT / "docs/how-to/own_network.md").read_text()
    names: dict[str, object] = {}
    exec(compile(re.search(r"```\{\.python \.jax\}\n(.*?)```", page, re.S)[1], "own_network.md", "exec"), names)
    assert names["found"].excess < 0.2


class Tensor(np.ndarray):
    """An array with the few words of PyTorch that the table of costs uses."""

    def pow(self, exponent):
        return self**exponent

    def numel(self):
        return self.size


def test_the_table_of_costs_says_what_a_loss_means():
    """Each row is evaluated for random tensors, and is the term of the loss that an audit finds at that cost."""
    random = np.random.default_rng(0)
    a, count, n, d = 0.7, 12, 3, 2
    s = random.standard_normal((count, d))
    W = random.standard_normal((n, d)).view(Tensor)
    z = (s @ W.T).view(Tensor)
    z = z - z.min(axis=0) + 0.1
    V = random.standard_normal((d, n))
    out = (z @ V.T).view(Tensor)
    out += (s - out).mean(axis=0)

    def loss(reduction="mean"):
        return lambda one, other: getattr((one - other) ** 2, reduction)()

    page = (ROOT / "docs/how-to/own_network.md").read_text()
    rows = re.findall(r"^\| `(a \* .*?)`(?: over T samples)? \| (.*?) \|$", page, re.M)
    assert len(rows) == 8
    names = {"a": a, "W": W, "z": z, "x": s, "out": out, "T": count, "n": n, "d": d, "MSELoss": loss}
    for said, here in rows:
        name, written = here.strip("`").removeprefix("Soft(").split("=")
        cost = eval(written[:-1] if "Soft(" in here else written, names)
        costs = {"encoder_cost": 1.0, "activity_cost": 1.0, "error_cost": 1.0, name: cost}
        readout = Soft(costs.pop("error_cost"))
        found = audit(Problem(s, readout=readout, **costs), z, encoder=W, decoder=V)
        assert found.code.energies[name.removesuffix("_cost")] == pytest.approx(eval(said, names)), said


def test_weight_decay_is_a_cost_of_half():
    """What `weight_decay=a` adds to the gradient, a W, is the slope of the encoder's term at the cost a / 2."""
    random = np.random.default_rng(1)
    s, W, a, step = random.standard_normal((9, 2)), random.standard_normal((3, 2)), 0.3, 1e-4
    z = s @ W.T
    z = z - z.min(axis=0)

    def term(weights):
        raised = s @ weights.T
        found = audit(Problem(s, encoder_cost=a / 2), raised - raised.min(axis=0), encoder=weights)
        return found.code.energies["encoder"]

    slope = np.zeros_like(W)
    for place in np.ndindex(W.shape):
        by = np.zeros_like(W)
        by[place] = step
        slope[place] = (term(W + by) - term(W - by)) / (2 * step)
    assert slope == pytest.approx(a * W, rel=1e-5)


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text()
    pages = [*PAGES.values(), *(ROOT / "docs/how-to").glob("*.md")]
    assert all(re.search(rf"[ /]{path.stem}\.md", text) for path in pages)


def test_what_people_search_for_is_on_a_page():
    words = {"pytorch": "own_network", "encoder_cost": "before_you_start", "tuning": "own_tuning_curves"}
    for word, page in words.items():
        assert word in (ROOT / f"docs/how-to/{page}.md").read_text().lower()


def test_the_citations_agree():
    page, mathematics, cff = (
        (ROOT / name).read_text() for name in ("docs/citations.md", "docs/mathematics.md", "CITATION.cff")
    )
    for number in ("2210.01768", "2410.06232", "2601.10482"):
        assert f"https://doi.org/10.48550/arXiv.{number}" in page
        assert f"arXiv:{number}" in mathematics and f"doi: 10.48550/arXiv.{number}" in cff
    listed = mathematics.partition("References")[2]
    for name, year in re.findall(r"(\w+)(?:, [\w ]+)* \((\d{4})\), \[doi", page):
        assert name == "George" or re.search(rf"^- [^(]*{name}[^(]*\({year}\)", listed, re.M), name


@pytest.mark.parametrize("page", ["theory.md"])
def test_formulas_are_understood(page):
    core = pytest.importorskip("math_core")
    set_formula = core.LatexToMathML().convert_with_local_state
    for formula in re.findall(r"^\$\$ (.*?) \$\$$", (ROOT / "docs" / page).read_text(), re.M):
        assert "<math" in set_formula(formula, displaystyle=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for name in ("mkdocs", "mkdocstrings", "math_core", "nbclient", "ratinabox"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("site")
    setting = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=setting, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_every_formula_is_set(site):
    for page in site.rglob("*.html"):
        prose = re.sub(r"<(pre|code|script)\b.*?</\1>", "", page.read_text(), flags=re.S)
        assert "arithmatex" not in prose and not re.search(r"\\[(\[]|\$\$|\\[a-z]{3}", unescape(prose)), page.name
    assert (site / "mathematics.html").read_text().count("<math") > 500


@pytest.mark.slow
def test_a_browser_asks_for_nothing_from_elsewhere(site):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shown = browser.new_page()
        asked, wrong = [], []
        shown.on("request", lambda request: asked.append(request.url))
        shown.on("console", lambda message: message.type == "error" and wrong.append(message.text))
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        for page in sorted(site.rglob("*.html"), key=lambda page: page.name == "index.html"):
            if page.name != "404.html":  # which is for servers
                shown.goto(page.as_uri())
        shown.wait_for_selector(".md-search__input:visible")
        shown.keyboard.press("/")
        shown.keyboard.type("range independence")
        shown.wait_for_selector(".md-search-result__item")
        assert "independence" in shown.inner_text(".md-search-result__list").lower()
        browser.close()
    assert asked and all(url.startswith(("file:", "data:", "blob:", "about:")) for url in asked)
    assert not wrong
