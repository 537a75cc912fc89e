"""Lowering: structured blocks without jumps, each of which runs to its end; flags only where they are needed."""

from __future__ import annotations

import ast
import itertools

import pytest

import pullback as pb
from pullback import ir
from pullback.lower import lower
from pullback.source import acquire


def lowered(f):
    return lower(acquire(f), f.__name__, f.__code__.co_freevars)


def flags(f):
    """The names of jump flags that the IR of `f` sets or reads."""
    stems = ("_returned", "_broken", "_continued")
    return {n for s in ir.walk(lowered(f).body) for n in ir.assigned(s) if n.startswith(stems)}


def of_kind(f, kind):
    return [s for s in ir.walk(lowered(f).body) if isinstance(s, kind)]


# Programs -----------------------------------------------------------------------------------------------------------


def guard_clauses(x, n):
    if n == 0:
        return x
    if n == 1:
        return x * x
    return x * x * x


def if_else_return(x, n):
    if n > 0:
        return 2.0 * x
    else:
        return 3.0 * x


def elif_chain(x, n):
    if n == 0:
        y = x
    elif n == 1:
        y = x * x
    elif n == 2:
        return x * 7.0
    else:
        y = x * 4.0
    return y + 1.0


def return_deep_inside(x, n):
    y = x
    if n > 0:
        y = y * 2.0
        if n > 1:
            if n > 2:
                return y * 10.0
            y = y + x
        y = y * 3.0
    return y


def break_at_the_end(x, n):
    y = x
    for i in range(4):
        y = y * x
        if i == n:
            break
    return y


def break_in_the_middle(x, n):
    y = x
    for i in range(4):
        if i == n:
            break
        y = y * x
    return y


def continue_first(x, n):
    y = x
    for i in range(4):
        if i == n:
            continue
        y = y * x
    return y


def continue_deep(x, n):
    y = x
    for i in range(4):
        if i > 0:
            if i == n:
                continue
            y = y + x
        y = y * x
    return y


def return_in_a_loop(x, n):
    y = x
    for i in range(4):
        if i == n:
            return y * 5.0
        y = y * x
    return y


def nested_loops(x, n):
    y = x
    for i in range(3):
        for j in range(3):
            if j == n:
                break
            if i + j == n:
                continue
            if i * j > n + 1:
                return y
            y = y + x * j
        else:
            y = y * 1.5
        if y > 100.0:
            break
    else:
        y = y + 0.25 * x
    return y


def loop_else(x, n):
    y = x
    for i in range(3):
        if i == n:
            break
        y = y * x
    else:
        y = y + 10.0 * x
    return y


def while_else(x, n):
    y, k = x, 0
    while k < 3:
        if k == n:
            break
        y = y * x
        k += 1
    else:
        y = y * 2.0
    return y


def jump_in_loop_else(x, n):
    y = x
    for _ in range(3):
        for j in range(2):
            if j == n:
                break
            y = y + x
        else:
            break
        y = y * x
    return y


def return_in_loop_else(x, n):
    for i in range(3):
        if i == n:
            break
    else:
        return x * 9.0
    return x * x


def while_true(x, n):
    y, k = x, 0
    while True:
        y = y * 1.5
        k += 1
        if k > n:
            return y
        if y > 50.0:
            break
    return y * x


def statements_after_a_jump(x, n):
    if n >= 0:
        return x
        y = 1.0  # noqa: F841
    for _ in range(2):
        break
        x = x * 2.0
    return x * 3.0


def with_jumps(x, n):
    import contextlib

    y = x
    for i in range(3):
        with contextlib.nullcontext():
            if i == n:
                break
            y = y * x
        y = y + x
    with contextlib.nullcontext(2.0) as two:
        if n > 5:
            return y
        y = y * two
    return y


def falls_off(x, n):
    if n < 9:
        return x


PROGRAMS = [
    guard_clauses, if_else_return, elif_chain, return_deep_inside, break_at_the_end, break_in_the_middle,
    continue_first, continue_deep, return_in_a_loop, nested_loops, loop_else, while_else, jump_in_loop_else,
    return_in_loop_else, while_true, statements_after_a_jump, with_jumps,
]  # fmt: skip


def difference(f, x, n, h=1e-6):
    return (f(x + h, n) - f(x - h, n)) / (2.0 * h)


