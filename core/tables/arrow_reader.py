"""Arrow's reader of the rows of a CSV: as texts, or parsed where the type of a column is known."""

from collections.abc import Sequence, Set

import pyarrow as pa
from pyarrow import csv

from core.cell_values import USUAL_MISSING
from core.delimited.dialect import Dialect
from core.delimited.ragged_rows import RaggedRows
from core.tables.missing_words import NA, POSSIBLE_ANSWERS
from core.tables.type_inference import TypeInference


def arrow_reader(
    file: pa.NativeFile,
    dialect: Dialect,
    inferences: Sequence[TypeInference],
    ragged: RaggedRows,
    arrow_parses: bool,
    block_bytes: int,
) -> csv.CSVStreamingReader:
    """Return Arrow's reader of the blocks of so many bytes, whose columns are called by their positions.

    With `arrow_parses` it parses the columns whose type it knows, and raises where a text does not fit. `ragged` notes
    the rows that it leaves out.
    """
    names = [str(i) for i in range(dialect.width)]
    # Among numbers there are no words for a missing value that are answers.
    may_have_answers = not arrow_parses or any(one.inferred.type in ("category", "boolean") for one in inferences)
    types = [_parser_type(one, arrow_parses, may_have_answers) for one in inferences]
    return csv.open_csv(
        file,
        # One thread, because with more Arrow does not know the number of a ragged row.
        read_options=csv.ReadOptions(
            use_threads=False,
            block_size=block_bytes,
            column_names=names,
            skip_rows=dialect.skip_lines,
            skip_rows_after_names=int(dialect.has_header),
        ),
        parse_options=csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quoting.quote,
            escape_char=dialect.quoting.escape or False,
            newlines_in_values=True,
            invalid_row_handler=ragged.note,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(names, types, strict=True)),
            # The others are counted by `TypeInference`.
            null_values=list(USUAL_MISSING - _words_to_see(inferences, arrow_parses, may_have_answers)),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


def _parser_type(inference: TypeInference, arrow_parses: bool, may_have_answers: bool) -> pa.DataType:
    """Return the type that Arrow parses a column as."""
    reads_texts = inference.reads_texts or (inference.has_words and may_have_answers)
    is_parsed = arrow_parses and inference.inferred.parsed_by_arrow and not reads_texts
    return inference.inferred.arrow if is_parsed else pa.string()


def _words_to_see(inferences: Sequence[TypeInference], arrow_parses: bool, may_have_answers: bool) -> Set[str]:
    """Return the words for a missing value that Arrow leaves as they are: answers, if only in some column."""
    kept = {word for inference in inferences for word in inference.expectation.keep}
    return kept | (POSSIBLE_ANSWERS if may_have_answers else set()) | (set() if arrow_parses else {NA})
