"""What others wrote is shown as text: no escape of a terminal, no markup, on every way to one."""

import io
import sys

import pytest

from infra.cli import terminal
from infra.cli.output import Output, write_error
from infra.cli.progress import progress_bar

ODD = ("x[/nope]", "[bold]x[/bold]", "\x1b[2Jx", "\x9b31m", "a\rb", "\u202eabc", "\ud800")


class Terminal(io.StringIO):
    """A terminal that keeps what it is shown."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """One terminal for stdout and stderr, without colours of our own."""
    found = Terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", found)
    monkeypatch.setattr(sys, "stderr", found)
    return found


@pytest.mark.parametrize("text", ODD)
def test_a_text_of_others_is_shown_as_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.line(text)
    output.result(text)
    output.note(text)
    output.warn(text)
    write_error(text)
    terminal.warn(text)
    terminal.failure(text)
    captured = capsys.readouterr()
    lines = (captured.out + captured.err).splitlines()
    assert len(lines) == 7
    assert all(line.isprintable() for line in lines)
    if text.isprintable():
        assert all(text in line for line in lines)


@pytest.mark.parametrize("text", ODD)
def test_a_stage_of_others_breaks_no_bar(text: str, shown: Terminal) -> None:
    with progress_bar(Output(), text) as report:
        report(text, 0.5)
        report("[/nope]", None)
