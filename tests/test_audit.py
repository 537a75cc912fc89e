"""`audit`: users' rules are checked where they are used first, and cost nothing where they are not audited."""

from __future__ import annotations

import contextvars
import math
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pullback as pb

SRC = str(Path(pb.__file__).parents[1])


def made(vjp_factor: float, calls: list[Any] | None = None) -> Any:
    """A function x³ with a rule that is right for the factor 3."""

    def cube(x: Any) -> Any:
        return x * x * x

    @pb.derivative(of=cube)
    def cube_vjp(x: Any) -> Any:
        if calls is not None:
            calls.append(x)
        return x * x * x, lambda v: v * (vjp_factor * x * x)

    return cube


def test_a_right_rule_passes_and_is_checked_once() -> None:
    calls: list[Any] = []
    cube = made(3.0, calls)
    with pb.audit():
        for _ in range(3):
            before = len(calls)
            assert pb.gradient(lambda x: cube(x) + x)(2.0) == 13.0
            assert len(calls) - before == 1 or _ == 0
    assert len(calls) > 3
    before = len(calls)
    assert pb.gradient(lambda x: cube(x) + x)(2.0) == 13.0
    assert len(calls) == before + 1


def test_a_wrong_rule_is_reported_with_its_line_and_that_of_the_call() -> None:
    cube = made(2.0)

    def model(x: float) -> Any:
        y = x + 1.0
        return cube(y) * 2.0

    assert pb.gradient(model)(1.0) == 16.0  # not audited
    with pb.audit():
        for _ in range(2):  # and again at the next use
            with pytest.raises(AssertionError) as caught:
                pb.gradient(model)(1.0)
            text = str(caught.value)
            assert re.search(rf"{re.escape(__file__)}:\d+: `made.<locals>.cube_vjp`, the rule of ", text)
            assert "is wrong: d result / d x: analytic 8.0, numeric 12" in text or "analytic 8.0, numeric 11.99" in text
            assert "return cube(y) * 2.0" in text and "found by pb.audit at its first use" in text
    assert pb.gradient(model)(1.0) == 16.0


def test_every_way_to_use_a_rule_is_audited() -> None:
    cube, right = made(2.0), made(3.0)
    x = np.array([1.0, 2.0])
    uses = [
        lambda: pb.gradient(lambda x: np.sum(cube(x)))(x),
        lambda: pb.pullback(cube)(x)(x),
        lambda: pb.differential(lambda x: cube(x))(x)(x),
        lambda: pb.gradient(pb.gradient(lambda x: cube(x)))(2.0),
        lambda: pb.gradient(lambda x: sum(map(cube, [x, x])))(2.0),
    ]
    for use in uses:
        with pb.audit(), pytest.raises(AssertionError, match="is wrong"):
            use()
    with pb.audit():
        assert pb.gradient(pb.gradient(lambda x: right(x)))(2.0) == 12.0
        assert pb.differential(lambda x: right(x))(2.0)(1.0) == 12.0


def test_forward_rules_methods_and_made_functions() -> None:
    class Gas:
        def __init__(self, n: int) -> None:
            self.n = n

        def pressure(self, t: float) -> float:
            return self.n * t * t

    pb.derivative(of=Gas.pressure, wrt="t", forward=True)(lambda self, t: (self.n * t * t, lambda dt: self.n * t * dt))
    with pb.audit(), pytest.raises(AssertionError, match="forward rule of .*pressure with respect to t, is wrong"):
        pb.differential(lambda t: Gas(2).pressure(t))(3.0)(1.0)
    square = pb.differentiable_function(lambda x: (x * x, lambda v: v * x))
    for verb in (lambda: pb.gradient(lambda x: square(x))(2.0), lambda: pb.differential(lambda x: square(x))(2.0)(1.0)):
        with pb.audit(), pytest.raises(AssertionError, match="the derivative of .*is wrong"):
            verb()


