"""Root finding, quadrature, integration of equations, series, small linear algebra."""

import math

from .registry import case, later


@case(2.0)
def newton_sqrt(a):
    x = a
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


@case(0.5)
def newton_kepler(eccentricity, mean_anomaly=1.2):
    """The eccentric anomaly, with `break` on convergence."""
    e = mean_anomaly
    for _ in range(50):
        step = (e - eccentricity * math.sin(e) - mean_anomaly) / (1 - eccentricity * math.cos(e))
        e -= step
        if abs(step) < 1e-15:
            break
    return e


@case(3.0)
def bisection_then_newton(c):
    """A bracket by bisection (no derivative in it), then one Newton step that has it."""
    low, high = 0.0, 10.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        if middle**3 + middle < c:
            low = middle
        else:
            high = middle
    x = (low + high) / 2
    return x - (x**3 + x - c) / (3 * x * x + 1)


@case(0.3, 1.7)
def secant(a, b):
    """The root of cos x - x by secants: hardly dependent on where it starts, so few steps."""
    for _ in range(2):
        fa, fb = math.cos(a) - a, math.cos(b) - b
        a, b = b, b - fb * (b - a) / (fb - fa)
    return b


def rk4_step(f, t, y, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + h / 2, y + h / 2 * k2)
    k4 = f(t + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@case(0.5, 1.3)
def rk4_logistic(y0, rate):
    """Runge-Kutta with the right-hand side as a captured function."""

    def growth(t, y):
        return rate * y * (1 - y) + 0.01 * math.sin(t)

    t, y, h = 0.0, y0, 0.1
    for _ in range(10):
        y = rk4_step(growth, t, y, h)
        t += h
    return y


@case(0.2, 2.0)
def simpson(a, b, n=8):
    h = (b - a) / n
    total = math.exp(-a * a) + math.exp(-b * b)
    for i in range(1, n):
        x = a + i * h
        total += (4 if i % 2 else 2) * math.exp(-x * x)
    return total * h / 3


@case(0.3, 2.0)
def adaptive_simpson(a, b):
    """Adaptive quadrature by recursion."""

    def f(x):
        return math.sin(x * x)

    def rule(lo, hi):
        mid = (lo + hi) / 2
        return (hi - lo) / 6 * (f(lo) + 4 * f(mid) + f(hi))

    def integrate(lo, hi, whole, depth):
        mid = (lo + hi) / 2
        left, right = rule(lo, mid), rule(mid, hi)
        if depth == 0 or abs(left + right - whole) < 1e-4:
            return left + right
        return integrate(lo, mid, left, depth - 1) + integrate(mid, hi, right, depth - 1)

    return integrate(a, b, rule(a, b), 6)


@case([1.0, -2.0, 0.5, 3.0], 0.7)
def horner(coefficients, x):
    result = 0.0
    for c in coefficients:
        result = result * x + c
    return result


@case(0.9)
def continued_fraction(x, depth=12):
    """The tangent by its continued fraction."""
    tail = 0.0
    for k in range(depth, 0, -1):
        tail = x * x / ((2 * k + 1) - tail)
    return x / (1 - tail)


@case(0.8)
def taylor_exp(x):
    """The series until terms no longer matter."""
    term = total = 1.0
    n = 0
    while abs(term) > 1e-16:
        n += 1
        term *= x / n
        total += term
    return total


@case(2.0, 0.5, 1.5)
def power_iteration(a, b, c):
    """The largest eigenvalue of [[a, b], [b, c]]."""
    x, y = 1.0, 0.3
    for _ in range(40):
        x, y = a * x + b * y, b * x + c * y
        norm = math.hypot(x, y)
        x, y = x / norm, y / norm
    return a * x * x + 2 * b * x * y + c * y * y


@case([[2.0, 0.5], [0.3, 1.5]], [1.0, -0.4])
def cramer(matrix, right):
    (a, b), (c, d) = matrix
    det = a * d - b * c
    return (right[0] * d - b * right[1]) / det, (a * right[1] - c * right[0]) / det


@case(1.0, 0.8)
def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-14:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


@case(0.7, 0.2)
def fixed_point(x, c):
    for i in range(30):
        new = math.cos(x) * 0.5 + c
        if abs(new - x) < 1e-13:
            return new
        x = new
    return x


@case(0.4)
def chebyshev(x, n=6):
    """A Chebyshev polynomial by its recurrence."""
    if n == 0:
        return 1.0 + 0.0 * x
    previous, current = 1.0, x
    for _ in range(n - 1):
        previous, current = current, 2 * x * current - previous
    return current


@case(0.3, 0.9)
def nested_sum(x, y):
    """A double series that skips the diagonal and stops each row early."""
    total = 0.0
    for i in range(6):
        for j in range(6):
            if i == j:
                continue
            term = x**i * y**j / (1 + i + j)
            if term < 1e-4:
                break
            total += term
        else:
            total += 0.001 * x
    return total


@case(1.7)
def gamma_lanczos(z):
    """Stirling's series after shifting the argument up."""
    product = 1.0
    while z < 8:
        product *= z
        z += 1
    log = (z - 0.5) * math.log(z) - z + 0.5 * math.log(2 * math.pi) + 1 / (12 * z) - 1 / (360 * z**3)
    return math.exp(log) / product


@case(0.25, 0.6)
def golden_section_value(a, b):
    """The minimum of a function captured with its parameters; a search with swaps of brackets."""
    f = lambda x: (x - a) ** 2 + b * x**4
    ratio = (math.sqrt(5) - 1) / 2
    low, high = -2.0, 2.0
    for _ in range(60):
        c, d = high - ratio * (high - low), low + ratio * (high - low)
        if f(c) < f(d):
            high = d
        else:
            low = c
    return f((low + high) / 2)


@later("setitem", [4.0, 5.0, 6.0], [1.0, 2.0, 3.0])
def thomas(diagonal, right):
    """A tridiagonal system with off-diagonals 1."""
    n = len(diagonal)
    c, d, x = [0.0] * n, [0.0] * n, [0.0] * n
    c[0], d[0] = 1 / diagonal[0], right[0] / diagonal[0]
    for i in range(1, n):
        m = diagonal[i] - c[i - 1]
        c[i] = 1 / m
        d[i] = (right[i] - d[i - 1]) / m
    x[-1] = d[-1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    return x


@later("append", 0.5)
def euler_path(rate):
    path = [1.0]
    for _ in range(5):
        path.append(path[-1] * (1 - 0.1 * rate))
    return path


@later("try", 0.0)
def safe_ratio(x):
    try:
        return math.sin(x) / x
    except ZeroDivisionError:
        return 1.0 - x * x / 6.0
