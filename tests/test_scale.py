"""The table of docs/scale.md is what bench/scale.py computes, and the simulation obeys the limits that it knows."""

import tomllib

import pytest

from bench.scale import CPU_SECONDS, PAGE, Plan, fill, scale_table, simulate
from infra.paths import ROOT

PRICES = tomllib.loads((ROOT / "infra/aws/prices.toml").read_text())


def test_the_page_has_the_table_that_the_script_prints() -> None:
    page = PAGE.read_text()
    assert fill(page, scale_table()) == page, "run `python -m bench.scale --write`"


def test_more_calls_at_a_time_than_the_account_has_change_nothing() -> None:
    plans = [Plan(10**8, 100_000, concurrency, account=10) for concurrency in (10, 1000)]
    few, many = (simulate(plan, CPU_SECONDS, 1769, PRICES).seconds for plan in plans)
    assert few == many


def test_a_chunk_that_does_not_fit_a_call_is_refused() -> None:
    with pytest.raises(ValueError, match="too long for one call"):
        simulate(Plan(10**9, 10**9, 10), CPU_SECONDS, 1769, PRICES)
