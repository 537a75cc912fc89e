# fmt: off
# (where each thing stands is part of the test)
"""Captured variables that change, and writes to variables of others."""

from __future__ import annotations

from ..refusals import refused

TOTAL = 0.0


@refused(2.0)
def of_a_generator_whose_capture_is_rebound(x):
    k = x
    scaled = (v * k for v in [1.0, 2.0])
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^ capture-rebound: `k` is captured here and assigned again
#            help: bind the new value to another name
    k = x * x
#       ----- assigned again here
    return sum(scaled)


@refused(2.0)
def of_a_generator_function_whose_capture_is_rebound(x):
    k = x

    def scaled():
#   ^^^^^^^^^^^^^ capture-rebound: `k` is captured here and assigned again
        for v in (1.0, 2.0):
            yield v * k

    total = 0.0
    for v in scaled():
        total = total * k + v
        k = k + x
#           ----- assigned again here
    return total


@refused(2.0)
def of_a_comprehensions_own_variable(x):
    values = [x, x * x]
    fs = [
        lambda t: t * v
#       ^^^^^^^^^^^^^^^ capture-rebound: assigned again while this function may still be called
        for v in values
#                ------ assigned again here
    ]
    return fs[0](1.0) + fs[1](2.0)


@refused(2.0)
def of_a_global_write(x):
    global TOTAL
    TOTAL = x * x
#           ^^^^^ outer-write: a differentiated value is stored in `TOTAL`
#           help: return the value instead
    return x


@refused(2.0)
def of_an_augmented_global(x):
    global TOTAL
    TOTAL += x
#   ^^^^^^^^^^ outer-write: stored in `TOTAL`, which is not local
    return x


def _made():
    seen = 0.0

    @refused(2.0)
    def of_a_nonlocal_write(x):
        nonlocal seen
        seen = seen + x
#              ^^^^^^^^ outer-write: a differentiated value is stored in `seen`
#              help: return the value instead
        return x * seen

    return of_a_nonlocal_write


of_a_nonlocal_write = _made()
