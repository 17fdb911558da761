"""A plug-in of pytest that lets slipcover look less often for code that needs no probes any more.

Once a probe has fired a number of times, slipcover goes through all functions of all loaded modules to remove those
that have fired. It has an option for this number, which the processes of a parallel run do not get.
"""

from slipcover import pytest_plugin

# The tests of reading CSVs spend 8 % of their time on it with 50, the default, and 3 % with 1,000. A probe itself takes
# a tenth of a microsecond.
TIMES = 1000


def pytest_load_initial_conftests() -> None:
    """Set the number, before the first module that is measured is loaded."""
    measured = pytest_plugin._slipcover_instance
    if measured is not None:
        measured.d_miss_threshold = TIMES
