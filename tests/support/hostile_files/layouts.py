"""Files whose delimiters, quotes or lines make no table, or hardly one."""

import json

from tests.support.hostile_files.cases import (
    ACCEPTED_AB,
    NO_DELIMITER,
    OPEN_QUOTE,
    Accepted,
    HostileFile,
    Refused,
    accepted_column,
)

LAYOUTS: dict[str, HostileFile] = {
    "only delimiters": HostileFile(b",,,\n,,,\n", NO_DELIMITER),
    "only a header": HostileFile(b"a,b\n", Refused("header but no rows")),
    "only a header, no line end": HostileFile(b"a,b", Refused("header but no rows")),
    "one cell": HostileFile(b"a", NO_DELIMITER),
    "one column": HostileFile(b"a\n1\n2\n", NO_DELIMITER),
    "one row": HostileFile(b"a,b\n1,2\n", Accepted({"a": "integer", "b": "integer"}, [[1, 2]], 1)),
    "quotes only": HostileFile(b'"""""""""""', Refused("never closed|No delimiter")),
    "an open quote at the start": HostileFile(b'"a,b\n1,2\n3,4\n', OPEN_QUOTE),
    "an open quote in the header": HostileFile(b'a,"b\n1,2\n3,4\n', OPEN_QUOTE),
    "an open quote in the first row": HostileFile(b'a,b\n"1,2\n3,4\n', OPEN_QUOTE),
    "an open quote at the end": HostileFile(b"a,b\n" + b"1,2\n" * 5000 + b'3,"4\n', OPEN_QUOTE),
    "an open quote in the middle": HostileFile(b"a,b\n" + b"1,2\n" * 5000 + b'"3,4\n' + b"1,2\n" * 5000, OPEN_QUOTE),
    "a quote inside a cell": HostileFile(
        b'x,y\n5" pipe,0\n6" pipe,1\n', accepted_column("category", '5" pipe', '6" pipe')
    ),
    "text behind a quote": HostileFile(b'x,y\n"1"x,0\n2,1\n', accepted_column("category", "1x", "2")),
    "quotes within quotes": HostileFile(b'x,y\n"""""""a""",0\n"""",1\n', accepted_column("category", '"""a"', '"')),
    "line ends in quotes": HostileFile(
        b'x,y\n"a\nb",0\n"c\r\n\r\nd",1\n', accepted_column("category", "a\nb", "c\r\n\r\nd")
    ),
    "a header with line ends": HostileFile(b'"a\nx",b\n1,2\n', Accepted({"a\nx": "integer", "b": "integer"}, [[1, 2]])),
    "few ragged rows": HostileFile(
        b"a,b\n" + b"1,2\n" * 50 + b"1,2,3\n5\n",
        Accepted({"a": "integer", "b": "integer"}, [[1, 2]], 50, r"2 rows have .*line 52 \(3\), line 53 \(1\)"),
    ),
    "many ragged rows": HostileFile(b"a,b\n1,2\n3\n4,5,6\n7,8\n", Refused("line 3 .1., line 4 .3.")),
    "delimiters behind every row": HostileFile(
        b"a,b\n1,2,\n3,4,\n",
        Accepted({"a": "integer", "b": "integer", "column_3": "integer"}, [[1, 2, None], [3, 4, None]], 2, "is empty"),
    ),
    "a comma behind the header": HostileFile(b"a,b,\n1,2\n3,4\n", ACCEPTED_AB),
    "a title and a footer": HostileFile(
        b"Report\n\na,b,c\n" + b"1,2,3\n" * 40 + b"Source: us\n",
        Accepted({"a": "integer", "b": "integer", "c": "integer"}, [[1, 2, 3]], 40, "not part of the table"),
    ),
    "Excel's own line": HostileFile(b"sep=;\na;b\n1;2\n3;4\n", ACCEPTED_AB),
    "semicolons and decimal commas": HostileFile(
        b"x;y\n1,5;0\n-2,25;1\n1.234,5;2\n", accepted_column("number", 1.5, -2.25, 1234.5, warning="is read as")
    ),
    "Markdown": HostileFile(b"| a | b |\n|---|---|\n| 1 | 2 |\n", Refused("Markdown")),
    "INI": HostileFile(b"[boat]\nname=Ada\nlength=12\n", NO_DELIMITER),
    "JSON": HostileFile(json.dumps([{"a": 1, "b": 2}, {"a": 3, "b": 4}], indent=1).encode(), ACCEPTED_AB),
    "JSON lines": HostileFile(b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', ACCEPTED_AB),
    "HTML": HostileFile(b"<html><body>\n<p>Not found, sorry.</p>\n</body></html>\n", Refused("HTML")),
    "XML": HostileFile(b'<?xml version="1.0"?>\n<a><b/></a>\n', Refused("XML")),
    "SQL": HostileFile(b"DROP TABLE boats;\nSELECT 1;\n", NO_DELIMITER),
    "prose": HostileFile(b"Dear all, thank you, and bye.\nWe met.\nIt rained.\nNobody minded.\n", NO_DELIMITER),
    "a delimiter that is a word": HostileFile(
        b"a,b\n1,2\n", Refused("cannot be a delimiter"), form={"delimiter": "dash"}
    ),
    "a delimiter that is not there": HostileFile(b"a,b\n1,2\n", Refused("divides no columns"), form={"delimiter": "|"}),
    "a delimiter beyond ASCII": HostileFile("a，b\n1，2\n".encode(), Refused("one ASCII"), form={"delimiter": "，"}),
    "a control as delimiter": HostileFile(b"a\x01b\n1\x012\n3\x014\n", ACCEPTED_AB, form={"delimiter": "\x01"}),
    "has_header that is no yes or no": HostileFile(b"a,b\n1,2\n", Refused(".", 422), form={"has_header": "maybe"}),
    "2,001 columns": HostileFile(b",".join(b"c%d" % i for i in range(2001)) + b"\n", Refused("at most 2,000", 413)),
}
