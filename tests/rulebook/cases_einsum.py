"""Calls for the rules of pullback.rulebook.numpy_einsum: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.numpy_einsum import on_diagonal

MODULE = "pullback.rulebook.numpy_einsum"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(8)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


A, B, S, T3, V = arr(3, 4), arr(4, 5), arr(4, 4), arr(2, 3, 4), arr(4)

FORMS: list[tuple[Any, ...]] = [
    ("ij,jk->ik", A, B),
    ("ij,jk", A, B),
    ("ij, jk -> ki", A, B),
    ("ij->ji", A),
    ("ji", A),
    ("ij->", A),
    ("ij->i", A),
    ("ij,k->k", A, B[0]),
    ("ij,k->jk", A, B[0]),
    ("ij,kl->", A, B),
    ("ii", S),
    ("ii->i", S),
    ("ii->", S),
    ("iij->j", arr(3, 3, 2)),
    ("iij->ij", arr(3, 3, 2)),
    ("iji->", arr(3, 2, 3)),
    ("iii->i", arr(3, 3, 3)),
    ("ii,i->i", S, V),
    ("ii,ij->j", S, B),
    ("iij,j->", arr(3, 3, 2), arr(2)),
    ("ijk,ijk->", T3, T3),
    ("i,i,i->i", V, V, V),
    ("i,ij,j", V, S, V),
    ("i,i", V, V),
    ("ij,jk,kl->il", A, B, arr(5, 2)),
    ("i,j->ij", V, arr(3)),
    ("...j,j->...", T3, V),
    ("...ij,...jk->...ik", arr(2, 1, 3, 4), arr(6, 4, 5)),
    ("...ij,jk", T3, B),
    ("i...->...", T3),
    ("i...,i...->...", arr(2, 4), arr(2, 3, 4)),
    ("...ii->...i", arr(2, 3, 3)),
    ("...,...->...", A, V),
    ("...", A),
    ("i...j->ij...", T3),
    ("i...->i...", V),
    ("ij,ij->ij", A, arr(1, 4)),
    ("ij,ij->i", A, arr(3, 1)),
    ("ij,jk->ik", arr(3, 1), B),
    ("ii,ij->j", arr(1, 1), A),
    ("ij,j->i", arr(3, 1), V),
    ("bij,bjk->bik", T3, arr(2, 4, 5)),
    ("bij,bjk->ik", T3, arr(1, 4, 5)),
    (",ij->ij", 2.0, A),
    (",->", 2.0, 1.5),
    ("i,i->", [1.0, 2.0], (3.0, 4.0)),
    ("ij,jk->ik", cplx(3, 4), B),
    ("ij,jk->ik", cplx(3, 4), cplx(4, 5)),
    ("ij,jk->ik", A.astype(np.float32), B),
    ("ij,jk->ik", A.astype(np.float32), B.astype(np.float32)),
    ("Ab,bC->AC", A, B),
    ("ij,jk->ik", arr(3, 0), arr(0, 2)),
    ("ij->j", arr(0, 3)),
]

CASES: list[Case] = [
    *[(np.einsum, call, {}, tuple(range(1, len(call)))) for call in FORMS],
    (np.einsum, ("ij,jk,kl->il", A, B, arr(5, 2)), {"optimize": True}, (1, 2, 3)),
    (np.einsum, ("ij,jk->ik", np.ones((3, 4), int), B), {"optimize": "greedy"}, (2,)),
    (on_diagonal, (A, (3, 4, 3), "iji"), {}, (0,)),
    (np.einsum, (arr(3, 4), [0, 1], arr(4, 2), [1, 2], [0, 2]), {}, (0, 2)),
    (np.einsum, (arr(3, 4), [0, 1], arr(4, 2), [1, 2]), {}, (0, 2)),
    (np.einsum, (arr(3, 3), [0, 0]), {}, (0,)),
    (np.einsum, (arr(2, 3, 4), [..., 1], arr(4), [1], [...]), {}, (0, 2)),
]
