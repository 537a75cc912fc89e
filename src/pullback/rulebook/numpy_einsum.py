"""The derivative of np.einsum.

The cotangent of one operand is an einsum too, of `g` and the other operands, onto the operand's own
labels: einsum("ij,jk->ik", a, b) has "ik,jk->ij" for `a`. What is left over is undone by hand: a
label that occurs in this operand only was summed away (the cotangent is the same all along it), and
a label it has twice reads a diagonal.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from pullback.fitting import fit_to
from pullback.rulebook.array_likes import Array, Form, form, restore, shape_of, spread_to
from pullback.rules import constant, rule
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form,)


def labels(subscripts: Any, dimensions: list[int]) -> tuple[list[str], str]:
    """The operands' labels and the result's, with every ellipsis and an implied result written out."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    unused = "".join(c for c in string.ascii_letters if c not in text)
    hidden = [
        ndim - len(term.replace("...", "")) if "..." in term else 0
        for term, ndim in zip(terms, dimensions, strict=True)
    ]
    widest = unused[: max(hidden)]
    if not arrow:
        right = "..." * (max(hidden) > 0) + "".join(sorted(c for c in set(left) - set(".,") if left.count(c) == 1))
    full = [term.replace("...", widest[len(widest) - k :]) for term, k in zip(terms, hidden, strict=True)]
    return full, right.replace("...", widest)


def written(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands of a call that lists axes by number, einsum(a, [0, 1], b, [1, 2], [0, 2]), with a string instead."""
    if isinstance(operands[0], str):
        return operands
    terms = ["".join("..." if k is Ellipsis else string.ascii_letters[k] for k in axes) for axes in operands[1::2]]
    arrays = operands[: len(operands) // 2 * 2 : 2]
    if len(operands) % 2:
        last = "".join("..." if k is Ellipsis else string.ascii_letters[k] for k in operands[-1])
        return f"{','.join(terms)}->{last}", *arrays
    return ",".join(terms), *arrays


def einsum_pullback(g: Any, i: int, operands: tuple[Any, ...], m: Form, optimize: Any) -> Tangent:
    """The cotangent of operand `i` of np.einsum (operand 0 is the subscripts)."""
    if isinstance(operands[0], str):
        labelled = i == 0
    else:
        labelled = i % 2 == 1 or i == len(operands) // 2 * 2
        operands, i = written(operands), i // 2 + 1
    if labelled:
        return ZERO
    terms, result = labels(operands[0], [np.ndim(x) for x in operands[1:]])
    own, shape = terms[i - 1], shape_of(m)
    others, other_terms = (*operands[1:i], *operands[i + 1 :]), [*terms[: i - 1], *terms[i:]]
    distinct = "".join(dict.fromkeys(own))
    sizes = tuple(full_size(c, shape, own) for c in distinct)
    reached = "".join(c for c in distinct if c in result or any(c in term for term in other_terms))
    t = np.einsum(f"{','.join([result, *other_terms])}->{reached}", g, *others, optimize=optimize)
    # labels of this operand alone: a new axis, along which the cotangent is the same
    t = np.reshape(t, tuple(np.shape(t)[reached.index(c)] if c in reached else 1 for c in distinct))
    target = tuple(max(n, k) for n, k in zip(sizes, np.shape(t), strict=True)) if 0 not in sizes else sizes
    t = spread_to(t, target)
    if len(distinct) == len(own):
        return restore(t, m)
    return restore(on_diagonal(fit_to(t, sizes, t.dtype), shape, own), m)


def full_size(label: str, shape: tuple[int, ...], own: str) -> int:
    """The length of an operand's axis with this label."""
    return shape[own.index(label)]


def on_diagonal(t: Array, shape: tuple[int, ...], own: str) -> Array:
    """Zeros of this shape, with `t` where the positions along axes of one label agree."""
    out = np.zeros(shape, t.dtype)
    out[diagonal_index(shape, own)] = t
    return out


def diagonal_index(shape: tuple[int, ...], own: str) -> tuple[Array, ...]:
    """The index that reads each label once: einsum("iij->ij") of an array."""
    distinct = list(dict.fromkeys(own))
    ones = (1,) * len(distinct)
    return tuple(
        np.arange(n).reshape((*ones[: (k := distinct.index(c))], n, *ones[k + 1 :]))
        for n, c in zip(shape, own, strict=True)
    )


constant(labels, full_size, diagonal_index, written)
rule(on_diagonal, "t, shape, own", t="g[diagonal_index(shape, own)]", _linear="t", _returns="array")
rule(
    np.einsum,
    "*operands, optimize=False",
    operands="einsum_pullback(g, i, operands, form(operands[i]), optimize)",
    _linear="operands",
    _alias=True,
)
