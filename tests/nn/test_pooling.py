from __future__ import annotations

import numpy as np
import pytest

from pullback.errors import ArgumentError
from pullback.nn.pooling import (
    avg_pool2d,
    avg_pool2d_vjp,
    from_winners,
    from_winners_vjp,
    max_pool2d,
    max_pool2d_vjp,
    spread_over_windows,
    spread_over_windows_vjp,
    to_winners,
    to_winners_vjp,
    window_sums,
    window_sums_vjp,
    winning_taps,
)
from pullback.nn.windows import windows_of

from .vjp_checks import check_transposes, check_vjp

CASES = [
    ((2, 6, 4, 3), (2, 2), None, "valid"),
    ((2, 7, 5, 3), (2, 2), None, "valid"),
    ((2, 7, 5, 3), 3, 2, "same"),
    ((2, 6, 6, 2), (3, 2), (1, 1), "valid"),
    ((1, 6, 6, 2), (3, 3), (2, 1), ((1, 2), (0, 1))),
    ((1, 5, 5, 1), (1, 1), None, "valid"),
    ((1, 5, 5, 1), (1, 1), 2, "valid"),
    ((2, 4, 4, 2), (4, 4), None, "valid"),
]


def image(shape):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("case", CASES)
def test_derivatives_against_differences(case):
    x = image(case[0])
    check_vjp(max_pool2d, max_pool2d_vjp, x, *case[1:])
    check_vjp(avg_pool2d, avg_pool2d_vjp, x, *case[1:])


@pytest.mark.parametrize("case", CASES)
def test_higher_derivatives(case):
    x = image(case[0])
    stride = case[1] if case[2] is None else case[2]
    w = windows_of(x.shape[1:3], case[1], stride, case[3])
    y = max_pool2d(x, *case[1:])
    winners = winning_taps(x, y, w)
    assert np.array_equal(from_winners(x, winners, w), y)
    check_transposes(lambda t: from_winners(t, winners, w), lambda g: to_winners(g, winners, w), x)
    check_transposes(lambda t: window_sums(t, w), lambda g: spread_over_windows(g, w), x)
    check_vjp(to_winners, to_winners_vjp, y, winners, w)
    check_vjp(from_winners, from_winners_vjp, x, winners, w)
    check_vjp(window_sums, window_sums_vjp, x, w)
    check_vjp(spread_over_windows, spread_over_windows_vjp, y, w)


@pytest.mark.parametrize("pool", [(2, 2, 0), (3, 2, 1), (2, 1, 1), (3, 1, 0)])
@pytest.mark.parametrize("ties", [False, True])
def test_max_against_torch(pool, ties):
    torch = pytest.importorskip("torch")
    x = image((2, 7, 8, 3))
    if ties:
        x = np.round(x)
    size, stride, padding = pool
    tx = torch.tensor(x).permute(0, 3, 1, 2).contiguous().requires_grad_()
    ty = torch.nn.functional.max_pool2d(tx, size, stride, padding)
    y, pull = max_pool2d_vjp(x, size, stride, padding)
    assert np.array_equal(y, ty.detach().permute(0, 2, 3, 1).numpy())
    g = image(y.shape)
    ty.backward(torch.tensor(g).permute(0, 3, 1, 2))
    assert np.allclose(pull(g), tx.grad.permute(0, 2, 3, 1).numpy(), rtol=1e-14)


def test_average_against_torch():
    torch = pytest.importorskip("torch")
    x = image((2, 7, 8, 3))
    tx = torch.tensor(x).permute(0, 3, 1, 2)
    ty = torch.nn.functional.avg_pool2d(tx, 3, 2, 1, count_include_pad=False)
    assert np.allclose(avg_pool2d(x, 3, 2, 1), ty.permute(0, 2, 3, 1).numpy(), rtol=1e-14)


def test_the_first_maximum_of_a_window_gets_it_all():
    _, pull = max_pool2d_vjp(np.ones((1, 2, 4, 1)))
    assert np.array_equal(pull(np.array([[[[3.0], [5.0]]]]))[0, :, :, 0], [[3, 0, 5, 0], [0, 0, 0, 0]])


def test_padding_never_wins():
    x = np.full((1, 3, 3, 1), -np.inf)
    y, pull = max_pool2d_vjp(x, 2, 2, ((1, 0), (1, 0)))
    assert np.array_equal(y, np.full((1, 2, 2, 1), -np.inf))
    assert pull(np.ones(y.shape)).sum() == 4.0
    x = -np.ones((1, 3, 3, 1))
    assert np.array_equal(max_pool2d(x, 2, 2, ((1, 0), (1, 0))), -np.ones((1, 2, 2, 1)))


def test_nan_is_seen_and_its_cotangent_is_not_lost():
    x = image((1, 4, 4, 1))
    x[0, 0, 1, 0] = np.nan
    y, pull = max_pool2d_vjp(x)
    assert np.isnan(y[0, 0, 0, 0]) and np.isfinite(y).sum() == 3
    assert pull(np.ones(y.shape)).sum() == 4.0


def test_border_windows_average_the_pixels_they_have():
    assert np.array_equal(avg_pool2d(np.ones((1, 5, 5, 2)), 3, 2, "same"), np.ones((1, 3, 3, 2)))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    x = image((1, 4, 4, 2)).astype(dtype)
    for vjp in (max_pool2d_vjp, avg_pool2d_vjp):
        y, pull = vjp(x)
        assert y.dtype == dtype and pull(y).dtype == dtype


def test_integers_are_pooled():
    x = np.arange(16).reshape(1, 4, 4, 1)
    assert np.array_equal(max_pool2d(x, 3, 2, 1)[0, :, :, 0], [[5, 7], [13, 15]])
    assert np.array_equal(avg_pool2d(x)[0, :, :, 0], [[2.5, 4.5], [10.5, 12.5]])


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"images \[N, H, W, C\]"):
        max_pool2d(np.ones((4, 4)))
    with pytest.raises(ArgumentError, match="less than the window"):
        max_pool2d(np.ones((1, 4, 4, 1)), 2, 2, 2)
    with pytest.raises(ArgumentError, match="does not fit"):
        avg_pool2d(np.ones((1, 4, 4, 1)), 5)
