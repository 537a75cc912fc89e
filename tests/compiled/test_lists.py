"""Lists that are changed: appended to, stored into, popped from. Compiled gradients agree with the interpreted ones."""

import copy
import math

import numpy as np
import pytest

import pullback as pb

from .test_programs import numbers_of, same_structure

pytest.importorskip("numba")


def appended(x, n):
    xs = []
    for i in range(n):
        xs.append(math.sin(x * i))
    total = 0.0
    for i in range(n):
        total += xs[i] * xs[n - 1 - i]
    return total


def summed(x, n):
    xs = [x]
    for i in range(n):
        xs.append(xs[-1] * x + i)
    return sum(xs)


def in_a_comprehension(x, n):
    ys = [x**i for i in range(n)]
    return sum(y * y for y in ys) + max(ys) - min(ys)


def with_a_condition(x, n):
    ys = [math.cos(x * i) for i in range(n) if i % 3 != 1]
    return ys[0] * ys[-1] + len(ys) * x


def a_stack(x, n):
    stack = [x]
    total = 0.0
    steps = 0
    while stack and steps < n:
        v = stack.pop()
        total += v * v
        steps += 1
        if v < 10.0:
            stack.append(v * 1.5)
            stack.append(v + x)
    return total + len(stack)


def popped_and_overwritten(x, n):
    xs = [x, x * x]
    for i in range(n):
        a = xs.pop()
        b = xs.pop()
        xs.append(a * b)
        xs.append(a + i * b)
    return xs[0] * xs[1]


