"""Sparse arrays through the engine: as constants, and made of differentiated entries."""

from __future__ import annotations

import numpy as np
import pytest

sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")

from scipy.sparse import linalg  # noqa: E402

import pullback as pb  # noqa: E402
from pullback.differential_calls import call_differential  # noqa: E402
from pullback.errors import DifferentiabilityError  # noqa: E402
from pullback.tangents import ZERO, tangent_type  # noqa: E402

R = np.random.default_rng(6)
DENSE = R.standard_normal((4, 3)) * (R.uniform(size=(4, 3)) > 0.4)
SQUARE = R.standard_normal((4, 4)) * (R.uniform(size=(4, 4)) > 0.5) + 3 * np.eye(4)
KINDS = [sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_array]


def check(f, *args):
    pb.check_derivative(f, *args)


def check_made(f, *args):
    """Where a sparse array is made of differentiated entries: in reverse mode; forward mode refuses."""
    pb.check_derivative(f, *args, modes=("reverse",))
    with pytest.raises(DifferentiabilityError, match="reverse mode only"):
        pb.differential(f)(*args)(*args)


@pytest.mark.parametrize("kind", [*KINDS, sparse.dia_array, sparse.lil_matrix], ids=lambda k: k.__name__)
def test_a_constant_matrix(kind):
    a = kind(DENSE)
    check(lambda x: np.sum((a @ x) ** 2), R.standard_normal(3))
    check(lambda x: np.sum((a @ x) ** 2), R.standard_normal((3, 2)))
    check(lambda x: np.sum(a.dot(x) ** 2), R.standard_normal(3))
    check(lambda x: np.sum((x @ a) ** 2), R.standard_normal(4))
    check(lambda x: np.sum((x @ a) ** 2), R.standard_normal((2, 4)))
    check(lambda x: np.sum(np.abs(a @ x) ** 2), R.standard_normal(3) + 1j)
    if issubclass(kind, sparse.spmatrix):
        check(lambda x: np.sum((a * x) ** 2), R.standard_normal(3))


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_differentiated_entries(kind):
    rows, columns = np.array([0, 1, 1, 3, 1]), np.array([1, 0, 2, 2, 2])  # (one place twice)
    data = R.standard_normal(5)

    def f(data, x):
        return np.sum((kind((data, (rows, columns)), shape=(4, 3)) @ x) ** 2)

    check_made(f, data, R.standard_normal(3))
    check_made(f, data, R.standard_normal((3, 2)))
    check_made(lambda data, x: np.sum((x @ kind((data, (rows, columns)), (4, 3))) ** 2), data, R.standard_normal(4))


def test_made_dense():
    def f(data):
        return np.sum(sparse.csc_array((data, ([0, 1, 1], [1, 0, 0])), (2, 2)).toarray() ** 2)

    check_made(f, np.array([1.5, -0.5, 2.0]))


def test_systems():
    a = sparse.csc_array(SQUARE)
    check(lambda b: np.sum(linalg.spsolve(a, b) ** 2), R.standard_normal(4))
    check(lambda b: np.sum(linalg.spsolve(a, b) ** 2), R.standard_normal((4, 2)))
    rows, columns = np.nonzero(SQUARE)

    def f(data, b):
        return np.sum(linalg.spsolve(sparse.csr_array((data, (rows, columns)), (4, 4)), b) ** 2)

    check_made(f, SQUARE[rows, columns], R.standard_normal(4))
    check_made(f, SQUARE[rows, columns], R.standard_normal((4, 2)))
    start = sparse.csr_array(SQUARE)

    def by_rows(data):
        return np.sum(linalg.spsolve(sparse.csr_array((data, start.indices, start.indptr)), np.ones(4)) ** 2)

    check_made(by_rows, start.data.copy())


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array], ids=lambda k: k.__name__)
def test_tangents_of_entries(kind):
    """No function makes a sparse array with a tangent in forward mode yet; given one, the rules know what to do."""
    a = kind(SQUARE)
    coo, x = a.tocoo(), R.standard_normal((4, 4))
    along = np.cos(np.arange(float(coo.nnz)))
    moved = [kind((coo.data + h * along, (coo.row, coo.col)), coo.shape) for h in (1e-5, -1e-5)]
    for f, *rest in (
        (type(a).__matmul__, x), (type(a).__matmul__, x[0]), (type(a).dot, x), (type(a).__rmatmul__, x[:2]),
        (type(a).toarray,), *(() if kind is sparse.coo_array else ((linalg.spsolve, x[0]), (linalg.spsolve, x))),
    ):  # fmt: skip
        slope = (np.asarray(f(moved[0], *rest)) - np.asarray(f(moved[1], *rest))) / 2e-5
        for t in (along, ZERO):
            dots = (tangent_type(kind)(data=t), *(ZERO for _ in rest))
            _, y_dot = call_differential(f, ZERO, (a, *rest), dots, {}, {})
            np.testing.assert_allclose(y_dot, slope if t is along else 0.0 * slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(sparse.csr_array(DENSE * x)),
        lambda x: np.sum((sparse.csr_array(DENSE) * x).toarray()),
        lambda x: np.sum((x * sparse.csr_matrix(DENSE)) @ np.ones(3)),
        lambda x: np.sum(sparse.csr_array(([x, x], ([0, 1], [1, 0]))).tocoo().data),
        lambda x: np.sum((sparse.csr_array((np.array([x, x]), ([0, 1], [1, 0]))) @ sparse.csr_array(np.eye(2))).data),
        lambda x: np.sum(sparse.coo_array((np.array([x, x]), ([0, 1], [1, 0]))).todense()),
        lambda x: np.sum(sparse.csr_array((np.array([x, x]), ([0, 1], [1, 0]))).tocsc() @ np.ones(2)),
        lambda x: np.sum(sparse.csr_array((np.array([x, x]), ([0, 1], [1, 0]))).sum()),
        lambda x: sparse.coo_array(np.ones(3)) @ np.full(3, x),
        lambda x: linalg.splu(sparse.csc_array(SQUARE)).solve(np.ones(4) * x)[0],
    ],
)
def test_refused(f):
    with pytest.raises(DifferentiabilityError):
        pb.gradient(f)(1.5)
