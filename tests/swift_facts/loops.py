"""Loops: for, while, repeat, nested, with continue, break and labels."""

import math
from dataclasses import dataclass

from .registry import fact


@fact(2.0, value=8.0, gradient=12.0)
@fact(3.0, value=27.0, gradient=27.0)
def for_loop(x):
    result = x
    for _ in range(2):
        result = result * x
    return result


@fact(2.0, value=4.0, gradient=4.0)
@fact(3.0, value=9.0, gradient=6.0)
def for_loop_from_a_constant(x):
    result = 1.0
    for _ in range(2):
        result = result * x
    return result


@fact(2.0, value=8.0, gradient=12.0)
@fact(3.0, value=27.0, gradient=27.0)
def while_loop(x):
    result = x
    i = 0
    while i < 2:
        result = result * x
        i += 1
    return result


@fact(3.0, value=9.0, gradient=6.0)
def while_loop_from_a_constant(x):
    result = 1.0
    i = 0
    while i < 2:
        result = result * x
        i += 1
    return result


@fact(2.0, value=8.0, gradient=12.0)
def repeat_while(x):
    result = x
    i = 0
    while True:
        result = result * x
        i += 1
        if not i < 2:
            break
    return result


@fact(2.0, value=128.0, gradient=448.0)
@fact(3.0, value=2187.0, gradient=5103.0)
def repeat_in_repeat(x):
    result = x
    i = 0
    while True:
        temp = x
        j = 0
        while True:
            temp = temp * x
            j += 1
            if not j < 2:
                break
        result = result * temp
        i += 1
        if not i < 2:
            break
    return result


@fact(2.0, value=128.0, gradient=448.0)
@fact(3.0, value=2187.0, gradient=5103.0)
def for_in_repeat(x):
    result = x
    i = 0
    while i < 2:
        temp = x
        for _ in range(2):
            temp = temp * x
        result = result * temp
        i += 1
    return result


@fact(2.0, value=16.0, gradient=32.0)
@fact(3.0, value=81.0, gradient=108.0)
def break_by_the_counter(x):
    result = x
    i = 0
    while i < 10:
        if i == 2:
            break
        if i == 0:
            result = result * x
        else:
            result = result * result
        i += 1
    return result


@fact(2.0, value=64.0, gradient=192.0)
@fact(3.0, value=729.0, gradient=1458.0)
def loop_continue(x):
    result = x
    for i in range(1, 10):
        if i % 2 == 0:
            continue
        result = result * x
    return result


@fact(2.0, value=16.0, gradient=32.0)
def loop_break(x):
    result = x
    for i in range(1, 10):
        if i == 4:
            break
        result = result * x
    return result


@fact(2.0, value=20.0, gradient=22.0)
@fact(4.0, value=104.0, gradient=66.0)
def nested_loops(x):
    outer = x
    for _ in range(2):
        outer = outer * x
        inner = outer
        i = 0
        while i < 2:
            inner = inner + x
            i += 1
        outer = inner
    return outer


@fact(2.0, 1, value=6.0, gradient=5.0, differences=False)
@fact(2.0, 2, value=20.0, gradient=22.0, differences=False)
@fact(2.0, 3, value=52.0, gradient=80.0, differences=False)
@fact(2.0, 4, value=24.0, gradient=28.0, differences=False)
def leaving_two_loops(x, count):
    outer = x
    done = False
    for _ in range(count):
        outer = outer * x
        inner = outer
        i = 0
        while i < count:
            inner = inner + x
            i += 1
            rest = int(math.fmod(inner, 7))
            if rest == 0:
                done = True
                break
        if done:
            break
        outer = inner
    return outer


@dataclass
class Stateless:
    def loop_in_method(self, x):
        result = x
        for _ in range(2):
            result *= result
        return result


@fact(0.0, value=0.0, gradient=0.0)
@fact(1.0, value=1.0, gradient=4.0)
def loop_in_a_method(x):
    return Stateless().loop_in_method(x)


@fact([1.0, 2.0, 3.0], gradient=[1.0, 1.0, 1.0])
def sum_of_a_list(xs):
    result = 0.0
    for i in range(len(xs)):
        result += xs[i]
    return result


@fact([3.0, 4.0, 5.0], gradient=[20.0, 15.0, 12.0])
def product_of_a_list(xs):
    result = 1.0
    for x in xs:
        result *= x
    return result


@fact([3.0, 4.0, 5.0], gradient=[20.0, 15.0, 12.0])
def product_by_a_helper(xs):
    def multiplied(a, b):
        return a * b

    result = 1.0
    for x in xs:
        result = multiplied(result, x)
    return result


@fact([1.0, -2.0, 3.0], [4.0, 5.0, 6.0], gradient=([4.0, 0.0, 6.0], [1.0, 0.0, 3.0]))
def zipped_with_a_condition(xs, ys):
    total = 0.0
    for x, y in zip(xs, ys):
        if x > 0:
            total += x * y
    return total


@fact([1.0, 2.0, 3.0], gradient=[0.0, 1.0, 2.0])
def enumerated(xs):
    return sum(i * x for i, x in enumerate(xs))


@fact(3.0, value=3.0, gradient=1.0)
def loop_that_never_runs(x):
    y = x
    for _ in range(0):
        y = y * y
    return y


@fact(2.0, value=4.0, gradient=4.0)
def loop_with_else(x):
    for i in range(3):
        if i > 5:
            y = x
            break
    else:
        y = x * x
    return y
