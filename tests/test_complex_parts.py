"""Real and imaginary parts of complex arrays that change in place: views of numbers of half the size."""

from typing import Any

import numpy as np
import pytest

import pullback as pb

N = np.arange(4.0)


def wave(k: Any) -> Any:
    return np.exp(1j * k * N)


def steps_in_place(k: Any) -> Any:
    psi = wave(k)
    for _ in range(3):
        psi *= np.exp(0.1j * k)
        psi[0] = 0.5 * psi[1]
    return np.sum(psi.real**2 * N + psi.imag)


def filled_by_entries(k: Any) -> Any:
    z = np.zeros(4, complex)
    for i in range(4):
        z[i] = np.exp(1j * k * i)
    return np.sum(z.real * N) + np.sum(np.imag(z) ** 3)


def a_part_that_changes_with_its_array(k: Any) -> Any:
    z = wave(k)
    r, i = z.real, z.imag
    z *= 2.0 + 1j * k
    return np.sum(r * N) + np.sum(i**2 * N)


def a_part_copied_before(k: Any) -> Any:
    z = wave(k)
    r = z.real.copy()
    z *= 2.0
    return np.sum(r * N * z.imag)


def a_real_part_stored_into(k: Any) -> Any:
    f = np.fft.fft(k * N**2)
    f[2:] = 0
    y = np.fft.ifft(f).real
    y[0] = k
    y *= k
    return np.sum(y**2)


def stored_into_the_array_by_its_part(k: Any) -> Any:
    z = wave(k)
    z.real[1:3] = k * N[1:3]
    return np.sum(np.abs(z) ** 2 * N) + z.real[2] * z.imag[1]


def parts_of_a_view(k: Any) -> Any:
    z = wave(k)
    part = z[::-2]
    i = part.imag
    z[1] += k
    part *= 1j * k
    return np.sum(i * np.array([1.0, 3.0])) + np.sum(np.real(z) ** 2)


def windows_of_the_parts(k: Any) -> Any:
    z = wave(k)
    z *= k
    pairs = np.lib.stride_tricks.sliding_window_view(z.imag, 2)
    return np.sum(pairs * np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])) + np.sum(z.real)


PROGRAMS = [
    steps_in_place, filled_by_entries, a_part_that_changes_with_its_array, a_part_copied_before,
    a_real_part_stored_into, stored_into_the_array_by_its_part, parts_of_a_view, windows_of_the_parts,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_parts_in_each_mode(f: Any) -> None:
    pb.check_derivative(f, 1.3, order=2, modes=("reverse", "forward"))


def test_stores_into_imaginary_parts_are_refused() -> None:
    def f(k: Any) -> Any:
        z = wave(k)
        z.imag[1:3] = k * N[1:3]
        return np.sum(np.abs(z) ** 2 * N)

    with pytest.raises(pb.DifferentiabilityError, match="imaginary parts of an array are changed by themselves"):
        pb.gradient(f)(1.3)
    pb.check_derivative(f, 1.3, modes=("forward",))
