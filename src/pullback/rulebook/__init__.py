"""Derivatives of the world's functions, one file a domain, all in the notation of `pullback.rules`.

A file of a library that may be missing, or that not every program imports (`scipy_special.py`), is not imported with
the package: `LAZY` says which module of the library it waits for.
"""

from importlib import import_module
from pathlib import Path

from pullback.rules import when_imported

LAZY: dict[str, tuple[str, ...]] = {
    "logging": ("logging_functions",),
    "json": ("json_functions",),
    "scipy.special": ("scipy_special", "scipy_special_integrals", "scipy_special_orders"),
    "scipy.linalg": ("scipy_linalg", "scipy_linalg_functions", "scipy_linalg_structured"),
    "scipy.integrate": (
        *("scipy_integrate", "scipy_integrate_odes"),
        *("scipy_integrate_several", "scipy_integrate_forward"),
    ),
    "scipy.optimize": ("scipy_optimize", "scipy_optimize_minima"),
    "scipy.interpolate": ("scipy_interpolate", "scipy_interpolate_grids", "scipy_interpolate_forward"),
    "scipy.fft": ("scipy_fft",),
    "scipy.signal": ("scipy_signal",),
    "scipy.ndimage": ("scipy_ndimage",),
    "scipy.spatial.distance": ("scipy_spatial", "scipy_metrics"),
    "scipy.sparse": ("scipy_sparse",),
    "scipy.stats": (
        *("scipy_stats", "scipy_stats_distributions", "scipy_stats_multivariate", "scipy_stats_dirichlet"),
        *("scipy_stats_samples", "scipy_stats_tests"),
    ),
}


def load() -> None:
    """Register every rule: import each file of this folder, or have it imported with its library."""
    waiting = {file for files in LAZY.values() for file in files}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in ("__init__", *waiting) and not path.stem.startswith("scipy_"):
            import_module(f"{__name__}.{path.stem}")
    for library, files in LAZY.items():
        when_imported(library, *(f"{__name__}.{file}" for file in files))
