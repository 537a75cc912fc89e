"""`try` around changes in place, and around loops that an exception leaves in the middle."""

import contextlib
import math

import numpy as np

from .cases import case


@case(2.0)
def store(x):
    a = np.ones(2)
    try:
        a[0] = a[1] * x
        a[1] = x / 0.0
        a[0] = 55.0
    except ZeroDivisionError:
        a[1] = a[1] * 3.0
    return np.sum(a * a)


@case([2.0, -1.0, 3.0])
def append_in_both(xs):
    out = []
    for x in xs:
        try:
            out.append(math.sqrt(x))
        except ValueError:
            out.append(x * x)
    return sum(o * o for o in out)


@case([2.0, 4.0, 0.5])
def loop_left_in_the_middle(xs):
    total = 1.0
    n = 0
    try:
        for x in [*xs, 0.0, 7.0]:
            total = total * x
            n += 1
            y = 1.0 / x
            total += y
    except ZeroDivisionError:
        total = total + xs[0]
    return total * xs[0] + n


@case([2.0, 4.0, 0.5])
def dict_that_lacks_the_key(xs):
    d = {}
    for i, x in enumerate(xs):
        k = i % 2
        try:
            d[k] += x * x
        except KeyError:
            d[k] = x
    return d[0] * d[1]


@case([2.0, 4.0, 0.5])
def pop_until_empty(xs):
    left = list(xs)
    total = 0.0
    try:
        while True:
            total = total * 0.5 + left.pop()
    except IndexError:
        pass
    return total


@case([2.0, 4.0, 0.5])
def drawn_until_the_end(xs):
    it = iter(xs)
    total = 1.0
    try:
        while True:
            total = total * next(it) + 1.0
    except StopIteration:
        return total


@case([2.0, -4.0, 0.5])
def loops_in_a_loop(xs):
    total = xs[0]
    out = []
    try:
        for i, a in enumerate(xs):
            for b in xs:
                if b < 0 and i == 1:
                    out.append(total)
                    raise ValueError
                total = total * b + a
                out.append(total * a)
            total += 1.0
    except ValueError:
        total = total * 2.0
    return total * sum(out)


@case([2.0, 4.0, 0.5])
def conditions(xs):
    a = np.array([1.0, 2.0, 3.0])
    try:
        for i in range(5):
            if i % 2 == 0:
                a[i] = a[i] * xs[i]
            else:
                a[0] += xs[i]
                a = a * xs[0]
    except IndexError:
        a[1] = a[1] * xs[2]
    return np.sum(a * a)


@case([2.0, 4.0, 0.5])
def one_in_another(xs):
    log = [1.0]
    y = xs[0]
    try:
        y = y * xs[1]
        try:
            log.append(y)
            y = y / 0.0
        except ZeroDivisionError:
            log.append(y * y)
            y = y * 3.0
            raise KeyError from None
        finally:
            log.append(xs[2])
            y = y + 1.0
    except KeyError:
        y = y * xs[2]
    return y * sum(log) * log[-1]


@case([2.0, 4.0, 0.5])
def else_and_finally(xs):
    d = {"a": xs[0]}
    keys = ["b", "a", "a", "c"]
    n = 0
    while n < len(keys):
        try:
            d[keys[n]] = d[keys[n]] * xs[1]
            if n == 2:
                break
        except KeyError:
            d[keys[n]] = xs[2]
        else:
            d["a"] += 1.0
        finally:
            n += 1
    return d["a"] * d["b"]


@case([2.0, 4.0, 0.5])
def return_from_a_loop(xs):
    total = 0.0
    seen = []
    try:
        for x in xs:
            total += x * x
            seen.append(total)
            if total > 5.0:
                return total * seen[0]
    except ValueError:
        return 0.0
    finally:
        seen.append(1.0)
    return total


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.log = []

    def withdraw(self, v):
        if v > self.balance:
            raise ValueError("no")
        self.balance -= v
        self.log.append(v)


@case(5.0)
def method_that_raises_before_it_changes(x):
    a, b = Account(x), Account(2.0 * x)
    lost = 0.0
    for v in [2.0, x, 1.5, 8.0]:
        try:
            a.withdraw(v)
        except ValueError:
            try:
                b.withdraw(v * x * 0.1)
            except ValueError:
                lost += v * x
    return a.balance * b.balance + sum(a.log) + lost


@case([2.0, 4.0, 0.5])
def nested_function_that_rebinds(xs):
    t = xs[0]

    def bump(v):
        nonlocal t
        t = t * v

    try:
        bump(xs[1])
        bump(xs[2] / 0.0)
    except ZeroDivisionError:
        bump(3.0)
    return t


@case([1.0, 2.0])
def stack_machine(xs):
    stack = []
    try:
        for c in ["p", "p", "a", "a"]:
            match c:
                case "p":
                    stack.append(xs[0] * len(stack) + xs[1])
                case "a":
                    b = stack.pop()
                    a = stack.pop()
                    stack.append(a * b)
    except IndexError:
        stack.append(a * b * xs[0])
    return sum(stack)


@case([1.0, 2.0])
def inside_a_generator(xs):
    def g():
        t = xs[0]
        try:
            for x in xs:
                t = t * x
                yield t
            yield 1.0 / 0.0
        except ZeroDivisionError:
            yield t * xs[1]

    return sum(g())


@case([1.0, 2.0])
def context_inside(xs):
    seen = []
    try:
        with contextlib.nullcontext():
            seen.append(xs[0])
            seen.append(xs[1] / 0.0)
    except ZeroDivisionError:
        seen.append(xs[1] * 3.0)
    return seen[0] * seen[1]


@case(2.0)
def suppressed(x):
    y = x * 3.0
    with contextlib.suppress(ZeroDivisionError):
        y = y * x
        y = x / 0.0
        y = 5.0
    return y


@case([2.0, 4.0, 0.5])
def suppressed_in_a_loop(xs):
    out = []
    k = xs[2]
    for x in [1.0, 0.0, 3.0]:
        with contextlib.suppress(ZeroDivisionError):
            out.append(xs[0])
            out.append(xs[1] / x)
            k = k * 2.0
    return sum(out) * k


@case(2.0)
def what_an_exception_holds_that_is_no_number(x):
    try:
        raise ValueError("code", 3)
    except ValueError as error:
        return x * error.args[1] * len(str(error))
