"""The code in the documents runs, and prints what they say. After a change: python tests/documents.py docs/*.md"""

import re

import pytest

import pullback
from documents import ROOT, blocks, normal, outputs
from pullback.printing import described, printed, stages

# (the page of the API is written when the site is built; that of the errors has tests of its own)
DOCUMENTS = sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md") if p.name not in ("api.md", "errors.md"))
BLOCKS = [(d, b) for d in DOCUMENTS for b in blocks((ROOT / d).read_text(encoding="utf-8"), d.split("/")[-1])]


@pytest.fixture(scope="module")
def printed_by():
    return {document: outputs(ROOT / document) for document in DOCUMENTS}


@pytest.mark.parametrize(("document", "number"), [(d, [b for e, b in BLOCKS if e == d].index(b)) for d, b in BLOCKS])
def test_the_document_shows_what_is_printed(printed_by, document, number):
    block = [b for d, b in BLOCKS if d == document][number]
    assert printed_by[document][number] == normal(block.shown or ""), f"{document}:{block.line}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_block_waits_for_its_output(document):
    assert all(b.shown is None or b.shown.strip() not in ("", "Error") for d, b in BLOCKS if d == document)


@pytest.mark.parametrize("document", [*DOCUMENTS, "README.md", "CHANGELOG.md"])
def test_links_lead_somewhere(document):
    path = ROOT / document
    text = re.sub(r"^```.*?^```|^    .*?$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_every_module_is_in_the_table_of_changes():
    text = (ROOT / "docs/how-it-works.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "pullback"
    named = set(re.findall(r"`(?:\w+/)?(\w+\.py|\w+/)`", text))
    for path in source.iterdir():
        if path.name not in ("__init__.py", "__main__.py", "__pycache__", "demo", "py.typed"):
            assert path.name in named or f"{path.name}/" in named, f"{path.name} is not in docs/how-it-works.md"


def test_stages_of_every_kind_of_statement():
    def everything(x, flag, items, table):
        total, *rest = [x, 1.0, 2.0]
        a, b = x, -x
        for i, item in enumerate(items):
            if item > 2.0 and flag:
                break
            total += item * i
        while not total > 0.0:
            total = total + 1.0
        assert total > 0.0, f"{total}"
        scale = lambda y: y * x  # noqa: E731
        first = [*items][0]
        return {"a": a, **table}["a"] + scale(b) + max(first, *rest) + (x if flag else b) + items[0:1][0]

    text = stages(everything, 2.0, True, [1.0, 3.0], {"b": 1.0})
    for piece in ("for ", "while ", "break", "lambda y: y * x", "assert", "else:", "enumerate(items)", "-x", "slice("):
        assert piece in text, piece
    assert text.count("--- ") == 4


def test_stages_of_a_method():
    class Line:
        def __init__(self, slope):
            self.slope = slope

        def at(self, x):
            return self.slope * x

    assert "_t1 = self.slope" in stages(Line(2.0).at, 3.0)


def test_kinds_in_words():
    assert described(pullback.kinds.FLOAT_KIND) == "float"
    assert described(pullback.kinds.UNKNOWN) == "anything"
    assert described(pullback.kinds.NOTHING) == "nothing"
    assert described(pullback.kinds.Kind(pullback.kinds.INT | pullback.kinds.FLOAT)) == "int or float"
    assert described(pullback.kinds.kind_of(ROOT)) == type(ROOT).__name__


def test_a_function_of_no_statement_is_printed():
    from pullback.lower import lower
    from pullback.source import acquire

    assert printed(lower(acquire(lambda: 1.0), "f", ())) == "def f():\n    _result = 1.0\n"
