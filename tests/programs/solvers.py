"""Linear algebra and numerical methods by hand: factorisations, recurrences, quadrature, splines."""

import math

import numpy as np

from .registry import program

SPD = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]])


@program(
    np.array([0.5, 0.4, 0.3]),
    np.array([2.0, 2.5, 3.0, 2.2]),
    np.array([0.3, 0.2, 0.6]),
    np.array([1.0, 2.0, 3.0, 4.0]),
)
def thomas_tridiagonal(a, b, c, d):
    n = len(d)
    cp = np.zeros(n - 1)
    dp = np.zeros(n)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i - 1] * cp[i - 1]
        if i < n - 1:
            cp[i] = c[i] / m
        dp[i] = (d[i] - a[i - 1] * dp[i - 1]) / m
    x = np.zeros(n)
    x[-1] = dp[-1]
    for i in range(n - 2, -1, -1):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return np.sum(x**2)


@program([2.0, 2.5, 3.0], [0.4, 0.7], [1.0, -1.0, 2.0])
def thomas_on_lists_in_place(diagonal, off, rhs):
    """The arguments are the work space, as in Numerical Recipes."""
    n = len(rhs)
    for i in range(1, n):
        w = off[i - 1] / diagonal[i - 1]
        diagonal[i] -= w * off[i - 1]
        rhs[i] -= w * rhs[i - 1]
    rhs[n - 1] /= diagonal[n - 1]
    for i in reversed(range(n - 1)):
        rhs[i] = (rhs[i] - off[i] * rhs[i + 1]) / diagonal[i]
    return sum(r * r for r in rhs)


@program(SPD)
def lu_log_determinant(a):
    a = a.copy()
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            a[i, k + 1 :] -= a[i, k] * a[k, k + 1 :]
    return sum(math.log(abs(a[k, k])) for k in range(n))


@program(np.array([[0.1, 2.0, 1.0], [3.0, 0.4, -1.0], [1.0, 1.0, 2.0]]), np.array([1.0, 2.0, 3.0]))
def gauss_with_pivoting(a, b):
    """Rows swapped by index lists, elimination in place."""
    n = len(b)
    a, b = a.copy(), b.copy()
    for k in range(n):
        p = max(range(k, n), key=lambda r: abs(a[r, k]))
        if p != k:
            a[[k, p]] = a[[p, k]]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i, k:] -= factor * a[k, k:]
            b[i] -= factor * b[k]
    for k in range(n - 1, -1, -1):
        b[k] = (b[k] - a[k, k + 1 :] @ b[k + 1 :]) / a[k, k]
    return b @ b


@program(SPD, np.array([1.0, 2.0, -1.0]))
def cholesky_solve(a, b):
    n = len(b)
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = a[i][j]
            for k in range(j):
                s -= L[i][k] * L[j][k]
            if i == j:
                L[i][i] = math.sqrt(s)
            else:
                L[i][j] = s / L[j][j]
    y = [0.0] * n
    for i in range(n):
        y[i] = (b[i] - sum(L[i, k] * y[k] for k in range(i))) / L[i, i]
    return sum(v**2 for v in y) + np.log(np.diag(L)).sum()


@program([[2.0, 1.0], [0.5, 3.0]], [[1.0, 0.2], [0.3, 1.5]])
def matrix_product_on_lists(a, b):
    c = [[0.0] * 2 for _ in range(2)]
    for i in range(2):
        for j in range(2):
            for k in range(2):
                c[i][j] += a[i][k] * b[k][j]
    return c[0][0] * c[1][1] - c[0][1] * c[1][0] + c[0][1]


@program(np.linspace(-1.0, 1.5, 7))
def convolution_by_loops(signal):
    kernel = np.array([0.25, 0.5, 0.25])
    out = np.zeros(len(signal) - 2)
    for i in range(out.size):
        for j in range(3):
            out[i] += kernel[j] * signal[i + j]
    return np.sum(np.tanh(out))