def test_scopes_inside_and_outside() -> None:
    wrong = lambda x: (math.sin(x), lambda v: 7.0 * v)
    with pb.audit(), pb.derivatives({math.sin: wrong}), pytest.raises(AssertionError, match="is wrong"):
        pb.gradient(lambda x: math.sin(x))(0.5)
    with pb.derivatives({math.sin: wrong}), pb.audit(), pytest.raises(AssertionError, match="is wrong"):
        pb.gradient(lambda x: math.sin(x))(0.5)
    with pb.audit():
        assert pb.gradient(lambda x: math.sin(x))(0.0) == 1.0
        late = made(2.0)
        with pytest.raises(AssertionError, match="is wrong"):
            pb.gradient(lambda x: late(x))(0.5)


def test_what_is_skipped() -> None:
    cube = made(2.0)
    with pb.audit(skip=[cube]):
        assert pb.gradient(lambda x: cube(x))(1.0) == 2.0

    def step(x: float) -> float:
        return float(round(x))

    @pb.derivative(of=step)
    @pb.testing.surrogate
    def step_vjp(x: float) -> Any:
        return step(x), lambda v: v

    with pb.audit():
        assert pb.gradient(lambda x: step(x) * 3.0)(1.2) == 3.0


def test_what_cannot_be_checked_is_a_warning() -> None:
    random = np.random.default_rng(0)

    def noisy(x: float) -> float:
        return x * random.random()

    pb.derivative(of=noisy)(lambda x: (noisy(x), lambda v: v))
    with pb.audit(), pytest.warns(pb.AuditWarning, match="cannot be checked here: .* is not deterministic"):
        assert pb.gradient(lambda x: noisy(x))(1.0) == 1.0


def test_at_a_kink_any_slope_between_is_right() -> None:
    def ramp(x: float) -> float:
        return max(x, 0.0)

    pb.derivative(of=ramp)(lambda x: (ramp(x), lambda v: 0.0 * v))
    with pb.audit():
        assert pb.gradient(lambda x: ramp(x))(0.0) == 0.0
    pb.derivative(of=ramp, wrt="x")(lambda x: (ramp(x), lambda v: 1.5 * v))


def test_outside_an_audit_the_code_is_the_same() -> None:
    cube = made(3.0)

    def model(x: float) -> Any:
        return cube(x) + x

    before = pb.derivative_source(model, 2.0)
    with pb.audit():
        pb.gradient(model)(2.0)
        inside = pb.derivative_source(model, 2.0)
    normal = lambda text: re.sub(r" or \(?EPOCH\.now != \d+\)?", "", text)
    assert normal(pb.derivative_source(model, 2.0)) == normal(before) == normal(inside)


def test_threads_wait_for_the_one_that_checks() -> None:
    calls: list[Any] = []
    cube = made(3.0, calls)
    errors: list[BaseException] = []
    values: list[float] = []
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait()
            values.append(pb.gradient(lambda x: cube(x))(2.0))
        except BaseException as error:
            errors.append(error)

    with pb.audit():
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and values == [12.0] * 4
    alone: list[Any] = []
    again = made(3.0, alone)
    with pb.audit():
        pb.gradient(lambda x: again(x))(2.0)
    assert len(calls) == len(alone) + 3  # one check, four uses


PROGRAM = """
import threading
import pullback as pb

def cube(x):
    return x * x * x

@pb.derivative(of=cube)
def cube_vjp(x):
    return x * x * x, lambda v: v * FACTOR * x * x

def model(x):
    return cube(x) + 1.0

found = []
def run():
    try:
        found.append(pb.gradient(model)(2.0))
    except AssertionError as error:
        found.append(str(error))
thread = threading.Thread(target=run)
thread.start(); thread.join(); run()
print(*found, sep="\\n----\\n")
"""


@pytest.mark.parametrize(("switch", "factor", "expected"), [("1", 3.0, "12.0"), ("0", 2.0, "8.0"), ("1", 2.0, None)])
def test_the_environment_switch(switch: str, factor: float, expected: str | None, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("FACTOR", str(factor)))
    done = subprocess.run(
        [sys.executable, str(program)], env={"PULLBACK_AUDIT": switch, "PYTHONPATH": SRC, "PATH": ""},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found = done.stdout.strip().split("\n----\n")
    assert len(found) == 2
    for text in found:
        if expected is not None:
            assert text == expected
        else:
            assert f"{program}:8: `cube_vjp`, the rule of cube, is wrong" in text and "return cube(x) + 1.0" in text
