"""The catalogue of regressors, their pipelines, and how they are trained and judged."""
