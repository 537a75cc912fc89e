"""What docs/coverage.md says of the functions of SciPy and the standard library is so, name by name."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("scipy", reason="SciPy is not installed")

import numpy as np  # noqa: E402

import pullback as pb  # noqa: E402
from coverage_page import MODULES, PAGE, is_known, public, refused  # noqa: E402
from pullback.rules import is_library_code  # noqa: E402

REFUSED = refused(PAGE.read_text(encoding="utf-8"))
CALLED = [
    (module, name)
    for module in MODULES
    for name, member in public(module).items()
    if name in REFUSED[module] and (isinstance(member, np.ufunc) or is_library_code(member))
    and not isinstance(member, type)
]  # fmt: skip


def test_every_module_has_a_list() -> None:
    assert set(REFUSED) == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_known_or_on_the_list(module: str) -> None:
    unknown = {name for name, member in public(module).items() if not is_known(member)}
    assert not unknown - set(REFUSED[module]), "neither a rule nor on the page"
    assert not (set(public(module)) - unknown) & set(REFUSED[module]), "on the page, and yet known"


@pytest.mark.parametrize("module", MODULES)
def test_what_is_on_the_list_is_refused(module: str) -> None:
    let_through = []
    for name in (n for m, n in CALLED if m == module):
        function: Any = getattr(public(module)[name], "cdf", public(module)[name])  # (a method, of distributions)
        try:
            pb.gradient(lambda x, f=function: np.sum(f(x)))(np.array([0.3, 0.5, 0.9]))
        except pb.DifferentiabilityError:
            continue
        except Exception as error:
            let_through.append((name, repr(error)[:80]))
        else:
            let_through.append((name, "a number"))
    assert not let_through
