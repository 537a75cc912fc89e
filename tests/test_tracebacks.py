"""Errors on their way out: the user's line of a pullback, whose frames are shown, and stepping in a debugger."""

import bdb
import contextlib
import linecache
import math
import os
import subprocess
import sys
import textwrap
import timeit
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import pullback as pb

OWN = str(Path(pb.__file__).parent)


def doubled(x):
    return x * 2.0


@pb.derivative(of=doubled)
def doubled_vjp(x):
    def back(v):
        raise KeyError("in the rule's pullback")

    return doubled(x), back


def inner(x):
    y = x + 1.0
    return np.sum(doubled(y) * y)  # the call of doubled


def outer(x):
    z = np.exp(x)
    return z, inner(z) * 2.0  # the call of inner


def replaced(x):
    y = pb.with_derivative(x * x, lambda d: np.ones(7))  # the hook
    return np.sum(y)


def raising_hook(x):
    def hook(d):
        raise RuntimeError("hook")

    y = pb.with_derivative(x * x, hook)  # the raising hook
    return y * 2.0


def root(x):
    y = math.sqrt(x)  # the root
    return y * 2.0


def conditional(x, which):
    if which:
        y = math.sqrt(x)  # the root in an arm
    else:
        y = x
    return y * y if which else y


def line_of(marker):
    for number, line in enumerate(Path(__file__).read_text(encoding="utf-8").splitlines(), 1):
        if line.endswith(f"# {marker}"):
            return number
    raise AssertionError(marker)


DOUBLED, IN_ARM = "the call of doubled", "the root in an arm"
CASES = {
    "a rule's pullback, pair": (lambda: pb.pullback(inner)(np.ones(3))(1.0), KeyError, DOUBLED, "doubled(y)"),
    "a rule's pullback, joint": (lambda: pb.gradient(inner)(np.ones(3)), KeyError, DOUBLED, "doubled(y)"),
    "a callee's": (lambda: pb.pullback(outer)(np.ones(3))((np.ones(3), 1.0)), KeyError, DOUBLED, "doubled(y)"),
    "a hook's value": (
        lambda: pb.gradient(replaced)(np.ones(3)), pb.CotangentError, "the hook",
        "pb.with_derivative(x * x, lambda d: np.ones(7))",
    ),
    "a hook's error": (
        lambda: pb.gradient(raising_hook)(3.0), RuntimeError, "the raising hook", "pb.with_derivative(x * x, hook)",
    ),
    "arithmetic, joint": (lambda: pb.gradient(root)(0.0), ZeroDivisionError, "the root", "math.sqrt(x)"),
    "arithmetic, pair": (lambda: pb.pullback(root)(0.0)(1.0), ZeroDivisionError, "the root", "math.sqrt(x)"),
    "an arm": (lambda: pb.pullback(conditional)(0.0, True)(1.0), ZeroDivisionError, IN_ARM, "math.sqrt(x)"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_note_names_the_line_whose_pullback_failed(case):
    run, error_type, marker, expression = CASES[case]
    with pytest.raises(error_type) as caught:
        run()
    [note] = caught.value.__notes__
    head, marks, *_ = note.split("\n")
    line = line_of(marker)
    text = linecache.getline(__file__, line).strip()
    assert head == f"in the pullback of {__file__}:{line}: {text}"
    start = head.index(text) + text.index(expression)
    assert marks == " " * start + "^" * len(expression)


def test_the_note_tells_the_chain_of_calls():
    with pytest.raises(KeyError) as caught:
        pb.pullback(outer)(np.ones(3))((np.ones(3), 1.0))
    called = f"called at {__file__}:{line_of('the call of inner')}: return z, inner(z) * 2.0  # the call of inner"
    assert caught.value.__notes__[0].split("\n")[2:] == [called]


@pytest.mark.parametrize("run", [
    lambda: pb.gradient(root)(-1.0), lambda: pb.pullback(root)(-1.0), lambda: pb.differential(root)(-1.0),
    lambda: pb.gradient(root)(3), lambda: pb.pullback(inner)(np.ones(3))(np.ones(2)), lambda: pb.hessian(root)(3),
])  # fmt: skip
def test_errors_of_the_forward_sweep_and_of_arguments_have_no_note(run):
    with pytest.raises((ValueError, TypeError)) as caught:
        run()
    assert not getattr(caught.value, "__notes__", [])


def frames_of(error):
    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]


EVERY_VERB = {
    "gradient": lambda: pb.gradient(root)(-1.0),
    "value_with_gradient": lambda: pb.value_with_gradient(root)(-1.0),
    "pullback": lambda: pb.pullback(root)(-1.0),
    "value_with_pullback": lambda: pb.value_with_pullback(root)(-1.0),
    "a pullback": lambda: pb.pullback(outer)(np.ones(3))((np.ones(3), 1.0)),
    "differential": lambda: pb.differential(root)(-1.0),
    "a differential": lambda: pb.differential(root)(0.0)(1.0),
    "jacobian": lambda: pb.jacobian(root)(-1.0),
    "hessian": lambda: pb.hessian(root)(-1.0),
    "a method": lambda: pb.gradient(Holder().root)(-1.0),
    "an argument": lambda: pb.gradient(root)(3),
}  # fmt: skip


class Holder:
    def root(self, x):
        return math.sqrt(x)


@pytest.mark.parametrize("verb", EVERY_VERB)
def test_own_frames_are_left_out(verb):
    with pytest.raises(Exception) as caught:
        EVERY_VERB[verb]()
    names = frames_of(caught.value)
    assert not [name for name in names if name.startswith(OWN)]
    assert names[0] == __file__


@pytest.mark.parametrize("verb", EVERY_VERB)
def test_own_frames_are_shown_on_demand(verb):
    pb.show_internal_frames()
    try:
        with pytest.raises(Exception) as caught:
            EVERY_VERB[verb]()
    finally:
        pb.show_internal_frames(False)
    assert [name for name in frames_of(caught.value) if name.startswith(OWN)]


def test_frames_of_generated_code_and_of_the_user_stay():
    with pytest.raises(KeyError) as caught:
        pb.pullback(outer)(np.ones(3))((np.ones(3), 1.0))
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-3:] == ["outer_reverse", "inner_reverse", "back"]


