"""Files of up to 50 MB that must be read or refused in little memory."""

import gzip
from collections.abc import Callable

# By name a function that makes the file and the pattern of its refusal, None where it must be accepted.
LARGE_FILES: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "50 MB in one line": (lambda: b"x" * 50_000_000, "does not end within 4 MiB"),
    "50 MB of cells in one line": (lambda: b"1," * 25_000_000, "does not end within 4 MiB"),
    "50 MB in one line below a header": (lambda: b"a,b\n" + b"x" * 50_000_000, "longer than 4 MiB|no rows"),
    "50 MB behind an open quote": (lambda: b'a,b\n1,2\n"' + b"3,4\n" * 12_500_000, "never closed"),
    "50 MB behind a late open quote": (
        lambda: b"a,b\n" + b"1,2\n" * 100_000 + b'"' + b"3,4\n" * 12_500_000,
        "never closed|longer than 4 MiB",
    ),
    "100,000 columns": (
        lambda: b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b"1," * 99_999 + b"1\n",
        "2,000",
    ),
    # A gzip may consist of several.
    "a bomb of 1 GB": (lambda: gzip.compress(b"1,2\n" * 2_500_000) * 100, "holds more than 100,000,000 bytes"),
    "50 MB of blank lines": (lambda: b"\n" * 50_000_000, "empty"),
    "50 MB of delimiters": (lambda: b",,,,\n" * 10_000_000, "No delimiter"),
    "50 MB of quotes": (lambda: b'"' * 50_000_000, "does not end|never closed"),
    "50 MB of NULs": (lambda: bytes(50_000_000), "NUL"),
    "30 MB of different texts in two columns": (
        lambda: b"x,y\n" + b"".join(b"a%d,b%d\n" % (i * 7919 % 1_000_003, i * 31 % 999_983) for i in range(2_000_000)),
        None,
    ),
    "15 MB of two digits": (
        lambda: b"x,y\n" + b"".join(b"%d,%d\n" % (10 + i % 89, 10 + i * i % 83) for i in range(100_000)) * 25,
        None,
    ),
    "15 MB of one digit": (lambda: b"x,y\n" + b"1,2\n3,4\n" * 1_875_000, None),
    "20 MB of different numbers": (
        lambda: b"x,y\n" + b"".join(b"%d,%d\n" % (i * 7919 % 9_999_991, i % 7) for i in range(2_050_000)),
        None,
    ),
    "20 MB of different fractions": (
        lambda: b"x,y\n" + b"".join(b"%.7f,\n" % (i * 7919 % 9_999_991 / 1e7) for i in range(1_850_000)),
        None,
    ),
    "20 MB of dates": (
        lambda: (
            b"x,y\n"
            + b"".join(b"%d-%02d-%02d,\n" % (1000 + i % 8999, i % 12 + 1, i % 28 + 1) for i in range(1_700_000))
        ),
        None,
    ),
    "5 MB of gaps": (lambda: b"x,y\n" + b",1\n,\n" * 1_000_000, None),
    "30 MB in 100 columns": (
        lambda: (
            b",".join(b"c%d" % i for i in range(100))
            + b"\n"
            + b"".join(b",".join(b"%d" % (i * j % 10) for j in range(100)) + b"\n" for i in range(1500)) * 100
        ),
        None,
    ),
    "20 MB in 2,000 columns": (
        lambda: (
            b",".join(b"c%d" % i for i in range(2000))
            + b"\n"
            + b"".join(b",".join(b"%d" % (i * j % 10) for j in range(2000)) + b"\n" for i in range(75)) * 67
        ),
        None,
    ),
    "15 MB of one short text": (lambda: b"x,y\n" + b"abc,1\n" * 2_500_000, None),
    "15 MB of GBK": (lambda: "城市,价格\n".encode("gbk") + "北京市朝阳区,1\n".encode("gbk") * 1_000_000, None),
    "15 MB divided by blanks": (lambda: b"a  b   c\n" + b"1.5  2   xyz\n" * 1_150_000, None),
}
