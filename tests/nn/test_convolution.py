from __future__ import annotations

import itertools

import numpy as np
import pytest

from pullback.errors import ArgumentError
from pullback.nn import convolution
from pullback.nn.convolution import (
    conv2d,
    conv2d_filter_gradient,
    conv2d_filter_gradient_vjp,
    conv2d_filter_vjp,
    conv2d_input_gradient,
    conv2d_input_gradient_vjp,
    conv2d_input_vjp,
    conv2d_vjp,
)

from .vjp_checks import check_vjp

# images, filters, stride, padding, dilation
CASES = [
    ((2, 6, 5, 3), (3, 3, 3, 2), (1, 1), "valid", (1, 1)),
    ((2, 6, 5, 3), (3, 2, 3, 4), (1, 1), "same", (1, 1)),
    ((2, 7, 8, 2), (3, 3, 2, 3), (2, 3), "valid", (1, 1)),
    ((2, 7, 8, 2), (3, 2, 2, 3), (2, 2), "same", (1, 1)),
    ((1, 9, 9, 2), (3, 3, 2, 2), (1, 1), "valid", (2, 3)),
    ((1, 9, 9, 2), (2, 3, 2, 2), (2, 1), "same", (2, 2)),
    ((2, 5, 6, 1), (2, 2, 1, 8), (1, 1), 1, (1, 1)),
    ((2, 5, 6, 3), (2, 3, 3, 1), (1, 1), ((0, 2), (1, 0)), (1, 1)),
    ((2, 4, 4, 2), (2, 2, 2, 2), (1, 1), (3, 2), (1, 1)),  # padding wider than the window
    ((2, 6, 7, 2), (1, 1, 2, 3), (1, 1), "valid", (1, 1)),
    ((2, 6, 7, 2), (1, 1, 2, 3), (3, 2), "valid", (1, 1)),
    ((1, 3, 20, 1), (2, 3, 1, 2), (1, 1), "valid", (1, 1)),  # long rows of one channel: the transposed order
    ((1, 5, 40, 2), (2, 2, 2, 3), (2, 2), "same", (1, 2)),
    ((2, 3, 3, 2), (3, 3, 2, 4), (1, 1), "valid", (1, 1)),  # a single place
]


def arrays(x_shape, filter_shape):
    rng = np.random.default_rng(0)
    return rng.standard_normal(x_shape), rng.standard_normal(filter_shape)


