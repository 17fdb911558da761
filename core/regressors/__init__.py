"""The regressors as scikit-learn estimators: candidates, splits, folds, metrics, importance and limits."""
