"""Recursion: the leaves of a tree of tuples, and a power by halving."""

from __future__ import annotations

import math

from case import Case


def evaluated(tree, x):
    if not isinstance(tree, tuple):
        return tree * x
    left, right = tree
    return math.sin(evaluated(left, x)) * evaluated(right, x) + 0.5 * x


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    return half * half * x if n % 2 else half * half


def grown(depth):
    return (grown(depth - 1), grown(depth - 1)) if depth else 1.5


def cases(quick=False):
    return [
        Case("a tree of 63 nodes", evaluated, (grown(5), 0.7), wrt=(1,), auto="torch autograd"),
        Case("power 1,000", power, (1.001, 1000), wrt=(0,), auto="torch autograd"),
    ]
