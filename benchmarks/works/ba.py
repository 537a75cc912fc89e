"""ADBench's bundle adjustment: the whole sparse Jacobian, of many small functions, in NumPy form and as scalars.

Each observation has a 2 × 15 block (camera 11, point 3, weight 1); each weight an entry of its own.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from case import Case

import pullback as pb

DATA = Path(__file__).parents[1] / "data" / "ba"
ROW = (
    228.877202208, 634.574811496, -782.222866259, 2.42892615607, -11.7828079628, 2.54169312488, -1.03657084959,
    0.417022, 0.0, -350.739521096, -912.107773668, -2.42892615607, 11.7828079628, -2.54169312488, -0.645167039713,
)  # fmt: skip


def rotated(r, v):
    """Rodrigues' formula; its limit at r = 0."""
    square = np.dot(r, r)
    if square == 0.0:
        return v + np.cross(r, v)
    angle = np.sqrt(square)
    axis = r / angle
    c, s = np.cos(angle), np.sin(angle)
    return v * c + np.cross(axis, v) * s + axis * (np.dot(axis, v) * (1.0 - c))


def projected(camera, point):
    y = rotated(camera[0:3], point - camera[3:6])
    p = y[0:2] / y[2]
    square = np.dot(p, p)
    return camera[6] * (1.0 + camera[9] * square + camera[10] * square * square) * p + camera[7:9]


def residual(camera, point, weight, feature):
    return weight * (projected(camera, point) - feature)


def scalar_residual(r1, r2, r3, c1, c2, c3, f, u, v, k1, k2, x, y, z, w, feature_x, feature_y):
    """The same with floats: the two residuals of one observation."""
    x, y, z = x - c1, y - c2, z - c3
    square = r1 * r1 + r2 * r2 + r3 * r3
    if square == 0.0:
        a = x + r2 * z - r3 * y
        b = y + r3 * x - r1 * z
        d = z + r1 * y - r2 * x
    else:
        angle = math.sqrt(square)
        n1, n2, n3 = r1 / angle, r2 / angle, r3 / angle
        c, s = math.cos(angle), math.sin(angle)
        along = (n1 * x + n2 * y + n3 * z) * (1.0 - c)
        a = x * c + (n2 * z - n3 * y) * s + n1 * along
        b = y * c + (n3 * x - n1 * z) * s + n2 * along
        d = z * c + (n1 * y - n2 * x) * s + n3 * along
    p, q = a / d, b / d
    rho = p * p + q * q
    scale = f * (1.0 + k1 * rho + k2 * rho * rho)
    return w * (scale * p + u - feature_x), w * (scale * q + v - feature_y)


def read(name):
    numbers = np.array((DATA / f"{name}.txt").read_text().split(), float)
    n, m, p = numbers[:3].astype(int)
    camera, point, weight, feature = numbers[3:14], numbers[14:17], float(numbers[17]), numbers[18:20]
    return int(n), int(m), int(p), camera, point, weight, feature


def whole_by_rows(cameras, points, weights, features):
    """The blocks of all observations, by two pullbacks each of the NumPy form."""
    pull = pb.value_with_pullback(residual, wrt=(0, 1, 2))
    blocks = np.empty((len(weights), 2, 15))
    for i, (weight, feature) in enumerate(zip(weights, features)):
        _, back = pull(cameras[i % len(cameras)], points[i % len(points)], weight, feature)
        for row, seed in enumerate(_UNITS):
            d_camera, d_point, d_weight = back(seed)
            blocks[i, row, :11], blocks[i, row, 11:14], blocks[i, row, 14] = d_camera, d_point, d_weight
    return blocks, -2.0 * np.array(weights)


def whole_of_scalars(cameras, points, weights, features):
    """The blocks of all observations, by two pullbacks each of the scalar form."""
    pull = pb.pullback(scalar_residual, wrt=tuple(range(15)))
    blocks = np.empty((len(weights), 2, 15))
    cameras, points, features = cameras.tolist(), points.tolist(), features.tolist()
    for i, (weight, feature) in enumerate(zip(weights, features)):
        back = pull(*cameras[i % len(cameras)], *points[i % len(points)], weight, *feature)
        blocks[i, 0] = back((1.0, 0.0))
        blocks[i, 1] = back((0.0, 1.0))
    return blocks, -2.0 * np.array(weights)


