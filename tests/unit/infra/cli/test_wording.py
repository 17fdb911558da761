"""Messages in the words of the command line."""

import pytest

from infra.cli.wording import in_shell_words

KEEP = 'was left out; POST /data/process with "columns": {"%s": "median"} keeps it'


@pytest.mark.parametrize(
    ("message", "way_out"),
    [
        ("There is no model 'x'. GET /model/trained lists what there is.", "`regatta models` lists what there is"),
        ("There is no job 'x'. GET /jobs lists what there is.", "`regatta jobs` lists what there is"),
        ("No target column is set. Send target_column, or store one with POST /data/process.", "with --target, or"),
        ("If the first line is one, send the file again with has_header=true", "again with --header"),
        (KEEP % "a", "`regatta process --column a=median` keeps it"),
        (KEEP % "price [/usd]", "`regatta process --column 'price [/usd]=median'` keeps it"),
        ("Start it, or name another one with url= or REGATTA_URL.", "with --url or REGATTA_URL"),
    ],
)
def test_the_way_out_can_be_typed(message: str, way_out: str) -> None:
    assert way_out in in_shell_words(message)


def test_other_words_stay() -> None:
    assert in_shell_words("Correct 'curl= or x' and send again.") == "Correct 'curl= or x' and send again."
