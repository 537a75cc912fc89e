"""`docs/errors.md`, made from the registry of diagnostics: every example is run, and what it prints is shown.

python tests/errors_page.py          writes the page
"""

from __future__ import annotations

import linecache
import sys
import types
import warnings
from pathlib import Path

import numpy as np

import pullback as pb
from pullback.diagnostics import KINDS, Kind

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"
_HEAD = """# Errors

Every error and warning of this library that concerns a program has a stable id, which stands in brackets:
`error[no-derivative]`. `python -m pullback explain no-derivative` prints its entry of this page.

This page is generated from [`diagnostics.py`](../src/pullback/diagnostics.py) by `python tests/errors_page.py`. What it
shows is what the library prints for the program above it, which begins with `import numpy as np` and
`import pullback as pb`.

"""


def outcome(kind: Kind) -> tuple[BaseException, str]:
    """What the example of a kind raises (or warns of), and its text."""
    name = "model.py"
    linecache.cache[name] = (len(kind.example), None, kind.example.splitlines(True), name)
    module = sys.modules["model"] = types.ModuleType("model")
    module.__dict__.update(np=np, pb=pb, __file__=name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(kind.example, name, "exec", dont_inherit=True), module.__dict__)
    except (pb.PullbackError, pb.ZeroDerivativeWarning) as error:
        return error, str(error).strip("\n")
    finally:
        linecache.cache.pop(name, None)
        del sys.modules["model"]
    raise AssertionError(f"the example of {kind.id} is not refused")


def page() -> str:
    """The text of the page."""
    parts = [_HEAD, "".join(f"- [`{k.id}`](#{k.id}): {k.title}\n" for k in KINDS.values()), "\n"]
    for kind in KINDS.values():
        error, text = outcome(kind)
        parts.append(
            f"## {kind.id}\n\n**{kind.title}.** {kind.explanation}\n\n```python\n{kind.example}```\n\n"
            f"```text\n{type(error).__name__.replace('ContractError', 'DifferentiabilityError')}:\n{text}\n```\n\n"
            f"{kind.fix}\n\n"
        )
    return "".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.exit()
