"""A probe, and the judgement of what a library answers.

A probe knows the right number, from a closed form. A library that returns it is right; one that raises
or warns has said so; one that returns anything else without a word is wrong.

    run(probe_of("math.sin"), "torch")   ->   Outcome("warning", ...)

Where no right number exists (a malformed rule), `expected` is NOTHING: only an error is right. Where the path
to the result is cut, it is SPEAK: a zero must not come without a word.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Program = Callable[[], Any]
NAMES = ("pullback", "jax", "torch", "autograd")


@dataclass
class Probe:
    """One question: its number among the twenty, what is asked, the right answer, a program per library."""

    number: int
    title: str
    expected: Any  # numbers; NOTHING where only an error is right; SPEAK where zero must not be silent
    programs: dict[str, Program] = field(default_factory=dict)
    also: dict[str, Any] = field(default_factory=dict)  # what is right by another library's documented convention


@dataclass(frozen=True)
class Outcome:
    """`right`, `error`, `warning`, `WRONG`, or `absent` where a library has no such feature; and what was seen."""

    verdict: str
    detail: str = ""


NOTHING = "an error: there is no right number"
SPEAK = "0, and a word about it"
PROBES: list[Probe] = []


class Absent(Exception):
    """The library has nothing of the kind."""


def probe_of(title: str) -> Probe:
    """The probe whose title contains a text."""
    return next(p for p in PROBES if title in p.title)


def run(probe: Probe, library: str) -> Outcome:
    """Run one probe and judge what comes back."""
    program = probe.programs.get(library)
    if program is None:
        return Outcome("absent")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            got = program()
        except Absent as reason:
            return Outcome("absent", str(reason))
        except Exception as error:
            return Outcome("error", f"{type(error).__name__}: {_first_line(str(error))}")
    said = [w for w in seen if _is_about_derivatives(w)]
    if said:
        return Outcome("warning", f"{said[0].category.__name__}: {_first_line(str(said[0].message))}")
    right = probe.also.get(library, probe.expected)
    if not isinstance(right, str) and _close(got, right):
        return Outcome("right", f"{_short(got)}")
    return Outcome("WRONG", f"{_short(got)} instead of {_short(right)}")


def _is_about_derivatives(w: warnings.WarningMessage) -> bool:
    text = str(w.message)
    return not issubclass(w.category, (DeprecationWarning, PendingDeprecationWarning)) and "non-writable" not in text


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:110]


def numbers(x: Any) -> list[complex]:
    if x is None:
        return [complex("nan")]  # a missing gradient equals nothing, unless that is what is expected
    if isinstance(x, dict):
        return [n for v in x.values() for n in numbers(v)]
    if isinstance(x, (tuple, list)):
        return [n for v in x for n in numbers(v)]
    try:
        return [complex(n) for n in np.ravel(np.asarray(x))]
    except TypeError:  # a tracer that escaped is no number
        return [complex("nan")]


def _close(got: Any, right: Any) -> bool:
    a, b = numbers(got), numbers(right)
    return len(a) == len(b) and bool(np.allclose(a, b, rtol=1e-5, atol=1e-9, equal_nan=right is None))


def _short(x: Any) -> str:
    if isinstance(x, str):
        return x
    shown = [f"{n.real:.6g}" if n.imag == 0 else f"{n:.6g}" for n in numbers(x)]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def probe(number: int, title: str, expected: Any, **also: Any) -> Callable[[type], type]:
    """Class decorator: each static method of the class is the program of the library it is named after."""

    def collect(programs: type) -> type:
        found = {n: getattr(programs, n) for n in NAMES if hasattr(programs, n)}
        PROBES.append(Probe(number, title, expected, found, also))
        return programs

    return collect


def jax_in_double() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def torch_gradient(f: Callable[..., Any], *values: Any) -> Any:
    """What `backward` leaves in `.grad`, in double precision; None is a missing gradient."""
    import torch

    torch.set_warn_always(True)  # some of its warnings come once in a process
    inputs = [torch.tensor(np.asarray(v), dtype=torch.float64, requires_grad=True) for v in values]
    f(*inputs).backward()
    found = [None if t.grad is None else t.grad.numpy() for t in inputs]
    return found[0] if len(found) == 1 else tuple(found)


def on_scalars(number: int, title: str, f: Callable[[Any], Any], at: Any, expected: Any) -> None:
    """A probe whose function is the same for every library: it takes one number."""
    import pullback as pb

    @probe(number, title, expected)
    class _:
        @staticmethod
        def pullback() -> Any:
            return pb.gradient(f)(at)

        @staticmethod
        def jax() -> Any:
            return jax_in_double().grad(f)(at)

        @staticmethod
        def torch() -> Any:
            return torch_gradient(f, at)

        @staticmethod
        def autograd() -> Any:
            import autograd

            return autograd.grad(f)(at)
