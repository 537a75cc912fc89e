"""A number that is read from the text or the bytes of a differentiated value has no derivative: it is refused."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([1.3, 0.72, -0.45])


def from_json(a: Any) -> Any:
    return json.loads(json.dumps([float(a[0])]))[0] * a[1]


def from_digits(a: Any) -> Any:
    return float.fromhex(float(a[0]).hex()) * a[1]


def from_a_ratio(a: Any) -> Any:
    n, d = float(a[0]).as_integer_ratio()
    return n / d * a[1]


def from_bytes(a: Any) -> Any:
    return np.frombuffer(a.tobytes())[0] * a[1]


def from_a_bytearray(a: Any) -> Any:
    return np.frombuffer(bytearray(a))[0] * a[1]


def unpacked(a: Any) -> Any:
    return struct.unpack("3d", a.tobytes())[0] * a[1]


def through_a_memoryview(a: Any) -> Any:
    b = a * 1.5
    m = memoryview(b)
    m[0] = m[1] * 2
    return b @ b


@pytest.mark.parametrize(
    "f",
    [from_json, from_digits, from_a_ratio, from_bytes, from_a_bytearray, unpacked, through_a_memoryview],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("derivative", [pb.gradient, lambda f: lambda x: pb.differential(f)(x)(x)])
def test_is_refused_at_its_line(f: Callable[[Any], Any], derivative: Any) -> None:
    with pytest.raises(pb.DifferentiabilityError) as raised:
        derivative(f)(A)
    first = f.__code__.co_firstlineno
    assert first < raised.value.diagnostics[0].span.line <= first + 4


def logged(a: Any) -> Any:
    out = io.StringIO()
    out.write(json.dumps({"x": float(a[0]), "rest": a.tolist()}))
    print(float(a[1]).hex(), a.tobytes(), float(a[0]).as_integer_ratio(), file=out)
    return a[0] * a[1] * a[2]


def kept_by_its_bytes(a: Any) -> Any:
    kept = {}
    key = a.tobytes()
    if key not in kept:
        kept[key] = a * 2.0
    return kept[key] @ a


class Autoencoder:
    def __init__(self, w: Any) -> None:
        self.w = w

    def encode(self, x: Any) -> Any:
        return self.w * x

    def loads(self, x: Any) -> Any:
        return np.asarray(x) * self.w


def methods_of_such_names(a: Any) -> Any:
    model = Autoencoder(a)
    return float(np.sum(model.loads(np.asarray(model.encode(a)))))


@pytest.mark.parametrize("f", [logged, kept_by_its_bytes, methods_of_such_names], ids=lambda f: f.__name__)
def test_text_that_is_only_shown_or_looked_up_is_not_refused(f: Callable[[Any], Any]) -> None:
    pb.check_derivative(f, A)
