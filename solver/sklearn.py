"""The optimal code as an estimator of scikit-learn, for pipelines and searches over parameters.

Needs `pip install 'modularity-solver[sklearn]'`.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from solver.extras import missing
from solver.representation import Representation
from solver.solving.solve import solve
from theory.arrays import Array
from theory.inputs import as_matrix, checked_probabilities, column_names, require_plain
from theory.principal import PrincipalCoordinates
from theory.problem import COSTS, Problem

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise missing("solver.sklearn", "sklearn", "scikit-learn 1.6 or later") from error


class OptimalCode(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The nonnegative, energy-saving linear code of least loss, with its certificate, of data without known sources.

    Args:
        n_components: principal coordinates of the data that are coded, as in `sklearn.decomposition.PCA`: a number, or
            a share of the variance strictly between zero and one; None for all along which the data vary.
        encoder_cost: as in `Problem`.
        decoder_cost: as in `Problem`.
        activity_cost: as in `Problem`.
        bias_cost: as in `Problem`.
        method: as in `solve`.
        tolerance: as in `solve`.
        time_limit: as in `solve`.
        random_state: seed, generator or None for random starts, where there are any.

    Attributes:
        components_: (n, features) what each neuron adds to the reconstruction: the decoder, as rows.
        encoder_: (n, features) what each neuron reads.
        n_neurons_: n.
        n_components_: number of coordinates that are coded.
        kept_: their share of the variance.
        loss_: of the code.
        lower_bound_: on the loss of every code.
        gap_: relative gap between the two.
        status_: "optimal", "bounded" or "interrupted", as from `solve`.
        representation_: the answer of `solve`.
        n_features_in_: number of columns of the data.
        feature_names_in_: their names, if they had any.

    Raises:
        ValueError: from `fit`, for data or parameters that cannot be used, saying which and why.

    Source: docs/mathematics.md, "Data without known sources".

    Example:
        >>> from sklearn.datasets import load_iris
        >>> code = OptimalCode(n_components=2).fit(load_iris().data)
        >>> bool(code.gap_ < 1e-8), code.components_.shape[1]
        (True, 4)
        >>> bool((code.transform(load_iris().data) >= 0).all())
        True
    """

    def __init__(
        self,
        n_components: float | None = None,
        *,
        encoder_cost: float = 1.0,
        decoder_cost: float = 1.0,
        activity_cost: float = 1.0,
        bias_cost: float = 0.0,
        method: str = "auto",
        tolerance: float = 1e-8,
        time_limit: float | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.encoder_cost = encoder_cost
        self.decoder_cost = decoder_cost
        self.activity_cost = activity_cost
        self.bias_cost = bias_cost
        self.method = method
        self.tolerance = tolerance
        self.time_limit = time_limit
        self.random_state = random_state

    # ---- fitting ----------------------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None) -> Self:  # noqa: ARG002
        """Find the optimal code of data X (T, features).

        Args:
            X: one row per sample.
            y: ignored.
            sample_weight: (T,) how much the energy of each sample counts. As everywhere in scikit-learn a sample of
                weight zero is as good as absent (`Problem` keeps it in the hull).

        Example:
            >>> square = [[0, 0], [0, 1], [1, 0], [1, 1]]
            >>> OptimalCode().fit(square).n_neurons_
            2
        """
        require_plain(X, "X")
        data = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        weights = checked_probabilities(sample_weight, len(data))
        if weights is not None:
            data, weights = data[weights > 0], weights[weights > 0]
        share = isinstance(self.n_components, float)
        sources = PrincipalCoordinates.of(
            data,
            None if share else self.n_components,  # type: ignore[arg-type] # a whole number, or refused there
            self.n_components if share else None,
            weights,
            channels=getattr(self, "feature_names_in_", None),
        )
        limits = {name: getattr(self, name) for name in ("method", "tolerance", "time_limit")}
        costs = {name: getattr(self, name) for name in COSTS}
        answer = solve(Problem(sources, mixing=sources.axes, **costs), rng=self._generator(), **limits)
        assert isinstance(answer, Representation)
        self.representation_: Representation = answer
        self.components_: Array = answer.decoder.T
        self.encoder_: Array = answer.encoder
        self.n_neurons_ = len(answer)
        self.n_components_ = sources.dimension
        self.kept_ = sources.kept
        self.loss_, self.lower_bound_, self.gap_ = answer.loss, answer.lower_bound, answer.gap
        self.status_ = answer.status
        return self

    def _generator(self) -> np.random.Generator:
        """A generator for `solve`; where scikit-learn gives one of numpy's older kind, that seeds it."""
        if isinstance(self.random_state, np.random.RandomState):
            return np.random.default_rng(self.random_state.randint(2**31))
        return np.random.default_rng(self.random_state)

    # ---- using it ---------------------------------------------------------------------------------------------

    def transform(self, X: ArrayLike) -> Array:
        """Activity (T, n), none below zero: data beyond the hull of those that were fitted are rectified.

        Example:
            >>> square = [[0, 0], [0, 1], [1, 0], [1, 1]]
            >>> bool(OptimalCode().fit(square).transform(square).min() >= 0)
            True
        """
        check_is_fitted(self)
        require_plain(X, "X")
        return self._activity(validate_data(self, X, dtype=np.float64, reset=False))

    def inverse_transform(self, X: ArrayLike) -> Array:
        """Data (T, features) read out from activity X (T, n), in any kind of table.

        Data in the hull of those that were fitted come back exactly, but for what the coordinates do not keep.
        Columns that are named as `transform` names them may come in any order.

        Example:
            >>> square = [[0, 0], [0, 1], [1, 0], [1, 1]]
            >>> code = OptimalCode().fit(square)
            >>> bool(np.allclose(code.inverse_transform(code.transform(square)), square))
            True
        """
        check_is_fitted(self)
        names, activity = column_names(X), np.asarray(X)
        ours = [str(name) for name in self.get_feature_names_out()]
        if names is not None and sorted(names) == sorted(ours):
            activity = activity[:, [names.index(name) for name in ours]]
        return self._data(as_matrix(activity, "X", columns=names) if self.n_neurons_ else activity)

    def score(self, X: ArrayLike, y: object = None) -> float:  # noqa: ARG002
        """Share of the variance of X that the code keeps, at most one: of data beyond the hull something is lost.

        The variance is taken about the mean of the data fitted, so that a single row has a score too. The score does
        not depend on the units of the costs, so that searches over them compare like with like.

        Example:
            >>> square = [[0, 0], [0, 1], [1, 0], [1, 1]]
            >>> round(OptimalCode(n_components=1).fit(square).score(square), 9)
            0.5
        """
        check_is_fitted(self)
        require_plain(X, "X")
        data = validate_data(self, X, dtype=np.float64, reset=False)
        error = ((data - self._data(self._activity(data))) ** 2).sum()
        whole = ((data - self._coordinates.centre) ** 2).sum()
        # At the mean itself there is nothing to lose.
        return float(1 - error / whole) if whole > 0 else 1.0

    def _activity(self, data: Array) -> Array:
        return self.representation_.activity(self._coordinates.coordinates(data))

    def _data(self, activity: Array) -> Array:
        return np.asarray(self.representation_.reconstruct(activity) + self._coordinates.centre)

    @property
    def _coordinates(self) -> PrincipalCoordinates:
        return self.representation_.problem.sources  # type: ignore[return-value] # of the problem posed in `fit`

    @property
    def _n_features_out(self) -> int:
        return self.n_neurons_
