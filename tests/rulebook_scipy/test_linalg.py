"""scipy.linalg through the engine: results whose signs or phases are arbitrary, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

L = pytest.importorskip("scipy.linalg", reason="SciPy is not installed")

import pullback as pb  # noqa: E402
from pullback.errors import DifferentiabilityError  # noqa: E402

R = np.random.default_rng(3)
S3 = R.standard_normal((3, 3)) + 3 * np.eye(3)
C3 = S3 + 1j * R.standard_normal((3, 3))
POS, HER = S3 @ S3.T, C3 @ C3.conj().T
W = R.standard_normal((3, 3))


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("a", [POS, HER], ids=["real", "complex"])
@pytest.mark.parametrize("b", [None, S3.T @ S3], ids=["standard", "generalized"])
def test_eigenvectors_up_to_their_phase(a, b, lower):
    def f(a):
        w, v = L.eigh(a, b, lower=lower)
        return np.sum(W * np.real((v * np.exp(-w)) @ np.conj(v.T)))

    pb.check_derivative(f, a, modes=("reverse", "forward"))


def test_the_second_matrix_of_a_generalized_problem():
    def f(a, b):
        w, v = L.eigh(a, b)
        return np.sum(W * np.real((v * np.exp(-w)) @ np.conj(v.T)))

    pb.check_derivative(f, HER, C3.T @ C3.conj() + np.eye(3), modes=("reverse", "forward"))


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
def test_complex_singular_vectors_up_to_their_phase(shape):
    a = R.standard_normal(shape) + 1j * R.standard_normal(shape)
    weight = R.standard_normal(shape)

    def f(a):
        u, s, vh = L.svd(a, full_matrices=False)
        return np.sum(weight * np.real((u * np.exp(-s)) @ vh))

    pb.check_derivative(f, a, modes=("reverse", "forward"))


def test_a_least_squares_fit_without_singular_values():
    a, b = R.standard_normal((5, 3)), R.standard_normal(5)

    def f(a, b):
        return np.sum(L.lstsq(a, b, lapack_driver="gelsy")[0] ** 2)

    pb.check_derivative(f, a, b, modes=("reverse", "forward"))


def test_a_gaussian_likelihood():
    y = R.standard_normal(3)

    def f(a):
        factor = L.cho_factor(a, lower=True)
        return 0.5 * y @ L.cho_solve(factor, y) + np.sum(np.log(np.diag(factor[0])))

    pb.check_derivative(f, POS, modes=("reverse", "forward"))


def test_lu_as_a_solver():
    def f(a, b):
        return np.sum(L.lu_solve(L.lu_factor(a), b) ** 2)

    pb.check_derivative(f, R.standard_normal((4, 4)), R.standard_normal(4), modes=("reverse", "forward"))


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(L.solve(a, np.ones(3), overwrite_a=True)),
        lambda a: np.sum(L.inv(a, True)),
        lambda a: np.sum(L.eigh(a, POS, type=2)[0]),
        lambda a: np.sum(L.svd(a[:, :2])[0]),
        lambda a: np.sum(L.qr(a[:, :2])[0]),
        lambda a: np.sum(L.lu(a[:, :2])[1]),
        lambda a: np.sum(L.eigh(np.eye(3) + 0.0 * a)[1]),
        lambda a: np.sum(L.ldl(a)[0]),
    ],
)
def test_refused(f):
    with pytest.raises(DifferentiabilityError):
        pb.gradient(f)(np.array(POS))


@pytest.mark.parametrize("side", ["right", "left"])
def test_polar_decompositions(side):
    w = np.arange(1.0, 10.0).reshape(3, 3)

    def f(a):
        u, p = L.polar(a, side)
        return np.sum(w * u + p @ p * w.T)

    pb.check_derivative(f, R.standard_normal((3, 3)) + 2.0 * np.eye(3))
    pb.check_derivative(f, np.eye(3))
    with pytest.raises(DifferentiabilityError):
        pb.gradient(lambda a: np.sum(L.polar(a if side == "left" else a.T, side)[0]))(np.ones((3, 2)))


HERMITIAN = np.array([[2.0, 1.0 + 0.5j, 0.3j], [1.0 - 0.5j, 3.0, 0.2], [-0.3j, 0.2, 5.0]])
OTHER = HERMITIAN @ HERMITIAN.conj().T / 9.0 + np.eye(3)
CHANGE = np.array([[0.1, 0.2 + 0.3j, 0.3], [0.2 - 0.3j, 0.4, 0.1j], [0.3, -0.1j, 0.7]])
TALL, TALL_CHANGE = np.vstack([OTHER + 1j * CHANGE, CHANGE[:1]]), np.vstack([CHANGE, HERMITIAN[:1]])


@pytest.mark.parametrize(
    ("f", "a", "v"),
    [
        (lambda a: L.eigh(a)[1], HERMITIAN, CHANGE),
        (lambda a: L.eigh(a, lower=False, driver="ev")[1], HERMITIAN, CHANGE),
        (lambda a: L.eigh(a, subset_by_index=[0, 1])[1], HERMITIAN, CHANGE),
        (lambda a: L.eigh(a, OTHER)[1], HERMITIAN, CHANGE),
        (lambda a: L.eigh(a, OTHER, lower=False)[1], HERMITIAN, CHANGE),
        (lambda b: L.eigh(HERMITIAN, b, lower=False)[1], OTHER, CHANGE),
        (lambda b: L.eigh(HERMITIAN, b)[1], OTHER, CHANGE),
        (lambda a: L.svd(a, full_matrices=False)[0], TALL, TALL_CHANGE),
        (lambda a: L.svd(a, full_matrices=False)[2], TALL.T, TALL_CHANGE.T),
        (lambda a: L.svd(a, full_matrices=False, lapack_driver="gesvd")[2], TALL, TALL_CHANGE),
    ],
)
def test_tangents_of_complex_vectors_have_lapacks_phases(f, a, v):
    h = 1e-5
    differences = (f(a + h * v) - f(a - h * v)) / (2 * h)
    np.testing.assert_allclose(pb.differential(f)(a)(v), differences, atol=1e-7)


def test_operands_are_not_overwritten():
    b = np.array([1.0, 2.0, 3.0])
    pb.check_derivative(lambda a: L.solve(a, b, overwrite_a=False, overwrite_b=False), np.real(OTHER))
    with pytest.raises(pb.DifferentiabilityError, match="does not change its operands"):
        pb.gradient(lambda a: np.sum(L.solve(a, b, overwrite_a=True)))(np.real(OTHER))
