"""What compiled code calls: the helpers for arrays, with what each adds to the adjoints of its operands.

    total(a)              np.sum(a)            its adjoint g is added to all of a's
    PRODUCTS[2, 1](a, v)  a @ v                g v^T is added to a's, a^T g to v's

They are ordinary Python; Numba compiles them with what calls them. `BACKWARD` names, for an operand's
position, a function of the operand's adjoint `d` (changed in place), the result's `g`, operands and result. A
parameter `_a` is not read and not kept; of `a_form` only the shape is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.compiled.number_support import power_base, power_exponent
from pullback.errors import CotangentError

BACKWARD: dict[Any, dict[int, Any]] = {}
VIEWS: set[Any] = set()
FLOATS, INTS = np.float64, np.int64


def backward_of(callee: Any) -> dict[int, Any] | None:
    """What a function adds to its operands' adjoints, if it is one of these."""
    try:
        return BACKWARD.get(callee)
    except TypeError:  # (a function of ctypes has no hash)
        return None


def is_view(callee: Any) -> bool:
    """Whether a function returns a view."""
    return backward_of(callee) is None and any(callee is v for v in VIEWS)


def generated(text: str, names: dict[str, Any] | None = None) -> Any:
    """A function from its text: one for each number of dimensions."""
    namespace = {**globals(), **(names or {})}
    exec(text, namespace)
    name = text.partition("(")[0].removeprefix("def ").strip()
    return namespace[name]


def extent(a: Any, axis: int) -> Any:
    """The length along an axis."""
    return a.shape[axis]


def size(a: Any) -> Any:
    """The number of entries."""
    return a.size


def transposed(a: Any) -> Any:
    """The transpose, a view."""
    return a.T


VIEWS.add(transposed)

# --- new arrays -----------------------------------------------------------------------------------


def _makers(function: str) -> dict[tuple[str, int], Any]:
    made = {}
    for type_, dtype in (("f", "FLOATS"), ("i", "INTS")):
        for ndim in range(1, 5):
            names = ", ".join("nmkl"[:ndim])
            body = f"np.{function}(({names},), {dtype})"
            made[type_, ndim] = generated(f"def {function}_{type_}_{ndim}({names}):\n    return {body}\n")
    return made


ZEROS, ONES, EMPTY = _makers("zeros"), _makers("ones"), _makers("empty")


def zeros_like(a: Any) -> Any:
    """Zeros of the same shape: an array's adjoint, before anything is added."""
    return np.zeros(a.shape, a.dtype)


def _nothing(d: Any, g: Any, a_form: Any, _y: Any) -> None:
    pass


BACKWARD[zeros_like] = {0: _nothing}


def counting(n: int) -> Any:
    """`np.arange(n)`."""
    return np.arange(n)


def spaced(a: float, b: float, n: int) -> Any:
    """`np.linspace(a, b, n)`."""
    return np.linspace(a, b, n)


def copied(a: Any) -> Any:
    """A copy."""
    return np.copy(a)


def as_floats(a: Any) -> Any:
    """`a.astype(float)`."""
    return a.astype(np.float64)


PASSED_ON = object()  # in the place of a function: the adjoint itself is added


def _add_scaled(d: Any, g: float, a_form: Any, _y: Any) -> None:
    d += g / a_form.size


BACKWARD[copied] = BACKWARD[as_floats] = {0: PASSED_ON}

# --- sums -----------------------------------------------------------------------------------------


def total(a: Any) -> Any:
    """`np.sum(a)`."""
    return np.sum(a)


def mean(a: Any) -> Any:
    """`np.mean(a)`."""
    return np.mean(a)


BACKWARD[total] = {0: PASSED_ON}
BACKWARD[mean] = {0: _add_scaled}


