"""Every command has its handler, each handler the command that its signature says, and both are found by a search."""

from typing import get_type_hints

import pytest

from core.jobs import commands
from core.jobs.commands import COMMANDS, UNATTENDED, Command
from core.services.handlers import HANDLERS


def test_every_command_has_a_kind_and_a_handler_and_every_handler_a_command() -> None:
    concrete = {one for one in vars(commands).values() if isinstance(one, type) and issubclass(one, Command)}
    defined = {one for one in concrete if "kind" in vars(one)}
    # Tests of the state machine have a command of their own.
    known, handled = (
        {command for command in listed if command.__module__ == commands.__name__}
        for listed in (COMMANDS.values(), HANDLERS)
    )
    assert defined == known == handled
    assert {kind: command.kind for kind, command in COMMANDS.items()} == {kind: kind for kind in COMMANDS}
    assert set(COMMANDS) > UNATTENDED


@pytest.mark.parametrize("command", HANDLERS)
def test_a_handler_takes_the_command_that_it_is_listed_under(command: type[Command]) -> None:
    assert command in get_type_hints(HANDLERS[command]).values()
