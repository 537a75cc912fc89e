"""The comparison and the reducer, with libraries that are right or wrong on purpose."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pullback as pb

from .checking import Check, failure, kind_of
from .dual import MATH, Dual, Unsuitable
from .dual_arrays import NUMPY
from .features import CORE, GROUPS
from .more_checks import late
from .programs import generate
from .reduce import reduced
from .structures import leaves, rebuilt

PROGRAM = """
import math

def f(x, y):
    a = x
    for i in range(3):
        a = math.sin(a * y + i)
    print("a", a)
    return a * x
ARGS = (0.5, -0.7)
"""
Change = Callable[[list[float], int], list[float]]


class Library:
    """What the library promises, done with dual numbers, and spoilt by `change(tangents, calls)`."""

    def __init__(self, change: Change, value: Callable[[Any], Any] = lambda v: v) -> None:
        self.change, self.value, self.calls = change, value, 0

    def value_with_pullback(self, f: Any, wrt: Any = None) -> Any:
        def run(*args: Any) -> Any:
            numbers = leaves(args)
            eye = [tuple(float(i == k) for i in range(len(numbers))) for k in range(len(numbers))]
            shims = {"math": MATH, "np": NUMPY}
            plain = {name: f.__globals__[name] for name in shims if name in f.__globals__}
            f.__globals__.update(shims)
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    out = f(*rebuilt(args, map(Dual, numbers, eye)))
            finally:
                f.__globals__.update(plain)
            ends = leaves(out)
            entry = copy.deepcopy(args)
            value = f(*args)

            def pull(cotangent: Any) -> Any:
                self.calls += 1
                columns = zip(*[e.partials if isinstance(e, Dual) else (0.0,) * len(numbers) for e in ends])
                flat = [float(sum(c * d for c, d in zip(leaves(cotangent), column))) for column in columns]
                every = rebuilt(entry, iter(self.change(flat, self.calls)))
                names = f.__code__.co_varnames[: f.__code__.co_argcount]
                chosen = wrt if isinstance(wrt, (tuple, list)) else () if wrt is None else (wrt,)
                which = [names.index(w) if isinstance(w, str) else w for w in chosen]
                which = which or [k for k, a in enumerate(entry) if leaves(a)]
                return tuple(every[k] for k in which) if len(which) > 1 else every[which[0]]

            return self.value(value), pull

        return run

    def value_with_gradient(self, f: Any, wrt: Any = None) -> Any:
        def run(*args: Any) -> Any:
            value, pull = self.value_with_pullback(f, wrt)(*args)
            return value, pull(1.0)

        return run

    def gradient(self, f: Any, wrt: Any = None) -> Any:
        return lambda *args: self.value_with_gradient(f, wrt)(*args)[1]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Library], None]:
    def install(library: Library) -> None:
        for name in ("value_with_pullback", "value_with_gradient", "gradient"):
            monkeypatch.setattr(pb, name, getattr(library, name), raising=False)

    return install


def test_a_right_library_passes(use: Any, tmp_path: Path) -> None:
    use(Library(lambda t, n: t))
    assert failure(PROGRAM, tmp_path, 0) is None
    for seed in range(40):
        for features in (CORE, GROUPS["mutation"]):
            program = generate(seed, features)
            with contextlib.suppress(Unsuitable):
                assert failure(program.source, tmp_path, seed) is None, program.source


WRONG: dict[str, tuple[Change, Callable[[Any], Any], str]] = {
    "sign": (lambda t, n: [-x for x in t], lambda v: v, "pullback"),
    "a factor just off": (lambda t, n: [x * (1 + 1e-7) for x in t], lambda v: v, "pullback"),
    "one entry missing": (lambda t, n: [*t[:-1], 0.0], lambda v: v, "pullback"),
    "not a number": (lambda t, n: [float("nan")] * len(t), lambda v: v, "pullback"),
    "an int": (lambda t, n: [int(x) for x in t], lambda v: v, "the tangent of a float"),
    "not linear": (lambda t, n: [x + (0.1 if n == 2 else 0.0) for x in t], lambda v: v, "other cotangent"),
    "not repeatable": (lambda t, n: [x + (1.0 if n == 3 else 0.0) for x in t], lambda v: v, "called again"),
    "barely repeatable": (lambda t, n: [x * (1 + 3e-16 * (n == 3)) for x in t], lambda v: v, "called again"),
    "only gradient": (lambda t, n: [x + (1.0 if n > 3 else 0.0) for x in t], lambda v: v, "gradient"),
    "only a subset": (lambda t, n: [x + (1.0 if n > 4 else 0.0) for x in t], lambda v: v, "wrt="),
    "value": (lambda t, n: t, lambda v: v * (1 + 2e-16), "value"),
    "output": (lambda t, n: t, lambda v: print("once more") or v, "output"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_library_is_caught(name: str, use: Any, tmp_path: Path) -> None:
    change, value, expected = WRONG[name]
    use(Library(change, value))
    report = failure(PROGRAM, tmp_path, 0)
    assert report is not None and report.startswith("Mismatch") and expected in report.split("\n")[0]


def test_changed_arguments_are_caught(use: Any, tmp_path: Path) -> None:
    library = Library(lambda t, n: t)
    use(library)
    plain = library.value_with_pullback

    def spoiling(f: Any, wrt: Any = None) -> Any:
        def run(xs: list[float]) -> Any:
            result = plain(f, wrt)(xs)
            xs[0] += 1.0
            return result

        return run

    library.value_with_pullback = spoiling  # type: ignore[method-assign]
    use(library)
    report = failure("import math\ndef f(xs):\n    return (xs[0] * xs[1], xs[0])\nARGS = ([0.5, 1.0],)\n", tmp_path, 0)
    assert report is not None and "the arguments should end as" in report


def test_errors_of_the_library_are_reported_with_their_kind(use: Any, tmp_path: Path) -> None:
    def value(v: Any) -> Any:
        raise KeyError("internal")

    use(Library(lambda t, n: t, value))
    report = failure(PROGRAM, tmp_path, 0)
    assert report is not None and report.startswith("KeyError") and kind_of(report).startswith("KeyError")


def test_pullbacks_that_read_the_arguments_too_late_are_caught(use: Any, tmp_path: Path) -> None:
    class Late(Library):
        def value_with_pullback(self, f: Any, wrt: Any = None) -> Any:
            def run(*args: Any) -> Any:
                value, _ = Library(self.change).value_with_pullback(f, wrt)(*args)
                return value, lambda g: Library(self.change).value_with_pullback(f, wrt)(*args)[1](g)

            return run

    source = "import math\ndef f(xs):\n    return (xs[0] * xs[1], xs[0])\nARGS = ([0.5, 1.0],)\n"
    use(Library(lambda t, n: t))
    assert failure(source, tmp_path, 0, (Check.all, late)) is None
    use(Late(lambda t, n: t))
    assert failure(source, tmp_path, 0) is None
    report = failure(source, tmp_path, 0, (late,))
    assert report is not None and "arguments changed before it" in report


def test_reduction_drops_parameters() -> None:
    source = "def f(x, y, z):\n    return y\nARGS = (1.0, 2.0, 3.0)\n"
    small = reduced(source, lambda s: "y" in s.split(")")[0] and "ARGS = (" in s and "2.0" in s and "return y" in s)
    assert small == "def f(y):\n    return y\nARGS = (2.0,)"


def test_reduction_keeps_the_failure_and_little_else() -> None:
    guilty = "def guilty(x):\n    y = x * 2.0\n    if x > 0:\n        y = math.sin(x) + y\n    return y\n"
    source = generate(4, CORE).source + guilty

    def fails(text: str) -> bool:
        return "math.sin(x)" in text and "guilty" in text

    small = reduced(source, fails)
    assert fails(small) and len(small) < 80


def test_reduction_returns_the_source_when_nothing_fails() -> None:
    assert reduced("x = 1\n", lambda s: False) == "x = 1\n"
