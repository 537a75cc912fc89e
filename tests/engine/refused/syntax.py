# fmt: off
# (where each thing stands is part of the test)
"""Constructs outside the accepted language."""

from __future__ import annotations

from ..refusals import refused


@refused(2.0)
def of_a_nested_async_function(x):
    async def later():
#   ^^^^^^^^^^^^^^^^^^ unsupported-syntax: an `async` function cannot be differentiated
#   help: write an ordinary function
        async with x as y, x as z:
            async for _ in y:
                await z

    return x * x


@refused(2.0)
def of_a_return_in_finally(x):
    try:
        y = x * x
    finally:
        return y
#       ^^^^^^^^ unsupported-syntax: `return` inside `finally` cannot be differentiated
#       help: set a variable there and `return` after it


@refused(2.0)
def of_jumps_in_finally(x):
    for text in ("1", "2"):
        try:
            int(text)
        finally:
            if x > 5.0:
                break
#               ^^^^^ unsupported-syntax: `break` inside `finally` cannot be differentiated
#               help: set a variable there and `break` after it
    return x * x


@refused(2.0)
def of_a_return_in_try_star(x):
    try:
        return x * x
#       ^^^^^^^^^^^^ unsupported-syntax: `return` inside `trystar` cannot be differentiated
    except* ValueError:
        pass
    return x


@refused(2.0)
def of_several(x):
    async def one():
#   ^^^^^^^^^^^^^^^^ unsupported-syntax: an `async` function
        pass

    if x > 0:
        try:
            pass
        finally:
            return x
#           ^^^^^^^^ unsupported-syntax: `return` inside `finally`

    async def two():
#   ^^^^^^^^^^^^^^^^ unsupported-syntax: an `async` function
        pass

    return x * x


@refused(2.0)
def of_text_before_the_place(x):
    label = "größe"; y = {x, x}  # fmt: skip # noqa
#                        ^^^^^^ unsupported-construct: a set of differentiated values
    return y, label


async def later(x):
    return x


@refused(2.0)
def of_a_coroutine_function(x):
    return 2.0 * later(x)
#                ^^^^^^^^ unsupported-syntax: later is a coroutine function
#                help: write an ordinary function


@refused(2.0)
def of_a_generator(x):
    yield x
#   ^^^^^^^ unsupported-syntax: a generator cannot be differentiated
#   help: differentiate a function that draws from it


@refused(2.0)
def of_a_generator_that_returns(x):
    def inner():
        yield x
        return x * x
#       ^^^^^^^^^^^^ unsupported-syntax: a generator that returns a value cannot be differentiated
#       help: yield the value instead

    return sum(inner())


@refused(2.0)
def of_a_value_sent_to_a_generator(x):
    def inner():
        factor = yield x
#                ^^^^^^^ unsupported-syntax: `Yield` expressions cannot be differentiated
#                help: rewrite it
        yield factor * x

    return sum(inner())
