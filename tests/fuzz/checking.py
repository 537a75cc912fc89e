"""One program through the library, against the oracle; a failure says what was expected and what came."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import inspect
import io
import itertools
import linecache
import math
import random
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import pullback as pb

from .dual import Unsuitable
from .oracle import Answer, derivatives
from .structures import fields, form, leaves, rebuilt, tangible

_numbers = itertools.count()
Comparisons = tuple[Callable[["Check"], None], ...]


class Mismatch(AssertionError):
    """The library and the oracle disagree."""


def load_module(source: str, folder: Path) -> ModuleType:
    """The program as a module read from a real file, which the library can find the source of."""
    name = f"fuzzed_{next(_numbers)}"
    path = folder / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def unload_module(module: ModuleType) -> None:
    """Forget a module, its source and its file, so that long runs do not grow."""
    sys.modules.pop(module.__name__, None)
    linecache.cache.pop(str(module.__file__), None)
    Path(str(module.__file__)).unlink(missing_ok=True)


def tangent_leaves(t: Any, x: Any) -> list[float]:
    """The numbers of a tangent of `x`, in the order of `leaves(x)`; its structure is checked."""
    if isinstance(x, float):
        if type(t) is not float and not (isinstance(x, np.floating) and isinstance(t, float)):
            raise Mismatch(f"the tangent of a float is a float, not {t!r}")
        return [t]
    if isinstance(x, np.ndarray):
        if not isinstance(t, np.ndarray) or t.shape != x.shape or t.dtype != x.dtype:
            raise Mismatch(f"the tangent of an array of shape {x.shape} is not {t!r}")
        return [float(v) for v in t.ravel()]
    if isinstance(x, dict):
        return [n for k, v in x.items() if leaves(v) for n in tangent_leaves(t[k], v)]
    if isinstance(x, (tuple, list)):
        if not isinstance(t, (tuple, list)) or len(t) != len(x):
            raise Mismatch(f"the tangent of {x!r} is not {t!r}")
        return [n for u, v in zip(t, x) if leaves(v) for n in tangent_leaves(u, v)]
    held = [(getattr(t, n), getattr(x, n)) for n in fields(x) if leaves(getattr(x, n))]
    return [number for u, v in held for number in tangent_leaves(u, v)]


class Check:
    """The comparison of one program; `all()` raises `Mismatch` at the first difference.

    Every call gets arguments of its own, as a program may change them: they must end as the plain program leaves
    them, sharing included, and stay so through the pullbacks.
    """

    def __init__(self, source: str, folder: Path, seed: int) -> None:
        self.source = source
        self.answer: Answer = derivatives(source)  # first: it may find the program unsuitable
        self.module = load_module(source, folder)
        self.f, self.args = self.module.f, self.module.ARGS
        own = self.fresh()
        with muted():
            self.value = self.f(*own)  # of the module's own classes
        self.shown, self.end, self.left = form(self.value), form((self.value, own)), form(own)
        self.value = copy.deepcopy(self.value)
        if not tangible((self.args, self.value)):
            unload_module(self.module)
            raise Unsuitable("an object without tangents is an argument or in the result")
        self.names = list(inspect.signature(self.f).parameters)
        self.rng = random.Random(seed)
        self.active = [k for k, a in enumerate(self.args) if leaves(a)]

    def fresh(self) -> Any:
        return copy.deepcopy(self.args)

    def all(self) -> None:
        self.pullback()
        if len(self.answer.jacobian) == 1 and isinstance(self.value, float):
            self.gradient()
            self.subset()

    def one(self) -> None:
        """One of the three, as each is generated code of its own: a third of the time."""
        scalar = len(self.answer.jacobian) == 1 and isinstance(self.value, float)
        self.rng.choice([self.pullback, self.gradient, self.subset] if scalar else [self.pullback])()

    def expected(self, cotangent: list[float]) -> list[float]:
        """The cotangents of all input leaves for one of the output leaves."""
        columns = zip(*self.answer.jacobian, strict=True)
        return [sum(c * d for c, d in zip(cotangent, column, strict=True)) for column in columns]

    def compare(self, what: str, got: Any, which: list[int], cotangent: list[float]) -> list[float]:
        every = iter(self.expected(cotangent))
        want = [[next(every) for _ in leaves(a)] for a in self.args]
        parts = (got,) if len(which) == 1 else got
        if not isinstance(parts, tuple) or len(parts) != len(which):
            raise Mismatch(f"{what}: expected {len(which)} tangents, got {got!r}")
        flat: list[float] = []
        for k, part in zip(which, parts, strict=True):
            numbers = tangent_leaves(part, self.args[k])
            flat += numbers
            for number, exact in zip(numbers, want[k], strict=True):
                close = 1e-9 * max(abs(number), abs(exact)) + 1e-11 * (1.0 + self.answer.largest)
                if not abs(number - exact) <= close:
                    raise Mismatch(f"{what}, argument {self.names[k]}: expected {want[k]}, got {part!r}")
        return flat

    def same_value(self, what: str, got: Any, args: Any, printed: str) -> None:
        if form(got) != self.shown:
            raise Mismatch(f"{what}: expected the value {self.value!r}, got {got!r}")
        self.same_end(what, got, args)
        self.same_output(what, printed)

    def same_end(self, what: str, got: Any, args: Any) -> None:
        if (now := form((got, args))) != self.end:
            raise Mismatch(f"{what}: the value and the arguments should end as {self.end}, not {now}")

    def same_left(self, what: str, args: Any) -> None:
        if (now := form(args)) != self.left:
            raise Mismatch(f"{what}: the arguments should end as {self.left}, not {now}")

    def same_output(self, what: str, printed: str) -> None:
        if printed != self.answer.printed:
            raise Mismatch(f"{what}: expected the output {self.answer.printed!r}, got {printed!r}")

    def pullback(self) -> None:
        args = self.fresh()
        with muted() as out:
            value, pull = pb.value_with_pullback(self.f)(*args)
        self.same_value("value_with_pullback", value, args, out.getvalue())
        ends = leaves(value)
        ones = [1.0] * len(ends)
        weights = [round(self.rng.uniform(-2.0, 2.0), 3) for _ in ends]
        first = self.compare("pullback", self.pulled(pull, ones), self.active, ones)
        self.same_end("pullback, afterwards", value, args)
        self.compare("pullback, other cotangent", self.pulled(pull, weights), self.active, weights)
        again = self.compare("pullback, called again", self.pulled(pull, ones), self.active, ones)
        if first != again:
            raise Mismatch(f"pullback, called again: first {first}, then {again}")
        self.same_end("pullback, afterwards", value, args)

    def pulled(self, pull: Any, cotangent: list[float]) -> Any:
        given = rebuilt(self.value, iter(cotangent))
        before = form(given)
        with muted():
            got = pull(given)
        if form(given) != before:
            raise Mismatch(f"pullback, the cotangent was changed: {before} became {form(given)}")
        return got

    def gradient(self) -> None:
        """Two forms of generated code: every program takes one, some take both."""
        which = self.rng.choice(["value", "bare", "both"])
        if which != "bare":
            args = self.fresh()
            with muted() as out:
                value, got = pb.value_with_gradient(self.f)(*args)
            self.same_value("value_with_gradient", value, args, out.getvalue())
            self.compare("value_with_gradient", got, self.active, [1.0])
        if which != "value":
            args = self.fresh()
            with muted() as out:
                got = pb.gradient(self.f)(*args)
            self.same_left("gradient", args)
            self.same_output("gradient", out.getvalue())
            self.compare("gradient", got, self.active, [1.0])

    def subset(self) -> None:
        count = self.rng.randint(1, max(1, len(self.active) - 1))
        which = sorted(self.rng.sample(self.active, count))
        by_name = [self.names[k] for k in which]
        wrt: Any = tuple(self.rng.choice([by_name, which]))
        if count == 1 and self.rng.random() < 0.8:
            wrt = wrt[0]
        args = self.fresh()
        with muted():
            got = pb.gradient(self.f, wrt=wrt)(*args)
        self.same_left("gradient, wrt", args)
        self.compare(f"gradient, wrt={wrt!r}", got, which, [1.0])


@contextlib.contextmanager
def muted() -> Any:
    """Standard output captured; warnings of derivatives that are rightly zero silenced."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield out


