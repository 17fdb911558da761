"""What a page is on paper."""

from core.reporting.page import style
from tests.support.reports import wide_page


def test_paper_shows_what_is_folded_and_repeats_the_heads_of_tables() -> None:
    printed = style()[style().index("@media print") :]
    assert "details::details-content { display: block; content-visibility: visible" in printed
    assert "thead { display: table-header-group; }" in printed
    assert "h2, h3, .note, .legend { break-after: avoid; }" in printed
    assert "zoom: var(--fit, 1)" in printed
    fit = wide_page().one("correlations").all("div", "map")[0].attributes["style"]
    assert 0 < float(fit.rpartition("--fit:")[2]) < 0.6
