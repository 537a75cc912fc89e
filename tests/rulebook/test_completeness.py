"""Every public name of NumPy that can be called or read is accounted for: none is left to chance.

A function has a rule, has no derivative (`constant`), has Python code that stands in for it, or is on the
list below with the reason why it is refused. A new release of NumPy fails here by name.
"""

from __future__ import annotations

import types
import warnings
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.rules import lookup

REFUSED = {
    "works in place; its mutation is the engine's matter": """
        copyto fill_diagonal place put put_along_axis putmask
        ndarray.byteswap ndarray.fill ndarray.partition ndarray.put ndarray.resize ndarray.setfield ndarray.setflags
        ndarray.sort generic.byteswap generic.fill generic.put generic.resize generic.setfield generic.setflags
        generic.sort""",
    "reads memory as something else": """
        frombuffer from_dlpack memmap ndarray.ctypes ndarray.data ndarray.getfield ndarray.base
        generic.data generic.getfield generic.base""",
    "how many results there are depends on the values": """
        intersect1d setdiff1d setxor1d union1d unique_all unique_counts unique_inverse unique_values""",
    "where the bins lie depends on the values": "histogram2d histogramdd",
    "divides step by step, with as many results as the values ask for": "polydiv",
    "makes objects that have a meaning of `*` of their own, or none": """
        asmatrix bmat matrix poly1d recarray record object_ void frompyfunc ndarray""",
    "an iterator over memory": "broadcast flatiter nditer nested_iters ndarray.flat generic.flat",
    "raises for every scalar": "generic.choose generic.diagonal generic.swapaxes generic.trace",
    "a type that makes nothing": """
        character complexfloating flexible floating generic inexact integer number signedinteger ufunc
        unsignedinteger""",
    "needs no rule: its own source is read": "row_stack",
    "not a function of numbers": "test linalg.test linalg.LinAlgError fft.test",
}
NAMES = {name for text in REFUSED.values() for name in text.split()}
SPACES: dict[str, Any] = {
    "": np,
    "linalg.": np.linalg,
    "fft.": np.fft,
    "ndarray.": np.ndarray,
    "generic.": np.generic,
}


def public() -> list[tuple[str, Any]]:
    """The public callables and attributes, by the name they have in the list."""
    found = []
    for prefix, space in SPACES.items():
        for name in dir(space):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # names that are about to go
                member = getattr(space, name, None)
            is_attribute = isinstance(member, (types.GetSetDescriptorType, property))
            if not name.startswith("_") and (callable(member) or is_attribute):
                found.append((prefix + name, member))
    return found


@pytest.mark.filterwarnings("ignore")
def test_every_public_name_is_accounted_for() -> None:
    known, unknown = set(), []
    for name, member in public():
        entry = lookup(member)
        if entry is not None and (entry.rule or entry.constant or entry.intrinsic or entry.stand_in):
            known.add(name)
        elif name not in NAMES and not (isinstance(member, type) and issubclass(member, BaseException)):
            unknown.append(name)
    assert not unknown, f"neither a rule nor a reason: {unknown}"
    assert not known & NAMES, f"refused by the list, and yet known: {known & NAMES}"


A = np.arange(1.0, 4.0)


@pytest.mark.parametrize(
    "program",
    [
        lambda x: np.sum(np.unique_values(x)),
        lambda x: np.sum(np.subtract.reduceat(x, [0, 2])),
        lambda x: np.sum(np.union1d(x, x)),
        lambda x: np.sum(np.histogramdd(x)[1][0]),
        lambda x: np.sum(np.polydiv(x, x[:2])[0]),
        lambda x: np.sum(np.frombuffer(x)),
        lambda x: np.sum(np.asmatrix(x)),
        lambda x: np.poly1d(x)(2.0),
        lambda x: np.sum(x.flat[1:]),
        lambda x: np.sum(x.view(np.int64)) * 1.0,
        lambda x: np.sum(np.exp(x, where=A > 1.0)),
    ],
)
def test_what_is_refused_raises(program: Any) -> None:
    with pytest.raises(pb.DifferentiabilityError):
        pb.gradient(program)(A)
