"""Files with cells at the edges of numbers, dates, booleans and texts."""

from tests.support.hostile_files.cases import MIB, HostileFile, Refused, accepted_column, csv_of_cells


def _one_long_row(size: int) -> bytes:
    """Return what `csv_of_cells` returns for "a", a text of `size` letters, and "c", but at once."""
    return b"x,y\na,0\n" + b"b" * size + b",1\nc,2\n"


CELLS: dict[str, HostileFile] = {
    "beyond float64": HostileFile(
        csv_of_cells("1e400", "-1e400", "5"), accepted_column("number", None, None, 5.0, warning="infinite")
    ),
    "infinities": HostileFile(
        csv_of_cells("inf", "-Infinity", "2.5"), accepted_column("number", None, None, 2.5, warning="infinite")
    ),
    "not a number": HostileFile(csv_of_cells("nan", "NaN", "2.5"), accepted_column("number", None, None, 2.5)),
    "the edges of numbers": HostileFile(
        csv_of_cells("9223372036854775807", "-9223372036854775808"),
        accepted_column("category", "9223372036854775807", "-9223372036854775808"),
    ),
    "the edges of whole numbers in float64": HostileFile(
        csv_of_cells("9007199254740992", "-9007199254740992"), accepted_column("integer", 2**53, -(2**53))
    ),
    "denormal": HostileFile(csv_of_cells("5e-324", "-0.0"), accepted_column("number", 5e-324, -0.0)),
    "hexadecimal": HostileFile(csv_of_cells("0x10", "0x1F"), accepted_column("category", "0x10", "0x1F")),
    "underscores": HostileFile(csv_of_cells("1_000", "2_000"), accepted_column("category", "1_000", "2_000")),
    "thousands in quotes": HostileFile(
        csv_of_cells("1,000", "12,345"), accepted_column("integer", 1000, 12345, warning="is read as 1000")
    ),
    "Arabic-Indic digits": HostileFile(csv_of_cells("١٢", "٣"), accepted_column("category", "١٢", "٣")),
    "full-width digits": HostileFile(
        csv_of_cells("１２", "３"), accepted_column("integer", 12, 3, warning="is read as 12")
    ),
    "two signs": HostileFile(csv_of_cells("+-5", "--5"), accepted_column("category", "+-5", "--5")),
    "half a number": HostileFile(csv_of_cells("1e", "2"), accepted_column("category", "1e", "2")),
    "a point alone": HostileFile(csv_of_cells(".", "2"), accepted_column("integer", None, 2)),
    "superscripts": HostileFile(csv_of_cells("10²", "5³"), accepted_column("category", "10²", "5³")),
    "codes with zeros": HostileFile(csv_of_cells("00012", "00345"), accepted_column("category", "00012", "00345")),
    "ids of 18 digits": HostileFile(
        csv_of_cells("123456789012345678", "876543210987654321"),
        accepted_column("category", "123456789012345678", "876543210987654321"),
    ),
    "ids of 25 digits": HostileFile(csv_of_cells("1" * 25, "2" * 25), accepted_column("category", "1" * 25, "2" * 25)),
    "words for nothing": HostileFile(
        csv_of_cells("NULL", "N/A", "None", "-", "无", "", "7"), accepted_column("integer", *[None] * 6, 7)
    ),
    "all missing": HostileFile(b"x,y\nNA,0\n?,1\n", accepted_column("integer", None, None)),
    "dates that are not": HostileFile(
        csv_of_cells("2023-02-30", "2023-13-01"), accepted_column("category", "2023-02-30", "2023-13-01")
    ),
    "a date that is not among others": HostileFile(
        csv_of_cells("2023-02-28", "2023-02-30"), accepted_column("category", "2023-02-28", "2023-02-30")
    ),
    "days first": HostileFile(
        csv_of_cells("13/02/2023", "01/02/2023"),
        accepted_column("date", "2023-02-13", "2023-02-01", warning="is read as"),
    ),
    "months first": HostileFile(
        csv_of_cells("02/13/2023", "02/01/2023"),
        accepted_column("date", "2023-02-13", "2023-02-01", warning="is read as"),
    ),
    "days and months mixed": HostileFile(
        csv_of_cells("13/02/2023", "02/13/2023"),
        accepted_column("category", "13/02/2023", "02/13/2023", warning="look like"),
    ),
    "the edges of dates": HostileFile(
        csv_of_cells("0001-01-01", "9999-12-31"), accepted_column("date", "0001-01-01", "9999-12-31")
    ),
    "yes, no and 5": HostileFile(csv_of_cells("true", "false", "5"), accepted_column("category", "true", "false", "5")),
    "booleans of two kinds": HostileFile(csv_of_cells("yes", "false"), accepted_column("category", "yes", "false")),
    "booleans": HostileFile(csv_of_cells("TRUE", "False"), accepted_column("boolean", True, False)),
    "formulas": HostileFile(
        csv_of_cells("=1+1", "@x", "+cmd|' /C calc'!A0"),
        accepted_column("category", "=1+1", "@x", "+cmd|' /C calc'!A0"),
    ),
    "SQL": HostileFile(
        csv_of_cells("'; DROP TABLE x;--", "1=1"), accepted_column("category", "'; DROP TABLE x;--", "1=1")
    ),
    "blanks around": HostileFile(csv_of_cells("  5", "6\t"), accepted_column("integer", 5, 6)),
    "no-break blanks": HostileFile(csv_of_cells("\u00a05", "1\u00a0000"), accepted_column("integer", 5, 1000)),
    "a cell of 3 MiB": HostileFile(csv_of_cells("x" * 3 * MIB, "b"), accepted_column("category", "x" * 3 * MIB, "b")),
    "a row of 5 MB": HostileFile(_one_long_row(5_000_000), accepted_column("category", "a", "b" * 5_000_000, "c")),
    "a row of 20 MB": HostileFile(_one_long_row(20_000_000), Refused("longer than 4 MiB")),
}
