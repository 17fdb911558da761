"""The table of what divides each command. Each entry is loaded when it is first asked for.

A process that predicts chunks alone starts without what races load, which is half of its start and 100 MB.
"""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from core.jobs.commands import Command, CompareCommand, ExportTableCommand, PredictTableCommand
from core.jobs.division import Divided


def _race() -> Divided[Any]:
    from core.services.training.divided_race import DividedRace

    return DividedRace()


def _prediction() -> Divided[Any]:
    from core.services.table_prediction.divided import DividedPrediction

    return DividedPrediction()


def _export() -> Divided[Any]:
    from core.services.table_prediction.divided import DividedExport

    return DividedExport()


class _LoadedWhenAsked(MutableMapping[type[Command], Divided[Any]]):
    """What divides each type of command, given what loads it."""

    def __init__(self, loaders: Mapping[type[Command], Callable[[], Divided[Any]]]) -> None:
        self._loaders = dict(loaders)
        self._loaded: dict[type[Command], Divided[Any]] = {}

    def __getitem__(self, kind: type[Command]) -> Divided[Any]:
        if kind not in self._loaded:
            self._loaded[kind] = self._loaders[kind]()
        return self._loaded[kind]

    def __setitem__(self, kind: type[Command], how: Divided[Any]) -> None:
        self._loaders[kind] = lambda: how
        self._loaded[kind] = how

    def __delitem__(self, kind: type[Command]) -> None:
        del self._loaders[kind]
        self._loaded.pop(kind, None)

    def __iter__(self) -> Iterator[type[Command]]:
        return iter(self._loaders)

    def __len__(self) -> int:
        return len(self._loaders)


DIVIDED = _LoadedWhenAsked({CompareCommand: _race, PredictTableCommand: _prediction, ExportTableCommand: _export})
