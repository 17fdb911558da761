"""Messages about chunks of a file become messages about the file."""

from infra.cli.row_messages import CollectedWarnings, with_lines


def collected(*messages: str) -> list[str]:
    warnings = CollectedWarnings()
    for message in messages:
        warnings.add(message)
    return warnings.messages()


def test_rows_and_lines_become_lines_of_the_file() -> None:
    message = (
        "'day' has 2 values that are not a date: '31/31' in row 7, 'soon' in row 1,009; lines 3, 4 repeat the header"
    )
    found = with_lines(message, lambda row: row + 10_000, lambda line: line + 50)
    assert found == (
        "'day' has 2 values that are not a date: '31/31' in line 10007, 'soon' in line 11009; "
        "lines 53, 54 repeat the header"
    )


def test_texts_of_users_stay_as_they_are() -> None:
    message = "'row 7' has values that training never saw: 'line 3', \"it's row 9\""
    assert with_lines(message, lambda row: 0, lambda line: 0) == message


def test_counts_of_the_same_warning_are_added() -> None:
    assert collected(
        "'hp' has 1 missing value, imputed with 93.0", "'hp' has 1,200 missing values, imputed with 93.0"
    ) == ["'hp' has 1,201 missing values, imputed with 93.0"]


def test_a_warning_that_is_the_same_in_all_chunks_is_one() -> None:
    ignored = "the model does not use 'name'; it was ignored"
    other = "the model does not use 'mpg'; it was ignored"
    assert collected(ignored, other, ignored, other) == [ignored, other]


def test_other_examples_are_counted_and_not_listed() -> None:
    assert collected(*(f"'city' has values that training never saw: 'x{at}'" for at in (1, 2, 3))) == [
        "'city' has values that training never saw: 'x1' (and others in 2 further parts of the file)"
    ]


def test_columns_with_colons_and_numbers_in_their_names_are_kept_apart() -> None:
    first, second = "'a: 1' has 1 missing value, imputed with 2.0", "'a: 2' has 1 missing value, imputed with 2.0"
    assert collected(first, second) == [first, second]
