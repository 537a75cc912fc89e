# fmt: off
# (where each thing stands is part of the test)
"""Calls of functions without a derivative, and results that have none."""

from __future__ import annotations

import struct
from struct import pack, unpack
from types import SimpleNamespace

import numpy as np

from ..refusals import refused

TABLE = {"pack": pack, "unpack": unpack}
PLACE = SimpleNamespace(pack=pack, unpack=unpack)


@refused(2.0)
def of_a_c_function(x):
    y = x * x
    packed = struct.pack("d", y)
#            ^^^^^^^^^^^^^^^^^^^ no-derivative: no derivative is known for
#            help: struct.pack), or wrap its differentiated arguments in pb.without_derivative
    return unpack("d", packed)[0]


@refused(2.0)
def of_a_c_function_within_an_expression(x):
    return 1.0 + x * unpack("d", pack("d", x * 3.0))[0]
#                                ^^^^^^^^^^^^^^^^^^ no-derivative: pack`
#                                help: register one with @pb.derivative(of=


@refused(2.0)
def of_a_c_function_found_at_run_time(x):
    return 1.0 + x * TABLE["unpack"]("d", TABLE["pack"]("d", x))[0]
#                                         ^^^^^^^^^^^^^^^^^^^^^ no-derivative: no derivative is known for
#                                         help: register one with @pb.derivative(of=


@refused(2.0)
def of_a_c_function_in_an_object(x):
    return 1.0 + x * PLACE.unpack("d", PLACE.pack("d", x))[0]
#                                      ^^^^^^^^^^^^^^^^^^ no-derivative: pack`


@refused(pack, 2.0)
def of_a_c_function_as_argument(f, x):
    return x * unpack("d", f("d", x))[0]
#                          ^^^^^^^^^ no-derivative: pack`


@refused(2.0)
def of_a_c_function_in_a_lambda(x):
    f = lambda t: pack("d", t)
#                 ^^^^^^^^^^^^ no-derivative: pack`
    return x * unpack("d", f(x))[0]




@refused(2.0)
def of_a_c_function_over_lines(x):
    return x * unpack(
        "d",
        pack(
#       ^^^^^ no-derivative: pack`
            "d",
            x,
        ),
    )[0]


@refused(2.0)
def of_a_method_of_a_c_type(x):
    return unpack("d", struct.Struct("d").pack(x))[0]
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^ no-derivative: pack


@refused(2.5)
def of_int(x):
    return float(int(x))
#                ^^^^^^ non-differentiable-result: cannot differentiate through `int(...)`
#                help: pb.without_derivative


@refused(2.5)
def of_int_some_lines_before(x):
    n = int(x * x)
#       ^^^^^^^^^^ non-differentiable-result: cannot differentiate through `int(...)`
    y = n + 1
    return 2.0 * y


@refused(np.ones(2))
def of_int_of_an_element(a):
    return float(int(a[0]) + 1)
#                ^^^^^^^^^ non-differentiable-result: cannot differentiate through `int(...)`