def stored_into(x, n):
    xs = [0.0] * n
    for i in range(n):
        xs[i] = x * i
    for i in range(1, n):
        xs[i] = xs[i] * xs[i - 1] + x
    return xs[-1] + xs[n // 2]


def swapped(x, y):
    xs = [x * y, x, y * y, x + y]
    n = len(xs)
    for i in range(n):
        for j in range(n - 1 - i):
            if xs[j] > xs[j + 1]:
                xs[j], xs[j + 1] = xs[j + 1], xs[j]
    return xs[0] * 1.0 + xs[1] * 2.0 + xs[2] * 3.0 + xs[3] * 4.0


def pairs(x, n):
    path = [(x, 1.0)]
    for i in range(n):
        a, b = path[-1]
        path.append((a * b + i, b * x))
    return sum(a * b for a, b in path)


def rows(x, n):
    history = []
    state = np.ones(3) * x
    for i in range(n):
        state = state * x + i
        history.append(state)
    return np.sum(history[0] * history[-1]) + sum(np.sum(h) for h in history)


def widened(x, n):
    xs = [0, 1]
    for i in range(n):
        xs.append(xs[i] * x + 1)
    return xs[-1] + xs[0]


def of_ints(x, n):
    chosen = []
    for i in range(n):
        if i % 2:
            chosen.append(i)
    total = 0.0
    for i in chosen:
        total += x**i
    return total


def of_bools(x, n):
    flags = []
    for i in range(n):
        flags.append(x * i > 1.0)
    total = 0.0
    for flag in flags:
        total += x if flag else x * x
    return total


def helper(xs, x):
    xs.append(x * 2.0)


def by_a_helper(x, n):
    xs = []
    for i in range(n):
        helper(xs, x + i)
    return xs[0] * xs[n - 1]


def made_in_a_loop(x, n):
    total = 0.0
    for i in range(n):
        xs = []
        for j in range(i):
            xs.append(x * j)
        total += sum(xs)
    return total


def joined_lists(x, n):
    xs = []
    for i in range(n):
        xs = xs + [x * i]
    ys = xs + xs
    ys += xs
    ys.extend([x, 2.0 * x])
    return sum(ys) * ys[1]


def methods(x, n):
    xs = [x * i for i in range(n)]
    xs.insert(1, x * x)
    xs.insert(-1, 3.0 * x)
    xs.reverse()
    first = xs.pop(0)
    del xs[1]
    ys = xs.copy()
    ys[0] = 5.0
    zs = xs[1:-1] + xs[::2] + list(reversed(xs))
    return first * xs[0] + ys[0] * ys[1] + zs[0] * zs[-1] + len(zs)


def searched(x, n):
    ks = [i * i for i in range(n)]
    at = ks.index(4)
    ks.remove(1)
    return x * at + x * x * ks[1] * ks.count(0) * (9 in ks)


def either(x, n):
    xs = [x] if x > 0.5 else [x, x * x, x]
    for i in range(n):
        xs.append(xs[0] * i)
    return sum(xs)


def changed_while_gone_through(x, n):
    xs = [x * i for i in range(n)]
    for i, y in enumerate(xs):
        xs[i] = y * x
        if i + 1 < len(xs):
            xs[i + 1] = xs[i + 1] + y
    return sum(xs)


def known_items(x, y):
    xs = [x]
    xs.append((x, y))
    xs.append([y])
    xs[2].append(x * y)
    a, (b, c), d = xs
    xs[0] = d[1]
    return a * b + c * xs[0] + d[0]


def a_table(x, n):
    c = [[0.0] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(3):
            c[i][j] = x * i - j
    total = 0.0
    for i in range(3):
        for j in range(3):
            total += c[i][j] * c[j][i]
    return total * n


class Ball:
    def __init__(self, x, v):
        self.x = x
        self.v = v


def of_objects(x, n):
    balls = [Ball(x * i, 1.0) for i in range(3)]
    for _ in range(n):
        for ball in balls:
            ball.v = ball.v - 0.1 * ball.x
            ball.x = ball.x + 0.1 * ball.v
    return sum(b.x * b.v for b in balls)


class Recorder:
    def __init__(self):
        self.seen = []

    def add(self, x):
        self.seen.append(x)
        return len(self.seen)


def in_a_field(x, n):
    recorder = Recorder()
    for i in range(n):
        recorder.add(x * i)
    return sum(recorder.seen) * recorder.add(x)


def through_numpy(x, n):
    xs = []
    for i in range(n):
        xs.append(x * i)
    a = np.array(xs)
    return np.sum(a * a) + np.mean(xs) + len(xs)


def of_an_argument(xs, k):
    ys = list(xs)
    for i in range(len(ys)):
        ys[i] = ys[i] * k
    return ys[0] * ys[-1] + xs[0]


def cleared(x, n):
    xs = []
    total = 0.0
    for i in range(n):
        xs.append(x * i)
        if len(xs) == 3:
            total += xs[0] * xs[2]
            xs.clear()
    return total + sum(xs)


def arrays_after_a_pop(x, n):
    xs = [np.array([x, 1.0])]
    for i in range(n):
        a = xs.pop()
        xs.append(a * x + i)
        xs.append(a)
        xs.append(xs[0] * a)
    return np.sum(xs[-1])


def unpacked(x, n):
    xs = [x]
    for i in range(n):
        xs.append(xs[-1] * x + 1.0)
    a, b, c = xs[-3:]
    return a * b - c


def unpacked_array(a):
    x, y = a * a
    return x * y


def a_list(x, n):
    xs = []
    ys = [(x, True)]
    for i in range(n):
        xs.append(x * i)
        ys.append((x + i, i > 1))
    zs = [x]
    zs.append((x, [1]))
    return xs, ys, zs, [np.ones(2) * i for i in range(n)], []


def two_items(x):
    xs = [x]
    xs.append(x * x)
    return xs


def filled_before(x, n):
    rows = []
    for i in range(n):
        row = np.zeros(2)
        row[0] = x * i
        row[1] = x
        rows.append(row)
    return sum(r[0] * r[1] for r in rows)


def filled_again(x, n):
    rows = []
    row = np.zeros(2)
    for i in range(n):
        row[0] = x * i
        rows.append(row)  # HERE
    return sum(r[0] for r in rows)


PROGRAMS = [
    (appended, (0.7, 30)), (summed, (0.9, 12)), (in_a_comprehension, (1.1, 6)), (with_a_condition, (0.4, 20)),
    (a_stack, (1.3, 25)), (popped_and_overwritten, (0.9, 5)), (stored_into, (0.8, 9)), (swapped, (1.5, 0.3)),
    (pairs, (0.9, 11)), (rows, (0.7, 10)), (widened, (0.6, 9)), (of_ints, (0.9, 8)), (of_bools, (0.3, 9)),
    (by_a_helper, (0.9, 12)), (made_in_a_loop, (0.9, 14)), (joined_lists, (0.5, 4)), (methods, (0.7, 7)),
    (searched, (0.7, 5)), (either, (0.7, 3)), (either, (0.2, 3)), (known_items, (0.7, 1.3)), (a_table, (0.7, 2)),
    (of_objects, (0.7, 9)), (unpacked, (0.7, 9)),
    (unpacked_array, (np.array([0.7, 9.0]),)), (in_a_field, (0.7, 12)),
    (through_numpy, (0.7, 12)), (of_an_argument, ([1.0, 2.0, 3.0], 0.5)), (cleared, (0.5, 8)),
    (arrays_after_a_pop, (0.9, 3)), (filled_before, (0.9, 5)), (appended, (0.7, 0)),
]  # fmt: skip


@pytest.mark.parametrize("f, args", PROGRAMS, ids=lambda x: getattr(x, "__name__", ""))
def test_gradients_agree(f, args):
    others, given = copy.deepcopy(args), copy.deepcopy(args)
    expected = pb.value_with_gradient(f)(*others)
    got = pb.jit(pb.value_with_gradient(f))(*given)
    assert same_structure(got, expected)
    np.testing.assert_allclose(numbers_of(got), numbers_of(expected), rtol=1e-9, atol=1e-12)
    np.testing.assert_equal(given, others)


@pytest.mark.parametrize("f, args", PROGRAMS, ids=lambda x: getattr(x, "__name__", ""))
def test_other_verbs_agree(f, args):
    if not isinstance(args[0], float):
        pytest.skip("takes a list")
    assert pb.jit(f)(*args) == pytest.approx(f(*args), rel=1e-12)
    wanted = pb.differential(f, wrt=0)(*args)(1.0)
    assert pb.jit(pb.differential(f, wrt=0))(*args)(1.0) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("f", [summed, a_stack, popped_and_overwritten, rows], ids=lambda f: f.__name__)
def test_second_derivatives(f):
    def once(x):
        return f(x, 4)

    assert pb.jit(pb.hvp(once))(0.9, 1.0) == pytest.approx(pb.hvp(once)(0.9, 1.0), rel=1e-9)


def test_a_list_that_is_changed_while_a_loop_goes_through_it():
    x, n, h = 0.7, 5, 1e-6
    value, slope = pb.jit(pb.value_with_gradient(changed_while_gone_through))(x, n)
    assert value == pytest.approx(changed_while_gone_through(x, n), rel=1e-12)
    ends = changed_while_gone_through(x + h, n), changed_while_gone_through(x - h, n)
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-7)


def test_lists_as_results():
    got, expected = pb.jit(a_list)(0.5, 4), a_list(0.5, 4)
    assert got[:3] == expected[:3] and got[4] == []
    assert all(map(np.array_equal, got[3], expected[3])) and type(got[1][0][1]) is bool
    assert pb.jit(pb.pullback(two_items))(3.0)([1.0, 1.0]) == 7.0
    assert pb.jit(pb.differential(two_items))(3.0)(1.0) == [1.0, 6.0]
    with pytest.raises(pb.DifferentiabilityError, match="as a result, is not compiled"):
        pb.jit(pb.pullback(a_list))(0.5, 4)


def test_an_index_out_of_range():
    def far(x, n):
        xs = []
        for i in range(n):
            xs.append(x * i)
        return xs[n]

    def empty(x, n):
        xs = [x]
        for _ in range(n):
            xs.pop()
        return x

    with pytest.raises(IndexError, match="list index out of range"):
        pb.jit(pb.gradient(far))(1.0, 3)
    with pytest.raises(ValueError, match="not enough values to unpack"):
        pb.jit(pb.gradient(unpacked))(1.0, 1)
    with pytest.raises(ValueError, match="too many values to unpack"):
        pb.jit(pb.gradient(unpacked_array))(np.ones(3))
    with pytest.raises(IndexError, match="pop from empty list"):
        pb.jit(pb.gradient(empty))(1.0, 3)


def grows_while_gone_through(x, n):
    xs = [x]
    for y in xs:
        if len(xs) < n:
            xs.append(y * x)  # (Python goes through what is added, too)
    return sum(xs)


def asked_for_its_class(x, n):
    xs = []
    for i in range(n):
        xs.append(x if i % 2 else i)
    return x if isinstance(xs[0], float) else 2.0 * x  # HERE


def appended_and_asked(x, n):
    xs = []
    for i in range(n):
        if i % 2:
            xs.append(x)
        else:
            xs.append(i)
    return x if isinstance(xs[0], float) else 2.0 * x  # HERE


def joined_and_asked(x, n):
    y = x
    if n > 2:
        y = n
    return x if isinstance(y, float) else 2.0 * x  # HERE


def of_the_caller(xs, n):
    xs.append(1.0 * n)  # HERE
    return xs[0] * len(xs)


def of_two_kinds(x, n):
    xs = []
    for i in range(n):
        xs.append(x)
        xs.append((x, i))  # HERE
    return xs[0]


def shapes_differ(x, n):
    xs = []
    for i in range(n):
        xs.append(np.zeros(i + 1) + x)
    return np.sum(xs[0]) + np.sum(xs[1])


def changed_in_place(x, n):
    xs = []
    a = np.zeros(2) + x
    for _ in range(n):
        xs.append(a)  # HERE
        a[0] = a[0] * x
    return np.sum(xs[0])


def lists_of_lists(x, n):
    table = []
    for i in range(n):
        row = []
        for j in range(i):
            row.append(x * j)
        table.append(row)  # HERE
    return table[-1][0]


@pytest.mark.parametrize(
    "f, args",
    [
        (of_the_caller, ([1.0], 2)), (of_two_kinds, (1.0, 3)), (changed_in_place, (1.5, 3)), (filled_again, (1.5, 3)),
        (lists_of_lists, (1.0, 3)), (asked_for_its_class, (1.0, 3)), (appended_and_asked, (1.0, 3)),
        (joined_and_asked, (1.0, 3)),
    ],  # fmt: skip
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_refused(f, args):
    with pytest.raises(pb.DifferentiabilityError) as caught:
        pb.jit(pb.gradient(f))(*args)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.id == "not-compiled" and "# HERE" in diagnostic.span.text()


def test_a_loop_over_what_it_lengthens():
    with pytest.raises(pb.DifferentiabilityError, match="while a loop goes through it"):
        pb.jit(pb.gradient(grows_while_gone_through))(1.5, 4)


def test_arrays_of_several_shapes():
    with pytest.raises(ValueError, match="arrays of one shape"):
        pb.jit(pb.gradient(shapes_differ))(1.5, 3)
