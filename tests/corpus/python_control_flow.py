"""Branches, loops and jumps: each function leans on one form of them."""

import math

from .registry import case


@case(0.8)
def early_return(x):
    if x < 0:
        return -x
    if x < 1:
        return x**2
    return 2 * x - 1


@case(1.8)
def early_return_last(x):
    if x < 0:
        return -x
    if x < 1:
        return x**2
    return 2 * x - 1


@case(0.3)
def return_from_nested_loops(x):
    total = 0.0
    for i in range(5):
        for j in range(5):
            total += x * (i + 1) / (j + 1)
            if total > 2:
                return total * x
    return total


@case(0.4)
def break_and_continue(x):
    y = x
    for i in range(10):
        if i % 3 == 1:
            continue
        y = y + math.sin(y * i)
        if y > 3:
            break
    return y * x


@case(0.4)
def for_else(x):
    for i in range(4):
        x *= 1.1
        if x > 100:
            break
    else:
        x = x**2
    return x


@case(0.4)
def while_else(x):
    n = 0
    while n < 3:
        n += 1
        if x * n > 5:
            break
        x = x + 0.1 * x * n
    else:
        x = math.exp(x)
    return x


@case(0.9)
def while_true(x):
    steps = 0
    while True:
        x = x * 0.7
        steps += 1
        if x < 0.2 or steps > 20:
            return x * steps


@case(0.5)
def ternary_chain(x):
    return -x if x < 0 else x * x if x < 1 else math.sqrt(x)


@case(0.5, 0.25)
def boolean_conditions(x, y):
    if x > 0 and y > 0 and not x == y:
        return x * y
    elif x < 0 or y < 0:
        return x + y
    return x


@case(0.5)
def boolean_values(x, y=0.0):
    """`and` and `or` give back one of their operands."""
    z = y or x
    return z * (x and z) + y


@case(0.5)
def chained_comparison(x):
    return x**3 if 0 < x <= 1 < 2 else -x


@case(0.5)
def defined_on_one_path(x):
    if x > 0:
        bonus = x * x
    result = math.cos(x)
    if x > 0:
        result += bonus
    return result


@case(0.5)
def carried_over(x):
    for i in range(4):
        if i:
            x = x + previous * 0.3  # noqa: F821
        previous = math.sin(x)  # noqa: F841
    return x


@case(0.5)
def loop_variable_after_the_loop(x):
    for v in [x, 2 * x, 3 * x]:
        pass
    return v * x


@case(0.5)
def empty_loop(x):
    y = x
    for _ in range(0):
        y = y * 100
    return y


@case(0.5)
def integer_start(x):
    total = 0
    for i in range(1, 4):
        total += x * i
    return total
