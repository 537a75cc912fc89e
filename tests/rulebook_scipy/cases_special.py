"""Calls for the rules of scipy.special: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

S = pytest.importorskip("scipy.special", reason="SciPy is not installed")

MODULES = [
    "pullback.rulebook.scipy_special",
    "pullback.rulebook.scipy_special_integrals",
    "pullback.rulebook.scipy_special_orders",
]
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]

R = np.random.default_rng(21)
POSITIVE = R.uniform(0.3, 3.0, (2, 3))
ANY = R.uniform(-2.0, 2.0, (2, 3))
UNIT = R.uniform(0.1, 0.9, (2, 3))
BIG = np.array([5.0, 9.0, 30.0, 60.0])
COMPLEX = R.uniform(0.3, 2.0, (3,)) + 1j * R.uniform(-1.0, 1.0, (3,))


def forms(x: Any) -> list[Any]:
    """An array, single precision, a 0-d array, a NumPy scalar, a float."""
    return [x, x.astype(np.float32), np.array(x.flat[0]), x.flat[1], float(x.flat[2])]


def unary(f: Any, x: Any, *more: Any) -> list[Case]:
    return [(f, (v,), {}, (0,)) for v in (*forms(x), *more)]


def binary(f: Any, a: Any, b: Any, wrt: tuple[int, ...] = (0, 1)) -> list[Case]:
    """Both arrays; one broadcast; a scalar and an array; two floats."""
    a0, b0 = float(a.flat[0]), float(b.flat[1])
    pairs = [(a, b), (a[:1, :], b[:, :1]), (a[0], b), (a0, b), (a, b0), (a0, b0), (np.array(a0), np.float32(b0))]
    return [(f, pair, {}, wrt) for pair in pairs]


REAL_LINE = (S.erf, S.erfc, S.erfi, S.erfcx, S.dawsn, S.ndtr, S.log_ndtr, S.expm1, S.cosm1, S.exprel, S.exp2, S.exp10)
REAL_LINE += (S.expit, S.log_expit, S.softplus, S.i0, S.i1, S.j0, S.j1, S.sindg, S.cosdg, S.fresnel, S.wrightomega)
REAL_LINE += (S.i0e, S.i1e, S.airy, S.rgamma)
HALF_LINE = (S.gamma, S.gammaln, S.loggamma, S.digamma, S.rgamma, S.cbrt, S.entr, S.log1p, S.y0, S.y1, S.k0, S.k1)
HALF_LINE += (S.k0e, S.k1e, S.exp1, S.expi, S.sici, S.shichi, S.spence, S.tandg, S.cotdg, S.factorial, S.ellipkm1)
INTERVAL = (S.erfinv, S.erfcinv, S.ndtri, S.logit, S.ellipk, S.ellipe)
HOLOMORPHIC = (S.gamma, S.loggamma, S.rgamma, S.erf, S.erfc, S.erfi, S.erfcx, S.dawsn, S.ndtr, S.log_ndtr, S.wofz)
HOLOMORPHIC += (S.expm1, S.log1p, S.airy, S.sici, S.shichi, S.fresnel, S.exp1, S.expi, S.lambertw, S.wrightomega)
HOLOMORPHIC += (S.spence,)

CASES: list[Case] = [
    *[c for f in REAL_LINE for c in unary(f, ANY)],
    *[c for f in HALF_LINE for c in unary(f, POSITIVE)],
    *[c for f in INTERVAL for c in unary(f, UNIT)],
    *[(f, (COMPLEX,), {}, (0,)) for f in HOLOMORPHIC],
    *[(f, (complex(COMPLEX[0]),), {}, (0,)) for f in (S.gamma, S.erf, S.airy, S.lambertw)],
    # both sides of a point where a formula changes, poles of what a formula mentions, and far out
    *[(f, (np.array([-2.5, -0.5, -1.25]),), {}, (0,)) for f in (S.gamma, S.gammaln, S.digamma, S.rgamma)],
    (S.rgamma, (np.array([0.0, -1.0, -2.0, -3.0, -0.5, 1.5]),), {}, (0,)),
    (S.erfcx, (np.array([-3.0, 0.0, 30.0, 49.9, 50.1, 1e3]),), {}, (0,)),
    (S.dawsn, (np.array([-60.0, -50.0, 0.0, 49.9, 50.1, 1e3]),), {}, (0,)),
    (S.log_ndtr, (np.array([-40.0, -8.0, 0.0, 8.0]),), {}, (0,)),
    (S.exprel, (np.array([-40.0, -1.1, -0.9, -1e-9, 0.0, 1e-9, 0.9, 1.1]),), {}, (0,)),
    (S.exprel, (40.0,), {}, (0,)),
    (S.spence, (np.array([1.0, 0.5, 3.0]),), {}, (0,)),
    (S.sici, (np.array([-2.0, 0.1, 20.0]),), {}, (0,)),
    *[(f, (np.array([-30.0, 0.0, 30.0]),), {}, (0,)) for f in (S.expit, S.log_expit, S.softplus, S.j1)],
    (S.i1, (np.array([-2.0, 0.0, 2.0]),), {}, (0,)),
    *[(f, (np.array([0.0, -3.0, 1e-9, 0.99]),), {}, (0,)) for f in (S.ellipk, S.ellipe)],
    *unary(S.ndtri_exp, -POSITIVE),
    *unary(S.wofz, ANY),
    *unary(S.lambertw, POSITIVE),
    (S.lambertw, (0.0,), {}, (0,)),
    (S.lambertw, (np.array([-0.2, -0.3]), -1), {}, (0,)),
    (S.lambertw, (COMPLEX,), {"k": 2}, (0,)),
    *unary(S.zeta, POSITIVE + 1.0),
    *unary(S.zetac, POSITIVE + 1.0),
    (S.zeta, (np.array([1.01, 2.0, 10.0, 50.0]),), {}, (0,)),
    *[(S.zeta, (x, q), {}, (0, 1)) for x, q in ((2.5, 0.7), (POSITIVE + 1.0, UNIT[:1]), (1.2, np.array([0.01, 50.0])))],
    (S.factorial, (np.array([-1.5, 0.5, 3.0]),), {}, (0,)),
    (S.factorial, (2.5,), {"extend": "complex"}, (0,)),
    # several arguments
    *binary(S.beta, POSITIVE, UNIT),
    *binary(S.betaln, POSITIVE, UNIT),
    *binary(S.poch, POSITIVE, UNIT),
    *binary(S.binom, POSITIVE + 3.0, UNIT),
    *binary(S.comb, POSITIVE + 3.0, UNIT),
    *binary(S.perm, POSITIVE + 3.0, UNIT),
    (S.comb, (np.array([5, 6]), np.array([1.5, 2.0])), {}, (1,)),
    *binary(S.owens_t, ANY, ANY[::-1]),
    *binary(S.xlogy, ANY, POSITIVE),
    *binary(S.xlog1py, ANY, POSITIVE),
    (S.xlogy, (np.array([0.0, 1.0]), np.array([2.0, 3.0])), {}, (0, 1)),
    (S.xlogy, (0.0, np.array([2.0, 3.0])), {}, (1,)),
    (S.xlogy, (COMPLEX, COMPLEX[::-1]), {}, (0, 1)),
    (S.xlogy, (ANY[0], COMPLEX), {}, (0, 1)),
    *binary(S.rel_entr, POSITIVE, UNIT),
    *binary(S.kl_div, POSITIVE, UNIT),
    *binary(S.huber, POSITIVE, ANY),
    (S.huber, (np.array([0.5, 0.5, 2.0]), np.array([1.0, -1.0, 1.0])), {}, (0, 1)),
    *binary(S.pseudo_huber, POSITIVE, ANY),
    (S.pseudo_huber, (100.0, 1e-3), {}, (0, 1)),
    *binary(S.boxcox, POSITIVE, ANY),
    *binary(S.boxcox1p, POSITIVE, ANY),
    *[(f, (POSITIVE[0], np.array([0.0, 1e-9, 1.0])), {}, (0, 1)) for f in (S.boxcox, S.boxcox1p)],
    *binary(S.inv_boxcox, POSITIVE, UNIT),
    *binary(S.inv_boxcox1p, POSITIVE, UNIT),
    (S.inv_boxcox, (POSITIVE[0], np.array([0.0, 1e-9, 1.0])), {}, (0, 1)),
    *binary(S.powm1, POSITIVE, ANY),
    *binary(S.agm, POSITIVE, POSITIVE[::-1]),
    (S.agm, (2.0, 2.0), {}, (0, 1)),
    (S.radian, (np.array([10.0, 20.0]), 30.0, np.array([[5.0], [6.0]])), {}, (0, 1, 2)),
    # the arguments that have a derivative, beside those that have none
    *binary(S.gammainc, POSITIVE, POSITIVE, (1,)),
    *binary(S.gammaincc, POSITIVE, POSITIVE, (1,)),
    *binary(S.gammaincinv, POSITIVE, UNIT, (1,)),
    *binary(S.gammainccinv, POSITIVE, UNIT, (1,)),
    (S.gammainc, (np.array([1.0, 2.0]), 0.3), {}, (1,)),
    *[(f, (POSITIVE, 1.5, UNIT[0]), {}, (2,)) for f in (S.betainc, S.betaincc, S.betaincinv, S.betainccinv)],
    (S.betainc, (2.0, 3.0, 0.4), {}, (2,)),
    *[(S.polygamma, (n, x), {}, (1,)) for n, x in ((0, POSITIVE), (1, 1.5), (np.array([1, 2, 3]), POSITIVE))],
    (S.polygamma, (1, np.array([-0.5, -1.7])), {}, (1,)),
    *[(S.multigammaln, (a, 3), {}, (0,)) for a in (POSITIVE + 2.0, 4.5)],
    *[(S.expn, (n, x), {}, (1,)) for n, x in ((0, POSITIVE), (1, 1.5), (np.array([0, 1, 4]), POSITIVE))],
    *[(f, (UNIT, 0.5), {}, (0,)) for f in (S.ellipkinc, S.ellipeinc)],
    (S.ellipj, (ANY, 0.3), {}, (0,)),
    (S.ellipj, (0.7, UNIT[0]), {}, (0,)),
    (S.hyp0f1, (1.5, ANY), {}, (1,)),
    (S.hyp0f1, (1.5, COMPLEX), {}, (1,)),
    (S.hyp1f1, (0.5, 1.5, ANY), {}, (2,)),
    (S.hyp1f1, (0.5, 1.5, COMPLEX), {}, (2,)),
    (S.hyp2f1, (0.5, 1.5, 2.5, UNIT), {}, (3,)),
    (S.hyp2f1, (0.5, 1.5, 2.5, 0.3 * COMPLEX), {}, (3,)),
    (S.hyperu, (0.5, 1.5, POSITIVE), {}, (2,)),
    *[
        (f, (n, x), {}, (1,))
        for f in (S.jv, S.yv, S.iv, S.kv, S.jve, S.yve, S.ive, S.kve, S.hankel1, S.hankel2, S.hankel1e, S.hankel2e)
        for n, x in ((0, 1.5), (2.5, POSITIVE), (np.array([0.0, 1.0, 3.0]), POSITIVE.astype(np.float32)))
    ],
    *[
        (f, (1.5, COMPLEX), {}, (1,))
        for f in (S.jv, S.yv, S.iv, S.kv, S.kve, S.hankel1, S.hankel2, S.hankel1e, S.hankel2e)
    ],
    (S.jv, (2, np.array([-1.0, 0.0, 3.0])), {}, (1,)),
    (S.ive, (2, np.array([-1.0, 3.0])), {}, (1,)),
    *[(f, (n, x), {}, (1,)) for f in (S.yn, S.kn) for n, x in ((0, 1.5), (np.array([0, 1, 3]), POSITIVE))],
    *[
        (f, (n, x, *derivative), {}, (1,))
        for f in (S.spherical_jn, S.spherical_yn, S.spherical_in, S.spherical_kn)
        for n, x in ((0, 1.5), (np.array([0, 1, 3]), POSITIVE), (2, COMPLEX))
        for derivative in ((), (True,))
    ],
    *[(f, (n, POSITIVE), {}, (1,)) for f in (S.struve, S.modstruve) for n in (0, 1.5)],
    *[
        (f, (n, x), {}, (1,))
        for f in (S.eval_legendre, S.eval_chebyt, S.eval_chebyu, S.eval_chebyc, S.eval_chebys, S.eval_hermite)
        + (S.eval_hermitenorm, S.eval_laguerre, S.eval_sh_legendre, S.eval_sh_chebyt, S.eval_sh_chebyu)
        for n, x in ((0, UNIT), (1, 0.5), (3, UNIT), (np.array([0, 2, 5]), UNIT), (3, np.array([-1.0, 0.0, 1.0])))
    ],
    (S.eval_legendre, (2.5, UNIT), {}, (1,)),
    (S.eval_legendre, (3, COMPLEX), {}, (1,)),
    *[(S.eval_jacobi, (n, 0.5, 1.5, UNIT), {}, (3,)) for n in (0, 1, 4)],
    *[(f, (n, 0.5, UNIT), {}, (2,)) for f in (S.eval_gegenbauer, S.eval_genlaguerre) for n in (0, 1, 4)],
    # sums of exponentials
    *[(S.softmax, (x,), k, (0,)) for x in (ANY, ANY[0]) for k in ({}, {"axis": -1}, {"axis": 0})],
    *[(S.log_softmax, (x,), k, (0,)) for x in (ANY, ANY[0]) for k in ({}, {"axis": -1}, {"axis": 0})],
    (S.softmax, (ANY.astype(np.float32),), {"axis": 1}, (0,)),
    (S.softmax, ([1.0, 2.0, 3.0],), {}, (0,)),
    (S.softmax, (np.array([1000.0, 0.0, 1001.0]),), {}, (0,)),
    *[
        (S.logsumexp, (ANY,), {**axis, **keep}, (0,))
        for axis in ({}, {"axis": 0}, {"axis": -1}, {"axis": (0, 1)})
        for keep in ({}, {"keepdims": True})
    ],
    (S.logsumexp, (ANY.astype(np.float32),), {"axis": 1}, (0,)),
    (S.logsumexp, ([1.0, 2.0, 3.0],), {}, (0,)),
    (S.logsumexp, (2.0,), {}, (0,)),
    (S.logsumexp, (np.array([1000.0, -np.inf, 1001.0]),), {}, (0,)),
    (S.logsumexp, (COMPLEX,), {}, (0,)),
    *[
        (S.logsumexp, (a,), {"b": b, "axis": axis}, (0, "b"))
        for a, b in ((ANY, POSITIVE), (ANY[0], POSITIVE), (ANY, POSITIVE[:1]), (ANY, 2.0))
        for axis in (None, -1)
    ],
    (S.logsumexp, (ANY,), {"b": ANY[::-1], "return_sign": True}, (0, "b")),
    (S.logsumexp, (ANY,), {"b": ANY[::-1], "axis": 0, "keepdims": True, "return_sign": True}, (0, "b")),
]
