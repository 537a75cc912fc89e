"""Changes in place of what is differentiated."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ..refusals import refused

HOLDER = SimpleNamespace(value=1.0)


@refused(np.ones(3))
def of_an_element_of_an_argument(a):
    a[0] = 2.0
#   ^^^^ mutation: this assignment changes an element in place
#   help: build a new value instead
    return np.sum(a)


@refused(np.ones(3))
def of_an_active_value_into_a_fresh_array(a):
    b = np.zeros(3)
    b[0] = a[1]
#   ^^^^ mutation: a differentiated value is stored in an element in place
#   help: np.where
    return np.sum(b)


@refused(np.ones(3))
def of_an_augmented_element(a):
    a[0] += 1.0
#   ^^^^^^^^^^^ mutation: stored in an element in place
    return np.sum(a)


@refused(np.ones((3, 3)))
def of_a_slice(a):
    a[1:, :2] = a[:2, 1:]
#   ^^^^^^^^^ mutation: stored in an element in place
    return np.sum(a)


@refused({"a": 1.0})
def of_a_dict_entry(parts):
    parts["b"] = parts["a"]
#   ^^^^^^^^^^ mutation: stored in an element in place
    return parts["b"]


@refused(2.0)
def of_an_attribute(x):
    HOLDER.value = x * x
#   ^^^^^^^^^^^^ mutation: stored in an attribute (`.value`) in place
#   help: dataclasses.replace
    return HOLDER.value


@refused(2.0)
def of_an_augmented_attribute(x):
    HOLDER.value += x
#   ^^^^^^^^^^^^^^^^^ mutation: stored in an attribute (`.value`) in place
    return HOLDER.value


@refused(np.ones(3))
def of_an_argument_array_augmented(a):
    a += 1.0
#   ^^^^^^^^ mutation: `a += ...` changes an array in place that others may see
#   help: write `a = a + ...`
    return np.sum(a)


@refused(np.ones(3), 2.0)
def of_an_argument_array_scaled(a, x):
    a *= x
#   ^^^^^^ mutation: `a *= ...` changes an array in place that others may see
#   help: write `a = a * ...`
    return np.sum(a)


@refused(np.ones(3))
def of_an_alias_of_an_argument(a):
    b = a
    b -= 1.0
#   ^^^^^^^^ mutation: `b -= ...` changes an array in place that others may see
#   help: write `b = b - ...`
    return np.sum(a) + np.sum(b)


@refused(np.ones(3))
def of_every_store_at_once(a):
    a[0] = 1.0
#   ^^^^ mutation: this assignment changes an element
    HOLDER.value = a
#   ^^^^^^^^^^^^ mutation: stored in an attribute
    a /= 2.0
#   ^^^^^^^^ mutation: `a /= ...`
    return np.sum(a)


_AT_RUN_TIME = "found at run time: the id is `no-derivative`, not `mutation`"


@refused(np.ones(3), bug=_AT_RUN_TIME)
def of_a_view_augmented(a):
    b = a[1:]
    b *= 2.0
#   ^^^^^^^^ mutation: in place
#   help: = b *
    return np.sum(a)


@refused([1.0, 2.0], bug=_AT_RUN_TIME)
def of_append_to_an_argument(xs):
    xs.append(3.0)
#   ^^^^^^^^^^^^^^ mutation: append
    return xs[0] * xs[1]


@refused([1.0, 2.0], bug=_AT_RUN_TIME)
def of_sort(xs):
    xs.sort()
#   ^^^^^^^^^ mutation: sort
    return xs[0] * 2.0
