"""What the user is told: the form of a diagnostic, the errors of the verbs, warnings, and exceptions of user code."""

from __future__ import annotations

import ast
import contextlib
import functools
import linecache
import math
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest

import pullback as pb
from pullback.errors import DifferentiabilityError
from pullback.spans import Diagnostic, Label, Span, render_all

from . import raising

HERE = Path(__file__).name
VERBS = [pb.gradient, pb.value_with_gradient, pb.pullback, pb.value_with_pullback]


def file_of(text, name):
    """A file that exists in linecache only."""
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    return name


def span(filename, text, line, part):
    """The span of a piece of a line."""
    source = text.split("\n")[line - 1]
    start = source.index(part)
    before = len(source[:start].encode())
    return Span(filename, line, before, line, before + len(part.encode()))


# The form -----------------------------------------------------------------------------------------------------------


class TestRendering:
    TEXT = "def f(x):\n    größe = x + math.gamma(x)\n    return größe\n" + "\n" * 8 + "    z = (1 +\n        2)\n"
    FILE = file_of(TEXT, "rendered.py")

    def at(self, line, part):
        return span(self.FILE, self.TEXT, line, part)

    def test_the_whole_form(self):
        made = Diagnostic(
            "no-derivative",
            "no derivative is known for `math.gamma`",
            self.at(2, "math.gamma(x)"),
            "called with the active argument `x`",
            labels=(Label(self.at(1, "x"), "active because of this"),),
            notes=("gamma is a C function",),
            help="register one with @pb.derivative(of=math.gamma)",
        )
        assert made.render() == "\n".join([
            "error[no-derivative]: no derivative is known for `math.gamma`",
            "  --> rendered.py:2:17",
            "   |",
            "2  |     größe = x + math.gamma(x)",
            "   |                 ^^^^^^^^^^^^^ called with the active argument `x`",
            "  ::: rendered.py:1:7",
            "   |",
            "1  | def f(x):",
            "   |       - active because of this",
            "  = note: gamma is a C function",
            "  = help: register one with @pb.derivative(of=math.gamma)",
        ])  # fmt: skip

    def test_the_gutter_is_as_wide_as_the_number(self):
        lines = Diagnostic("id", "message", self.at(12, "z")).render().split("\n")
        assert lines == ["error[id]: message", "   --> rendered.py:12:5", "    |", "12  |     z = (1 +", "    |     ^"]

    def test_a_span_over_lines_is_marked_to_the_end_of_its_first(self):
        lines = Diagnostic("id", "message", Span(self.FILE, 12, 8, 13, 10)).render().split("\n")
        assert lines[-2:] == ["12  |     z = (1 +", "    |         ^^^^"]

    def test_columns_are_counted_in_characters(self):
        start, width = self.at(2, "math.gamma").carets()
        assert self.TEXT.split("\n")[1][start : start + width] == "math.gamma"

    def test_tabs_are_marked_where_they_are_shown(self):
        text = "if x:\n\ty = {x}\t+ {z}\n"
        name = file_of(text, "tabs.py")
        *_, line, marks = Diagnostic("id", "message", span(name, text, 2, "{z}")).render().split("\n")
        line, marks = line.expandtabs(8), marks.expandtabs(8)
        assert line[marks.index("^") :] == "{z}"

    def test_a_line_that_cannot_be_read(self):
        made = Diagnostic("id", "message", Span("no such file.py", 7, 3, 7, 5), help="do")
        assert made.render() == "error[id]: message\n  --> no such file.py:7:4\n  = help: do"

    def test_no_place(self):
        assert Diagnostic("id", "message", help="do").render() == "error[id]: message\n  = help: do"

    def test_a_warning(self):
        assert Diagnostic("id", "message", severity="warning").render() == "warning[id]: message"

    def test_several(self):
        one, two = Diagnostic("a", "first"), Diagnostic("b", "second")
        assert render_all([one, two]) == "\nerror[a]: first\n\nerror[b]: second"
        error = DifferentiabilityError(one, two)
        assert error.diagnostics == (one, two)
        assert str(error) == render_all([one, two])

    def test_an_error_from_text(self):
        error = DifferentiabilityError("some text")
        assert (str(error), error.diagnostics) == ("some text", ())

    def test_a_span_of_a_node_without_a_position(self):
        assert Span.of("a.py", ast.Name("x")) == Span("a.py", 1, 0, 1, 1)


