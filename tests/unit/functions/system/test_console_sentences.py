"""The sentences of the service in the console's Chinese: which are listed, and that each keeps its values."""

import ast
import json
import re
from pathlib import Path

import pytest

from core import automl, preprocessing, profiling
from core.inference import input_warnings
from core.services import training
from functions.system.console.assets import STATIC

LISTED: dict[str, str] = json.loads((STATIC / "words/service.zh.json").read_text("utf-8"))
HOLE = re.compile(r"\{(\w+)\}")
FINDINGS = sorted(Path(str(profiling.__file__)).parent.glob("*.py"))
LEARNING = sorted(
    path
    for package in (automl, preprocessing, training)
    for path in Path(str(package.__file__)).parent.glob("*.py")
    if re.search(r"\b(notes?|warnings)\b", path.read_text("utf-8"))
)
# Shorter pieces are units and marks.
LEAST = 12


def pieces(node: ast.AST) -> list[str]:
    """Return the literal pieces of the texts in an expression, without what is computed in between."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.FormattedValue):
        return []
    return [piece for child in ast.iter_child_nodes(node) for piece in pieces(child)]


def sentences(module: Path, *, name: str) -> list[str]:
    """Return the pieces of what a module assigns to `name`, or appends to it."""
    found: list[str] = []
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=value)
                | ast.AugAssign(target=ast.Name(id=target), value=value)
            ) if target == name:
                found += pieces(value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr="append"), args=[value]) if target == name:
                found += pieces(value)
    return [piece.strip(" ,") for piece in found if len(piece) >= LEAST]


def test_what_is_missing_would_be_found() -> None:
    found = [piece for module in FINDINGS for piece in sentences(module, name="sentence")]
    assert len(found) > 25
    assert len(sentences(Path(str(input_warnings.__file__)), name="warnings")) > 5


@pytest.mark.parametrize("module", FINDINGS, ids=lambda path: path.stem)
def test_every_sentence_of_a_finding_is_listed(module: Path) -> None:
    texts = "\n".join(LISTED)
    assert [piece for piece in sentences(module, name="sentence") if piece not in texts] == []


def test_every_warning_of_a_prediction_is_listed() -> None:
    texts = "\n".join(LISTED)
    found = sentences(Path(str(input_warnings.__file__)), name="warnings")
    assert [piece for piece in found if piece not in texts] == []


@pytest.mark.parametrize("module", LEARNING, ids=lambda path: path.stem)
def test_every_note_of_a_training_is_listed(module: Path) -> None:
    texts = "\n".join(LISTED)
    found = [piece for name in ("notes", "note", "warnings") for piece in sentences(module, name=name)]
    assert [piece for piece in found if piece not in texts] == []


def test_the_chinese_leads_to_the_views_of_the_console_and_not_to_the_api() -> None:
    requests = [chinese for chinese in LISTED.values() if re.search(r"\b(GET|POST|DELETE)\b|\{keep\}", chinese)]
    assert requests == []


def test_a_sentence_keeps_its_values() -> None:
    for english, chinese in LISTED.items():
        assert chinese.strip(), english
        assert set(HOLE.findall(chinese)) <= set(HOLE.findall(english)), english
        assert "}{" not in english, "two values side by side cannot be told apart"
