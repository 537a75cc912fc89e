"""Tables for people: text with aligned columns, and HTML for notebooks.

    Table(("line", "bytes"), [("y = x * x", 800)], right={1})     ->     line       bytes
                                                                         y = x * x    800
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Table:
    """Rows of cells under a header; the last `footer` rows are totals."""

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    right: frozenset[int] = frozenset()  # columns of numbers
    code: frozenset[int] = frozenset()  # columns of source text
    footer: Sequence[tuple[str, ...]] = ()

    def text(self) -> str:
        """Aligned by spaces, a rule under the header and above the totals."""
        every = [self.header, *self.rows, *self.footer]
        widths = [max(len(row[i]) for row in every) for i in range(len(self.header))]

        def line(row: tuple[str, ...]) -> str:
            sized = enumerate(zip(row, widths, strict=True))
            return "  ".join(c.rjust(w) if i in self.right else c.ljust(w) for i, (c, w) in sized).rstrip()

        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        body = [line(self.header), rule, *map(line, self.rows)]
        return "\n".join(body + ([rule, *map(line, self.footer)] if self.footer else []))

    def html(self, caption: str) -> str:
        """A table whose text is escaped."""
        import html  # (only where a notebook shows one)

        def cells(row: tuple[str, ...], tag: str) -> str:
            out = []
            for i, cell in enumerate(row):
                align = "right" if i in self.right else "left"
                text = html.escape(cell)
                if i in self.code and tag == "td" and cell:
                    text = f"<code>{text}</code>"
                out.append(f'<{tag} style="text-align:{align};padding:.15em .7em;white-space:pre">{text}</{tag}>')
            return "".join(out)

        line = "border-top:1px solid #bbb"
        rows = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in self.rows)
        totals = "".join(f'<tr style="font-weight:600;{line}">{cells(row, "td")}</tr>' for row in self.footer)
        return (
            '<table style="border-collapse:collapse;font-size:13px">'
            f'<caption style="text-align:left;padding:.3em .7em;font-weight:600">{html.escape(caption)}</caption>'
            f'<thead style="border-bottom:1px solid #bbb"><tr>{cells(self.header, "th")}</tr></thead>'
            f"<tbody>{rows}{totals}</tbody></table>"
        )


def in_bytes(count: int) -> str:
    """A number of bytes as people read it.

    >>> in_bytes(800), in_bytes(8_000_112)
    ('800 B', '7.6 MiB')
    """
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError
