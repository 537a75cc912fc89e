"""Accepted constructs that nothing differentiated may enter."""

from __future__ import annotations

import contextlib

from ..refusals import refused


@refused(2.0)
def of_try_star(x):
    try:
#   ^^^^ unsupported-construct: `x` is differentiated, and enters a `try` statement
        y = x * x
    except* ValueError:
        y = 0.0
    return y


@refused(2.0)
def of_a_class(x):
    class Holder:
#   ^^^^^^^^^^^^^ unsupported-construct: `x` is differentiated, and enters a `class` statement
        value = x

    return Holder.value


@refused(2.0)
def of_a_set(x):
    return sum({x, x * x})
#              ^^^^^^^^^^ unsupported-construct: a set of differentiated values has no order
#              help: use a list or tuple


@refused(2.0)
def of_a_set_comprehension(x):
    return sum({x * i for i in range(3)})
#              ^^^^^^^^^^^^^^^^^^^^^^^^^ unsupported-construct: a set of differentiated values has no order
#              help: use a list or tuple


@refused(2.0)
def of_with(x):
    with contextlib.nullcontext(x) as y:
#        ^^^^^^^^^^^^^^^^^^^^^^^^^ unsupported-construct: used as a context manager
        return y * y


@refused(2.0)
def of_several_constructs(x):
    one = {x}
#         ^^^ unsupported-construct: a set
    try:
#   ^^^^ unsupported-construct: `try`
        two = x
    except* ValueError:
        two = 1.0

    class Three:
#   ^^^^^^^^^^^^ unsupported-construct: `class`
        three = x

    return one, two, Three.three


@refused([1.0, 2.0, 0.0])
def of_half_made_values(xs):
    total = 1.0
    try:
#   ^^^^ no-derivative: an exception was caught in the middle of the statement
#   help: assign `total` in the handler
        for x in xs:
            total = total * x + 1.0 / x
    except ZeroDivisionError:
        pass
    return total


@refused(2.0)
def of_a_swallowed_exception(x):
    y = x
    with contextlib.suppress(ZeroDivisionError):
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ no-derivative: this context manager swallowed an exception
#        help: write `try` and `except` instead
        y = y * x
        y = y / 0.0
    return y


@refused(2.0)
def of_what_an_exception_carries(x):
    try:
        raise ValueError(x * x)
    except ValueError as error:
        return error.args[0] * x
#              ^^^^^^^^^^ no-derivative: the attribute `args` of a ValueError has no derivative
#              help: register one


@refused(2.0)
def of_a_number_read_from_text(x):
    text = f"{x:.3f}"
    return float(text) * x
#          ^^^^^^^^^^^ non-differentiable-result: reads a number from the text of a differentiated value
#          help: use the value itself