@dataclass(frozen=True)
class FrozenError(Exception):
    where: str


def test_exceptions_that_cannot_be_changed_come_out():
    def hook(d):
        raise FrozenError("hook")

    with pytest.raises(FrozenError) as caught:
        pb.gradient(lambda x: pb.with_derivative(x, hook) * 2.0)(3.0)
    assert not [name for name in frames_of(caught.value) if name.startswith(OWN)]


def test_errors_are_cheap_after_the_first():
    gradient = pb.gradient(root)

    def failing():
        with contextlib.suppress(ZeroDivisionError):
            gradient(0.0)

    failing()
    assert min(timeit.repeat(failing, number=1, repeat=20)) < 1e-3


def test_chained_exceptions_are_trimmed_too():
    def chained(x):
        def hook(d):
            try:
                pb.gradient(root)(-1.0)
            except ValueError as error:
                raise RuntimeError("while looking") from error

        return pb.with_derivative(x, hook) * 2.0

    with pytest.raises(RuntimeError) as caught:
        pb.gradient(chained)(3.0)
    assert not [name for name in frames_of(caught.value.__cause__) if name.startswith(OWN)]


def test_the_environment_shows_every_frame(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import math
        import pullback as pb

        def f(x):
            return math.sqrt(x)

        pb.gradient(f)(-1.0)
    """)
    )
    shown = {}
    for switch in ("", "1"):
        environment = {**os.environ, "PULLBACK_FULL_TRACEBACK": switch}
        command = [sys.executable, str(program)]
        shown[switch] = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60).stderr
    assert "operators.py" in shown["1"] and "operators.py" not in shown[""]
    assert "in gradient_of_f" in shown[""] and "return math.sqrt(x)" in shown[""]


def test_the_text_of_a_reverse_function_is_what_runs():
    pull = pb.pullback(conditional)(4.0, True)
    reverse = pull._residual[0]
    lines = linecache.getlines(reverse.__code__.co_filename)
    assert lines[0] == "def conditional_reverse(_res, d_result):\n"
    assert any(line.rstrip().endswith("# y = math.sqrt(x)  # the root in an arm") for line in lines)
    namespace = dict(zip(reverse.__code__.co_freevars, (c.cell_contents for c in reverse.__closure__), strict=True))
    exec(compile("".join(lines), "again", "exec"), namespace)
    assert namespace["conditional_reverse"](pull._residual, 1.0) == reverse(pull._residual, 1.0)


class Stepper(bdb.Bdb):
    def __init__(self):
        super().__init__()
        self.lines = []

    def user_line(self, frame):
        if frame.f_code.co_name == "conditional_reverse":
            name = self.canonic(frame.f_code.co_filename)
            self.lines.append((frame.f_lineno, linecache.getline(name, frame.f_lineno).strip(), dict(frame.f_locals)))
        self.set_step()


def test_a_debugger_steps_through_the_reverse_code():
    pull = pb.pullback(conditional)(4.0, True)
    stepper = Stepper()
    stepper.runcall(pull, 1.0)
    texts = [text for _, text, _ in stepper.lines]
    assert len(texts) >= 4 and all(texts)
    assert any("# y = math.sqrt(x)" in text for text in texts)
    assert texts[-1].startswith("return (")
    assert stepper.lines[-1][2]["d_y"] == 4.0  # y * y at y = 2


def test_a_debugger_steps_through_a_gradient():
    class Lines(Stepper):
        def user_line(self, frame):
            if frame.f_code.co_name == "gradient_of_root":
                self.lines.append(linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip())
            self.set_step()

    stepper = Lines()
    stepper.runcall(pb.gradient(root), 4.0)
    assert "y = math.sqrt(x)  # the root" in stepper.lines
