"""Small inputs of each kind, from which those of a search are made."""

import json

MANIFEST = {
    "format": 1,
    "model_name": "one",
    "version": 1,
    "model_type": "ridge",
    "signature": "ed25519:0:0",
    "features": [{"name": "x", "type": "number", "fill": 0.0}],
}
SEEDS: dict[str, tuple[bytes, ...]] = {
    "csv": (
        b"x,day,colour\n1,2024-01-02,red\n2,,green\n",
        "x;day;colour\r\n1,5;02.01.2024;gr\u00fcn\r\n".encode("latin-1"),
        '\u57ce\u5e02,x\n\u5317\u4eac,"1\n2"\n'.encode("gbk"),
        b"Report\n\nx\tcolour\n 1 000,50\tred\nTotal\t9\n",
        "\ufeffx,y\n1,2\n".encode("utf-16"),
    ),
    "json": (
        b'{"data": [{"x": 1.5, "day": "2024-01-02", "colour": "red"}], "model_name": "one"}',
        b'[{"x": 1e308, "colour": null}, {"x": -0.0, "colour": "\\ud83d\\ude00"}]',
        b'{"x": 1}\n{"x": NaN}\n',
    ),
    "envelope": (json.dumps(MANIFEST).encode(), b"AAAAAAAAAAE=", b"{}"),
}
