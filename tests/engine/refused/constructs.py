"""Accepted constructs that nothing differentiated may enter."""

from __future__ import annotations

import contextlib

from ..refusals import refused


@refused(2.0)
def of_try(x):
    try:
#   ^^^^ unsupported-construct: `x` is differentiated, and enters a `try` statement
#   help: move the `try` into a function with a registered derivative
        y = x * x
    except ValueError:
        y = 0.0
    return y


@refused(2.0)
def of_try_star(x):
    try:
#   ^^^^ unsupported-construct: `x` is differentiated, and enters a `try` statement
        y = x * x
    except* ValueError:
        y = 0.0
    return y


@refused(2.0)
def of_try_finally(x):
    y = 1.0
    try:
#   ^^^^ unsupported-construct: enters a `try` statement
        y = x
    finally:
        y = y * 2.0
    return y


@refused(2.0, 1)
def of_match(x, n):
    match n:
#   ^^^^^^^^ unsupported-construct: `x` is differentiated, and enters a `match` statement
#   help: move the `match`
        case 1:
            y = x * x
        case _:
            y = x
    return y


@refused((2.0, 3.0))
def of_match_on_an_active_value(pair):
    match pair:
#   ^^^^^^^^^^^ unsupported-construct: `pair` is differentiated, and enters a `match` statement
        case (a, b):
            pass
    return a * b


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


@refused(2.0, bug="a set comprehension: `no-derivative` of `set`, with the help `make set a dataclass`")
def of_a_set_comprehension(x):
    return sum({x * i for i in range(3)})
#              ^^^^^^^^^^^^^^^^^^^^^^^^^ unsupported-construct: a set of differentiated values has no order
#              help: use a list or tuple


@refused(2.0, bug="a differentiated value as a context manager: the diagnostic has no help")
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
    except ValueError:
        two = 1.0
    match 1:
#   ^^^^^^^^ unsupported-construct: `match`
        case 1:
            three = x
    return one, two, three
