"""The page to turn and hover: what it holds is certified, and a browser shows it without errors or requests."""

import json
import re
import shutil

import numpy as np
import pytest

from solver import Problem, solve
from solver.pictures.pages.explorer import explored, page
from theory.errors import InputError

CUT = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.6, 0.6]])


@pytest.fixture(scope="module")
def cut():
    return solve(Problem(CUT))


@pytest.fixture(scope="module")
def found(cut):
    return explored(cut, stops=5)


@pytest.fixture(scope="module")
def written(cut, tmp_path_factory):
    pytest.importorskip("plotly")
    file = tmp_path_factory.mktemp("pages") / "cut.html"
    cut.to_html(file, stops=5)
    return file


def test_every_stop_is_a_certified_code_at_its_price(found, cut):
    assert [stop["factor"] for stop in found["stops"]] == pytest.approx([0.01, 0.1, 1, 10, 100])
    for stop in found["stops"]:
        again = solve(Problem(CUT, encoder_cost=stop["encoder_cost"], decoder_cost=stop["decoder_cost"]))
        assert stop["lower_bound"] <= stop["loss"] == pytest.approx(again.loss, rel=1e-7)
        assert stop["gap"] <= 1e-8
        assert sum(stop["energies"].values()) == pytest.approx(stop["loss"])
    assert found["stops"][found["first"]]["loss"] == cut.loss


def test_no_neuron_earns_more_than_it_costs_and_those_of_the_code_earn_just_that(found):
    for stop in found["stops"]:
        shown = stop["certificate"]
        assert np.allclose(shown["cost"], shown["earned"], rtol=1e-5)
        assert (np.array(shown["around_earned"]) <= np.array(shown["around_cost"]) * (1 + 1e-6)).all()
        assert np.interp(shown["at"], shown["angle"], shown["around_cost"]) == pytest.approx(shown["at_cost"], rel=1e-2)


@pytest.mark.parametrize("dimension", [1, 3, 4])
def test_any_number_of_sources_has_a_page(dimension):
    points = np.random.default_rng(0).standard_t(3, size=(30, dimension))
    found = explored(solve(Problem(points)), stops=1)
    json.dumps(found, allow_nan=False)
    hull = found["sources"]["hull"]
    assert set(hull) == {1: set(), 3: {"corners", "triangles"}}.get(
        dimension, {f"{i},{j}" for j in range(4) for i in range(j)}
    )


def test_coordinates_without_a_meaning_have_no_price_of_modularity():
    found = explored(solve(Problem.from_data(CUT)), stops=1)
    assert found["stops"][0]["price"] is None
    assert not found["stops"][0]["ellipse"]


def test_the_page_is_one_file_that_holds_all_it_needs(written):
    text = written.read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?(https?:)?//", text)
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    assert len(json.loads(held[1])["stops"]) == 5


def test_names_cannot_end_the_script(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("plotly")
    named = solve(Problem(pandas.DataFrame(CUT, columns=["</script><b>", "other"])))
    page(named, tmp_path / "named.html", stops=1)
    held = (tmp_path / "named.html").read_text(encoding="utf-8")
    assert "</script><b>" not in held


@pytest.mark.parametrize("stops", [0, 4, 2.5])
def test_bad_stops_are_refused(cut, tmp_path, stops):
    with pytest.raises(InputError, match=r"stops: .* is not an odd number"):
        explored(cut, stops=stops)


def test_a_missing_library_is_named(cut, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "plotly", None)
    with pytest.raises(InputError, match=r"page: needs plotly; pip install 'modularity-solver\[page\]'"):
        cut.to_html(tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_and_answers_to_keys_and_mouse(written, scheme):
    automation = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    with automation.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        sheet = browser.new_page(color_scheme=scheme)
        trouble, requests = [], []
        sheet.on("pageerror", lambda error: trouble.append(str(error)))
        sheet.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
        sheet.on("request", lambda request: requests.append(request.url))
        sheet.goto(written.as_uri())
        sheet.wait_for_selector("body[data-ready=yes]", timeout=60_000)
        before = sheet.inner_text("#priced")
        sheet.focus("#price")
        sheet.keyboard.press("ArrowRight")
        assert "10 times" in sheet.inner_text("#priced") != before
        sheet.hover("#neurons tbody tr:nth-child(2)")
        assert "neuron 2" in sheet.inner_text("#cloud-note")
        sheet.focus("#neurons tbody tr:nth-child(1)")
        assert "neuron 1" in sheet.inner_text("#cloud-note")
        browser.close()
    assert not trouble
    assert requests == [written.as_uri()]
