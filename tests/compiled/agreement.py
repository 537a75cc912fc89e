"""What of the corpus and the programs compiles, and whether it agrees with the interpreted gradient.

python -m tests.compiled.agreement            every case: agrees, refused (why), or WRONG; minutes
python -m tests.compiled.agreement newton     those whose name has that in it
"""

import contextlib
import copy
import io
import sys
import warnings

import numpy as np
from tests.corpus import test_corpus
from tests.programs import test_programs

import pullback as pb

from .test_programs import numbers_of, same_structure

CASES = [*test_corpus.CASES, *(p for p in test_programs.PROGRAMS if p.later is None)]


def outcome(case):
    """("agrees", ""), ("refused", why), ("WRONG", what), or ("no gradient", why) where the interpreted one refuses."""
    wrt = case.options.get("wrt")
    f = case.function
    given, others = copy.deepcopy(case.args), copy.deepcopy(case.args)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            expected = pb.value_with_gradient(f, wrt=wrt)(*others)
        except pb.PullbackError as error:
            return "no gradient", str(error).strip().splitlines()[0]
        try:
            got = pb.jit(pb.value_with_gradient(f, wrt=wrt))(*given)
        except pb.PullbackError as error:
            return "refused", next((line for line in str(error).splitlines() if line.strip()), "")
    if not same_structure(got, expected):
        return "WRONG", f"{got!r} is not like {expected!r}"
    a, b = np.array(numbers_of(got)), np.array(numbers_of(expected))
    scale = np.max(np.abs(b), initial=1e-12)
    if a.shape != b.shape or not np.allclose(a, b, rtol=1e-7, atol=1e-10 * scale, equal_nan=True):
        return "WRONG", f"{a} is not {b}"
    c, d = numbers_of(given), numbers_of(others)
    if not np.allclose(c, d):
        return "WRONG", f"the arguments are then {c}, not {d}"
    return "agrees", ""


def compiles(case):
    """Whether code is made for a case: what is refused is found before Numba is asked."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            compiled = pb.jit(pb.value_with_gradient(case.function, wrt=case.options.get("wrt")))
            compiled.source(*copy.deepcopy(case.args))
        except pb.PullbackError:
            return False
    return True


def main(words):
    counts = {}
    for case in CASES:
        if words and not any(w in case.name for w in words):
            continue
        try:
            word, why = outcome(case)
        except Exception as error:
            word, why = "FAILED", f"{type(error).__name__}: {str(error)[:300]}"
        counts[word] = counts.get(word, 0) + 1
        print(f"{word:12} {case.name:45} {why[:200]}", flush=True)
    print(counts)
    print(f"{counts.get('agrees', 0)} of {sum(counts.values())} compile and agree")


if __name__ == "__main__":
    main(sys.argv[1:])
