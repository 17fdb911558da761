"""Every sentence that the service can answer, as its source has it: problems, their messages, warnings, notes.

A sentence is given as its form: what is computed stands as `HOLE`.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from string import Formatter

from core import errors
from core.errors import RegattaError
from infra.paths import ROOT

HOLE = "\0"
PACKAGES = ("core", "functions")
# What only programs in the same process get to read: `regatta.local` and the first step of a pickled pipeline.
OF_THE_LIBRARY = frozenset(
    f"core/{path}.py"
    for path in (
        "inference/frame_input",
        "inference/lost_texts",
        "inference/model_card",
        "inference/model_file",
        "services/training/frame_file",
    )
)
# The reports have their own words.
PAGES = ("core/reporting/",)
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, RegattaError)}
# The lists that sentences are collected in, and what functions are called that make them.
LISTS = frozenset({"warnings", "notes", "note", "sentence", "reasons", "suggestion"})
HANDED_ON = frozenset({"detail", "message", "why", "reason", "way_out", "instead"})
MAKERS = re.compile(r"warn|_note|notes|reason")
# Fewer letters are a name, a unit or a mark.
LEAST = 6
# A text of more forms than this is read with its parts left open.
MOST_FORMS = 256
Assigned = dict[str, list[ast.expr]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Sentence:
    """The form of a sentence, and where it is made."""

    module: str
    line: int
    form: str


@cache
def sentences() -> list[Sentence]:
    """Return them by module and line."""
    found: set[Sentence] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if name not in OF_THE_LIBRARY and not name.startswith(PAGES):
                found |= set(_Module(path, name).sentences())
    return sorted(found)


class _Module:
    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.tree = ast.parse(path.read_text("utf-8"))
        self.functions = [each for each in ast.walk(self.tree) if isinstance(each, Function)]
        self.named = {each.name: each for each in reversed(self.functions)}
        self.values = vars(importlib.import_module(name.removesuffix(".py").replace("/", ".")))

    def sentences(self) -> Iterator[Sentence]:
        """Yield those of errors, their messages, and what is added to a list of warnings or notes."""
        for function in self.functions:
            assigned = _assigned(function)
            for text in (*_texts(function), *self._handed_on(function)):
                for expression in (text, *self._parts(text, assigned)):
                    for form in self._forms(expression, assigned):
                        if len(re.sub("[^A-Za-z]", "", form)) >= LEAST and " " in form:
                            yield Sentence(self.name, expression.lineno, form)

    def _handed_on(self, function: Function) -> Iterator[ast.expr]:
        """Yield what is handed to a function that makes an error of it."""
        for node in ast.walk(function):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in self.named:
                    names = [each.arg for each in self.named[name].args.args if each.arg not in ("self", "cls")]
                    yield from (text for each, text in zip(names, node.args, strict=False) if each in HANDED_ON)
                    yield from (each.value for each in node.keywords if each.arg in HANDED_ON)

    def _forms(self, node: ast.expr, assigned: Assigned, depth: int = 8) -> set[str]:
        """Return the forms that an expression may have."""
        found = {HOLE}
        if depth == 0:
            return found
        match node:
            case ast.Constant(value=str(text)):
                found = {text}
            case ast.JoinedStr(values=values):
                found = self._joined(values, assigned, depth)
            case ast.FormattedValue(value=value):
                found = self._forms(value, assigned, depth - 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                found = self._joined([left, right], assigned, depth)
            case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mult()):
                found = {"", text}
            case ast.IfExp(body=body, orelse=orelse):
                found = self._forms(body, assigned, depth) | self._forms(orelse, assigned, depth)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="format")):
                found = {_holed(form) for form in self._constant(name)}
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in self.named:
                function = self.named[name]
                inner = _assigned(function)
                found = {form for each in _returned(function) for form in self._forms(each, inner, depth - 1)}
            case ast.Name(id=name) if name in assigned:
                found = {form for each in assigned[name] for form in self._forms(each, assigned, depth - 1)}
            case ast.Name(id=name):
                found = self._constant(name)
        return found or {HOLE}

    def _joined(self, values: list[ast.expr], assigned: Assigned, depth: int) -> set[str]:
        choices = [self._forms(value, assigned, depth) for value in values]
        if prod(map(len, choices)) > MOST_FORMS:
            choices = [choice if len(choice) == 1 else {HOLE} for choice in choices]
        # A number with its noun is one value: "□ □s" are "44 rows".
        return {re.sub(f"{HOLE} {HOLE}s|{HOLE}+", HOLE, "".join(each)) for each in product(*choices)}

    def _constant(self, name: str) -> set[str]:
        value = self.values.get(name)
        return {value} if isinstance(value, str) else {HOLE}

    def _parts(self, text: ast.expr, assigned: Assigned) -> Iterator[ast.expr]:
        """Yield what is put into a sentence by a name or a function of the module: sentences of their own."""
        for node in ast.walk(text):
            match node:
                case ast.FormattedValue(value=ast.Name(id=name)):
                    yield from (each for each in assigned.get(name, []) if _stands_alone(each))
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in self.named:
                    yield from _returned(self.named[name])


def _texts(function: Function) -> Iterator[ast.expr]:
    """Yield the expressions of the sentences that a function makes."""
    makes_all = bool(MAKERS.search(function.name))
    if makes_all:
        yield from _returned(function)
    validates = any("_validator" in ast.unparse(each) for each in function.decorator_list)
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id="ValueError"), args=[text]) if validates:
                yield text
            case ast.Call(func=ast.Attribute(attr="append"), args=[text]) if makes_all:
                yield text
            case ast.Call(func=ast.Attribute(value=ast.Name(id="errors"), attr="add"), args=[_, text, *_]):
                yield text
            case ast.Call(func=ast.Attribute(attr="end"), args=[_, text, *_]):
                yield text
            case ast.Call(func=ast.Name(id="finding") | ast.Attribute(attr="finding"), args=arguments):
                yield from (text for text in arguments if isinstance(text, ast.JoinedStr | ast.BinOp))
                yield from (text for text in arguments[2:] if isinstance(text, ast.Constant) and " " in str(text.value))
            case ast.Call(func=ast.Attribute(attr="note"), args=[text]):
                yield text
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[detail, *_]) if name in ERRORS:
                yield detail
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[text]) if name in LISTS:
                yield text
    yield from _collected(function)


def _collected(function: Function) -> Iterator[ast.expr]:
    """Yield what a function puts into lists of sentences and under their names."""
    # What is added to a sentence belongs to each of its beginnings.
    added = {
        node.target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == "sentence"
    }
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in added:
                yield ast.BinOp(value, ast.Add(), added[name], lineno=value.lineno)
            case ast.AugAssign(target=ast.Name(id=name)) if name in added:
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in LISTS:
                yield from _each(value)
            case ast.AugAssign(target=ast.Name(id=name), value=value) if name in LISTS:
                yield from _each(value)
            case ast.keyword(arg=str(name), value=value) if name in LISTS:
                yield from _each(value)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in ("message", *LISTS):
                        yield from _each(value)


def _each(value: ast.expr) -> Iterator[ast.expr]:
    """Yield what a list is made of; any other expression as it is."""
    match value:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            for element in elements:
                yield from _each(element)
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            yield from _each(element)
        case ast.Starred(value=inner):
            yield from _each(inner)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _each(body)
            yield from _each(orelse)
        case _:
            yield value


def _stands_alone(value: ast.expr) -> bool:
    """Whether an expression may have too many forms to be read with the sentence around it."""
    return isinstance(value, ast.Call)


def _returned(function: Function) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and node.value is not None:
            yield from _each(node.value)


def _assigned(function: Function) -> Assigned:
    found: Assigned = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for target, each in zip(names, values, strict=True):
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, []).append(each)
    return found


def _holed(text: str) -> str:
    """Return a text for `str.format` with its fields as holes."""
    return "".join(literal + (HOLE if name is not None else "") for literal, name, *_ in Formatter().parse(text))
