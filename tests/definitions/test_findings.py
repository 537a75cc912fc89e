"""What is found, and what is not: true cases, false ones, and the whole corpus, which must be silent."""

from __future__ import annotations

import bisect
import copy
import ctypes
import ctypes.util
import dataclasses
import itertools
import json
import math
import os
import re
import struct
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import pullback as pb
from pullback.contract import findings

sys.path.append(str(Path(__file__).parents[1]))

from corpus import test_corpus as _corpus  # noqa: E402
from corpus.registry import CASES as CORPUS  # noqa: E402
from engine.refusals import marks, programs  # noqa: E402
from language import test_language as _language  # noqa: E402
from language.cases import CASES as LANGUAGE  # noqa: E402
from programs import test_programs as _programs  # noqa: E402
from programs.registry import PROGRAMS  # noqa: E402

assert _corpus and _language and _programs

pack, unpack = struct.pack, struct.unpack
libm = ctypes.CDLL(ctypes.util.find_library("m"))
libm.tgamma.restype, libm.tgamma.argtypes = ctypes.c_double, [ctypes.c_double]
TOTAL = [0.0]
SETTING = 0.0


class Plain:
    def __init__(self, x):
        self.x = x


@dataclasses.dataclass
class Model:
    w: float
    k: float = pb.no_derivative(2.0)
    name: str = "model"


def opaque(t):
    return unpack("d", pack("d", t))[0]


def write_global(x):
    global SETTING
    SETTING = x * 2.0
    return x


def with_local(x, y):
    def inner(t):
        return pack("d", t)

    return unpack("d", inner(x * y))[0]


