"""A stack that does not start in the background is told of, with what its log says."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from infra.local import detached
from infra.local.processes import StackError


@pytest.mark.parametrize(("log", "said"), [("the port is taken\n", "the port is taken"), ("", "Is the disk full")])
def test_the_end_of_the_log_says_why_and_an_empty_one_is_told_of(tmp_path: Path, log: str, said: str) -> None:
    (tmp_path / "stack.log").write_text(log)
    with pytest.raises(StackError, match=said):
        detached._wait(Mock(poll=lambda: 1), tmp_path, tmp_path / "stack.log")