_UNITS = (np.array([1.0, 0.0]), np.array([0.0, 1.0]))


def weighed_residual(r1, r2, r3, c1, c2, c3, f, u, v, k1, k2, x, y, z, w, feature_x, feature_y, s1, s2):
    """A sum of the two residuals: its gradient is a row of the Jacobian, for the weights (1, 0) or (0, 1)."""
    x, y, z = x - c1, y - c2, z - c3
    square = r1 * r1 + r2 * r2 + r3 * r3
    if square == 0.0:
        a = x + r2 * z - r3 * y
        b = y + r3 * x - r1 * z
        d = z + r1 * y - r2 * x
    else:
        angle = math.sqrt(square)
        n1, n2, n3 = r1 / angle, r2 / angle, r3 / angle
        c, s = math.cos(angle), math.sin(angle)
        along = (n1 * x + n2 * y + n3 * z) * (1.0 - c)
        a = x * c + (n2 * z - n3 * y) * s + n1 * along
        b = y * c + (n3 * x - n1 * z) * s + n2 * along
        d = z * c + (n1 * y - n2 * x) * s + n3 * along
    p, q = a / d, b / d
    rho = p * p + q * q
    scale = f * (1.0 + k1 * rho + k2 * rho * rho)
    return s1 * (w * (scale * p + u - feature_x)) + s2 * (w * (scale * q + v - feature_y))


def as_loops(cameras, points, weights, features, s1, s2):
    """A sum of all residuals, as one loop: its gradient by each observation's own parameters is a row of each block."""
    total = 0.0
    for i in range(weights.shape[0]):
        r1, r2, r3 = cameras[i, 0], cameras[i, 1], cameras[i, 2]
        x, y, z = points[i, 0] - cameras[i, 3], points[i, 1] - cameras[i, 4], points[i, 2] - cameras[i, 5]
        square = r1 * r1 + r2 * r2 + r3 * r3
        if square == 0.0:
            a = x + r2 * z - r3 * y
            b = y + r3 * x - r1 * z
            d = z + r1 * y - r2 * x
        else:
            angle = math.sqrt(square)
            n1, n2, n3 = r1 / angle, r2 / angle, r3 / angle
            c, s = math.cos(angle), math.sin(angle)
            along = (n1 * x + n2 * y + n3 * z) * (1.0 - c)
            a = x * c + (n2 * z - n3 * y) * s + n1 * along
            b = y * c + (n3 * x - n1 * z) * s + n2 * along
            d = z * c + (n1 * y - n2 * x) * s + n3 * along
        p, q = a / d, b / d
        rho = p * p + q * q
        scale = cameras[i, 6] * (1.0 + cameras[i, 9] * rho + cameras[i, 10] * rho * rho)
        e1 = weights[i] * (scale * p + cameras[i, 7] - features[i, 0])
        e2 = weights[i] * (scale * q + cameras[i, 8] - features[i, 1])
        total += s1 * e1 + s2 * e2
    return total


def gathered(cameras, points, weights, features):
    """The parameters of each observation beside each other: no two observations share them."""
    at = np.arange(len(weights))
    return cameras[at % len(cameras)], points[at % len(points)], np.array(weights), features


def whole_of_loops(cameras, points, weights, features, gradient):
    """The blocks of all observations, by two gradients of the loop."""
    blocks = np.empty((len(weights), 2, 15))
    for row, seeds in enumerate(((1.0, 0.0), (0.0, 1.0))):
        d_camera, d_point, d_weight = gradient(*gathered(cameras, points, weights, features), *seeds)
        blocks[:, row, :11], blocks[:, row, 11:14], blocks[:, row, 14] = d_camera, d_point, d_weight
    return blocks, -2.0 * np.array(weights)


def whole_by_gradients(cameras, points, weights, features, gradient):
    """The blocks of all observations, by the gradients of sums of both residuals."""
    blocks = np.empty((len(weights), 2, 15))
    cameras, points, features = cameras.tolist(), points.tolist(), features.tolist()
    for i, (weight, feature) in enumerate(zip(weights, features)):
        given = (*cameras[i % len(cameras)], *points[i % len(points)], weight, *feature)
        blocks[i, 0] = gradient(*given, 1.0, 0.0)
        blocks[i, 1] = gradient(*given, 0.0, 1.0)
    return blocks, -2.0 * np.array(weights)