@pytest.mark.parametrize("n", range(-1, 5))
@pytest.mark.parametrize("f", [*PROGRAMS, falls_off], ids=lambda f: f.__name__)
def test_value_and_derivative(f, n):
    x = 1.3
    value, gradient = pb.value_with_gradient(f, wrt="x")(x, n)
    assert value == f(x, n)
    assert gradient == pytest.approx(difference(f, x, n), rel=1e-6)
    value, pull = pb.value_with_pullback(f, wrt="x")(x, n)
    assert (value, pull(1.0), pull(1.0)) == (f(x, n), gradient, gradient)


# The shape of the IR ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_every_block_runs_to_its_end(f):
    """No `return`, `break` or `continue` is left; a `BreakIf` stands last in a loop body and nowhere else."""
    function = lowered(f)

    def check(block, in_loop):
        for position, stmt in enumerate(block):
            if isinstance(stmt, ir.BreakIf):
                assert in_loop and position == len(block) - 1
            node = getattr(stmt, "node", None)
            if isinstance(node, ast.AST):
                assert not any(isinstance(n, (ast.Return, ast.Break, ast.Continue)) for n in ast.walk(node))
            for inner in ir.blocks(stmt):
                check(inner, isinstance(stmt, (ir.For, ir.While)))

    check(function.body, False)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_every_path_sets_the_result_before_its_end(f):
    """The result is assigned in the function's own block or in an arm, never read before."""
    function = lowered(f)
    assert any(function.result in ir.assigned(s) for s in ir.walk(function.body))


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_positions_count_up_in_program_order(f):
    positions = [s.pos for s in ir.walk(lowered(f).body)]
    assert positions == list(range(len(positions)))


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_spans_are_inside_the_function(f):
    function = lowered(f)
    for stmt in ir.walk(function.body):
        assert function.span.line <= stmt.span.line <= function.span.end_line
        assert stmt.span.filename == __file__


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_operands_are_atoms_and_names_are_unique(f):
    function = lowered(f)
    user = {n for n in function.names if not n.startswith("_")}
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind):
            assert all(isinstance(a, (ir.Var, ir.Lit)) for a in ir.atoms(stmt.expr))
    temporaries = [s.target for s in ir.walk(function.body) if isinstance(s, ir.Bind) and s.target.startswith("_t")]
    assert len(temporaries) == len(set(temporaries))
    assert not user & set(temporaries)


# Flags --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [guard_clauses, if_else_return, continue_first, falls_off], ids=lambda f: f.__name__)
def test_no_flag_where_the_rest_fits_into_the_other_arm(f):
    assert flags(f) == set()


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (break_at_the_end, {"_broken"}),
        (break_in_the_middle, {"_broken"}),
        (loop_else, {"_broken"}),
        (while_else, {"_broken"}),
        (return_in_a_loop, {"_returned"}),
        (elif_chain, {"_returned"}),
        (return_deep_inside, {"_returned"}),
        (continue_deep, {"_continued"}),
        (while_true, {"_returned", "_broken"}),
    ],
    ids=lambda p: getattr(p, "__name__", None),
)
def test_one_flag_for_each_kind_of_jump_that_needs_it(f, expected):
    assert {name.rstrip("0123456789") for name in flags(f)} == expected


def test_no_flag_and_no_break_without_a_jump():
    def f(x):
        for _ in range(3):
            x = x * 2.0
        while x < 50.0:
            x = x * x
        return x

    assert flags(f) == set()
    assert of_kind(f, ir.BreakIf) == []


def test_flags_do_not_clash_with_the_user_s_names():
    def f(x, _broken1, _returned1):
        _result = x
        _t1 = _result * _broken1
        for i in range(3):
            if i == 1:
                break
            _t1 = _t1 * x
        for i in range(3):
            if i == 2:
                return _t1 * _returned1
        return _t1

    assert pb.gradient(f, wrt="x")(2.0, 3.0, 5.0) == pytest.approx(60.0)


def test_only_loops_with_a_jump_out_end_in_a_break():
    assert len(of_kind(return_in_a_loop, ir.BreakIf)) == 1
    assert of_kind(continue_deep, ir.BreakIf) == []


# Order and side effects ---------------------------------------------------------------------------------------------


def logged(name, value, log):
    log.append(name)
    return value