def by_loops(x, filters, stride, padding, dilation):
    """The definition, pixel by pixel."""
    h, width, _, features = filters.shape
    reach = ((h - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1)
    sides = []
    for axis in (0, 1):
        if padding == "valid":
            sides.append((0, 0))
        elif padding == "same":
            n, s = x.shape[1 + axis], stride[axis]
            total = max((-(-n // s) - 1) * s + reach[axis] - n, 0)
            sides.append((total // 2, total - total // 2))
        else:
            side = padding if isinstance(padding, int) else padding[axis]
            sides.append((side, side) if isinstance(side, int) else side)
    x = np.pad(x, ((0, 0), *sides, (0, 0)))
    places = [(x.shape[1 + a] - reach[a]) // stride[a] + 1 for a in (0, 1)]
    y = np.zeros((len(x), *places, features))
    for p, q in itertools.product(*map(range, places)):
        for i, j in itertools.product(range(h), range(width)):
            y[:, p, q] += x[:, p * stride[0] + i * dilation[0], q * stride[1] + j * dilation[1]] @ filters[i, j]
    return y


@pytest.mark.parametrize("case", CASES)
def test_against_the_definition(case):
    x, filters = arrays(*case[:2])
    assert np.allclose(conv2d(x, filters, *case[2:]), by_loops(x, filters, *case[2:]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("block", [1, 2000, 1 << 19])
@pytest.mark.parametrize("case", CASES)
def test_derivatives_against_differences(case, block, monkeypatch):
    monkeypatch.setattr(convolution, "_BLOCK_BYTES", block)  # one image at a time, a few, all
    x, filters = arrays(*case[:2])
    check_vjp(conv2d, conv2d_vjp, x, filters, *case[2:], wrt=(0, 1))
    check_vjp(conv2d, conv2d_input_vjp, x, filters, *case[2:], wrt=(0,))
    check_vjp(conv2d, conv2d_filter_vjp, x, filters, *case[2:], wrt=(1,))


@pytest.mark.parametrize("case", CASES)
def test_second_derivatives_against_differences(case):
    x, filters = arrays(*case[:2])
    g = np.random.default_rng(1).standard_normal(conv2d(x, filters, *case[2:]).shape)
    check_vjp(conv2d_input_gradient, conv2d_input_gradient_vjp, g, filters, x.shape, *case[2:], wrt=(0, 1))
    check_vjp(conv2d_filter_gradient, conv2d_filter_gradient_vjp, x, g, filters.shape, *case[2:], wrt=(0, 1))


@pytest.mark.parametrize("case", [c for c in CASES if c[3] != "same" and not isinstance(c[3], tuple)])
def test_against_torch(case):
    torch = pytest.importorskip("torch")
    x, filters = arrays(*case[:2])
    stride, padding, dilation = case[2:]
    tx = torch.tensor(x).permute(0, 3, 1, 2).requires_grad_()
    tf = torch.tensor(filters).permute(3, 2, 0, 1).requires_grad_()
    ty = torch.nn.functional.conv2d(tx, tf, stride=stride, padding=padding, dilation=dilation)
    y, pull = conv2d_vjp(x, filters, stride, padding, dilation)
    assert np.allclose(y, ty.detach().permute(0, 2, 3, 1).numpy(), rtol=1e-12, atol=1e-12)
    g = np.random.default_rng(2).standard_normal(y.shape)
    ty.backward(torch.tensor(g).permute(0, 3, 1, 2))
    x_bar, filters_bar = pull(g)
    assert np.allclose(x_bar, tx.grad.permute(0, 2, 3, 1).numpy(), rtol=1e-12, atol=1e-12)
    assert np.allclose(filters_bar, tf.grad.permute(2, 3, 1, 0).numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex64])
def test_dtype_is_kept(dtype):
    x, filters = (a.astype(dtype) for a in arrays((2, 5, 5, 2), (2, 2, 2, 3)))
    y, pull = conv2d_vjp(x, filters)
    assert y.dtype == dtype
    assert [t.dtype for t in pull(y)] == [dtype, dtype]
    assert conv2d_input_vjp(x, filters, 2)[1](y[:, ::2, ::2]).dtype == dtype


def test_transposed_and_sliced_inputs():
    x, filters = arrays((5, 6, 3, 2), (3, 2, 3, 2))
    strided, flipped = x.transpose(3, 1, 0, 2), filters[::-1, :, :, ::-1]
    check_vjp(conv2d, conv2d_vjp, strided, flipped, wrt=(0, 1))
    y, pull = conv2d_vjp(strided, flipped)
    g = np.asfortranarray(y)
    for a, b in zip(pull(g), pull(y), strict=True):
        assert np.array_equal(a, b)


def test_an_empty_batch():
    y, pull = conv2d_vjp(np.zeros((0, 5, 5, 2)), np.ones((2, 2, 2, 3)))
    assert y.shape == (0, 4, 4, 3)
    x_bar, filters_bar = pull(y)
    assert x_bar.shape == (0, 5, 5, 2)
    assert np.array_equal(filters_bar, np.zeros((2, 2, 2, 3)))


@pytest.mark.parametrize(
    ("x_shape", "filter_shape", "message"),
    [
        ((5, 5, 2), (2, 2, 2, 3), r"images \[N, H, W, C\]"),
        ((1, 5, 5, 2), (2, 2, 3), r"filters \[h, w, C, O\]"),
        ((1, 5, 5, 2), (2, 2, 3, 4), "have 2 channels, but filters .* take 3"),
        ((1, 5, 5, 2), (6, 2, 2, 4), "does not fit"),
    ],
)
def test_bad_shapes_are_named(x_shape, filter_shape, message):
    with pytest.raises(ArgumentError, match=message):
        conv2d(np.ones(x_shape), np.ones(filter_shape))


def test_a_cotangent_of_the_wrong_shape_is_refused():
    _, pull = conv2d_vjp(np.ones((1, 5, 5, 2)), np.ones((2, 2, 2, 4)))
    with pytest.raises(ArgumentError, match=r"\(1, 4, 4, 4\) is needed, not \(1, 4, 4, 1\)"):
        pull(np.ones((1, 4, 4, 1)))
