"""`summary`: the layers of a model, what each made of an input, and how many parameters it has.

    layer        output           parameters    bytes
    hidden       float32[4, 10]           30    120 B
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from pullback.forms import form_of
from pullback.nn.layer import Layer
from pullback.spaces import is_differentiable
from pullback.structs import field_names, is_struct_class
from pullback.tables import Table, in_bytes


class Summary:
    """The layers of a model as a table; `rows` are (path, type, output forms, parameters, bytes)."""

    def __init__(self, model: Any, rows: list[tuple[str, str, list[str], int, int]], totals: tuple[int, int]) -> None:
        self.name = type(model).__name__
        self.rows = rows
        self.parameters, self.bytes = totals

    def _table(self) -> Table:
        rows = []
        for path, kind, outputs, parameters, size in self.rows:
            different = list(dict.fromkeys(outputs))
            shown = ", ".join(different) if outputs else "(not called)"
            calls = f" × {len(outputs)}" if len(outputs) > 1 else ""
            rows.append((path, kind, shown + calls, f"{parameters:,}", in_bytes(size)))
        total = ("total", "", "", f"{self.parameters:,}", in_bytes(self.bytes))
        header = ("layer", "type", "output", "parameters", "bytes")
        return Table(header, rows, frozenset({3, 4}), frozenset({0}), [total])

    def __repr__(self) -> str:
        return f"{self.name}\n{self._table().text()}"

    def _repr_html_(self) -> str:
        return self._table().html(self.name)


def summary(model: Any, *inputs: Any) -> Summary:
    """The layers of a model: what each returns when the model is called with these inputs, parameters, bytes.

    The model is called once. A layer in several places is one set of parameters, counted once in the total.

    >>> from pullback.nn import Dense, Sequential, relu
    >>> found = summary(Sequential(Dense(2, 10, relu, rng=0), Dense(10, 1, rng=1)), np.ones((4, 2), np.float32))
    >>> [(path, outputs) for path, _, outputs, *_ in found.rows]
    [('layers[0]', ['float32[4, 10]']), ('layers[1]', ['float32[4, 1]'])]
    >>> found.parameters, found.bytes
    (41, 164)
    """
    layers = list(_layers(model, "", set()))
    outputs = _outputs(model, inputs, [layer for _, layer in layers])
    rows = []
    for path, layer in layers:
        parameters, size = _count(layer, set())
        rows.append((path or "(model)", type(layer).__name__, outputs.get(id(layer), []), parameters, size))
    return Summary(model, rows[1:] if len(rows) > 1 and not layers[0][0] else rows, _count(model, set()))


def _layers(x: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The layers in a model, outermost first, each by the path of its first place."""
    if isinstance(x, (float, complex, int, str, bytes, np.generic, np.ndarray, type(None))) or id(x) in seen:
        return
    seen.add(id(x))
    if isinstance(x, Layer):
        yield path, x
    if isinstance(x, dict):
        for key, value in x.items():
            yield from _layers(value, f"{path}[{key!r}]", seen)
    elif isinstance(x, (tuple, list)):
        for index, value in enumerate(x):
            yield from _layers(value, f"{path}[{index}]", seen)
    elif is_struct_class(type(x)):
        for name in field_names(x):
            yield from _layers(getattr(x, name, None), f"{path}.{name}" if path else name, seen)


def _outputs(model: Any, inputs: tuple[Any, ...], layers: list[Any]) -> dict[int, list[str]]:
    """What the calls of each layer returned, by the layer's id; the interpreter's profiler tells."""
    codes = {type(layer).__call__.__code__ for layer in layers if isinstance(type(layer).__call__, types.FunctionType)}
    known = {id(layer) for layer in layers}
    found: dict[int, list[str]] = {}

    def seen(frame: types.FrameType, event: str, result: Any) -> None:
        if event == "return" and frame.f_code in codes and result is not None:
            own = frame.f_locals.get(frame.f_code.co_varnames[0])
            if id(own) in known:
                found.setdefault(id(own), []).append(form_of(result))

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        model(*inputs)
    finally:
        sys.setprofile(before)
    return found


def _count(x: Any, seen: set[int]) -> tuple[int, int]:
    """The numbers in a model's parameters, and their bytes; what is shared counts once."""
    if isinstance(x, (float, complex, np.inexact)):
        return 1, int(np.asarray(x).nbytes)
    if not is_differentiable(x) or id(x) in seen:
        return 0, 0
    seen.add(id(x))
    if isinstance(x, np.ndarray):
        return x.size, x.nbytes
    parts: Any = ()
    if isinstance(x, dict):
        parts = x.values()
    elif isinstance(x, (tuple, list)):
        parts = x
    elif is_struct_class(type(x)):
        parts = [getattr(x, name, None) for name in field_names(x)]
    counted = [_count(part, seen) for part in parts]
    return sum(n for n, _ in counted), sum(b for _, b in counted)
