"""What is posted, apart from any platform's markup: sections of blocks of lines of spans.

A digest reaches this form through its own Markdown or text, so that a file in which the operator struck lines and a
digest straight from the program are the same thing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text in one style; `url` makes it a link."""

    text: str
    bold: bool = False
    code: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: `mark` is what a list puts before it, `depth` how far it is indented."""

    spans: tuple[Span, ...]
    mark: str = ""
    depth: int = 0

    @property
    def text(self) -> str:
        return "".join(s.text for s in self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that belong together, such as a question with its answers."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`lang` is the language of its labels, and so of what the parts add to it."""

    title: str
    sections: tuple[Section, ...]
    lang: str = "zh-hans"

    @property
    def text(self) -> str:
        """All of it as plain text: what makes two documents the same."""
        lines = [self.title]
        for section in self.sections:
            lines += [section.title, *(line.mark + line.text for block in section.blocks for line in block.lines)]
        return "\n".join(lines)


# ---- Markdown ----


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def from_markdown(text: str) -> Document:
    """Reads our own Markdown, also after a person has edited it; HTML in it is text."""
    return _Reader(text).document()


class _Reader:
    """Walks the parser's flat tokens once; lists become blocks, each top item one."""

    def __init__(self, text: str) -> None:
        self.tokens = _parser().parse(text)
        self.title = ""
        self.sections: list[Section] = []
        self.block: list[Line] = []
        self.marks: list[str] = []  # one a list that is open
        self.numbers: list[int] = []
        self.fresh = False  # the next line is the first of its list item
        self.quoted = 0

    def document(self) -> Document:
        heading = ""
        for token in self.tokens:
            match token.type:
                case "heading_open":
                    self._flush()
                    heading = token.tag
                case "heading_close":
                    heading = ""
                case "inline":
                    self._inline(token, heading)
                case "fence" | "code_block":
                    self._add([Line(spans=(Span(text=row, code=True),)) for row in token.content.rstrip("\n").split("\n")])
                case _:
                    self._structure(token)
        self._flush()
        return Document(title=self.title, sections=tuple(self.sections))

    def _structure(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self.marks.append("- ")
            case "ordered_list_open":
                self.marks.append("1. ")
                self.numbers.append(int(token.attrGet("start") or 1) - 1)
            case "bullet_list_close":
                self.marks.pop()
            case "ordered_list_close":
                self.marks.pop()
                self.numbers.pop()
            case "list_item_open":
                if len(self.marks) == 1:
                    self._flush()
                if self.marks[-1] != "- ":
                    self.numbers[-1] += 1
                    self.marks[-1] = f"{self.numbers[-1]}. "
                self.fresh = True
            case "hr":
                self._flush()
                self.sections.append(Section(title="", blocks=()))
            case "blockquote_open":
                self.quoted += 1
            case "blockquote_close":
                self.quoted -= 1
            case "paragraph_open" if not self.marks and not self._keeps_next():
                self._flush()

    def _keeps_next(self) -> bool:
        """A bold heading line inside a section stays with what follows it."""
        return len(self.block) <= 2 and bool(self.block) and all(s.bold for s in self.block[0].spans)

    def _inline(self, token: Token, heading: str) -> None:
        lines = list(_lines(token.children or []))
        if heading == "h1" and not self.title:
            self.title = " ".join(line.text for line in lines)
        elif heading in ("h1", "h2"):
            self.sections.append(Section(title=" ".join(line.text for line in lines), blocks=()))
        elif heading:
            self._add([Line(spans=tuple(replace(s, bold=True) for line in lines for s in line.spans))])
        else:
            self._add(lines)

    def _add(self, lines: list[Line]) -> None:
        depth = max(0, len(self.marks) - 1)
        for line in lines:
            mark = self.marks[-1] if self.marks and self.fresh else "> " if self.quoted else ""
            self.fresh = False
            self.block.append(replace(line, mark=mark, depth=depth))

    def _flush(self) -> None:
        # A heading line keeps the first block that follows it: alone at the end of a part it would say nothing.
        if not self.block or (self._keeps_next() and len(self.block) <= 2 and self.marks):
            return
        if not self.sections:
            self.sections.append(Section(title="", blocks=()))
        last = self.sections[-1]
        self.sections[-1] = replace(last, blocks=(*last.blocks, Block(lines=tuple(self.block))))
        self.block = []


def _lines(tokens: list[Token]) -> Iterator[Line]:
    spans: list[Span] = []
    bold, url = 0, None
    for token in tokens:
        match token.type:
            case "strong_open":
                bold += 1
            case "strong_close":
                bold -= 1
            case "link_open":
                url = str(token.attrGet("href") or "") or None
            case "link_close":
                url = None
            case "softbreak" | "hardbreak":
                yield Line(spans=tuple(spans))
                spans = []
            case "image":
                spans.append(Span(text=token.content or str(token.attrGet("src") or ""), url=str(token.attrGet("src") or "") or None))
            case _ if token.content:
                spans.append(Span(text=token.content, bold=bold > 0, code=token.type == "code_inline", url=url))
    yield Line(spans=tuple(spans))


# ---- plain text ----

_ANSWER = re.compile(r"(?:答：|A: )")
_ITEM = re.compile(r"(?:· |▸ |\d{1,3}\. |问：|問：|答：|Q: |A: |[ \t\u3000])")
_INDENT = re.compile(r"[ \t\u3000]+")


def from_text(text: str) -> Document:
    """Reads our own plain text: the title, then sections parted by empty lines, each under its own line."""
    paragraphs = [p.split("\n") for p in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip("\ufeff\n")) if p.strip()]
    if not paragraphs:
        return Document(title="", sections=())
    title, *intro = paragraphs[0]
    sections = [Section(title="", blocks=_blocks(intro))] if intro else []
    for rows in paragraphs[1:]:
        # An empty line that somebody put between two items opens no section.
        headless = bool(_ITEM.match(rows[0]))
        sections.append(Section(title="" if headless else rows[0], blocks=_blocks(rows if headless else rows[1:])))
    return Document(title=title, sections=tuple(sections))


def _blocks(rows: list[str]) -> tuple[Block, ...]:
    blocks: list[list[Line]] = []
    for row in rows:
        line = Line(spans=(Span(text=row),))
        if blocks and (_INDENT.match(row) or _ANSWER.match(row) or _is_topic(blocks[-1])):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return tuple(Block(lines=tuple(lines)) for lines in blocks)


def _is_topic(block: list[Line]) -> bool:
    """A topic's title and its pointer keep the first line under them."""
    return block[0].text.startswith("▸") and len(block) <= 2
