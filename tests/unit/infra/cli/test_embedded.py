"""`regatta up --open` and `regatta demo --open` show the console in a browser, where there is one."""

import webbrowser

import pytest

from infra.cli import embedded


@pytest.mark.parametrize("has_browser", [True, False])
def test_the_console_is_opened_or_its_address_is_to_be_entered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], has_browser: bool
) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return has_browser

    monkeypatch.setattr(webbrowser, "open", open_page)
    embedded._open_console("http://127.0.0.1:8000")
    assert opened == ["http://127.0.0.1:8000/console"]
    assert ("enter the address of the console" in capsys.readouterr().err) is not has_browser
