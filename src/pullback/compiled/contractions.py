"""`np.einsum` in compiled code: for each formula a function of loops, and one for the adjoint of each operand.

    np.einsum("ij,j->i", a, v)     for i, j: y[i] += a[i, j] * v[j];   d_a[i, j] += g[i] * v[j];   ...
"""

from __future__ import annotations

import functools
from typing import Any

from pullback.compiled.support import BACKWARD, LINEAR, generated


def letters_of(formula: str, ndims: tuple[int, ...]) -> tuple[list[str], str] | None:
    """The letters of the operands and of the result; None for a formula of another form."""
    inputs, arrow, output = formula.replace(" ", "").partition("->")
    operands = inputs.split(",")
    every = "".join(operands)
    if not every.isalpha() or [len(o) for o in operands] != list(ndims):
        return None
    if not arrow:
        output = "".join(sorted(c for c in set(every) if every.count(c) == 1))
    if not set(output) <= set(every) or len(set(output)) < len(output):
        return None
    return operands, output


@functools.cache
def contraction(operands: tuple[str, ...], output: str) -> Any:
    """The function of a formula."""
    order = [*output, *sorted(set("".join(operands)) - set(output))]
    names = [f"a{k}" for k in range(len(operands))]
    index = {c: f"_{c}" for c in order}

    def entry(name: str, letters: str) -> str:
        return f"{name}[{', '.join(index[c] for c in letters)}]" if letters else name

    def loops(body: str) -> list[str]:
        lines = [f"{'    ' * (k + 1)}for {index[c]} in range(n_{c}):" for k, c in enumerate(order)]
        return [*lines, "    " * (len(order) + 1) + body]

    sizes: list[str] = []
    for c in order:
        places = [f"{n}.shape[{k}]" for n, letters in zip(names, operands, strict=True)
                  for k, d in enumerate(letters) if d == c]  # fmt: skip
        sizes.append(f"    n_{c} = {places[0]}")
        for other in places[1:]:
            sizes += [f"    if {other} != n_{c}:", '        raise ValueError("einsum of arrays that do not fit")']
    start = f"np.zeros(({', '.join(f'n_{c}' for c in output)},))" if output else "0.0"
    entries = [entry(n, letters) for n, letters in zip(names, operands, strict=True)]
    head = f"def einsum({', '.join(names)}):"
    made = generated(
        "\n".join([head, *sizes, f"    y = {start}", *loops(f"{entry('y', output)} += {' * '.join(entries)}")])
        + "\n    return y\n"
    )
    back = {}
    for k, letters in enumerate(operands):
        factors = [entry("g", output), *(e for j, e in enumerate(entries) if j != k)]
        body = loops(f"{entry('d', letters)} += {' * '.join(factors)}")
        head = f"def einsum_back_{k}(d, g, {', '.join(names)}, _y):"
        back[k] = generated("\n".join([head, *sizes, *body]) + "\n")
    BACKWARD[made] = back
    LINEAR.add(made)
    return made
