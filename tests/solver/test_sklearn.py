"""The estimator is one of scikit-learn's: its checks, pipelines, searches, copies; and it is the certified optimum."""

import importlib
import pickle
import sys
from itertools import product

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_iris  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks  # noqa: E402

from solver import Problem, certify, solve  # noqa: E402
from solver.sklearn import OptimalCode  # noqa: E402
from tests.examples import plainly  # noqa: E402
from theory import InputError  # noqa: E402

IRIS = load_iris().data


@pytest.fixture(scope="module")
def fitted():
    return OptimalCode(n_components=2).fit(IRIS)


@parametrize_with_checks([OptimalCode(n_components=2)])
def test_it_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
def test_it_keeps_them_in_all_coordinates_too():
    # Of thirty columns and fifteen rows several codes share the least loss: the same one is given for the same data.
    checks = check_estimator(OptimalCode(), on_skip=None)
    left_out = {check["check_name"] for check in checks if check["status"] != "passed"}
    assert left_out <= {"check_array_api_input"}  # of other kinds of arrays, where scipy is told to take them


def test_its_certificate_is_that_of_the_problem_of_the_data(fitted):
    answer = solve(Problem.from_data(IRIS, 2))
    assert fitted.loss_ == pytest.approx(answer.loss, rel=1e-12)
    assert fitted.gap_ <= 1e-8
    assert fitted.lower_bound_ <= fitted.loss_
    assert certify(fitted.representation_.problem, fitted.representation_).gap <= 1e-8


def test_the_activity_is_nonnegative_and_reads_out_what_the_coordinates_keep(fitted):
    activity = fitted.transform(IRIS)
    assert activity.min() >= 0
    assert fitted.score(IRIS) == pytest.approx(fitted.kept_, abs=1e-9)
    exact = OptimalCode().fit(IRIS)
    assert np.allclose(exact.inverse_transform(exact.transform(IRIS)), IRIS, atol=1e-9)
    offset = exact.representation_.decoder_bias + IRIS.mean(axis=0)
    assert np.allclose(exact.transform(IRIS) @ exact.components_ + offset, IRIS, atol=1e-9)


def test_data_beyond_the_hull_are_rectified(fitted):
    far = IRIS.mean(axis=0) + 50 * (IRIS - IRIS.mean(axis=0))
    assert fitted.transform(far).min() == 0
    assert fitted.score(far) < fitted.score(IRIS)


def test_a_share_of_the_variance_may_be_asked_for():
    assert OptimalCode(n_components=0.9).fit(IRIS).n_components_ == 1
    assert OptimalCode(n_components=0.99).fit(IRIS).kept_ >= 0.99


def test_weights_are_those_of_repeated_samples_and_zero_is_absence():
    rng = np.random.default_rng(0)
    data, weights = rng.standard_t(3, size=(25, 2)), rng.integers(0, 4, size=25)
    weighted = OptimalCode().fit(data, sample_weight=weights)
    repeated = OptimalCode().fit(np.repeat(data, weights, axis=0))
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-8)


def test_it_works_in_pipelines_searches_and_copies(tmp_path):
    import joblib

    chain = make_pipeline(StandardScaler(), OptimalCode(n_components=2))
    search = GridSearchCV(chain, {"optimalcode__encoder_cost": [0.1, 1.0]}, cv=3).fit(IRIS)
    assert search.best_score_ <= 1
    best = search.best_estimator_
    file = tmp_path / "chain.joblib"
    joblib.dump(best, file)
    assert np.array_equal(joblib.load(file).transform(IRIS), best.transform(IRIS))
    assert np.array_equal(pickle.loads(pickle.dumps(best)).transform(IRIS), best.transform(IRIS))
    assert clone(best[-1]).get_params() == best[-1].get_params()


def test_names_go_in_and_come_out():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(IRIS[:, :2], columns=["length", "width"], index=np.arange(len(IRIS)) + 7)
    code = OptimalCode().set_output(transform="pandas").fit(table)
    assert code.feature_names_in_.tolist() == ["length", "width"]
    assert code.representation_.problem.sources.channels == ("length", "width")
    activity = code.transform(table)
    assert activity.columns.tolist() == list(code.get_feature_names_out())
    assert activity.columns[0] == "optimalcode0"
    assert activity.index.equals(table.index)


@pytest.mark.parametrize(
    ("kind", "given_as"),
    plainly(
        list(product(("default", "pandas", "polars"), ("array", "pandas", "polars"))),
        [("default", "array"), ("pandas", "polars"), ("polars", "pandas")],
    ),
)
@pytest.mark.filterwarnings("error")
def test_tables_of_every_kind_go_through_every_method(kind, given_as):
    names = ["a", "b", "c", "d"]
    if given_as == "array":
        table = IRIS
    elif given_as == "pandas":
        table = pytest.importorskip("pandas").DataFrame(IRIS, columns=names)
    else:
        table = pytest.importorskip("polars").DataFrame(IRIS, schema=names)
    if kind != "default":
        pytest.importorskip(kind)
    plain = OptimalCode(n_components=2).fit(IRIS)
    code = OptimalCode(n_components=2).set_output(transform=kind).fit(table)
    activity = code.transform(table)
    back = plain.inverse_transform(plain.transform(IRIS))
    np.testing.assert_allclose(code.inverse_transform(activity), back, atol=1e-12)
    if kind != "default":
        turned = activity[list(activity.columns)[::-1]]
        np.testing.assert_allclose(code.inverse_transform(turned), back, atol=1e-12)
    assert code.score(table) == pytest.approx(plain.score(IRIS), abs=1e-12)
    search = GridSearchCV(code, {"encoder_cost": [0.1, 1.0]}, cv=3, error_score="raise").fit(table)
    assert 0.9 < search.best_score_ <= 1


def test_the_score_of_rows_is_their_own(fitted):
    assert all(np.isfinite(fitted.score(row[None, :])) for row in IRIS[:20])
    assert fitted.score(IRIS.mean(axis=0)[None, :]) <= 1
    whole = ((IRIS - IRIS.mean(axis=0)) ** 2).sum(axis=1)
    lost = [(1 - fitted.score(row[None, :])) * share for row, share in zip(IRIS, whole, strict=True)]
    assert 1 - sum(lost) / whole.sum() == pytest.approx(fitted.score(IRIS), abs=1e-12)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_components": 9}, "dimension: the data vary along 4"),
        ({"n_components": 1.5}, "variance: 1.5"),
        ({"encoder_cost": -1}, "encoder_cost"),
        ({"method": "magic"}, "method"),
    ],
)
def test_bad_parameters_are_refused_when_fitting(parameters, words):
    with pytest.raises(ValueError, match=words):
        OptimalCode(**parameters).fit(IRIS)


def test_a_missing_scikit_learn_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "solver.sklearn")
    with pytest.raises(InputError, match=r"pip install 'modularity-solver\[sklearn\]'"):
        importlib.import_module("solver.sklearn")
