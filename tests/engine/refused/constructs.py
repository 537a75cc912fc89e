# fmt: off
# (where each thing stands is part of the test)
"""Accepted constructs that nothing differentiated may enter."""

from __future__ import annotations

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
def of_a_change_half_made(xs):
    total = [1.0]
    try:
#   ^^^^ no-derivative: an exception was caught in the middle of the statement
#   help: assign `total` in the handler
        total.extend(1.0 / x for x in xs)
    except ZeroDivisionError:
        pass
    return sum(total)


class Quiet:
    def __enter__(self):
        return None

    def __exit__(self, *exception):
        return True


@refused(2.0)
def of_a_swallowed_exception(x):
    y = x
    with Quiet():
#        ^^^^^^^ no-derivative: this context manager swallowed an exception
#        help: write `try` and `except` instead
        y = y * x
        y = y / 0.0
    return y


@refused(2.0)
def of_what_an_exception_carries(x):
    try:
#   ^^^^ no-derivative: this handler reads what a ValueError holds, and a number in an exception has no derivative
#   help: return the value instead of raising it
        raise ValueError(x * x)
    except ValueError as error:
        return error.args[0] * x


@refused(2.0)
def of_a_default_that_is_replaced(x):
    def scaled(t, k=1.0):
        return t * k

    scaled.__defaults__ = (x,)
#   ^^^^^^^^^^^^^^^^^^^ unsupported-construct: a differentiated value becomes a default of a function
#   help: pass it as an argument
    return scaled(x)


@refused(2.0)
def of_a_number_read_from_text(x):
    text = f"{x:.3f}"
    return float(text) * x
#          ^^^^^^^^^^^ non-differentiable-result: reads a number from the text of a differentiated value
#          help: use the value itself