def failure(source: str, folder: Path, seed: int, checks: Comparisons = ()) -> str | None:
    """What is wrong with the library on this program: one line and details, or None.

    The checks are those of `Check`, unless others are given. Raises `dual.Unsuitable` for a program that is no
    fair test.
    """
    check = Check(source, folder, seed)
    try:
        for compare in checks or (Check.all,):
            compare(check)
    except Mismatch as error:
        return f"Mismatch: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}\n{''.join(traceback.format_exc(limit=-4))}"
    finally:
        unload_module(check.module)
    return None


def is_refusal(report: str) -> bool:
    """Whether the library said, in a diagnostic, that it cannot: honest, if the language is still to come."""
    return report.startswith("DifferentiabilityError") and "error[" in report and "--> " in report


def kind_of(report: str) -> str:
    """The sort of a failure, by which reduced programs are recognised as failing alike."""
    head = report.split("\n", 1)[0]
    what = head.split(":")[0]
    if what == "Mismatch":
        reason = head.removeprefix("Mismatch: ").split(",")[0].split(":")[0]
        nan = math.nan if "nan" in head.rsplit("got", 1)[-1] else 0
        return f"Mismatch {reason} {'nan' if nan else ''}"
    if "error[" in report:  # a diagnostic: its id and message, without the names in it
        message = report.split("error[", 1)[1].split("\n")[0]
        return f"{what} [{re.sub('`[^`]*`|[a-z]+[0-9]+', '_', message)[:70]}"
    return f"{what} {re.sub(r'[0-9]+', '_', head)[:60]}"
