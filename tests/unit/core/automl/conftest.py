"""A search before its refit."""

import pytest

from core.automl import learn_in_parts, portfolio_search
from core.automl.portfolio_search import PortfolioSearch, TimeLimit, propose
from core.automl.race import Race
from core.automl.serving_cost import ServingLimits
from core.progress import ignore_progress
from tests.support.simulated_time import simulate_races
from tests.support.tables import noisy
from tests.support.training import LIMITS, fast_presets, split_text

# Far more seconds than any of these fits takes, and the bytes that the winner may have.
SECONDS, MAX_BYTES = 60.0, 20_000


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> PortfolioSearch:
    """Return a search of fast presets before its refit."""
    monkeypatch.setattr(portfolio_search, "select_presets", fast_presets)
    limit = TimeLimit(SECONDS, simulate_races(monkeypatch, learn_in_parts).now)
    proposed = propose(split_text(noisy(900)), LIMITS, ServingLimits(max_bytes=MAX_BYTES), limit)
    return Race(proposed, ignore_progress).run()
