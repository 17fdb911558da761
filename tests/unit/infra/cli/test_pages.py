"""Commands that list show one page, and how to get the next one."""

from typing import Any

from tests.support.fake_service import fake_service
from tests.unit.infra.cli.test_service import FILE, run

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
