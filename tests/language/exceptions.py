"""`try`, `except`, `else`, `finally`, `raise` and `with` around differentiated values."""

import contextlib
import math

import numpy as np

from .cases import case


@contextlib.contextmanager
def scope(name):
    yield name


class Timer:
    def __enter__(self):
        self.t = 1
        return self

    def __exit__(self, *a):
        return False


@case(2.0)
def try_ok(x):
    try:
        y = math.sqrt(x) * x
    except ValueError:
        y = 0.0
    return y * x


@case(-2.0)
def try_handler(x):
    try:
        y = math.sqrt(x)
    except ValueError:
        y = x * x
    return y * x


@case(2.0)
def try_return(x):
    try:
        return math.sqrt(x)
    except ValueError:
        return 0.0


@case(-2.0)
def try_return_h(x):
    try:
        return math.sqrt(x)
    except ValueError as e:
        print(e)
        return x * 3.0


@case(2.0)
def try_finally(x):
    log = []
    try:
        y = x * x
    finally:
        log.append(1)
    return y * len(log)


@case(2.0)
def try_else(x):
    try:
        y = x * x
    except ZeroDivisionError:
        y = 0.0
    else:
        y = y * x
    finally:
        z = x
    return y * z


@case({"a": 2.0})
def try_key(d):
    t = 0.0
    for k in ("a", "b", "a"):
        try:
            t = t + d[k] * d[k]
        except KeyError:
            t = t + d["a"]
    return t


@case([1.0, 2.0], 3)
def try_index(a, n):
    t = 0.0
    for i in range(n):
        try:
            v = a[i]
        except IndexError:
            break
        t += v * v
    return t


@case(2.0)
def try_raise_own(x):
    try:
        if x > 1:
            raise ValueError("big")
        y = x
    except ValueError:
        y = x * x
    return y


@case(2.0)
def try_partial_state(x):
    y = x
    try:
        y = y * x
        if y > 3:
            raise RuntimeError
        y = y * x
    except RuntimeError:
        y = y + x
    return y


@case(2.0)
def try_nested(x):
    try:
        try:
            y = x / 0.0
        except ValueError:
            y = 1.0
    except ZeroDivisionError:
        y = x * 3
    return y * x


@case(2.0)
def raise_caught_outside(x):
    def f(v):
        if v > 1:
            raise ValueError
        return v

    try:
        return f(x)
    except ValueError:
        return x * x


@case(2.0)
def raise_never(x):
    if x < 0:
        raise ValueError("neg")
    assert x > 0, f"bad {x}"
    return x * x


@case(2.0)
def with_cm(x):
    with scope("a") as n:
        y = x * x * len(n)
    return y


@case(2.0)
def with_own(x):
    with Timer() as t, Timer():
        for i in range(3):
            x = x * 1.1
    return x * t.t


@case(2.0)
def with_return(x):
    with Timer():
        return x * x


@case(2.0)
def with_errstate(x):
    with np.errstate(all="ignore"):
        return x * x


@case(1.7)
def stopiteration(x):
    it = iter([1.0, 2.0])
    t = 0.0
    while True:
        try:
            v = next(it)
        except StopIteration:
            break
        t += v * x
    return t


@case(2.0)
def try_finally_return(x):
    def f(v):
        try:
            return v * v
        finally:
            v = 0.0

    return f(x)


@case(2.0)
def try_retry(x):
    n = 0
    while True:
        try:
            n += 1
            if n < 3:
                raise ValueError
            y = x * n
            break
        except ValueError:
            x = x * 1.5
    return y * x


@case(2.0)
def try_two_handlers(x):
    def f(v, k):
        try:
            if k == 0:
                raise KeyError
            if k == 1:
                raise IndexError
            r = v * v
        except KeyError:
            r = v * 3.0
        except (IndexError, TypeError):
            r = v**3
        else:
            r = r + v
        finally:
            w = v
        return r * w

    return f(x, 0) + f(x, 1) + f(x, 2)


@case(2.0)
def try_multi_step(x):
    a = x
    b = x
    try:
        a = a * x
        b = a * b
        a = b / 0.0
        a = a * 100
    except ZeroDivisionError:
        b = b + 1.0
    return a * b


@case([1.0, 2.0])
def try_getattr_style(xs):
    def first(o):
        try:
            it = iter(o)
        except TypeError:
            return o
        return next(it)

    return first(xs) * first(xs[1])


@case(2.0)
def try_tuple_assign(x):
    try:
        a, b = x * x, x + 1.0
        c = a / 0.0
    except ZeroDivisionError:
        c = a * b
    return c


@case(2.0)
def try_if_inside(x):
    y = x
    try:
        if x > 1:
            y = y * x
        z = 1 / 0
    except ZeroDivisionError:
        z = y
    return z * y


@case(2.0)
def try_nested_fn_err(x):
    def g(v):
        if v > 3:
            raise OverflowError
        return v * v

    t = 0.0
    for k in range(4):
        try:
            t += g(x * k)
        except OverflowError:
            t += x * k
    return t


@case(2.0)
def with_inside_try(x):
    try:
        with contextlib.ExitStack():
            y = x * x
            if y > 3:
                raise RuntimeError
    except RuntimeError:
        y = x**3
    return y


@case(2.0)
def try_while_true_break(x):
    k = 0
    while True:
        k += 1
        try:
            x = x * 0.5
            if x < 0.3:
                break
        finally:
            x = x * 1.1
    return x * k


@case([4.0, -1.0, 9.0])
def sqrt_or(xs):
    t = 0.0
    for v in xs:
        try:
            w = math.sqrt(v) * v
        except ValueError:
            w = v * v
        else:
            w = w + 1.0
        finally:
            t = t * 0.5
        t = t + w
    return t


@case([4.0, -1.0, 9.0])
def sqrt_skip(xs):
    out = []
    for v in xs:
        try:
            w = math.sqrt(v)
        except ValueError:
            continue
        t = w * v
        out = out + [t]
    return sum(out)


@case([4.0, -1.0, 9.0])
def first_valid(xs):
    for v in xs[1:] + xs[:1]:
        try:
            return math.log(v) * v
        except ValueError:
            pass
    return xs[0]


@case(0.7)
def try_while(x):
    n = 0
    y = x
    while n < 5:
        n += 1
        try:
            if n % 2:
                raise RuntimeError
            y = y * x
        except RuntimeError:
            y = y + x
            if n == 3:
                continue
        y = y * 1.1
    return y


@case(0.7)
def loop_else_try(x):
    for i in range(3):
        try:
            if i == 5:
                break
        finally:
            x = x * 1.2
    else:
        x = x * x
    return x


@case(0.7)
def with_in_loop(x):
    t = 0.0
    for i in range(3):
        with contextlib.nullcontext(i) as k:
            if k == 1:
                continue
            t = t + x * k + x
    return t


@case(0.7)
def closure_in_try(x):
    try:
        f = lambda v: v * x
        y = f(2.0)
        raise KeyError
    except KeyError:
        y = f(y)
    return y


@case([1.0, 2.0])
def except_index(xs):
    i = 0
    t = 1.0
    try:
        while True:
            i += 1
            v = xs[i - 1]
            if v > 50:
                t = 0.0
    except IndexError:
        t = xs[0] * xs[1] * i
    return t


@case(0.7)
def assert_caught(x):
    try:
        assert x > 1, "small"
        y = x
    except AssertionError:
        y = x * x * x
    return y
