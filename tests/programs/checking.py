"""One program checked: its value bit for bit, its gradient and its pullback against finite differences.

outcome(program) -> ("right", ""), ("refused", "error[...]: ..."), ("wrong", "d result / d args[0] ...")
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np

import pullback as pb
from pullback.differences import copied, same_bits
from pullback.testing import check_derivative
from pullback.trees import as_reals, flatten, tangent_leaves

from .registry import Program

MODES = ("joint", "pair", "forward")


def check(program: Program, mode: str) -> None:
    """AssertionError where the derivative is wrong; PullbackError where it is refused."""
    with quiet():
        {"joint": _joint, "pair": _pair, "forward": _forward}[mode](program)


def has_forward_mode() -> bool:
    """Whether this tree has `value_with_differential`."""
    return hasattr(pb, "value_with_differential")


def outcome(program: Program) -> tuple[str, str]:
    """What the program does today in every mode that this tree has."""
    refusal = ""
    for mode in MODES:
        if mode == "forward" and not has_forward_mode():
            continue
        try:
            check(program, mode)
        except pb.PullbackError as error:
            refusal = refusal or f"{mode}: {error}"
        except Exception as error:
            return "wrong", f"{mode}: {type(error).__name__}: {error}"
    return ("refused", refusal) if refusal else ("right", "")


def _pair(program: Program) -> None:
    check_derivative(program.function, *program.args, modes=("reverse",), **program.options)


def _forward(program: Program) -> None:
    check_derivative(program.function, *program.args, modes=("forward",), **program.options)


def _joint(program: Program) -> None:
    """`value_with_gradient`, by differences of its own: nothing of the library but the walk over leaves."""
    f, args, wrt = program.function, program.args, program.options.get("wrt")
    plain_args = copied(args)
    plain = f(*plain_args)
    given = copied(args)
    value, gradient = pb.value_with_gradient(f, wrt=wrt)(*given)
    assert same_bits(value, plain), f"the value is {value!r}; the plain function's is {plain!r}"
    assert same_bits(given, plain_args), f"the arguments are left as {given!r}; plainly as {plain_args!r}"
    positions = _positions(program)
    chosen = tuple(args[p] for p in positions)
    found = as_reals(tangent_leaves(gradient, chosen if len(chosen) > 1 else chosen[0]))
    at, rebuild = flatten(chosen)

    def probe(v: np.ndarray) -> float:
        moved = list(copied(args))
        for p, x in zip(positions, rebuild(v), strict=True):
            moved[p] = x
        return float(f(*moved))

    random = np.random.default_rng(1)
    for k in range(4):
        direction = random.standard_normal(at.size) * np.where(at == 0.0, 1.0, np.abs(at))
        analytic = float(found @ direction)
        slopes = [_richardson(probe, at, direction, step) for step in (1e-3, 1e-4, 1e-5)]
        size = max(abs(float(plain)), float(np.abs(found) @ np.abs(direction)), 1e-12)
        error = min(abs(s - analytic) for s in slopes)
        assert error <= 1e-6 * size, f"along direction {k}: {analytic!r}, by differences {slopes!r}"


def _richardson(probe, at, direction, step):
    def central(h):
        return (probe(at + h * direction) - probe(at - h * direction)) / (2 * h)

    return (4 * central(step / 2) - central(step)) / 3


def _positions(program: Program) -> tuple[int, ...]:
    from pullback.comparing import Options, Problem

    options = {k: program.options.get(k) for k in ("rtol", "atol")}
    return Problem.of(
        program.function, program.args, program.options.get("wrt"),
        Options(options["rtol"], options["atol"], 0, bool(program.options.get("allow_kinks"))),
    ).positions  # fmt: skip


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Programs may print, and some derivatives are rightly zero."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore", pb.ZeroDerivativeWarning)
        yield
