"""Read and write what is needed of protobuf, without its package: https://protobuf.dev/programming-guides/encoding/."""

from collections.abc import Iterator

import numpy as np

from core.array_types import Ints

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED = {FIXED64: 8, FIXED32: 4}


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and content of each field of a message, in order: a varint as an integer, all else as its bytes.

    Raises `ValueError` for bytes that are no message.
    """
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            content: int | memoryview
            content, position = _varint(message, position)
        else:
            if wire == BYTES:
                size, position = _varint(message, position)
            elif wire in FIXED:
                size = FIXED[wire]
            else:
                raise ValueError("groups are no part of ONNX")
            content = message[position : position + size]
            position += size
        yield number, content
    if position > len(message):
        raise ValueError("the message ends within a field")


def packed_integers(content: memoryview) -> Ints:
    """Return the varints of a packed list, none of them negative."""
    coded = np.frombuffer(content, np.uint8)
    ends = coded < 128
    starts = np.flatnonzero(np.concatenate([[True], ends[:-1]])) if len(coded) else np.empty(0, np.intp)
    if not len(starts):
        return np.empty(0, np.int64)
    places = np.arange(len(coded)) - np.repeat(starts, np.diff(np.append(starts, len(coded))))
    result: Ints = np.add.reduceat((coded & 127).astype(np.int64) << 7 * places, starts)
    return result


def field(number: int, content: bytes | memoryview) -> bytes:
    """Return bytes as one field of a message."""
    return _coded(number << 3 | BYTES) + _coded(len(content)) + bytes(content)


def number_field(number: int, value: int) -> bytes:
    """Return a whole number, not negative, as one field of a message."""
    return _coded(number << 3 | VARINT) + _coded(value)


def _coded(value: int) -> bytes:
    groups = bytearray()
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return the varint at a position, and the position after it."""
    value = shift = 0
    while True:
        if position >= len(message):
            raise ValueError("the message ends within a number")
        group = message[position]
        value |= (group & 127) << shift
        position, shift = position + 1, shift + 7
        if group < 128:
            return value, position
