"""Random numeric programs of array functions, written as source, for the property tests.

def program(a, b, x):
    v0 = np.sin(a) * x
    v1 = np.sum(v0 * b, axis=0)
    ...
    return v3
"""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable
from typing import Any

import numpy as np

SHAPES = [(), (3,), (2, 3), (3, 3)]
UNARY = [
    "np.sin({0})", "np.tanh({0})", "np.exp(-{0} * {0})", "np.sqrt({0} * {0} + 1.0)", "-{0}", "{0} / 3.0",
    "np.arctan({0})", "np.logaddexp({0}, 0.5)", "{0} ** 2", "np.abs({0}) * {0}",
]  # fmt: skip
BINARY = [
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / (1.5 + {1} * {1})", "np.hypot({0}, {1} + 2.0)",
    "np.multiply({0}, {1})", "np.arctan2({0}, 2.0 + {1} * {1})",
]  # fmt: skip


class Maker:
    """Writes one program; shapes are known while writing, so every statement is valid."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.parameters = ["a", "b", "x"]
        for parameter in self.parameters:
            self.shapes[parameter] = self.random.choice(SHAPES[1:]) if parameter != "x" else ()

    def value(self, shape: tuple[int, ...] | None = None) -> str:
        names = [n for n, s in self.shapes.items() if shape is None or s == shape]
        return self.random.choice(names[-5:])

    def compatible(self, name: str) -> str:
        shape = self.shapes[name]
        fits = []
        for other, s in self.shapes.items():
            try:
                np.broadcast_shapes(shape, s)
            except ValueError:
                continue
            fits.append(other)
        return self.random.choice(fits[-5:])

    def bind(self, text: str, shape: tuple[int, ...], indent: str = "    ") -> str:
        name = f"v{len(self.shapes)}"
        self.lines.append(f"{indent}{name} = {text}")
        self.shapes[name] = shape
        return name

    def statement(self) -> None:
        r = self.random
        a = self.value()
        shape = self.shapes[a]
        kind = r.randrange(9)
        if kind < 2:
            self.bind(r.choice(UNARY).format(a), shape)
        elif kind < 5:
            b = self.compatible(a)
            self.bind(r.choice(BINARY).format(a, b), np.broadcast_shapes(shape, self.shapes[b]))
        elif kind == 5 and shape:
            self.reduction(a, shape)
        elif kind == 6 and min(shape, default=0) > 1:
            self.reshaping(a, shape)
        elif kind == 7:
            self.branch(a)
        else:
            self.loop(a)

    def reduction(self, a: str, shape: tuple[int, ...]) -> None:
        r = self.random
        if len(shape) == 2 and r.random() < 0.3:
            b = self.value(shape) if shape[0] != shape[1] else a
            self.bind(f"{a} @ {b}.T", (shape[0], shape[0]))
            return
        axis = r.choice([None, *range(len(shape)), -1])
        keep = r.random() < 0.3
        text = f"np.{r.choice(['sum', 'mean', 'prod', 'max', 'std'])}({a}, axis={axis}, keepdims={keep})"
        self.bind(text, np.sum(np.ones(shape), axis=axis, keepdims=keep).shape)

    def reshaping(self, a: str, shape: tuple[int, ...]) -> None:
        r = self.random
        if len(shape) == 2:
            text, new = r.choice([
                (f"{a}.T", shape[::-1]), (f"{a}[:, 1]", shape[:1]), (f"{a}[0]", shape[1:]), (f"{a}[..., ::-1]", shape),
                (f"np.concatenate([{a}, {a} * 2.0])", (2 * shape[0], shape[1])),
                (f"{a}.reshape(-1)", (shape[0] * shape[1],)),
            ])  # fmt: skip
        else:
            n = shape[0]
            text, new = r.choice([
                (f"{a}[::-1]", shape), (f"{a}[[0, 1, 0]]", (3,)), (f"{a}[1]", ()),
                (f"np.stack([{a}, {a} + 1.0])", (2, n)),
                (f"np.cumsum({a})", shape), (f"{a}[np.array([True] * 2 + [False] * {n - 2})]", (2,)),
            ])  # fmt: skip
        self.bind(text, new)

    def branch(self, a: str) -> None:
        name, b = f"v{len(self.shapes)}", self.value(self.shapes[a])
        self.lines += [
            f"    if np.sum({a}) > {self.random.uniform(-2, 2):.3f}:",
            f"        {name} = {a} * {b}",
            "    else:",
            f"        {name} = {self.random.choice(UNARY).format(b)}",
        ]
        self.shapes[name] = self.shapes[a]

    def loop(self, a: str) -> None:
        name, b = f"v{len(self.shapes)}", self.value(self.shapes[a])
        self.lines += [f"    {name} = {a}", f"    for i in range({self.random.randrange(1, 4)}):"]
        if self.random.random() < 0.3:
            self.lines += ["        if i == 2:", f"            {self.random.choice(['break', 'continue'])}"]
        self.lines.append(f"        {name} = np.tanh({name}) * {b} * 0.5 + i * x")
        self.shapes[name] = self.shapes[a]

    def text(self, length: int) -> str:
        for _ in range(length):
            self.statement()
        last = [n for n in self.shapes if n not in self.parameters][-3:]
        forms = [last[-1], f"({', '.join(last)},)", f"[{last[0]}, {{'k': {last[-1]}}}]", f"np.sum({last[-1]})"]
        result = self.random.choice(forms)
        return "\n".join([f"def program({', '.join(self.parameters)}):", *self.lines, f"    return {result}", ""])


def make(seed: int, length: int = 7) -> tuple[Callable[..., Any], tuple[Any, ...], str]:
    """A program, arguments for it, and its text."""
    maker = Maker(seed)
    text = maker.text(length)
    filename = f"<array program {seed} {length}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    space: dict[str, Any] = {"np": np}
    exec(compile(text, filename, "exec"), space)
    rng = np.random.default_rng(seed)
    args = tuple(rng.normal(size=maker.shapes[p]) if p != "x" else float(rng.normal()) for p in maker.parameters)
    return space["program"], args, text
