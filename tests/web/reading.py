"""What a reader of a page finds: words, headings, addresses, and what must not be there."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser

from allowance.web.pages.assets import asset

VOID = {"meta", "link", "input", "br", "path", "circle", "rect", "option", "img", "hr"}
NONSENSE = re.compile(
    r"\b(None|NaN|nan|inf|Infinity|undefined|Fraction|NoData)\b|(?<![\w.,:/-])-1(?![\w.,%])|&lt;|\{\{|\{%"
)


class Reader(HTMLParser):
    """Headings with their text, ids, addresses, attributes, and all words that are shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.headings: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.forms: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.attributes |= set(found)
        if tag not in VOID:
            self._open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        self.addresses += [found[name] for name in ("href", "src", "action", "formaction") if name in found]
        if tag == "form":
            self.forms.append(found.get("action", ""))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((tag, ""))

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        for tag in self._open:
            if re.fullmatch("h[1-6]", tag):
                name, text = self.headings[-1]
                self.headings[-1] = (name, text + data)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open and self._open.pop() != tag:
            pass

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(" ".join(self.words).split())


def weight(html: str) -> int:
    """Bytes that a page takes over the network, with our style and our script."""
    shared = sum(len(gzip.compress(asset(name).body, 9)) for name in ("pages.css", "app.js"))
    return shared + len(gzip.compress(html.encode(), 9))


def check_page(html: str) -> Reader:
    """What holds for every page in every state."""
    page = Reader(html)
    assert html.startswith("<!doctype html>")
    assert [tag for tag, _ in page.headings].count("h1") == 1
    assert all(text.strip() for _, text in page.headings), page.headings
    assert len(page.ids) == len(set(page.ids)), sorted(one for one in page.ids if page.ids.count(one) > 1)
    assert not page.attributes & {"style", "onclick", "onload", "onchange", "onsubmit"}
    wrong = NONSENSE.search(page.text)
    assert wrong is None, page.text[max(0, wrong.start() - 60) : wrong.end() + 60]
    for address in page.addresses:
        assert address.startswith(
            ("/", "#", "data:image/svg+xml,", "https://runbooks.example/", "http://prom-")
        ), address
        assert not address.startswith("//")
    return page
