"""Constructs outside the accepted language."""

from __future__ import annotations

from ..refusals import refused


@refused(2.0)
def of_a_nested_async_function(x):
    async def later():
#   ^^^^^^^^^^^^^^^^^^ unsupported-syntax: an `async` function cannot be differentiated
#   help: write an ordinary function
        return 1.0

    return x * x


@refused(2.0)
def of_a_return_in_try(x):
    try:
        return x * x
#       ^^^^^^^^^^^^ unsupported-syntax: `return` inside `try` cannot be differentiated
#       help: set a variable there and `return` after it
    except ValueError:
        return x
#       ^^^^^^^^ unsupported-syntax: `return` inside `try` cannot be differentiated
#       help: set a variable there and `return` after it


@refused(2.0)
def of_jumps_in_try(x):
    for text in ("1", "2"):
        try:
            int(text)
            break
#           ^^^^^ unsupported-syntax: `break` inside `try` cannot be differentiated
#           help: set a variable there and `break` after it
        except ValueError:
            continue
#           ^^^^^^^^ unsupported-syntax: `continue` inside `try` cannot be differentiated
#           help: set a variable there and `continue` after it
    return x * x


@refused(2.0)
def of_a_return_in_try_star(x):
    try:
        return x * x
#       ^^^^^^^^^^^^ unsupported-syntax: `return` inside `trystar` cannot be differentiated
    except* ValueError:
        pass
    return x


@refused(2.0, 3)
def of_a_return_in_match(x, n):
    match n:
        case 1:
            return x
#           ^^^^^^^^ unsupported-syntax: `return` inside `match` cannot be differentiated
#           help: set a variable there and `return` after it
        case _:
            return x * x
#           ^^^^^^^^^^^^ unsupported-syntax: `return` inside `match` cannot be differentiated


@refused(2.0)
def of_several(x):
    async def one():
#   ^^^^^^^^^^^^^^^^ unsupported-syntax: an `async` function
        pass

    if x > 0:
        try:
            return x
#           ^^^^^^^^ unsupported-syntax: `return` inside `try`
        finally:
            pass

    async def two():
#   ^^^^^^^^^^^^^^^^ unsupported-syntax: an `async` function
        pass

    return x * x


@refused(2.0)
def of_text_before_the_place(x):
    label = "größe"; y = {x, x}  # fmt: skip # noqa
#                        ^^^^^^ unsupported-construct: a set of differentiated values
    return y, label


_NO_LINE = "dispatch refuses generator and coroutine functions before the fence, without the user's line"


@refused(2.0, bug=_NO_LINE)
async def of_an_async_function(x):
#^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unsupported-syntax: an `async` function cannot be differentiated
#  help: write an ordinary function
    async with x as y, x as z:
        async for _ in y:
            await z
    return x


@refused(2.0, bug=_NO_LINE)
def of_a_generator(x):
    yield x
#   ^^^^^^^ unsupported-syntax: a generator cannot be differentiated
#   help: collect the values in a list


@refused(2.0, bug=_NO_LINE)
def of_a_delegating_generator(x):
    y = yield from [x]
#       ^^^^^^^^^^^^^^ unsupported-syntax: a generator cannot be differentiated
#       help: collect the values in a list
    return y


@refused(2.0, bug="`assert` and `raise` with a comprehension: the diagnostic has no help")
def of_a_comprehension_in_raise(x):
    if x > 10.0:
        raise ValueError([i for i in range(3)])
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unsupported-syntax: comprehension in `assert` or `raise`
    return x
