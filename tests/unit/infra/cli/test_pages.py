"""Commands that list show one page, and how to get the next one."""

from typing import Any

from tests.support.fake_service import fake_service
from tests.unit.infra.cli.test_service import FILE, run

VERSIONS = [
    {
        "model_name": name,
        "version": number,
        "model_type": "ridge",
        "target_column": "price",
        "created_at": "2026-01-01T00:00:00+00:00",
        "metrics": {"r2": 0.5},
        "size_bytes": 1000,
        "serves": number == serves,
    }
    for name, serves in (("a", 2), ("b", 2))
    for number in (1, 2, 3)
]
FILES = [{**FILE, "file_id": f"{number:021d}", "filename": f"{number}.csv"} for number in range(5)]


def paged(query: dict[str, str], _: bytes) -> Any:
    start, limit = int(query.get("cursor", 0)), int(query.get("limit", 2))
    following = str(start + limit) if start + limit < len(FILES) else None
    return 200, {"files": FILES[start : start + limit], "current": None, "next": following}


def test_a_list_shows_one_page_and_how_to_get_the_next() -> None:
    with fake_service(**{"GET /data/files": paged}) as service:
        _, first, first_notes = run("files", "--url", service.url)
        _, last, last_notes = run("files", "--url", service.url, "--cursor", "4")
        _, longer, longer_notes = run("files", "--url", service.url, "--limit", "5")
        _, _, quiet_notes = run("files", "--url", service.url, "--quiet")
    assert [f"{number}.csv" in first for number in range(5)] == [True, True, False, False, False]
    assert "`regatta files --cursor 2`" in first_notes
    assert "4.csv" in last
    assert all(f"{number}.csv" in longer for number in range(5))
    assert "--cursor" not in last_notes + longer_notes + quiet_notes


def test_a_file_is_found_by_its_name_on_any_page() -> None:
    found = {**FILES[4], "warnings": []}
    with fake_service(
        **{"GET /data/files": paged, f"POST /data/switch/{FILES[4]['file_id']}": lambda *_: (200, found)}
    ) as service:
        code, output, _ = run("files", "--url", service.url, "--switch", "4.csv")
    assert (code, "is current now" in output) == (0, True)


def test_a_model_whose_versions_are_on_two_pages_is_shown_whole_on_both() -> None:
    def versions(query: dict[str, str], _: bytes) -> Any:
        if "model_name" in query:
            return 200, {"models": [one for one in VERSIONS if one["model_name"] == query["model_name"]], "next": None}
        return 200, (
            {"models": VERSIONS[4:], "next": None} if "cursor" in query else {"models": VERSIONS[:4], "next": "4"}
        )

    with fake_service(**{"GET /model/trained": versions}) as service:
        _, first, _ = run("models", "--url", service.url, "--limit", "4")
        _, second, _ = run("models", "--url", service.url, "--cursor", "4")
    rows = [line.split()[:5] for text in (first, second) for line in text.splitlines()[1:]]
    assert rows == [[name, "ridge", "price", "3", "2"] for name in ("a", "b", "b")]


def test_quiet_lists_the_items_of_all_pages_unless_a_page_is_named() -> None:
    def short_pages(query: dict[str, str], body: bytes) -> Any:
        return paged({**query, "limit": "2"}, body)

    with fake_service(**{"GET /data/files": short_pages}) as service:
        _, everything, _ = run("files", "--url", service.url, "--quiet")
        _, one_page, _ = run("files", "--url", service.url, "--quiet", "--limit", "2")
    assert everything.split() == [file["file_id"] for file in FILES]
    assert one_page.split() == [file["file_id"] for file in FILES[:2]]


def test_models_whose_champion_nobody_can_read_are_named() -> None:
    page = {"models": VERSIONS[:3], "next": None, "damaged": ["bo\x1b[31mat"]}
    with fake_service(**{"GET /model/trained": lambda *_: (200, page)}) as service:
        code, _, notes = run("models", "--url", service.url)
    assert (code, "serves: bo\\x1b[31mat." in notes, "\x1b" in notes) == (0, True, False)