# The verbs' own complaints ------------------------------------------------------------------------------------------


def square(x):
    return x * x


def two(x, y, flag=True):
    return x * y


@pytest.mark.parametrize("verb", VERBS)
class TestArguments:
    @pytest.mark.parametrize(
        ("args", "says"),
        [
            ((3,), r"`?square`?.*3 is an int; pass a float \(3\.0\)"),
            ((True,), r"True is an int; pass a float \(1\.0\)"),
            ((np.int64(3),), "int64; pass floats"),
            ((np.arange(3),), r"an array of shape \(3,\) and dtype int64; pass floats \(\.astype\(float\)\)"),
            (("text",), "a str has no tangent space"),
            ((None,), "None has no tangent space"),
            ((), "called without positional arguments"),
            ((math,), "has no tangent space"),
        ],
        ids=repr,
    )
    def test_nothing_to_differentiate(self, verb, args, says):
        with pytest.raises(pb.ArgumentError, match=says):
            verb(square)(*args)

    @pytest.mark.parametrize(
        ("wrt", "says"),
        [
            ("z", r"wrt='z': two has no parameter of that name; its parameters are x, y, flag"),
            (2, r"wrt=2 but two was called with 2 positional arguments"),
            (-3, r"wrt=-3 but two"),
            (("x", "nope"), r"wrt='nope'"),
            ((), "wrt is empty"),
            (True, "wrt takes parameter names and positions, not True"),
            (1.0, "wrt takes parameter names and positions, not 1.0"),
            (["x"], r"wrt takes parameter names and positions, not \['x'\]"),
            (("x", 0), r"names the parameter 0 of two twice"),
            ("flag", "pass that argument of two in the call"),
        ],
        ids=repr,
    )
    def test_an_unknown_wrt(self, verb, wrt, says):
        with pytest.raises(pb.ArgumentError, match=says):
            verb(two, wrt=wrt)(2.0, 3.0)

    def test_wrt_an_int(self, verb):
        with pytest.raises(pb.ArgumentError, match=r"with respect to 'y': its value 3 is an int; pass a float"):
            verb(two, wrt="y")(2.0, 3)

    def test_not_a_function(self, verb):
        with pytest.raises(pb.ArgumentError, match=r"write gradient\(f\)\(x\), not gradient\(f\(x\)\)"):
            verb(9.0)

    def test_wrong_arguments_are_pythons_own_error(self, verb):
        with pytest.raises(TypeError, match="argument") as raised:
            verb(square)(1.0, 2.0)
        assert not isinstance(raised.value, pb.DifferentiabilityError)
        with pytest.raises(TypeError, match="argument"):
            verb(two)(1.0)
        with pytest.raises(TypeError, match="argument"):
            verb(two)(1.0, 2.0, unknown=3.0)


def array_result(a):
    return a * 2.0


class TestResultsThatAreNoScalar:
    @pytest.mark.parametrize(
        ("f", "x", "says"),
        [
            (lambda a: a * 2.0, np.ones(3), r"an array of shape \(3,\) and dtype float64"),
            (lambda a: a @ a, np.ones((2, 2), np.float32), r"shape \(2, 2\) and dtype float32"),
            (lambda a: a[:1], np.ones(3), r"shape \(1,\)"),
            (lambda x: (x, x * x), 2.0, r"a tuple of length 2"),
            (lambda x: [x, x * x, x], 2.0, r"a list of length 3"),
            (lambda x: {"a": x}, 2.0, r"a dict"),
            (lambda x: x * 1j, 2.0, "complex.*(real|abs)"),
        ],
    )
    @pytest.mark.parametrize("verb", [pb.gradient, pb.value_with_gradient])
    def test_it_is_described_with_its_shape_and_what_to_use(self, f, x, says, verb):
        with pytest.raises(pb.ArgumentError, match=f"(?s)real.*{says}") as raised:
            verb(f)(x)
        assert "pb.pullback" in str(raised.value)

    def test_the_user_s_line_is_marked(self):
        with pytest.raises(pb.ArgumentError) as raised:
            pb.gradient(array_result)(np.ones(3))
        line = array_result.__code__.co_firstlineno + 1
        text = str(raised.value)
        assert f"{HERE}:{line}:12" in text
        assert f"{line}  |     return a * 2.0" in text
        assert "|            ^^^^^^^" in text

    @pytest.mark.parametrize("f", [lambda x: int(x) if x > 9.0 else 2, lambda x: x > 1.0, lambda x: round(x)])
    def test_a_result_without_derivative(self, f):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pb.ZeroDerivativeWarning)
            with pytest.raises(pb.PullbackError, match="(?s)(no derivative|not differentiable)"):
                pb.gradient(f)(2.0)

    def test_a_pullback_takes_them(self):
        assert pb.pullback(lambda x: (x, [x * x]))(3.0)((1.0, [1.0])) == 7.0

    @pytest.mark.parametrize("x", [2.0, np.float32(2.0), np.array(2.0), np.longdouble(2.0)])
    def test_every_real_scalar_is_one(self, x):
        t = pb.gradient(square)(x)
        assert t == 4.0 and type(t) is type(x)


