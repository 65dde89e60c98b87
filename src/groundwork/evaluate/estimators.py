"""Simple models of scikit-learn that a network must beat: built, not fitted yet."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from groundwork.core.batch import TaskName

# Of gradient boosting and of the rows kept when there are too many: the same baselines for every run.
SEED = 0
MAX_CELLS = 4_000_000  # rows x columns that a baseline is fitted on; more rows are thinned out evenly
MAX_TREES, MAX_TREE_CELLS = 500, 400_000_000  # boosting with classes: about five seconds on one core
WIDE = 300  # columns from which gradient boosting takes coarser and smaller trees
ALPHAS = np.logspace(-2, 4, 7)  # strengths of ridge regression, chosen by leaving one out of train
STRENGTHS = np.logspace(-3, 2, 6)  # of logistic regression on tables, chosen by folds of train
STOPPING = 1000  # training rows from which gradient boosting stops early, by a tenth of them
MAX_CATEGORIES = 250  # of one column in the linear model, which joins the rare ones


@dataclass(frozen=True)
class Estimators:
    """Build models that take D columns, some of which are categories, as they are."""

    num_columns: int
    categorical: tuple[int, ...]

    def linear(self, task: TaskName, folds: int) -> Any:
        """Build ridge regression, or logistic regression whose strength is chosen by two or more folds."""
        numeric = [column for column in range(self.num_columns) if column not in self.categorical]
        impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        encode = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES)
        prepare = ColumnTransformer(
            [
                ("numeric", make_pipeline(impute, StandardScaler()), numeric),
                ("categorical", encode, list(self.categorical)),
            ]
        )
        if task == "regression":
            return make_pipeline(prepare, RidgeCV(ALPHAS))
        model: Any = LogisticRegression()
        if folds > 1:
            model = GridSearchCV(model, {"C": STRENGTHS}, scoring="neg_log_loss", cv=folds)
        return make_pipeline(prepare, model)

    def boosting(self, task: TaskName, num_outputs: int, inputs: NDArray[np.floating], fewest: int) -> Any:
        """Build gradient boosting that stops early where there are rows enough.

        Args:
            inputs: (N, D) of train.
            fewest: Rows of the rarest class.
        """
        wide = self.num_columns > WIDE  # the work on histograms grows with columns x bins x leaves
        bins, leaves = (32, 8) if wide else (255, 31)
        few = [column for column in self.categorical if inputs[:, column].max(initial=0) < bins]
        settings = {
            "max_bins": bins,
            "max_leaf_nodes": leaves,
            "categorical_features": few or None,
            "random_state": SEED,
            "early_stopping": len(inputs) >= STOPPING and (task == "regression" or fewest >= 10),
        }
        most = MAX_TREES if settings["early_stopping"] else 100
        if task == "regression":
            return HistGradientBoostingRegressor(max_iter=most, **settings)
        # One tree per class and iteration: many classes get fewer iterations of a higher rate.
        trees = min(MAX_TREES, MAX_TREE_CELLS // max(1, min(inputs.size, MAX_CELLS)))
        iterations = min(most, max(5, trees // num_outputs))
        return HistGradientBoostingClassifier(
            max_iter=iterations, learning_rate=min(0.3, max(0.1, 10 / iterations)), **settings
        )