def whole_by_torch(cameras, points, weights, features):
    """PyTorch, eager, a loop over the residuals."""
    import torch
    from peers import _Torch, under

    torch.set_num_threads(1)
    shim = _Torch()
    shim.dot, shim.cross = torch.dot, lambda a, b: torch.linalg.cross(a, b)
    f = under(residual, np=shim)
    blocks = np.empty((len(weights), 2, 15))
    for i, (weight, feature) in enumerate(zip(weights, features)):
        leaves = [torch.tensor(v, requires_grad=True) for v in (cameras[i % len(cameras)], points[i % len(points)])]
        leaves.append(torch.tensor(weight, dtype=torch.float64, requires_grad=True))
        e = f(*leaves, torch.tensor(feature))
        for row in range(2):
            grads = torch.autograd.grad(e[row], leaves, retain_graph=row == 0)
            blocks[i, row] = np.concatenate([g.reshape(-1).numpy() for g in grads])
    return blocks, -2.0 * np.array(weights)


def primal(cameras, points, weights, features):
    cameras, points, features = cameras.tolist(), points.tolist(), features.tolist()
    return [
        scalar_residual(*cameras[i % len(cameras)], *points[i % len(points)], weight, *feature)
        for i, (weight, feature) in enumerate(zip(weights, features))
    ]


def primal_numpy(cameras, points, weights, features):
    return [
        residual(cameras[i % len(cameras)], points[i % len(points)], weight, feature)
        for i, (weight, feature) in enumerate(zip(weights, features))
    ]


def data(name, observations):
    n, m, _, camera, point, weight, feature = read(name)
    return np.tile(camera, (n, 1)), np.tile(point, (m, 1)), [weight] * observations, np.tile(feature, (observations, 1))


def check():
    args = data("test", 10)
    e = scalar_residual(*args[0][0], *args[1][0], args[2][0], *args[3][0])
    assert np.allclose(e, (-0.269048849235189, 0.259944792677926), rtol=1e-10)
    assert np.isclose(1.0 - args[2][0] ** 2, 0.826092651516)
    for whole in (whole_by_rows, whole_of_scalars, lambda *a: _gradients(a)(), lambda *a: _loops(a)()):
        blocks, _ = whole(*args)
        assert np.allclose(blocks[0, 0][:15], ROW[:15], rtol=1e-9, atol=1e-12), blocks[0, 0]
        assert np.allclose(blocks, blocks[0])


def _gradients(args):
    gradient = pb.gradient(weighed_residual, wrt=tuple(range(15)))
    return lambda: whole_by_gradients(*args, gradient)


def _compiled(args):
    gradient = pb.jit(pb.gradient(weighed_residual, wrt=tuple(range(15))))
    return lambda: whole_by_gradients(*args, gradient)


def _loops(args, wrapped=None):
    gradient = pb.gradient(as_loops, wrt=(0, 1, 2))
    gradient = gradient if wrapped is None else wrapped(gradient)
    return lambda: whole_of_loops(*args, gradient)


def cases(quick=False):
    """The data has 31,843 like observations; so many are taken that a round takes a fraction of a second."""
    args = data("test" if quick else "ba1_n49_m7776_p31843", 20 if quick else 200)
    torch = {"torch": lambda: lambda: whole_by_torch(*args)}
    if hasattr(pb, "jit"):
        torch["pullback, compiled rows"] = lambda: _compiled(args)
    count = len(args[2])
    return [
        Case(
            f"{count} observations, NumPy", primal_numpy, args, make_ours=lambda: lambda: whole_by_rows(*args),
            peers=torch, compiled=False, check=check,
        ),
        Case(
            f"{count} observations, scalars, pullbacks", primal, args,
            make_ours=lambda: lambda: whole_of_scalars(*args), peers=torch, compiled=False,
        ),
        Case(
            f"{count} observations, scalars, gradients", primal, args, make_ours=lambda: _gradients(args),
            peers=torch, compiled=False,
        ),
        *([Case(
            f"{count} observations, one compiled loop", as_loops, (*gathered(*args), 1.0, 0.0),
            make_ours=lambda: _loops(args, pb.jit), peers={"torch": torch["torch"]}, compiled=False,
        )] if hasattr(pb, "jit") else []),
    ]  # fmt: skip
