"""Files with hostile names: of columns, and of the file."""

from tests.support.hostile_files.cases import ACCEPTED_AB, MIB, Accepted, HostileFile, Refused, quoted_csv

HEADERS: dict[str, HostileFile] = {
    name: HostileFile(
        quoted_csv([header, "y"], ["1", "2"], ["3", "4"]),
        Accepted({header: "integer", "y": "integer"}, [[1, 2], [3, 4]]),
    )
    for name, header in {
        "a formula": "=cmd|' /C calc'!A0",
        "a path": "../../etc/passwd",
        "HTML": "<script>alert(1)</script>",
        "an image tag": '"><img src=x onerror=alert(1)>',
        "SQL": "'; DROP TABLE boats; --",
        "a template": "{{7*7}}${7*7}#{7*7}",
        "a format": "%s%n%x",
        "a NUL word": "__proto__",
        "a dotted name": "a.b.c",
        "our own name": "column_1",
        "a megabyte": "h" * MIB,
    }.items()
} | {
    "repeated": HostileFile(
        b"a,a,a\n1,2,3\n",
        Accepted({"a": "integer", "a_2": "integer", "a_3": "integer"}, [[1, 2, 3]], 1, "it is called 'a_2'"),
    ),
    "empty": HostileFile(
        b"a,, \n1,2,3\n",
        Accepted({"a": "integer", "column_2": "integer", "column_3": "integer"}, [[1, 2, 3]], 1, "called 'column_2'"),
    ),
    "repeated like ours": HostileFile(
        b"a,a_2,a\n1,2,3\n", Accepted({"a": "integer", "a_2": "integer", "a_3": "integer"}, [[1, 2, 3]])
    ),
    "300 times the same": HostileFile(
        b",".join([b"a"] * 300) + b"\n" + b",".join([b"1"] * 300) + b"\n",
        Accepted({"a": "integer"} | {f"a_{i}": "integer" for i in range(2, 301)}, [[1] * 300]),
    ),
    "10,000 times the same": HostileFile(b",".join([b"a"] * 10_000) + b"\n", Refused("10,000 columns", 413)),
    "a path as filename": HostileFile(b"a,b\n1,2\n3,4\n", ACCEPTED_AB, "../../../etc/passwd"),
    "a filename of 2,000 characters": HostileFile(b"a,b\n1,2\n3,4\n", ACCEPTED_AB, "f" * 2000 + ".csv"),
    "a filename with line ends": HostileFile(b"a,b\n1,2\n3,4\n", ACCEPTED_AB, "a\r\nb\t城.csv"),
}
