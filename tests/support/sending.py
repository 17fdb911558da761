"""Rows as a caller sends them, read as a request reads them."""

from collections.abc import Sequence
from typing import Any

from core.inference.input_batch import Columns, sent_records, to_columns
from core.inference.input_warnings import Notices
from core.manifests import Feature


def columns_of(
    records: Sequence[dict[str, Any]], features: list[Feature], *, strict: bool = False
) -> tuple[Columns, list[str]]:
    """The raw columns of JSON records, and the warnings about them."""
    notices = Notices(features, strict=strict)
    columns = to_columns(sent_records(records, features), features, notices)
    return columns, notices.warnings()
