"""Read a compiled graph without the onnx package, and cut parts out of it; fields have their numbers of onnx.proto."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Ints
from core.inference.contributions import protobuf
from core.inference.contributions.protobuf import fields

# ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto.
GRAPH, METADATA, HEAD = 7, 14, (1, 8)
NODE, GRAPH_NAME, INITIALIZER, INPUT, OUTPUT = 1, 2, 5, 11, 12
NODE_INPUT, NODE_OUTPUT, OP, ATTRIBUTE, DOMAIN = 1, 2, 4, 5, 7
NAME, INTEGER, TENSOR, BODY, INTEGERS = 1, 3, 5, 6, 8
DIMENSIONS, DATA_TYPE, TENSOR_NAME, RAW_DATA = 1, 2, 8, 9
VALUE_NAME, VALUE_TYPE, TENSOR_TYPE, ELEMENT = 1, 2, 1, 1
DTYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8", 9: "?", 11: "<f8"}
DOUBLE = 11


@dataclass(frozen=True)
class Node:
    """An operation; `attributes` are serialized until one is asked for."""

    op: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: dict[str, memoryview]
    content: memoryview

    def integer(self, name: str, default: int) -> int:
        """Return an attribute that is a whole number."""
        found = default
        for number, value in fields(self.attributes.get(name, memoryview(b""))):
            if number == INTEGER and isinstance(value, int):
                found = value
        return found

    def integers(self, name: str) -> Ints | None:
        """Return an attribute that is a list of whole numbers, packed or not; None where there is none."""
        if name not in self.attributes:
            return None
        found = [value for number, value in fields(self.attributes[name]) if number == INTEGERS]
        parts = [
            np.array([value], np.int64) if isinstance(value, int) else protobuf.packed_integers(value)
            for value in found
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def tensor(self, name: str) -> NDArray[Any] | None:
        """Return an attribute that is a tensor of numbers; None where there is none."""
        for number, value in fields(self.attributes.get(name, memoryview(b""))):
            if number == TENSOR and not isinstance(value, int):
                return read_tensor(value)
        return None

    @cached_property
    def captured(self) -> list[str]:
        """Return what nodes of a loop's body take, among it tensors of the graph around it."""
        bodies = [
            body
            for attribute in self.attributes.values()
            # A tensor is a message as well, and a long one.
            if self.op in ("Loop", "If", "Scan")
            for number, body in fields(attribute)
            if number == BODY and not isinstance(body, int)
        ]
        nodes = [read_node(part) for body in bodies for part in _parts(body, NODE)]
        return [name for node in nodes for name in (*node.inputs, *node.captured)]


@dataclass(frozen=True)
class Graph:
    """The nodes of a graph by the tensors that they make, its constants, and its inputs, each by name."""

    makers: dict[str, Node]
    constants: dict[str, memoryview]
    inputs: dict[str, memoryview]
    output: str
    metadata: dict[str, str]
    _head: bytes

    @classmethod
    def read(cls, model: bytes) -> "Graph":
        """Read a serialized model; raises `ValueError` for bytes that are none."""
        head, metadata = b"", {}
        pieces: list[memoryview] = []
        for number, content in fields(memoryview(model)):
            if isinstance(content, int):
                head += protobuf.number_field(number, content) if number in HEAD else b""
            elif number == GRAPH:
                pieces.append(content)
            elif number == METADATA:
                entry = {part: _text(text) for part, text in fields(content)}
                metadata[entry.get(1, "")] = entry.get(2, "")
            elif number in HEAD:
                head += protobuf.field(number, content)
        # What is written in several pieces is their bytes, joined.
        graph = pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))
        nodes = [read_node(part) for part in _parts(graph, NODE)]
        return cls(
            makers={name: node for node in nodes for name in node.outputs},
            constants={_name(part, TENSOR_NAME): part for part in _parts(graph, INITIALIZER)},
            inputs={_name(part, VALUE_NAME): part for part in _parts(graph, INPUT)},
            output=next(_name(part, VALUE_NAME) for part in _parts(graph, OUTPUT)),
            metadata=metadata,
            _head=head,
        )

    def constant(self, name: str) -> NDArray[Any] | None:
        """Return a constant of numbers; None for every other tensor."""
        return read_tensor(self.constants[name]) if name in self.constants else None

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a constant."""
        return _shape(self.constants[name])

    def sources(self, tensors: Iterable[str]) -> set[str]:
        """Return all that tensors are made of, by name, with themselves."""
        found: set[str] = set()
        waiting = list(tensors)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            if name in self.makers:
                maker = self.makers[name]
                waiting += [*maker.inputs, *maker.captured]
        return found

    def cut(self, tensors: Sequence[str]) -> bytes:
        """Return a model whose outputs are these tensors, of float64 each, and that has nothing else."""
        needed = self.sources(tensors)
        nodes = {id(node): node for name, node in self.makers.items() if name in needed}
        parts = [protobuf.field(NODE, node.content) for node in nodes.values()]
        for position, name in enumerate(tensors):
            # An output under a name of its own may be an input of the graph as well.
            output = f"{self.output}/{position}".encode()
            identity = ((NODE_INPUT, name.encode()), (NODE_OUTPUT, output), (OP, b"Identity"))
            parts.append(protobuf.field(NODE, b"".join(protobuf.field(*one) for one in identity)))
            kind = protobuf.field(VALUE_TYPE, protobuf.field(TENSOR_TYPE, protobuf.number_field(ELEMENT, DOUBLE)))
            parts.append(protobuf.field(OUTPUT, protobuf.field(VALUE_NAME, output) + kind))
        parts.append(protobuf.field(GRAPH_NAME, b"part"))
        parts += [protobuf.field(INITIALIZER, one) for name, one in self.constants.items() if name in needed]
        parts += [protobuf.field(INPUT, one) for name, one in self.inputs.items() if name in needed]
        return self._head + protobuf.field(GRAPH, b"".join(parts))


def read_node(content: memoryview) -> Node:
    """Read a node, but not its attributes."""
    inputs, outputs, op, attributes = [], [], "", {}
    for number, part in fields(content):
        if number == NODE_INPUT:
            inputs.append(_text(part))
        elif number == NODE_OUTPUT:
            outputs.append(_text(part))
        elif number == OP:
            op = _text(part)
        elif number == ATTRIBUTE and not isinstance(part, int):
            attributes[_name(part, NAME)] = part
    return Node(op, inputs, outputs, attributes, content)


def read_tensor(content: memoryview) -> NDArray[Any] | None:
    """Return a tensor of numbers; None for one of texts, and for one that is not written as plain bytes."""
    kind, raw = 0, None
    for number, part in fields(content):
        if number == DATA_TYPE and isinstance(part, int):
            kind = part
        elif number == RAW_DATA and not isinstance(part, int):
            raw = part
    shape = _shape(content)
    if kind not in DTYPES or (raw is None and 0 not in shape):
        return None
    return np.frombuffer(b"" if raw is None else raw, DTYPES[kind]).reshape(shape)


def _shape(content: memoryview) -> tuple[int, ...]:
    found: list[int] = []
    for number, part in fields(content):
        if number == DIMENSIONS:
            found += [part] if isinstance(part, int) else protobuf.packed_integers(part).tolist()
    return tuple(found)


def _parts(message: memoryview, wanted: int) -> list[memoryview]:
    return [content for number, content in fields(message) if number == wanted and not isinstance(content, int)]


def _name(message: memoryview, number: int) -> str:
    return next((_text(content) for found, content in fields(message) if found == number), "")


def _text(content: int | memoryview) -> str:
    return "" if isinstance(content, int) else bytes(content).decode()
