"""The protobuf wire format, as far as long lists of integers need it: packed, which every reader takes.

The onnx package writes a tag before each integer. Without, a forest is a fifth smaller, and is read faster.
https://protobuf.dev/programming-guides/encoding/
"""

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto

BYTES = 2


def field(number: int, content: bytes) -> bytes:
    """A message, text or packed list as one field of another message."""
    head = np.array([number << 3 | BYTES, len(content)], np.int64)
    return _varints(head) + content


def integers(name: str, values: NDArray[np.int64]) -> bytes:
    """An `AttributeProto` of many integers, none of them negative."""
    attribute = AttributeProto(name=name, type=AttributeProto.INTS)
    number = AttributeProto.DESCRIPTOR.fields_by_name["ints"].number
    return bytes(attribute.SerializeToString()) + field(number, _varints(values))


def _varints(values: NDArray[np.int64]) -> bytes:
    """Seven bits a byte, lowest first; the top bit says that more follow."""
    bits = max(1, int(values.max(initial=0)).bit_length())
    left = values[:, np.newaxis] >> np.arange(0, bits, 7)
    octets = (left & 127) | (left > 127) * 128
    used = left > 0
    used[:, 0] = True
    return octets[used].astype(np.uint8).tobytes()
