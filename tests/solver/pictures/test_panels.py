"""Parts of a picture: in one's own axes, or alone; and what results show of themselves in a notebook."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from solver import InputError, Problem, audit, budget, modularity, solve
from tests.examples import thorough

CUT = np.array([[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]])


@pytest.fixture(scope="module")
def answer():
    return solve(Problem(CUT))


def test_in_axes_of_ones_own(answer):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert answer.plot(ax=left) is figure and not right.has_data()
    assert left.get_xlabel() == "s1" and len(left.patches) + len(left.texts) >= len(answer)
    assert answer.plot(ax=[left, right], panels=["weights", "energies"]) is figure
    assert right.get_xlabel() == "energy" and left.get_ylabel() == "neuron"


def test_some_panels_as_a_figure(answer, tmp_path):
    figure = answer.plot(tmp_path / "some.png", panels=["sources", "energies"])
    assert len(figure.axes) == 2 and (tmp_path / "some.png").stat().st_size > 1000
    assert len(answer.plot(panels="weights").axes) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"panels": ["weigths"]}, "panels: 'weigths'"),
        ({"panels": []}, "panels: there is nothing"),
        ({"ax": Figure().subplots(), "panels": ["weights", "energies"]}, "ax: 2 panel"),
        ({"ax": 3}, "ax: 1 panel"),
        ({"ax": Figure().subplots(), "path": "a.png"}, "path: the axes belong"),
    ],
)
def test_refusals(answer, options, said):
    with pytest.raises(InputError, match=said):
        answer.plot(**options)


def test_of_free_neurons_the_losses_can_be_drawn_alone():
    free = solve(Problem([[0], [1], [3]], activation="free"))
    axes = Figure().subplots()
    assert free.plot(ax=axes) is axes.get_figure() and axes.get_ylabel() == "loss"
    with pytest.raises(InputError, match="panels: 'neurons' is unknown"):
        free.plot(panels="neurons")


ACTIVITY = np.hstack([1 + CUT, 1 - CUT])


@pytest.mark.parametrize("activation", ["linear", thorough("free")])
def test_panels_of_an_audit(activation, tmp_path):
    found = audit(Problem(CUT, activation=activation), ACTIVITY)
    axes = Figure().subplots(1, 3)
    assert found.plot(ax=axes, panels=["earnings", "energies", "savings"]) is axes[0].get_figure()
    assert [len(place.patches) > 0 for place in axes] == [True] * 3 and "earns" in axes[0].get_ylabel()
    assert found.plot(ax=(alone := Figure().subplots())).axes == [alone] and "earns" in alone.get_ylabel()
    assert len(found.plot(tmp_path / "savings.svg", panels="savings").axes) == 1 and (tmp_path / "savings.svg").exists()
    with pytest.raises(InputError, match="panels: 'weights' is unknown"):
        found.plot(panels="weights")


def test_codes_and_fit_of_an_audit():
    recorded = audit(Problem(CUT), ACTIVITY, rescale=True)
    code, best, fit = recorded.plot(panels=["code", "optimum", "fit"]).axes
    assert code.get_title("left") == "this code: 4 neurons" and best.get_title("left").startswith("the optimum")
    assert fit.get_xscale() == "log"
    with pytest.raises(InputError, match="rescale=True"):
        audit(Problem(CUT), ACTIVITY).plot(panels="fit")


def test_two_sources_are_needed_for_their_plane():
    box = solve(Problem([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]))
    with pytest.raises(InputError, match="there are 3; choose 'weights'"):
        box.plot(panels=["neurons"])
    assert box.plot(ax=Figure().subplots()).axes[0].get_ylabel() == "neuron"


def test_results_show_themselves_in_a_notebook(answer):
    shown = {
        "not solved yet": answer.problem,
        "Mixed (margin": modularity(CUT),
        "No code costs less": budget(answer.problem),
        "above the optimum": audit(answer.problem, ACTIVITY),
    }
    for said, result in shown.items():
        html = result._repr_html_()
        assert said in html and html.count("<table>") == 1 and "e-17" not in html
    escaped = Problem(np.array(CUT), groups=None).sources
    assert "<b>" not in Problem(type(escaped)(CUT, names=("<b>", "&")))._repr_html_()