def _along(scaled: bool) -> dict[tuple[int, int], Any]:
    made: dict[tuple[int, int], Any] = {}
    for ndim in (2, 3):
        for axis in range(ndim):
            name = f"{'mean' if scaled else 'sum'}_{ndim}_{axis}"
            divided = f" / a.shape[{axis}]" if scaled else ""
            shared = divided.replace("a.", "a_form.")
            made[ndim, axis] = generated(f"def {name}(a):\n    return np.sum(a, axis={axis}){divided}\n")
            index = "ijk"[:ndim]
            left = index.replace(index[axis], "")
            lines = [f"def {name}_backward(d, g, a_form, _y):"]
            for depth, letter in enumerate(index):
                lines.append("    " * (depth + 1) + f"for {letter} in range(d.shape[{depth}]):")
            place, other = ", ".join(index), ", ".join(left)
            lines.append("    " * (ndim + 1) + f"d[{place}] += g[{other}]{shared}")
            BACKWARD[made[ndim, axis]] = {0: generated("\n".join(lines) + "\n")}
    return made


SUMS, MEANS = _along(False), _along(True)


def largest(a: Any) -> Any:
    """`np.max(a)`."""
    return np.max(a)


def smallest(a: Any) -> Any:
    """`np.min(a)`."""
    return np.min(a)


def _share(d: Any, g: float, a: Any, y: float) -> None:
    hits = a == y
    share = g / max(np.sum(hits), 1)
    d += hits * share


BACKWARD[largest] = BACKWARD[smallest] = {0: _share}


def product(a: Any) -> Any:
    """`np.prod(a)`."""
    return np.prod(a)


def _product_backward(d: Any, g: float, a: Any, _y: float) -> None:
    flat = a.copy().reshape(a.size)
    slopes = np.ones(a.size, a.dtype)
    before = 1.0
    for i in range(flat.shape[0]):
        slopes[i] *= before
        before *= flat[i]
    after = 1.0
    for i in range(flat.shape[0] - 1, -1, -1):
        slopes[i] *= after
        after *= flat[i]
    d += g * slopes.reshape(a.shape)


BACKWARD[product] = {0: _product_backward}

# --- products -------------------------------------------------------------------------------------


def alike(a: Any, b: Any) -> Any:
    """`a` with the type of entries that `a + b` has, which BLAS needs both to have."""
    return np.asarray(a, (np.empty(0, a.dtype) + np.empty(0, b.dtype)).dtype)


def dot(a: Any, b: Any) -> Any:
    """`a @ b`, of any memory layout and of floats of either size."""
    return np.dot(np.ascontiguousarray(alike(a, b)), np.ascontiguousarray(alike(b, a)))


def product_1_1(a: Any, b: Any) -> Any:
    """The inner product."""
    return dot(a, b)


def product_2_1(a: Any, b: Any) -> Any:
    """Matrix times vector."""
    return dot(a, b)


def product_1_2(a: Any, b: Any) -> Any:
    """Vector times matrix."""
    return dot(a, b)


def product_2_2(a: Any, b: Any) -> Any:
    """Matrix times matrix."""
    return dot(a, b)


def outer(a: Any, b: Any) -> Any:
    """`np.outer(a, b)` of vectors."""
    made = np.empty((a.shape[0], b.shape[0]))
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            made[i, j] = a[i] * b[j]
    return made


def _add_outer(d: Any, a: Any, b: Any) -> None:
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            d[i, j] += a[i] * b[j]


def _inner_left(d: Any, g: float, _a: Any, b: Any, _y: Any) -> None:
    d += g * b


def _inner_right(d: Any, g: float, a: Any, _b: Any, _y: Any) -> None:
    d += g * a


def _matrix_left(d: Any, g: Any, _a: Any, b: Any, _y: Any) -> None:
    _add_outer(d, g, b)


def _matrix_right(d: Any, g: Any, a: Any, _b: Any, _y: Any) -> None:
    d += dot(a.T, g)


def _row_left(d: Any, g: Any, _a: Any, b: Any, _y: Any) -> None:
    d += dot(b, g)


