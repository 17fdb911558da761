"""What it takes to explain one row of an ensemble of 300 trees, and how exact that is."""

import sys
import time
from collections.abc import Iterator

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from bench._report import Figure, at_most, once, run
from core.compiler.compile import compile_pipeline, raw_columns_of_frame
from core.compiler.graph_builder import with_metadata
from core.inference.contributions.background import background_metadata, background_rows
from core.inference.contributions.explainer import Explainer
from core.inference.session import CompiledModel
from tests.support.fitted_models import preprocessing
from tests.support.training import real_split

TREES, LEAVES = 300, 31
TABLE, ROWS = "california_housing", 4000

# The targets: seconds of one row, seconds until the first one can be explained, and the gap of the sum.
ONE_ROW = 0.005
FIRST = 1.0
GAP = 1e-6


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the seconds of one row, those of preparing the trees, and how far the contributions are from adding up."""
    data = real_split(TABLE, ROWS)
    prepare = preprocessing(data).fit(data.train_x, data.train_y)
    booster = HistGradientBoostingRegressor(max_iter=TREES, max_leaf_nodes=LEAVES, random_state=0)
    booster.fit(prepare.transform(data.train_x), data.train_y)
    graph, features = compile_pipeline(Pipeline([("prepare", prepare), ("estimate", booster)]), data.columns)
    compiled = CompiledModel(graph, features)
    columns = raw_columns_of_frame(data.train_x.head(1000), features)
    chosen = background_rows(compiled.run(columns))
    model = with_metadata(graph, background_metadata({name: values[chosen] for name, values in columns.items()}))
    begun = time.perf_counter()
    explainer = Explainer.of(model, compiled)
    first = time.perf_counter() - begun
    assert explainer is not None and explainer.method == "exact"
    rows = raw_columns_of_frame(data.test_x.head(100), features)
    row = {name: values[:1] for name, values in rows.items()}
    # The quickest of many: a machine that does other things as well makes single rows wait.
    seconds = min(once(lambda: explainer.explain([row]))() for _ in range(200 if quick else 1000))
    label = f"{TREES} trees of {LEAVES} leaves, {len(features)} columns"
    yield at_most(f"{label}: seconds to explain a row", seconds, ONE_ROW, f"{1e3 * seconds:.2f} ms")
    yield at_most(f"{label}: seconds to prepare the trees", first, FIRST, f"{1e3 * first:.0f} ms")
    explanation = explainer.explain([rows])
    values = compiled.run(rows)
    gaps = np.abs(explanation.contributions.sum(axis=1) + explanation.base_value - values) / np.maximum(1, abs(values))
    yield at_most(f"{label}: largest gap of the sum", float(gaps.max()), GAP, "relative to max(1, |y|), 100 rows")


if __name__ == "__main__":
    sys.exit(run("Explained predictions", measure))
