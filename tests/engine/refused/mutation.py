# fmt: off
# (where each thing stands is part of the test)
"""Changes in place of what outlives the function."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ..refusals import refused

HOLDER = SimpleNamespace(value=1.0)
LOG: list[float] = []
TABLE = {"last": 0.0}
BUFFER = np.zeros(3)


@refused(2.0)
def of_a_global_object(x):
    HOLDER.value = x * x
#   ^^^^^^^^^^^^ outer-write: a differentiated value is stored in `HOLDER`
#   help: return the value
    return HOLDER.value


@refused(2.0)
def of_a_global_object_augmented(x):
    HOLDER.value += x
#   ^^^^^^^^^^^^^^^^^ outer-write: stored in `HOLDER`
    return HOLDER.value


@refused(2.0)
def of_a_global_dict(x):
    TABLE["last"] = x
#   ^^^^^^^^^^^^^ outer-write: stored in `TABLE`
    return TABLE["last"] * x


@refused(2.0)
def of_a_global_list(x):
    LOG.append(x)
#   ^^^^^^^^^^^^^ outer-write: stored in `LOG`
    return LOG[-1] * x


@refused(np.ones(3))
def of_a_global_array(a):
    BUFFER[:] = a
#   ^^^^^^^^^ outer-write: stored in `BUFFER`
    return np.sum(BUFFER)


@refused([1.0, 2.0])
def of_a_map_for_its_effects(xs):
    seen = []
    list(map(seen.append, xs))
#        ^^^^^^^^^^^^^^^^^^^^ no-derivative: list.append changes values in place while a library function calls it
#        help: compute the keys in a loop before
    return sum(seen)


@refused([1.0, 2.0])
def of_a_key_that_changes_something(xs):
    total = [0.0]

    def key(v):
        total[0] += v
        return -v

    last = max(xs, key=key)
#          ^^^^^^^^^^^^^^^^ no-derivative: key changes values in place while a library function calls it
#          help: compute the keys in a loop before
    return last * total[0]