class TestCotangents:
    @pytest.mark.parametrize(
        ("f", "x", "g"),
        [
            (square, 2.0, (1.0,)),
            (square, 2.0, None),
            (square, 2.0, "text"),
            (array_result, np.ones(3), np.ones(2)),
            (array_result, np.ones(3), [1.0, 1.0, 1.0]),
            (lambda x: (x, x), 2.0, (1.0,)),
            (lambda x: (x, x), 2.0, 1.0),
            (lambda x: {"a": x}, 2.0, {"b": 1.0}),
        ],
    )
    def test_a_wrong_structure_is_an_error_that_names_the_function(self, f, x, g):
        pull = pb.pullback(f)(x)
        with pytest.raises(pb.CotangentError, match=f.__name__):
            pull(g)

    def test_no_and_two_cotangents(self):
        pull = pb.pullback(square)(2.0)
        with pytest.raises(TypeError):
            pull()
        with pytest.raises(TypeError):
            pull(1.0, 2.0)

    def test_a_result_without_tangent_space(self):
        with pytest.warns(pb.ZeroDerivativeWarning, match="does not depend on `x`"):
            pull = pb.pullback(lambda x: None)(2.0)
        with pytest.raises(pb.ArgumentError, match="None, which has no tangent space"):
            pull(1.0)


# The zero-derivative warning ----------------------------------------------------------------------------------------


def always_four(t):
    return 4.0


def ignored(x):
    return 3.0


