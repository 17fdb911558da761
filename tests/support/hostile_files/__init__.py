"""Files that nobody should send, built by code, each with its expected outcome."""

from tests.support.hostile_files.cells import CELLS
from tests.support.hostile_files.encodings import NOT_TEXT, TEXT
from tests.support.hostile_files.headers import HEADERS
from tests.support.hostile_files.layouts import LAYOUTS

SMALL_FILES = {
    f"{group}: {name}": case
    for group, cases in {
        "not text": NOT_TEXT,
        "text": TEXT,
        "layout": LAYOUTS,
        "header": HEADERS,
        "cells": CELLS,
    }.items()
    for name, case in cases.items()
}
