"""Load a model from the file of its graph alone, and predict rows with it: a DataFrame, records, or a CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.array_types import Floats, RawColumns
from core.errors import InvalidInputError
from core.inference.csv_input import FIRST_ROW, batches_from_csv
from core.inference.file_cells import FileCells
from core.inference.frame_input import read_frame
from core.inference.input_batch import batch_from_records, raw_columns_of_batch
from core.inference.input_warnings import InputWarnings
from core.inference.model_card import ModelCard
from core.inference.session import CompiledModel, open_session

BATCH_ROWS = 10_000


@dataclass(frozen=True)
class PredictedRows:
    """Predictions of n rows, (n,) float64, their spreads if asked for, and what is in doubt about the rows."""

    values: Floats
    spreads: Floats | None
    warnings: list[str]


@dataclass(frozen=True)
class ModelFile:
    """A model that was loaded from the bytes of its file."""

    graph: bytes
    card: ModelCard
    compiled: CompiledModel

    @classmethod
    def loaded(cls, graph: bytes) -> "ModelFile":
        """Load a model; raises `InvalidInputError` for bytes that are no model with a card."""
        try:
            session = open_session(graph)
        except Exception as error:
            raise InvalidInputError(
                "The file is no ONNX model. `Model.save` of regatta.local writes one, and "
                "GET /model/artifact/{model_name}?format=onnx returns one.",
                [{"field": "path", "message": "is no ONNX model"}],
            ) from error
        card = ModelCard.from_metadata(session.get_modelmeta().custom_metadata_map)
        important = [importance.feature for importance in card.importance]
        return cls(graph, card, CompiledModel(graph, [*card.features], important, session))

    def predict_frame(self, frame: Any, *, strict: bool = False, spread: bool = False) -> PredictedRows:
        """Predict a DataFrame of pandas, with the `spread` if it is wanted; raises what `read_frame` does."""
        rows = read_frame(frame, self.card.features, strict=strict)
        return PredictedRows(*self._run(rows.columns, spread), rows.warnings)

    def predict_records(
        self, records: Sequence[Mapping[str, Any]], *, strict: bool = False, spread: bool = False
    ) -> PredictedRows:
        """Predict dictionaries, one a row, as `POST /predict/batch` does; raises what that does."""
        input_warnings = InputWarnings(self.card.features, strict=strict)
        batch = batch_from_records(records, self.card.features)
        columns = raw_columns_of_batch(batch, self.card.features, input_warnings)
        return PredictedRows(*self._run(columns, spread), input_warnings.warnings(ordinary=False))

    def predict_csv(self, path: Path, *, strict: bool = False, spread: bool = False) -> PredictedRows:
        """Predict the rows of a CSV as the body of `POST /predict/batch`, in any encoding; raises what that does."""
        body, cells = path.read_bytes(), FileCells(strict=strict)
        while True:
            about_file: list[str] = []
            input_warnings = InputWarnings(self.card.features, strict=strict, first_row=FIRST_ROW)
            batches = batches_from_csv(body, None, self.card.features, BATCH_ROWS, about_file)
            predicted = [
                self._run(raw_columns_of_batch(batch, self.card.features, input_warnings, cells), spread)
                for batch in batches
            ]
            if not cells.must_read_again():
                warnings = [*about_file, *cells.finish(), *input_warnings.warnings(ordinary=False)]
                values, spreads = zip(*predicted, strict=True)
                return PredictedRows(np.concatenate(values), np.concatenate(spreads) if spread else None, warnings)

    def _run(self, columns: RawColumns, spread: bool) -> tuple[Floats, Floats | None]:
        """Return the predictions, and the spreads if they are wanted."""
        return self.compiled.run_with_spread(columns) if spread else (self.compiled.run(columns), None)