class TestTheZeroDerivativeWarning:
    TRUE = [
        lambda x: 3.0,
        lambda x: math.floor(x) * 2.0,
        lambda x: float(round(x)),
        lambda x: float(x > 0.0),
        lambda x: x // 1.0,
        lambda x: len([x]) * 2.0,
        lambda x: float(np.argmax([x, 2.0])),
        lambda x: sum(i for i in range(3)) * 1.0,
    ]
    FALSE = [
        lambda x: x,
        lambda x: x * 0.0,
        lambda x: x - x,
        lambda x: 2.0 if x > 0.0 else x,
        lambda x: x if x > 0.0 else 2.0,
        lambda x: x * always_four(x),
        lambda x: always_four(x) + x,
        lambda x: pb.without_derivative(x) * 2.0,
        lambda x: pb.without_derivative(3.0),
        lambda x: pb.without_derivative(math.cos(3.0)),
        lambda x: 1.0 + pb.without_derivative(math.floor(x)),
        lambda x: always_four(pb.without_derivative(x)),
        lambda x: pb.with_derivative(3.0, print) * x,
        lambda x: pb.with_derivative(x, lambda d: 0.0 * d),
        lambda x: np.sign(x) * x,
        lambda x: max(3.0, x),
        lambda x: min(3.0, x),
        lambda x: abs(x),
        lambda x: x % 1.0,
        lambda x: [x, 1.0][1] * 1.0,
        lambda x: (x, 1.0)[1],
        lambda x: {"a": x, "b": 1.0}["b"],
        lambda x: math.copysign(2.0, x),
        lambda x: (lambda t: 2.0)(x) + 0.0 * x,
        lambda x: np.where(x > 0.0, 1.0, x),
        lambda x: np.maximum(x, 5.0),
    ]

    @pytest.mark.parametrize("f", TRUE, ids=range(len(TRUE)))
    @pytest.mark.parametrize("verb", [pb.gradient, pb.value_with_gradient])
    def test_it_is_given(self, f, verb):
        with pytest.warns(pb.ZeroDerivativeWarning, match=r"does not depend on `x`: its derivative is always zero"):
            result = verb(f)(1.5)
        assert result == (0.0 if verb is pb.gradient else (f(1.5), 0.0))

    @pytest.mark.parametrize("f", FALSE, ids=range(len(FALSE)))
    def test_there_is_no_false_alarm(self, f):
        assert isinstance(pb.gradient(f)(1.5), float)  # a warning is an error here

    def test_statements_that_may_reach_the_result(self):
        def early(x):
            if x > 0.0:
                return 1.0
            return x

        def loop(x, n):
            s = 0.0
            for _ in range(n):
                s = s + x
            return s

        def loop_that_may_break(x):
            y = 1.0
            while y < 10.0:
                y = y * 2.0
                if y > 100.0:
                    y = x
            return y

        def recursive(x, n):
            return 1.0 if n == 0 else recursive(x, n - 1)

        assert pb.gradient(early)(1.0) == 0.0
        assert pb.gradient(loop)(1.0, 0) == 0.0
        assert pb.gradient(loop_that_may_break)(1.0) == 0.0
        assert pb.gradient(recursive)(1.0, 3) == 0.0

    def test_one_of_several_arguments_may_be_unused(self):
        assert pb.gradient(lambda x, y: x * x)(3.0, 2.0) == (6.0, 0.0)

    def test_an_unused_argument_alone(self):
        with pytest.warns(pb.ZeroDerivativeWarning, match="does not depend on `y`"):
            assert pb.gradient(lambda x, y: x * x, wrt="y")(3.0, 2.0) == 0.0

    def test_several_unused_arguments(self):
        with pytest.warns(pb.ZeroDerivativeWarning, match="does not depend on `x`, `y`"):
            assert pb.gradient(lambda x, y: 1.0)(3.0, 2.0) == (0.0, 0.0)

    def test_a_callback_on_a_dead_value_does_not_run(self):
        seen = []

        def f(x):
            pb.with_derivative(x * x, seen.append)
            return x

        assert (pb.gradient(f)(1.0), seen) == (1.0, [])

    def test_its_place_and_its_help(self):
        with pytest.warns(pb.ZeroDerivativeWarning) as seen:
            pb.gradient(ignored)(1.0)
        (warning,) = seen
        line = ignored.__code__.co_firstlineno + 1
        assert (Path(warning.filename).name, warning.lineno) == (HERE, line)
        text = str(warning.message)
        assert f"{line}  |     return 3.0\n" in text and "|            ^^^\n" in text
        assert "= help: pb.without_derivative(...)" in text
        assert "warning[zero-derivative]" in text

    def test_it_is_given_at_every_call_where_the_filter_says_always(self):
        df = pb.gradient(lambda x: 2.0)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            df(1.0), df(2.0)
        assert len(seen) == 2

    def test_it_can_be_an_error(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(pb.ZeroDerivativeWarning):
                pb.gradient(lambda x: 2.0)(1.0)

    def test_a_function_that_always_raises(self):
        def f(x):
            raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            pb.gradient(f)(1.0)

    def test_a_function_that_returns_nothing(self):
        def f(x):
            y = x * x  # noqa: F841

        with pytest.raises(pb.ArgumentError, match="returned None"):
            pb.gradient(f)(1.0)


# Exceptions of user code --------------------------------------------------------------------------------------------


# function, argument, exception, text of the marked expression (None: any), the function it stands in
RAISING = [
    (raising.divides, 2.0, ZeroDivisionError, "1.0 / y", raising.divides),
    (raising.in_a_loop, 2.5, ValueError, "math.sqrt(x - i)", raising.in_a_loop),
    (raising.in_an_index, 1.0, IndexError, "xs[5]", raising.in_an_index),
    (raising.in_a_key, 1.0, KeyError, '{"a": 1.0}["b"]', raising.in_a_key),
    (raising.raises, 2.0, raising.MineError, 'raise MineError("too large")', raising.raises),
    (raising.asserts, 2.0, AssertionError, "", raising.asserts),
    (raising.in_a_callee, 2.0, ZeroDivisionError, "1.0 / y", raising.divides),
    (raising.in_a_lambda, 2.0, ZeroDivisionError, "t / (t - t)", raising.in_a_lambda),
    (raising.in_a_comprehension, 2.0, ZeroDivisionError, "x / (i - 1.0)", raising.in_a_comprehension),
    (raising.in_a_condition, 2.0, ZeroDivisionError, "x / (x - 2.0)", raising.in_a_condition),
    (raising.in_a_while_test, 2.0, ZeroDivisionError, "1.0 / (y - 1.0)", raising.in_a_while_test),
    (raising.unbound, 1.0, UnboundLocalError, "y", raising.unbound),
    (raising.no_global, 1.0, NameError, "THERE_IS_NONE", raising.no_global),
    (raising.no_attribute, 1.0, AttributeError, "SimpleNamespace(a=1.0).b", raising.no_attribute),
    (raising.not_callable, 1.0, TypeError, "three(x)", raising.not_callable),
    (raising.in_an_array, 1.0, ValueError, "a @ a", raising.in_an_array),
    (raising.with_wrong_arguments, 1.0, TypeError, "divides(x, x)", raising.with_wrong_arguments),
    (raising.does_not_unpack, 1.0, ValueError, None, raising.does_not_unpack),
    (raising.in_a_method, 1.0, ZeroDivisionError, "self.x / (self.x - self.x)", raising.Owner.quotient),
]
BUGS = {
    raising.unbound: "the operation is marked, where Python marks the name",
    raising.no_global: "the operation is marked, where Python marks the name",
}


def innermost_of_file(error, file):
    """The last frame of the traceback that has a file's name: its line, and the text its positions mark."""
    found = None
    tb = error.__traceback__
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == file:
            found = tb
        tb = tb.tb_next
    assert found is not None
    positions = list(found.tb_frame.f_code.co_positions())[found.tb_lasti // 2]
    line, end_line, column, end_column = positions
    assert line == found.tb_lineno
    text = linecache.getline(file, line).encode()
    return line, text[column : end_column if end_line == line else None].decode()


def cases():
    for case in RAISING:
        f = case[0]
        bug = [pytest.mark.xfail(reason=BUGS[f], strict=False)] if f in BUGS else []
        yield pytest.param(*case, id=f.__name__, marks=bug)


@pytest.mark.parametrize("verb", VERBS, ids=lambda v: v.__name__)
@pytest.mark.parametrize(("f", "x", "kind", "expression", "where"), list(cases()))
def test_an_exception_of_user_code(verb, f, x, kind, expression, where):
    with pytest.raises(kind) as plain:
        f(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pb.ZeroDerivativeWarning)
        with pytest.raises(kind) as raised:
            verb(f)(x)
    assert type(raised.value) is type(plain.value)
    assert raised.value.args == plain.value.args
    line, text = innermost_of_file(raised.value, raising.__file__)
    expected_line, expected_text = innermost_of_file(plain.value, raising.__file__)
    assert line == expected_line
    code = where.__code__
    assert code.co_firstlineno < line <= max(n for *_, n in code.co_lines() if n) + 1
    if expression is not None:
        assert text == (expression or expected_text)


@pytest.mark.parametrize("verb", VERBS, ids=lambda v: v.__name__)
def test_the_traceback_as_printed_marks_the_expression(verb):
    with pytest.raises(ZeroDivisionError) as raised:
        verb(raising.in_a_callee)(2.0)
    lines = "".join(traceback.format_exception(raised.value)).split("\n")
    (place,) = [i for i, line in enumerate(lines) if line.strip() == "return 3.0 + x * (1.0 / y)"]
    marks = lines[place + 1]
    column = marks.index("~") if "~" in marks else marks.index("^")
    assert lines[place][column:].startswith("1.0 / y")


def test_exceptions_of_a_callback_pass():
    def f(x):
        return pb.with_derivative(x * x, fails) * 2.0

    def fails(d):
        raise raising.MineError(d)

    assert pb.value_with_pullback(f)(3.0)[0] == 18.0
    with pytest.raises(raising.MineError) as raised:
        pb.gradient(f)(3.0)
    assert raised.value.args == (2.0,)
    line, _ = innermost_of_file(raised.value, __file__)
    assert line == fails.__code__.co_firstlineno + 1


def test_exceptions_of_a_vjp_pass():
    def primal(x):
        return x * 2.0

    def bad_forward(x):
        raise raising.MineError("forward")

    def bad_reverse(x):
        def pull(v):
            raise raising.MineError("reverse")

        return x * 2.0, pull

    with pb.derivatives({primal: bad_forward}), pytest.raises(raising.MineError, match="forward"):
        pb.gradient(lambda x: primal(x) + 1.0)(1.0)
    with pb.derivatives({primal: bad_reverse}), pytest.raises(raising.MineError, match="reverse"):
        pb.gradient(lambda x: primal(x) + 1.0)(1.0)


def test_the_first_exception_leaves_nothing_behind():
    df = pb.gradient(raising.divides)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            df(2.0)
        assert df(3.0) == pytest.approx(1.0 - 3.0)


def test_keyboard_interrupts_and_exits_pass():
    for kind in (KeyboardInterrupt, SystemExit, GeneratorExit):

        def f(x):
            raise kind

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(kind):
                pb.gradient(f)(1.0)


def test_side_effects_before_an_exception_happen_once():
    seen = []

    def f(x):
        seen.append("before")
        return x / (x - x)

    with pytest.raises(ZeroDivisionError):
        pb.gradient(f)(1.0)
    assert seen == ["before"]


# Errors of rules, at the user's line --------------------------------------------------------------------------------


def subject(x):
    return x * 2.0


def uses_subject(x):
    y = 1.0
    return y + subject(x) * 3.0


@pytest.mark.parametrize(
    ("vjp", "kind"),
    [
        (lambda x: x * 2.0, pb.RuleError),
        (lambda x: (x * 2.0, 3.0), pb.RuleError),
        (lambda x: (x * 2.0, lambda v: (v, v)), pb.CotangentError),
        (lambda x: (x * 2.0, lambda v: None), pb.CotangentError),
        (lambda x: (x * 2.0, lambda v: "text"), pb.CotangentError),
        (lambda x: (x * 2.0, lambda v: np.ones(2)), pb.CotangentError),
    ],
)
@pytest.mark.parametrize("scoped", [False, True])
def test_a_malformed_rule_is_reported_at_the_user_s_line(vjp, kind, scoped, monkeypatch):
    with contextlib.ExitStack() as stack:
        if scoped:
            stack.enter_context(pb.derivatives({subject: vjp}))
        else:
            monkeypatch.setitem(globals(), "subject", pb.differentiable_function(vjp))
        with pytest.raises(kind) as raised:
            pb.gradient(uses_subject)(2.0)
    line = uses_subject.__code__.co_firstlineno + 2
    text = str(raised.value)
    assert f"{HERE}:{line}:" in text
    assert "    return y + subject(x) * 3.0" in text
    marks = text.split("return y + subject(x) * 3.0\n")[1].split("\n")[0]
    assert marks.count("^") == len("subject(x)")


def test_a_shape_error_in_a_generated_pullback_is_at_the_user_s_line():
    """A rule that hands on an array of another shape is caught where it is called."""
    lying = pb.differentiable_function(lambda a: (np.sum(a), lambda v: v * np.ones(a.size + 1)))

    def f(a):
        b = a * 2.0
        return lying(b)

    with pytest.raises(pb.CotangentError) as raised:
        pb.gradient(f)(np.ones(3))
    assert f"{HERE}:{f.__code__.co_firstlineno + 2}:" in str(raised.value)


def test_a_second_registration():
    def f(x):
        return x

    @pb.derivative(of=f)
    def first(x):
        return x, lambda v: v

    with pytest.raises(pb.RuleError, match=r"(?s)f.*registered"):

        @pb.derivative(of=f)
        def second(x):
            return x, lambda v: v


def test_errors_are_of_the_classes_that_python_users_catch():
    assert issubclass(pb.DifferentiabilityError, TypeError)
    assert issubclass(pb.ArgumentError, (TypeError, ValueError))
    assert issubclass(pb.CotangentError, ValueError)
    for kind in (pb.DifferentiabilityError, pb.ArgumentError, pb.CotangentError, pb.RuleError, pb.ChangedValueError):
        assert issubclass(kind, pb.PullbackError)
    assert issubclass(pb.ZeroDerivativeWarning, UserWarning)
    assert functools.reduce(lambda a, c: a and c.__doc__, [pb.DifferentiabilityError, pb.RuleError], True)


def test_an_exception_made_of_a_comprehension():
    def f(x):
        xs = [x, 2 * x]
        if x > 10.0:
            raise ValueError(", ".join(str(v) for v in xs))
        return xs[0] * xs[1]

    assert pb.gradient(f)(2.0) == 8.0
    with pytest.raises(ValueError, match="20.0, 40.0"):
        pb.gradient(f)(20.0)
