"""Arrays changed in place that somebody else sees: aliases, views, callees, closures, values read before and after."""

import math

import numpy as np

from .registry import program

A = np.array([1.0, -2.0, 3.0])
B = np.array([0.5, 1.5, -1.0])
M = np.arange(1.0, 7.0).reshape(2, 3) / 3


@program(A, B)
def alias_written(a, b):
    c = a
    c[0] = b[1] * 2
    return (a * b).sum() + a[0] ** 2


@program(A, B)
def read_before_the_write(a, b):
    first = a[0]
    square = a * a
    a[0] = b[0] * first
    return first * a[0] + square.sum() + (a * square).sum()


@program(A, B)
def residual_overwritten(a, b):
    """The product keeps `a` by reference; `a` is then changed."""
    y = a * b
    a *= 2.0
    z = a * b
    a[:] = b
    return (y * z).sum() + (a * z).sum()


@program(M)
def view_of_a_row(m):
    row = m[0]
    row *= 2.0
    m[1] += row
    row[1] = m[1, 2]
    return (m**2).sum() + row[0]


@program(M)
def views_of_columns_and_transposes(m):
    t = m.T
    t[0] += 1.0
    column = m[:, 1]
    column[:] = column[::-1] * t[0]
    return (m * t.T).sum() + t[2, 1]


@program(M)
def reshaped_view_and_flat_copy(m):
    flat = m.reshape(-1)
    copy = m.flatten()
    flat[3] *= copy[2]
    m.ravel()[0] = flat[3]
    return (flat * copy).sum() + m[1, 0] * m[0, 0]


@program(A)
def overlapping_slices(a):
    a[1:] = a[:-1]
    a[:-1] += a[1:] * 2
    return (a * np.arange(1.0, 4.0)).sum() ** 2


@program(A)
def reversed_onto_itself(a):
    a[:] = a[::-1]
    a += a[::-1]
    return a[0] * 2 + a[1] ** 2


@program(np.arange(9.0).reshape(3, 3) / 4)
def added_to_its_transpose(m):
    m += m.T
    m -= m.mean()
    return (m**3).sum()


@program(A, B)
def repeated_indices(a, b):
    idx = np.array([0, 2, 0])
    a[idx] += b
    np.add.at(a, idx, b)
    return (a**2).sum()


@program(A, B)
def fancy_and_masked_writes(a, b):
    a[[2, 0]] = b[:2]
    a[b > 1] *= 3.0
    a[np.array([True, False, True])] -= b[1]
    return (a**2 * b).sum()


@program(A, B)
def written_through_out(a, b):
    c = np.empty(3)
    np.multiply(a, b, out=c)
    d = np.exp(c, out=c)
    np.add(d, a, out=a)
    return a.sum() + (c * b).sum()


@program(A, B)
def broadcast_store(a, b):
    m = np.zeros((2, 3))
    m[:] = a
    m[1] *= b
    m[:, 0] = b[2]
    m[0] = 4.0
    m[0, 1:] = a[1:] * b[0]
    return (m[0] * m[1]).sum() + m[0, 0] * a[0]


@program(A)
def constant_store_kills_the_derivative(a):
    y = a[1] ** 2
    a[1] = 5.0
    return a[1] * a[0] + y


def halve(v):
    v *= 0.5
    return v


def shifted(v, by):
    v = v + by
    v[0] = 0.0
    return v


@program(A, B)
def changed_by_a_callee(a, b):
    c = halve(a)
    d = shifted(a, b[0])
    return (a * c).sum() + (d * b).sum()


def pour(source, target):
    target += source
    source[0] *= target[1]


@program(A, B)
def two_arguments_of_a_callee(a, b):
    pour(a, b)
    pour(b, a)
    return (a * b).sum()


@program(A)
def the_same_array_twice(a):
    pour(a, a)
    return (a * np.arange(3.0)).sum()


@program(A, 0.5)
def changed_in_a_condition(a, k):
    def shrink(v):
        v *= k
        return v[0] > 0

    if shrink(a) and shrink(a):
        a[1] += k
    while shrink(a) and a[0] > 0.05:
        a[2] -= k
    return (a**2).sum()


@program(A, 0.5)
def changed_by_a_closure(a, k):
    def bump(i):
        a[i] += k * a[i - 1]

    for i in range(3):
        bump(i)
    return a[0] * a[1] * a[2]


@program(A, 0.5)
def held_in_containers(a, k):
    box = {"v": a, "both": [a, a.copy()]}
    box["both"][0][1] = k
    box["v"] += 1.0
    box["both"][1][0] *= a[1]
    return (a * box["both"][1]).sum() + box["v"][1]


@program(A, 0.5)
def rebound_and_changed(a, k):
    """`a = a + k` makes a new array, `a += k` does not: the caller's alias sees the second only."""
    old = a
    a = a + k
    a += k
    old *= 2
    return (a * old).sum()


