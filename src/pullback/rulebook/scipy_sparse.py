"""Derivatives of scipy.sparse: products of sparse and dense arrays, and sparse linear systems.

    a @ x                   x: aᵀ @ g,  and of each stored entry of a: g[row] x[column]
    spsolve(a, b)           b: s = spsolve(aᵀ, g),  of each stored entry: -s[row] y[column]

A sparse array that is made of differentiated entries has a tangent with the field `data`, an entry for
each stored one, in the order in which they are stored. Its other operations have no derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.rulebook.array_likes import Array, form, refuse, restore
from pullback.rulebook.scipy_callables import Call, fields_of
from pullback.rules import Active, constant, intrinsic, rule
from pullback.tangent_parts import is_zero
from pullback.tangents import ZERO, Tangent, tangent_type

IN_TEMPLATES = (form, restore)
_KINDS = (
    *(sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix),
    *(sparse.csr_array, sparse.csc_array, sparse.coo_array),
)
_BASES = {c for kind in _KINDS for c in kind.__mro__}


def dense(a: Any, x: Any) -> Any:
    """The other factor of a sparse matrix, if it is an array; a number or a sparse array is an error."""
    if a.ndim != 2 or sparse.issparse(x) or np.ndim(x) not in (1, 2):
        refuse("the product of a sparse array has a derivative with a dense vector or matrix only")
    return x


def at_entries(a: Any, left: Any, right: Any) -> Tangent:
    """The cotangents of a sparse array's stored entries where that of the whole would be left rightᵀ."""
    coo = a.tocoo()
    one, other = np.asarray(left), np.asarray(right)
    t = one[coo.row] * other[coo.col]
    t = t if t.ndim == 1 else np.sum(t, axis=-1)
    return tangent_type(type(a))(data=t if a.dtype.kind == "c" else np.real(t))


def entries_of(a: Any, g: Array) -> Tangent:
    """The cotangents of the stored entries from that of the whole."""
    dense(a, g)
    coo = a.tocoo()
    return tangent_type(type(a))(data=np.asarray(g)[coo.row, coo.col])


def product_back(a: Any, g: Array, other: Any) -> Array:
    """The cotangent of the dense factor in a @ other."""
    dense(a, other)
    return np.asarray(a.T @ g)


def with_entries(a: Any, dot: Any) -> Any:
    """A sparse array of the same pattern with other entries."""
    coo = a.tocoo()
    (t,) = fields_of(dot, ("data",), "a sparse array")
    return sparse.coo_array((np.zeros(coo.nnz) if is_zero(t) else t, (coo.row, coo.col)), a.shape)


_LEFT: dict[str, Any] = {
    "self": "at_entries(self, g, dense(self, other))",
    "other": "restore(product_back(self, g, other), form(other))",
    "self_dot": "with_entries(self, self_dot) @ dense(self, other)",
}
_RIGHT: dict[str, Any] = {
    "self": "at_entries(self, np.transpose(dense(self, other)), np.transpose(g))",
    "other": "restore(product_back(self.T, np.transpose(g), other).T, form(other))",
    "self_dot": "dense(self, other) @ with_entries(self, self_dot)",
}
for _class in _BASES:
    for _name, _templates in (("__matmul__", _LEFT), ("dot", _LEFT), ("__rmatmul__", _RIGHT)):
        if _name in vars(_class):
            rule(vars(_class)[_name], "self, other", _linear="other", **_templates)
    if "toarray" in vars(_class):
        rule(
            vars(_class)["toarray"],
            "self, order=None",
            self="entries_of(self, g)",
            self_dot="with_entries(self, self_dot).toarray()",
            _returns="array",
        )
rule(sparse.spmatrix.__mul__, "self, other", _linear="other", **_LEFT)


def system_right(g: Array, a: Any, b: Any) -> Tangent:
    """The cotangent of the right-hand side."""
    if sparse.issparse(b):
        refuse("scipy.sparse.linalg.spsolve has a derivative for a dense right-hand side only")
    t = linalg.spsolve(a.T.tocsc(), np.asarray(g))
    return restore(np.reshape(t, np.shape(b)), form(b))


def system_left(g: Array, y: Array, a: Any, b: Any) -> Tangent:
    """The cotangents of the matrix's entries."""
    if sparse.issparse(b):
        refuse("scipy.sparse.linalg.spsolve has a derivative for a dense right-hand side only")
    return at_entries(a, -np.reshape(linalg.spsolve(a.T.tocsc(), np.asarray(g)), np.shape(y)), y)


rule(
    linalg.spsolve,
    "A, b, permc_spec=None, use_umfpack=True",
    A="system_left(g, y, A, b)",
    b="system_right(g, A, b)",
    A_dot="-linalg.spsolve(A, with_entries(A, A_dot) @ y)",
    b_dot="np.reshape(linalg.spsolve(A, np.asarray(b_dot)), np.shape(y))",
    _returns="array",
)


# Sparse arrays made of differentiated entries


def maker(kind: Any) -> None:
    """The derivative of making a sparse array from (entries, (rows, columns)) or (entries, indices, starts)."""

    @intrinsic(kind)
    def made(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
        given = args[0] if args else kwargs["arg1"]
        if active not in ((0,), ("arg1",)) or not isinstance(given, tuple) or len(given) not in (2, 3):
            raise DifferentiabilityError(
                f"scipy.sparse.{kind.__name__} has a derivative where it is made of (entries, (rows, columns)) or of "
                "(entries, indices, starts), in the entries"
            )
        value = kind(*args, **kwargs)
        return value, (_reverse_made, given, value.tocoo(copy=True))


def _reverse_made(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, given, coo = residual
    (t,) = fields_of(g, ("data",), "a sparse array")
    if len(given) == 3:
        if t.shape != np.shape(given[0]):
            raise DifferentiabilityError("a sparse array that was made with duplicate entries has no derivative")
        return ((restore(t, form(given[0])), ZERO, ZERO),)
    # equal places have equal cotangents, whether they were summed or are stored twice
    key = coo.row.astype(np.int64) * coo.shape[1] + coo.col
    order = np.argsort(key, kind="stable")
    rows, columns = (np.asarray(i, np.int64) for i in given[1])
    where = order[np.searchsorted(key[order], rows * coo.shape[1] + columns)]
    return ((restore(np.asarray(t)[where], form(given[0])), (ZERO, ZERO)),)


for _kind in _KINDS:
    maker(_kind)

# What is asked of a matrix, and matrices that are made of a size
constant(sparse.issparse, sparse.isspmatrix, sparse.eye, sparse.identity, sparse.eye_array)
for _kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
    constant(getattr(sparse, f"isspmatrix_{_kind}"))
