"""ADBench's hand tracking: 26 parameters pose a skinned hand, whose points are compared with measured ones.

The gradient is of half the sum of squares; the Jacobian, of all residuals, is that of ADBench.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from case import Case

import pullback as pb

DATA = Path(__file__).parents[1] / "data" / "hand"


def axis_rotation(r):
    """The rotation about an axis by its length."""
    angle = np.sqrt(np.sum(r * r))
    if angle < 1e-4:
        return np.eye(3)
    x, y, z = r[0] / angle, r[1] / angle, r[2] / angle
    c, s = np.cos(angle), np.sin(angle)
    return np.array([
        np.array([x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s]),
        np.array([x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s]),
        np.array([x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c]),
    ])  # fmt: skip


def bent(flexion, spread):
    """The rotation of a joint: Rz(spread) Rx(flexion)."""
    cx, sx, cz, sz = np.cos(flexion), np.sin(flexion), np.cos(spread), np.sin(spread)
    zero = 0.0 * cx
    return np.array([
        np.array([cz, -sz * cx, sz * sx, zero]),
        np.array([sz, cz * cx, -cz * sx, zero]),
        np.array([zero, sx, cx, zero]),
        np.array([zero, zero, zero, zero + 1.0]),
    ])  # fmt: skip


def posed(theta, parents, relatives, inverses, weighted):
    """The vertices; `weighted` are their base positions times the weight of each bone, [bones, 4, vertices]."""
    absolutes = []
    positions = 0.0
    for bone in range(len(parents)):
        finger, joint = (bone - 1) // 4, (bone - 1) % 4
        own = relatives[bone]
        if bone > 0 and joint > 0:
            start = 6 + 4 * finger
            spread = theta[start + 1] if joint == 1 else 0.0 * theta[0]
            flexion = theta[start] if joint == 1 else theta[start + joint]
            own = own @ bent(flexion, spread)
        absolute = own if parents[bone] < 0 else absolutes[parents[bone]] @ own
        absolutes.append(absolute)
        positions = positions + (absolute @ inverses[bone])[0:3] @ weighted[bone]
    return positions


def residuals(theta, parents, relatives, inverses, weighted, points):
    positions = posed(theta, parents, relatives, inverses, weighted)
    return points - (axis_rotation(theta[0:3]) @ positions + theta[3:6][:, None])


def half_square(theta, parents, relatives, inverses, weighted, points):
    e = residuals(theta, parents, relatives, inverses, weighted, points)
    return 0.5 * np.sum(e * e)


def as_loops(theta, parents, relatives, inverses, weighted, points):
    """Half the sum of squares, entry by entry."""
    bones = parents.shape[0]
    absolutes = np.zeros((bones, 3, 4))
    own = np.zeros((3, 4))
    turn = np.zeros((3, 3))
    n = points.shape[1]
    positions = np.zeros((3, n))
    for bone in range(bones):
        finger, joint = (bone - 1) // 4, (bone - 1) % 4
        for i in range(3):
            for j in range(4):
                own[i, j] = relatives[bone, i, j]
        if bone > 0 and joint > 0:
            start = 6 + 4 * finger
            flexion = theta[start] if joint == 1 else theta[start + joint]
            spread = theta[start + 1] if joint == 1 else 0.0
            cx, sx, cz, sz = math.cos(flexion), math.sin(flexion), math.cos(spread), math.sin(spread)
            turn[0, 0], turn[0, 1], turn[0, 2] = cz, -sz * cx, sz * sx
            turn[1, 0], turn[1, 1], turn[1, 2] = sz, cz * cx, -cz * sx
            turn[2, 0], turn[2, 1], turn[2, 2] = 0.0, sx, cx
            for i in range(3):
                for j in range(3):
                    total = 0.0
                    for k in range(3):
                        total += relatives[bone, i, k] * turn[k, j]
                    own[i, j] = total
        parent = parents[bone]
        for i in range(3):
            for j in range(4):
                if parent < 0:
                    absolutes[bone, i, j] = own[i, j]
                else:
                    total = absolutes[parent, i, 3] if j == 3 else 0.0
                    for k in range(3):
                        total += absolutes[parent, i, k] * own[k, j]
                    absolutes[bone, i, j] = total
        for i in range(3):
            for j in range(4):
                entry = absolutes[bone, i, 3] if j == 3 else 0.0
                for k in range(3):
                    entry += absolutes[bone, i, k] * inverses[bone, k, j]
                for p in range(n):
                    positions[i, p] += entry * weighted[bone, j, p]
    angle = math.sqrt(theta[0] * theta[0] + theta[1] * theta[1] + theta[2] * theta[2])
    x, y, z = theta[0] / angle, theta[1] / angle, theta[2] / angle
    c, s = math.cos(angle), math.sin(angle)
    total = 0.0
    for p in range(n):
        a, b, d = positions[0, p], positions[1, p], positions[2, p]
        along = (x * a + y * b + z * d) * (1.0 - c)
        e = points[0, p] - (a * c + (y * d - z * b) * s + x * along + theta[3])
        f = points[1, p] - (b * c + (z * a - x * d) * s + y * along + theta[4])
        g = points[2, p] - (d * c + (x * b - y * a) * s + z * along + theta[5])
        total += e * e + f * f + g * g
    return 0.5 * total


def read(name):
    bones = [line.split(":") for line in (DATA / "model" / "bones.txt").read_text().split("\n") if line.strip()]
    parents = np.array([int(b[1]) for b in bones])
    relatives = np.array([np.array(b[2:18], float).reshape(4, 4) for b in bones])
    inverses = np.array([np.array(b[18:34], float).reshape(4, 4) for b in bones])
    lines = [line.split(":") for line in (DATA / "model" / "vertices.txt").read_text().split("\n") if line.strip()]
    vertices = np.array([[*map(float, v[:3]), 1.0] for v in lines])
    weights = np.zeros((len(bones), len(lines)))
    for i, v in enumerate(lines):
        for k in range(int(v[8])):
            weights[int(v[9 + 2 * k]), i] = float(v[10 + 2 * k])
    words = iter((DATA / f"{name}.txt").read_text().split())
    n, count = int(next(words)), int(next(words))
    rows = np.array([[float(next(words)) for _ in range(4)] for _ in range(n)])
    theta = np.array([float(next(words)) for _ in range(count)])
    chosen = rows[:, 0].astype(int)
    weighted = weights[:, None, chosen] * vertices[chosen].T[None, :, :]
    return theta, parents, relatives, inverses, weighted, np.ascontiguousarray(rows[:, 1:].T)


def check():
    """The loops have the value and gradient of the NumPy form."""
    args = read("test")
    few = (*args[:4], args[4][:, :, :3], args[5][:, :3])
    expected = pb.value_with_gradient(half_square, wrt=0)(few[0], few[1].tolist(), *few[2:])
    seen = pb.value_with_gradient(as_loops, wrt=0)(*few)
    assert np.allclose(seen[0], expected[0], rtol=1e-10) and np.allclose(seen[1], expected[1], rtol=1e-9, atol=1e-9)


def cases(quick=False):
    name = "test" if quick else "hand1_t26_c100"
    args = read(name)
    args_of_lists = (args[0], args[1].tolist(), *args[2:])
    case = Case(f"{name}, NumPy", half_square, args_of_lists, wrt=(0,), auto="torch jax autograd", compiled=False)

    def torch():
        from peers import torch_gradient

        return torch_gradient(case)

    return [
        case,
        Case(f"{name}, Jacobian, NumPy", residuals, args_of_lists, wrt=(0,), verb="jacobian", compiled=False,
             peers={"torch": lambda: _jacobian_by_torch(args_of_lists)}),
        Case(f"{name}, loops", as_loops, args, wrt=(0,), peers={"torch": torch}, seconds=1.0, check=check),
    ]  # fmt: skip


def _jacobian_by_torch(args):
    import torch
    from peers import _tensor, _Torch, under

    torch.set_num_threads(1)
    f = under(residuals, np=_Torch())
    given = [_tensor(a, False) for a in args]
    return lambda: torch.func.jacfwd(lambda theta: f(theta, *given[1:]))(given[0])