class TestOrderOfEvaluation:
    """Everything happens once, in Python's order."""

    def same(self, f, x=2.0):
        plain, log = [], []
        f(x, plain)
        pb.gradient(f, wrt="x")(x, log)
        assert log == plain
        log.clear()
        pb.pullback(f, wrt="x")(x, log)(1.0)
        assert log == plain

    def test_operands(self):
        def f(x, log):
            return logged("a", x, log) * logged("b", 2.0, log) + logged("c", x, log) ** logged("d", 2, log)

        self.same(f)

    def test_ternaries_and_short_circuits(self):
        def f(x, log):
            y = logged("a", x, log) if logged("t", 1, log) else logged("b", x, log)
            z = logged("c", 0.0, log) or logged("d", x, log) or logged("e", 1.0, log)
            w = logged("f", 1.0, log) and logged("g", x, log)
            return y * z * w

        self.same(f)

    def test_comparison_chains(self):
        def f(x, log):
            if logged("a", 1, log) < logged("b", 0, log) < logged("c", 2, log):
                return x
            return x * x

        self.same(f)

    def test_assignments(self):
        def f(x, log):
            a, (b, *c) = logged("v", x, log), logged("w", [x, x * x, x], log)
            d = e = logged("u", a * b, log)
            return d * e * c[0]

        self.same(f)

    def test_subscripts_calls_and_keywords(self):
        def f(x, log):
            def g(a, *rest, k=1.0, **more):
                return a * rest[0] * k * more["m"]

            xs = logged("xs", [x, x], log)
            y = logged("g", g, log)(
                logged("a", xs, log)[logged("i", 0, log)],
                *logged("rest", (3.0,), log),
                k=logged("k", x, log),
                **logged("more", {"m": 2.0}, log),
            )
            return y

        self.same(f)

    def test_loops_and_comprehensions(self):
        def f(x, log):
            ys = [logged(i, x * i, log) for i in logged("range", range(4), log) if logged("if", i, log) % 2]
            while len(log) < 20 and logged("test", True, log):
                ys = ys + [x]
            return sum(ys)

        self.same(f)

    def test_a_walrus(self):
        def f(x, log):
            y = (z := logged("z", x * x, log)) * z + logged("w", z, log)
            while (k := logged("k", len(log), log)) < 9:
                y = y + k * x
            return y

        self.same(f)

    def test_decorators_and_defaults(self):
        def f(x, log):
            @logged("deco", lambda g: g, log)
            def g(t, k=logged("default", x, log)):  # noqa: B008
                return t * k

            return g(x)

        self.same(f)

    def test_assert_messages_are_not_evaluated(self):
        def f(x, log):
            assert logged("t", True, log), logged("message", "", log)
            return x * x

        self.same(f)


# Names that are rebound ---------------------------------------------------------------------------------------------


def rotate(x, y, z):
    for _ in range(4):
        x, y, z = y, z, x * y
    return x + y * z


def test_swaps_and_rotations():
    args = (1.1, 0.7, 1.9)
    got = pb.gradient(rotate)(*args)
    for i, t in enumerate(got):
        up, down = list(args), list(args)
        up[i] += 1e-6
        down[i] -= 1e-6
        assert t == pytest.approx((rotate(*up) - rotate(*down)) / 2e-6, rel=1e-6)


def test_a_name_bound_by_its_own_value():
    def f(x):
        x = x * x
        x = x + x * x
        x *= x
        return x

    assert pb.gradient(f)(1.0) == pytest.approx(difference(lambda x, _: f(x), 1.0, 0), rel=1e-6)


def test_loop_targets_leak_and_comprehension_targets_do_not():
    def f(x):
        i = 3.0
        ys = [i * x for i in range(3)]
        for j in range(4):  # noqa: B007
            pass
        return sum(ys) * i * j

    assert pb.gradient(f)(1.0) == 27.0


def test_the_iterable_is_evaluated_once_although_its_name_is_rebound():
    def f(xs):
        total = 0.0
        for x in xs:
            xs = [x * 10.0]
            total = total + xs[0]
        return total

    assert pb.gradient(f)([1.0, 2.0]) == [10.0, 10.0]


@pytest.mark.parametrize("bits", list(itertools.product([False, True], repeat=3)))
def test_boolean_operators_keep_their_value(bits):
    def f(x, a, b, c):
        return (a and x) or (b and 2.0 * x) or (c and 3.0 * x) or 4.0 * x

    plain = f(2.0, *bits)
    assert pb.value_with_gradient(f, wrt="x")(2.0, *bits) == (plain, plain / 2.0)