FOUND = [
    (lambda x: float(int(x)), "non-differentiable-result"),
    (lambda a: float(int(a[0]) + 1), "non-differentiable-result"),
    (lambda x: float(round(x)), "non-differentiable-result"),
    (lambda x: x // 1.0, "non-differentiable-result"),
    (lambda x: math.floor(x) * 2.0, "non-differentiable-result"),
    (lambda a: np.argmax(a) * 2.0, "non-differentiable-result"),
    (lambda x: float(f"{x:.3f}"), "non-differentiable-result"),
    (lambda x: 3.0, "zero-derivative"),
    (lambda x: float(x > 0.0), "non-differentiable-result"),
    (lambda x, y: 1.0 if x > y else 2.0, "zero-derivative"),
    (lambda x: opaque(x), "no-derivative"),
    (lambda x, y: opaque(x * y), "no-derivative"),
    (lambda x, y: libm.tgamma(x) + y, "no-derivative"),
    (lambda x: opaque([x * 2.0, 1.0][0]), "no-derivative"),
    (lambda x: opaque(max(x, 2.0)), "no-derivative"),
    (lambda a: sum(opaque(v) for v in a * 2.0), "no-derivative"),
    (lambda x: opaque(math.sin(x)), "no-derivative"),
    (lambda x: (lambda t: opaque(t))(x), "no-derivative"),
    (with_local, "no-derivative"),
    (lambda x: sum({x, x * x}), "unsupported-construct"),
    (write_global, "outer-write"),
    (lambda x: TOTAL.append(x) or TOTAL[-1], "outer-write"),
]


@pytest.mark.parametrize(("f", "id"), FOUND)
def test_found(f, id):
    assert {d.id for d in findings(f)} == {id}


def annotated(m: Model):
    return m.k


def half(m: Model):
    return m.k * m.w


def annotated_list(xs: list[float]):
    return opaque(xs[0])


def test_annotations_are_hints():
    assert [d.id for d in findings(annotated)] == ["no-derivative-field"]
    assert findings(half) == []
    assert [d.id for d in findings(annotated_list)] == ["no-derivative"]


def branch_on_type(x):
    if isinstance(x, bytes):
        x = unpack("d", x)[0]
    return x * 2.0


def captured_and_changed(a):
    k = lambda: a.sum()
    a += 1.0
    return k()


def not_used(x):
    pack("d", x)
    print(json.dumps({"x": 1}))
    return x * x


SILENT = [
    (lambda x, n: sum(x**k / math.factorial(k) for k in range(n)), 2.0, 5),
    (lambda x, fmt: x * unpack(fmt, pack(fmt, 2.0))[0], 2.0, "d"),
    (lambda x, xs: xs[bisect.bisect(xs, x)] * x, 1.5, [1.0, 2.0, 3.0]),
    (lambda x, names: x * len(set(names)), 2.0, ["a"]),
    (lambda x, names: sum(x * len(n) for n in sorted({m for m in names})), 2.0, ["a"]),
    (lambda x, when: x * time.strptime(when, "%Y").tm_year, 2.0, "1999"),
    (lambda x, data: x * float(np.frombuffer(data)[0]), 2.0, b"\0" * 8),
    (lambda x, path: x * os.stat(path).st_size, 2.0, "/"),
    (lambda x, s: x * int(re.match(r"\d+", s).group()), 2.0, "33"),
    (lambda x, s: x * float(json.loads(s)["k"]), 2.0, '{"k": 3}'),
    (lambda x, d: x * d.get("k", 1.0), 2.0, {"k": 3.0}),
    (lambda x, fn: fn(x) + fn(2.0 * x), 2.0, math.sin),
    (lambda x: x * int(x), 2.5),
    (lambda x: round(x) + x, 2.5),
    (lambda x: copy.deepcopy([x, x * x])[1], 2.0),
    (lambda x: Plain(x).x * 3.0, 2.0),
    (lambda xs: sum(a * b for a, b in itertools.product(xs, xs)), [1.0, 2.0]),
    (lambda x: pb.without_derivative(x), 2.0),
    (lambda x: pb.without_derivative(opaque(x)) + x, 2.0),
    (lambda x, name: x * ord(name) * hash(name), 2.0, "a"),
    (branch_on_type, 2.0),
    (captured_and_changed, np.ones(3)),
    (not_used, 2.0),
]


@pytest.mark.parametrize(("f", "args"), [(f, args) for f, *args in SILENT])
def test_silent_where_there_is_a_derivative(f, args):
    assert [d.render() for d in findings(f)] == []
    pb.value_with_pullback(f)(*args)


def functions():
    for case in CORPUS:
        yield case.name, case.function, case.options.get("wrt")
    for program in PROGRAMS:
        if not program.later:
            yield program.name, program.function, program.options.get("wrt")
    for function, _ in LANGUAGE:
        yield f"{function.__module__}.{function.__name__}", function, None


def test_no_false_alarm_in_the_corpus():
    alarms = []
    count = 0
    for name, function, wrt in functions():
        count += 1
        for diagnostic in (*findings(function), *(findings(function, wrt) if wrt is not None else ())):
            alarms.append(f"{name}\n{diagnostic.render()}")
    assert not alarms, "\n\n".join(alarms)
    assert count > 500


def test_no_false_alarm_in_the_layers():
    checked = 0
    for value in vars(pb.nn).values():
        if isinstance(value, type) and issubclass(value, pb.nn.Layer):
            assert [d.render() for d in findings(value)] == []
            checked += 1
    assert checked > 5


def places(diagnostics):
    return {(d.id, d.span.line, d.span.carets()[0]) for d in diagnostics if d.severity == "error"}


@pytest.mark.parametrize("program", [p for p in programs() if not p.bug], ids=lambda p: f"{p.module}.{p.name}")
def test_what_is_found_is_what_a_derivative_would_refuse(program):
    marked = {(e.id, e.line, e.column) for e in marks(program.function)}
    assert places(findings(program.function)) <= marked


def test_most_of_what_a_derivative_refuses_is_found_at_the_definition():
    every = [p for p in programs() if not p.bug]
    found = [p for p in every if places(findings(p.function))]
    assert len(found) >= 0.7 * len(every)
