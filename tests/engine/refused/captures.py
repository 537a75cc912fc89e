"""Captured variables that change, and writes to variables of others."""

from __future__ import annotations

from ..refusals import refused

TOTAL = 0.0


@refused(2.0)
def of_a_capture_that_is_rebound(x):
    f = lambda t: x * t
#       ^^^^^^^^^^^^^^^ capture-rebound: `x` is captured here and assigned again
#       help: pass `x` as an argument
    y = f(1.0)
    x = x * x
#       ----- assigned again here
    return y + f(2.0) + x


@refused(2.0)
def of_a_nested_function_whose_capture_is_rebound(x):
    k = x * x

    def inner(t):
#   ^^^^^^^^^^^^^ capture-rebound: `k` is captured here and assigned again
#   help: bind the new value to another name
        return k * t

    k = k + 1.0
#       ------- assigned again here
    return inner(x)


@refused(2.0)
def of_a_capture_rebound_in_a_loop(x):
    y = x
    fs = []
    for _ in range(3):
        fs = fs + [lambda t: y * t]
#                  ^^^^^^^^^^^^^^^ capture-rebound: `y` is captured here
        y = y * x
#           ----- assigned again here
    return sum([f(1.0) for f in fs])


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


@refused(2.0)
def of_a_local_function_that_writes(x):
    total = 0.0

    def add(t):
        nonlocal total
        total = total + t
#               ^^^^^^^^^ outer-write: stored in `total`

    add(x)
    return total * x
