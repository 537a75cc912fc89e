"""Injected errors that change no derivative, by the beginning of their names, with the reason."""

from __future__ import annotations

_HAS_THE_DTYPE = "it is the function itself of tangents of the operands' own dtypes: the result has its dtype already"
EQUIVALENT: dict[str, str] = {
    "math.remainder n=-g * round((x - y) / n): drop the right term": "the same integer is nearest to x / n",
    "pow_exponent: factor 2": "twice infinity",
    "pow_exponent: offset of orelse": "one more than infinity",
    "dot: swapped arguments": "a b = b a",
    "math.dist p_dot=dot(dist_pullback(1.0, y, p, q), p_dot): swapped arguments": "a scalar product",
    "math.dist q_dot=dot(dist_pullback(1.0, y, q, p), q_dot): swapped arguments": "a scalar product",
    "math.prod xs_dot=dot(prod_pullback(1.0, xs, start), xs_dot): swapped arguments": "a scalar product",
    "np.angle z_dot=np.real(": "the part of an elementwise rule is brought to the result's space, which is real",
    "nextafter": "a neighbour of x: no slope shows in differences",
    "largest: factor 2": "it is divided by itself",
    "meshgrid_pullback: factor 2: g[i]": "twice ZERO",
    "matrix_power_pullback: factor 2: restore(np.zeros_like": "twice zero",
    "arange_pullback: factor 2: restore(np.zeros": "twice zero",
    "arange_pullback: sign: restore(np.zeros": "minus zero",
    "inverse_gaps: min for max": "a threshold: what counts as a gap of nothing",
    "roots_pullback: drop reshape": "the coefficients are one row",
    "cumprod_tangent: drop the left factor: before[..., 0]": "the product of no factors is 1",
    "result_count": "it counts results, and only whether there is one matters",
    "generic.__copy__, ndarray.__copy__, ... a=restore(g, form(a)): drop restore": "what is copied is no list",
    "sinc_slope: drop the right term: 1 / 45360": "below the last digit where the series is used",
    "erfcx_slope: drop the right factor: r * 945.0": "below the last digit where the series is used",
    "tile_pullback: plus for minus: len(shape) - len(counts)": "more axes of length 1 in front, which are summed",
    "linspace_tangent: drop fit": _HAS_THE_DTYPE,
    "np.trapezoid dx_dot=fit(np.trapezoid(f, None, dx_dot, axis), y) if x is None else ZERO: drop fit": _HAS_THE_DTYPE,
    "np.stack arrays_dot=fit(np.stack(arrays_dot, axis, dtype=dtype, casting=casting), y): drop fit": _HAS_THE_DTYPE,
    "cdist XB=restore(-np.sum(g[..., None] * between(y, XA, XB, metric), axis=0), form(XB)): drop sum": "restore sums "
    "over the axis in front",
    "np.unwrap p_dot=fit(np.array(p_dot), y): drop fit": _HAS_THE_DTYPE,
    "np.vstack tup_dot=fit(np.vstack(tup_dot, dtype=dtype, casting=casting), y): drop fit": _HAS_THE_DTYPE,
    "slogdet_tangent: drop fit": _HAS_THE_DTYPE,
    "at_least_3d: factor 2 of body": "of the shape its third number is read, which stays",
    "gathered: swapped arguments: zip(_slopes(slopes, data, y, option), data_dot": "a b = b a",
    "integrated: drop the left factor: 0.01 * given['epsrel']": "how exactly an integral is computed",
    "_integrated: drop the right factor: 0.01 * given[k]": "how exactly an integral is computed",
    "_refuse_parts: factor 2": "what was seen is passed over",
    "finer: drop the right factor": "how exactly the adjoint equation is solved",
    "rgamma_slope: ceil for floor": "an integer is both",
    "wasserstein_distance: drop sum (sum): np.sum(np.abs(gap)": "standing_for sums what is larger than the value",
    "scipy.special.wofz x=fit(": "the part of an elementwise rule is brought to the operand's space",
    "scipy.stats.uniform.logpdf scale=-g * inside(y, -np.inf, (1.0 + standard(y, -np.inf, x, loc, scale) * (0.0)) / "
    "scale): drop the left factor: standard(y, -np.inf, x, loc, scale) * 0.0": "a product with 0",
    "scipy.stats.uniform.pdf loc=-g * y * inside(y, 0.0, (0.0) / scale): drop the left factor": "a product with 0",
}


def reason(name: str) -> str:
    """Why a mutant is no error, or an empty text."""
    return next((why for start, why in EQUIVALENT.items() if name.startswith(start)), "")