@program(A, B)
def swapped_names(a, b):
    for i in range(3):
        a, b = b, a
        a[i] = a[i] * 2 + b[i]
    return (a * np.arange(3.0)).sum() + (b**2).sum()


@program(A)
def swapped_elements(a):
    a[0], a[2] = a[2], a[0]
    a[0], a[1] = a[1] * 2, a[0] * a[1]
    return a[0] + a[1] ** 2 + a[2] ** 3


@program(A, 0.5)
def one_arm_changes(a, k):
    c = a.copy()
    d = c if k > 0 else a
    if a[0] > 0:
        d[0] = k
    else:
        a[1] = k
    return (a * c).sum() + d[0] ** 2


@program(M, A)
def rows_changed_in_a_loop(m, a):
    for row in m:
        row *= a
        a[0] += row[1]
    for i, row in enumerate(m):
        row[i] = a[i]
    return (m**2).sum()


@program(A, 0.5)
def grown_and_windowed(a, k):
    """A buffer larger than its input, of which windows are taken and changed."""
    buffer = np.zeros(6)
    buffer[1:4] = a
    for i in range(1, 5):
        window = buffer[i - 1 : i + 2]
        buffer[i] = k * window.sum()
        window[0] *= 1.5
    return (buffer**2).sum()


@program(A, 0.5)
def cumulative_by_hand(a, k):
    for i in range(1, 3):
        a[i] += a[i - 1] * k
    for i in range(2, 0, -1):
        a[i - 1] -= a[i] ** 2
    return a.prod()


@program(A, 0.5)
def integer_array_as_a_counter(a, k):
    counts = np.zeros(3, dtype=int)
    total = 0.0
    for i in (0, 2, 2):
        counts[i] += 1
        total += a[i] * counts[i]
        a[i] *= k
    return total * counts.sum()


@program(A, 0.5)
def scalar_taken_out_is_no_view(a, k):
    x = a[0]
    z = a[0:1]
    a[0] = k
    return x * z[0] + x**2


@program(A, 0.5)
def filled_sorted_clipped_in_place(a, k):
    b = a * k
    b.sort()
    c = np.empty(3)
    c.fill(k)
    np.clip(b, -0.9, 1.2, out=b)
    c[1:] -= b[:2]
    return (b * c).sum() + b[0]


@program(A, 0.5)
def returned_alias(a, k):
    def smallest(v):
        return v[1:]

    tail = smallest(a)
    tail *= k
    return a.sum() + (tail**2).sum()


@program(A, 0.5)
def default_argument_as_a_store(a, k):
    def remember(x, seen=[]):  # noqa: B006
        seen.append(x)
        return sum(seen)

    return sum(remember(x * k) for x in a) + remember(k) * 2


@program(A, 0.5)
def exception_in_the_middle(a, k):
    try:
        a[0] = k
        a[1] = a[0] * 2
        a[7] = 1.0
        a[2] = 100.0
    except IndexError:
        a[2] += a[1]
    return (a**2).sum()


@program(A, B)
def power_and_divide_in_place(a, b):
    c = a * b
    c **= 2
    c /= b
    c //= 1e9
    d = a / b
    d %= 0.7
    return c.sum() + d.sum()


@program(np.array([0.3, 0.8]), 0.5)
def complex_work_array(a, k):
    z = np.zeros(3, dtype=complex)
    z[0] = a[0] + 1j * a[1]
    z[1:] = a * 1j
    z[1] *= z[0] * k
    z += z.conj()[::-1]
    return abs(z[0]) ** 2 + z[1].real + z[2].imag


@program(A, 0.5)
def float32_buffer(a, k):
    """A narrower work array would round: this one is as wide, and made by `astype`."""
    w = a.astype(np.float64)
    w[1] = math.sin(k) * w[0]
    return float(w @ w) + a[1]


@program(np.ones((3, 2)), 0.5)
def nested_index_stores(x, k):
    for i in range(3):
        for j in range(2):
            x[i][j] *= k + i * j
            x[i, j] += x[i - 1][j]
    return (x * np.arange(6.0).reshape(3, 2)).sum()


@program(A, B, 0.3)
def while_it_converges(a, b, k):
    """The number of steps depends on the data; both arrays are changed in each."""
    steps = 0
    while np.abs(a - b).max() > 0.8:
        d = a - b
        a -= k * d
        b += 0.5 * k * d
        steps += 1
    return (a * b).sum() * steps


@program(A, B)
def stored_twice_in_a_new_array(a, b):
    """Of the values stored in one place the last one stays."""
    y = np.zeros(3)
    y[np.array([0, 2, 0])] = a * b
    return (y * b).sum()
