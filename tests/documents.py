"""Documents whose code runs: each ```python block is followed by a ```text block of what it prints.

The blocks of one document share a namespace. A block that ends in an exception prints it, as Python's
prompt would. `python tests/documents.py README.md docs/*.md` writes the present output into the files;
with `--outputs` it prints the outputs of one file, as JSON, and writes nothing.
"""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import re
import subprocess
import sys
import types
import warnings
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(
    r"^```python(?: (?P<file>\S+))?\n(?P<code>.*?)^```\n(?:\n?^```text\n(?P<shown>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Block:
    """A code block of a document."""

    document: str
    line: int
    file: str
    code: str
    shown: str | None


def blocks(text: str, document: str) -> list[Block]:
    """The ```python blocks of a document, each with the ```text block that follows it, if any."""
    found = []
    for number, match in enumerate(BLOCK.finditer(text), 1):
        line = text.count("\n", 0, match.start()) + 1
        file = match["file"] or f"{document}-{number}.py"
        found.append(Block(document, line, file, match["code"], match["shown"]))
    return found


def run(block: Block, namespace: dict[str, object]) -> str:
    """Execute a block; what it prints, warnings and an exception included."""
    lines = block.code.splitlines(keepends=True)
    linecache.cache[block.file] = (len(block.code), None, lines, block.file)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: print(f"{type(message).__name__}: {message}")
        try:
            exec(compile(block.code, block.file, "exec", dont_inherit=True), namespace)
        except Exception as error:
            if block.shown is not None and not re.search(r"(Error|Exception)\b", block.shown):
                raise
            print(f"{type(error).__name__}: {error}")
    return "".join(line.rstrip() + "\n" for line in printed.getvalue().splitlines())


def fresh_namespace() -> dict[str, object]:
    """The namespace of a new module, which dataclasses can find by its name."""
    module = sys.modules["document"] = types.ModuleType("document")
    return vars(module)


def refreshed(text: str, document: str) -> str:
    """A document with the present output in its ```text blocks."""
    namespace = fresh_namespace()
    outputs = [normal(run(b, namespace)) for b in blocks(text, document)]

    def written(match: re.Match[str]) -> str:
        output = outputs.pop(0)
        if match["shown"] is None:
            return match[0]
        start, stop = match.span("shown")
        return match[0][: start - match.start()] + output.rstrip("\n") + "\n" + match[0][stop - match.start() :]

    return BLOCK.sub(written, text)


def outputs(path: Path) -> list[str]:
    """What each block of a document prints, run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", __file__, "--outputs", str(path)],
        capture_output=True, encoding="utf-8", check=True, timeout=120,
    )  # fmt: skip
    return [normal(text) for text in json.loads(done.stdout)]


def normal(text: str) -> str:
    """Without what depends on the time of day: how many derivatives were registered before."""
    return re.sub(r"EPOCH\.now != \d+", "EPOCH.now != 0", text).rstrip()


if __name__ == "__main__" and sys.argv[1] == "--outputs":
    document = Path(sys.argv[2])
    names = fresh_namespace()
    print(json.dumps([run(b, names) for b in blocks(document.read_text(encoding="utf-8"), document.name)]))
elif __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(refreshed(path.read_text(encoding="utf-8"), path.name), encoding="utf-8")