def _row_right(d: Any, g: Any, a: Any, _b: Any, _y: Any) -> None:
    _add_outer(d, a, g)


def _matrices_left(d: Any, g: Any, _a: Any, b: Any, _y: Any) -> None:
    d += dot(g, b.T)


def _matrices_right(d: Any, g: Any, a: Any, _b: Any, _y: Any) -> None:
    d += dot(a.T, g)


PRODUCTS = {(1, 1): product_1_1, (2, 1): product_2_1, (1, 2): product_1_2, (2, 2): product_2_2}
BACKWARD[product_1_1] = {0: _inner_left, 1: _inner_right}
BACKWARD[product_2_1] = {0: _matrix_left, 1: _matrix_right}
BACKWARD[product_1_2] = {0: _row_left, 1: _row_right}
BACKWARD[product_2_2] = {0: _matrices_left, 1: _matrices_right}


def _outer_left(d: Any, g: Any, _a: Any, b: Any, _y: Any) -> None:
    d += dot(g, b)


def _outer_right(d: Any, g: Any, a: Any, _b: Any, _y: Any) -> None:
    d += dot(g.T, a)


BACKWARD[outer] = {0: _outer_left, 1: _outer_right}

# --- entry by entry -------------------------------------------------------------------------------


def array_power(a: Any, n: float) -> Any:
    """`a ** n`."""
    return a**n


def _power_base(d: Any, g: Any, a: Any, n: float, _y: Any) -> None:
    if n == 2.0:
        d += g * 2.0 * a
    else:
        for index, x in np.ndenumerate(a):
            d[index] += power_base(g[index], x, n)


def _power_exponent(g: Any, a: Any, _n: float, y: Any) -> float:
    found = 0.0
    for index, x in np.ndenumerate(a):
        found += power_exponent(g[index], x, y[index])
    return found


BACKWARD[array_power] = {0: _power_base, 1: _power_exponent}


def _absolute(d: Any, g: Any, a: Any, _y: Any) -> None:
    d += g * np.sign(a)


BACKWARD[np.absolute] = BACKWARD[np.fabs] = {0: _absolute}


def _adder(own: int, other: int) -> Any:
    """Adds a value of `other` dimensions to an adjoint of `own`, summing where the value was broadcast."""
    name = f"add_{own}_{other}"
    if other == 0:
        index = "ijkl"[:own]
        lines = [f"def {name}(d, v):"]
        lines += ["    " * (k + 1) + f"for {letter} in range(d.shape[{k}]):" for k, letter in enumerate(index)]
        return generated("\n".join([*lines, "    " * (own + 1) + f"d[{', '.join(index)}] += v"]) + "\n")
    index = "ijkl"[:other]
    kept = index[other - own :]
    lines = [f"def {name}(d, v):"]
    for depth, letter in enumerate(index):
        lines.append("    " * (depth + 1) + f"for {letter} in range(v.shape[{depth}]):")
    place = ", ".join(f"min({k}, d.shape[{n}] - 1)" for n, k in enumerate(kept))
    lines.append("    " * (other + 1) + f"d[{place}] += v[{', '.join(index)}]")
    return generated("\n".join(lines) + "\n")


def same_shape(y: Any, g: Any) -> None:
    """Refuse a cotangent that has not the shape of its result: it would be broadcast."""
    if y.shape != g.shape:
        raise CotangentError("the cotangent of the result has another shape than the result")


def add_alike(d: Any, v: Any) -> None:
    """Add what a registered pullback returned to an adjoint, which must have its shape."""
    if d.shape != v.shape:
        raise ValueError("a registered pullback returned a tangent that has not the shape of its argument")
    d += v


ADDERS = {(own, other): _adder(own, other) for own in range(1, 5) for other in (0, *range(own, 5))}

# Functions that are linear in each of their operands: their forward mode is themselves.
LINEAR = {copied, as_floats, total, mean, outer, *SUMS.values(), *MEANS.values(), *PRODUCTS.values()}