@program([0.0, 1.0, 4.0, 2.0, -1.0], 2.3)
def natural_cubic_spline(y, at):
    n = len(y) - 1
    alpha = [0.0] * (n + 1)
    for i in range(1, n):
        alpha[i] = 3 * (y[i + 1] - 2 * y[i] + y[i - 1])
    l, mu, z = [1.0] * (n + 1), [0.0] * (n + 1), [0.0] * (n + 1)
    for i in range(1, n):
        l[i] = 4 - mu[i - 1]
        mu[i] = 1 / l[i]
        z[i] = (alpha[i] - z[i - 1]) / l[i]
    c = [0.0] * (n + 1)
    b, d = [0.0] * n, [0.0] * n
    for j in range(n - 1, -1, -1):
        c[j] = z[j] - mu[j] * c[j + 1]
        b[j] = y[j + 1] - y[j] - (c[j + 1] + 2 * c[j]) / 3
        d[j] = (c[j + 1] - c[j]) / 3
    j = min(int(at), n - 1)
    t = at - j
    return y[j] + b[j] * t + c[j] * t**2 + d[j] * t**3


@program(math.e / 2)
def romberg(upper):
    """The table of lists of lists, filled row by row."""

    def f(t):
        return math.exp(-t * t)

    R = [[0.0] * 5 for _ in range(5)]
    h = upper
    R[0][0] = 0.5 * h * (f(0.0) + f(upper))
    for i in range(1, 5):
        h /= 2
        total = 0.0
        for k in range(1, 2**i, 2):
            total += f(k * h)
        R[i][0] = 0.5 * R[i - 1][0] + total * h
        for j in range(1, i + 1):
            R[i][j] = R[i][j - 1] + (R[i][j - 1] - R[i - 1][j - 1]) / (4**j - 1)
    return R[4][4]


@program([1.0, 2.5, 0.3, 4.0], 1.7)
def neville_interpolation(ys, x):
    p = list(ys)
    n = len(p)
    for m in range(1, n):
        for i in range(n - m):
            p[i] = ((x - i - m) * p[i] + (i - x) * p[i + 1]) / -m
    return p[0]


@program([1.0, -2.0, 0.5, 3.0], 0.7)
def horner(coefficients, x):
    total = 0.0
    for c in reversed(coefficients):
        total = total * x + c
    return total


@program(2.0, 0.5)
def aitken_accelerated(a, b):
    xs = [b]
    while len(xs) < 6:
        xs.append(math.sqrt(a + xs[-1]))
        if len(xs) >= 3 and len(xs) % 3 == 0:
            x0, x1, x2 = xs[-3:]
            xs[-1] = x2 - (x2 - x1) ** 2 / (x2 - 2 * x1 + x0)
    return xs[-1] * xs[2]


@program(np.array([1.0, 0.5, -0.5, 2.0, 0.1, 0.3, -1.0, 0.7]))
def fft_by_hand(x):
    """Danielson-Lanczos in place on real and imaginary parts."""
    n = len(x)
    re = np.array([x[0], x[4], x[2], x[6], x[1], x[5], x[3], x[7]])
    im = np.zeros(n)
    size = 2
    while size <= n:
        half = size // 2
        for start in range(0, n, size):
            for k in range(half):
                angle = -2 * math.pi * k / size
                c, s = math.cos(angle), math.sin(angle)
                i, j = start + k, start + k + half
                tr = c * re[j] - s * im[j]
                ti = c * im[j] + s * re[j]
                re[j] = re[i] - tr
                im[j] = im[i] - ti
                re[i] += tr
                im[i] += ti
        size *= 2
    return np.sum((re**2 + im**2) * np.arange(n))


@program(np.array([3.0, 1.0, -2.0]))
def conjugate_gradient(b):
    x = np.zeros(3)
    r = b - SPD @ x
    p = r.copy()
    rs = r @ r
    for _ in range(2):
        ap = SPD @ p
        alpha = rs / (p @ ap)
        x += alpha * p
        r -= alpha * ap
        new = r @ r
        p *= new / rs
        p += r
        rs = new
    return x @ x + r[0]


@program(np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.5, 1.0, 4.0]]))
def gram_schmidt(a):
    q = a.astype(float)
    for j in range(3):
        for k in range(j):
            q[:, j] -= (q[:, k] @ q[:, j]) * q[:, k]
        q[:, j] /= np.linalg.norm(q[:, j])
    return q[0, 1] + 2 * q[2, 2] * q[1, 0]


@program(np.linspace(0.2, 1.4, 16).reshape(4, 4))
def jacobi_with_masks(u):
    """Boundary by boolean mask, interior by fancy index, two buffers swapped."""
    inside = np.zeros((4, 4), dtype=bool)
    inside[1:3, 1:3] = True
    a, b = u.copy(), u.copy()
    for _ in range(3):
        b[1:-1, 1:-1] = (a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:]) / 4
        b[~inside] *= 0.9
        a, b = b, a
    return np.sum(a[inside] ** 2) + a[0, 0]
