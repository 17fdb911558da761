"""Rows of a request as raw columns."""

from collections.abc import Sequence
from typing import Any

from core.array_types import RawColumns
from core.inference.input_batch import batch_from_records, raw_columns_of_batch
from core.inference.input_warnings import InputWarnings
from core.manifests import Feature


def raw_columns_of_records(
    records: Sequence[dict[str, Any]], features: list[Feature], *, strict: bool = False
) -> tuple[RawColumns, list[str]]:
    """Return the raw columns of JSON records, and the warnings about them."""
    input_warnings = InputWarnings(features, strict=strict)
    columns = raw_columns_of_batch(batch_from_records(records, features), features, input_warnings)
    return columns, input_warnings.warnings()
