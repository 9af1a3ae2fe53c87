"""Cuts a document into parts that each stand alone, in the unit of the target.

Borders are tried in this order: section, block (a question with its answers), line, sentence, character. A link or
code is never cut. Each part carries the title with its number; a section that goes on repeats its heading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.deliver.document import Block, Document, Line, Span
from pipeline.i18n import catalog
from pipeline.text import urls

Measure = Callable[[Sequence[Line]], int]
_SENTENCE = re.compile(r"[^。！？!?；;，,、…\s]*[。！？!?；;，,、…\s]*")
# One visible character: a base with what joins, colours or accents it must not be torn apart.
_CHARACTER = re.compile(r"(?s)(?:[\U0001f1e6-\U0001f1ff]{2}|.)(?:[\u0300-\u036f\u20d0-\u20ff\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d.)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message: its numbered title and its lines, the title among them."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Headed:
    """A section with the lines that open it, and those that repeat its heading where it goes on in another part."""

    opening: tuple[Line, ...]
    again: tuple[Line, ...]
    blocks: tuple[Block, ...]


def split(document: Document, limit: int, measure: Measure) -> tuple[Part, ...]:
    """The parts, each measuring at most `limit`; cut at section borders where that takes no more parts."""
    by_block = _pack(document, limit, measure, whole_sections=False)
    by_section = _pack(document, limit, measure, whole_sections=True)
    bodies = by_section if len(by_section) <= len(by_block) else by_block
    total = len(bodies)
    return tuple(_part(document.title, i + 1, total, body) for i, body in enumerate(bodies))


def _part(title: str, number: int, total: int, body: Sequence[Line]) -> Part:
    numbered = f"{title} ({number}/{total})" if total > 1 else title
    return Part(title=numbered, lines=(heading(numbered), *body))


def heading(text: str) -> Line:
    return Line(spans=(Span(text=text, bold=True),))


def _pack(document: Document, limit: int, measure: Measure, *, whole_sections: bool) -> list[list[Line]]:
    """Fills parts one after the other, leaving room for a title numbered with three digits."""
    head = heading(f"{document.title} (999/999)")

    def fits(lines: Sequence[Line]) -> bool:
        return measure([head, *lines]) <= limit

    bodies: list[list[Line]] = [[]]
    too_long = catalog(document.lang).gettext("[too long to post; see the full digest]")
    for section in _headed(document):
        whole = [*section.opening, *(line for block in section.blocks for line in block.lines)]
        if whole_sections and bodies[-1] and not fits([*bodies[-1], *whole]) and fits(whole):
            bodies.append([])
        _pack_section(section, bodies, fits, too_long)
    return [body for body in bodies if body] or [[]]


def _headed(document: Document) -> Iterator[_Headed]:
    """The sections with their headings after an empty line; one without a heading is only set apart from what is before it."""
    continued = catalog(document.lang).gettext("{section} (continued)")
    empty = Line(spans=())
    for n, section in enumerate(document.sections):
        if section.title:
            again = continued.format(section=section.title)
            yield _Headed(opening=(empty, heading(section.title)), again=(empty, heading(again)), blocks=section.blocks)
        elif section.blocks:
            yield _Headed(opening=(empty,) if n else (), again=(), blocks=section.blocks)


def _pack_section(section: _Headed, bodies: list[list[Line]], fits: Callable[[Sequence[Line]], bool], too_long: str) -> None:
    opened = False
    for block in section.blocks or (Block(lines=()),):
        for piece in _pieces(block, fits, section.again or section.opening, too_long):
            lead = section.again if opened else section.opening
            now = () if opened and bodies[-1] else lead
            if bodies[-1] and not fits([*bodies[-1], *now, *piece]):
                bodies.append([])
                now = lead
            bodies[-1] += [*now, *piece]
            opened = True


def _pieces(block: Block, fits: Callable[[Sequence[Line]], bool], lead: Sequence[Line], too_long: str) -> Iterator[tuple[Line, ...]]:
    """The block whole where a part can hold it, else its lines, else pieces of lines."""
    if fits([*lead, *block.lines]):
        yield block.lines
        return
    held: list[Line] = []
    for line in block.lines:
        for piece in _line_pieces(line, lambda x: fits([*lead, x]), too_long):
            if held and not fits([*lead, *held, piece]):
                yield tuple(held)
                held = []
            held.append(piece)
    yield tuple(held)


def _line_pieces(line: Line, fits: Callable[[Line], bool], too_long: str) -> Iterator[Line]:
    if fits(line):
        yield line
        return
    held: list[Span] = []
    mark = line.mark
    for span in _atoms(line, fits, too_long):
        if held and not fits(replace(line, spans=(*held, span), mark=mark)):
            yield replace(line, spans=_joined(held), mark=mark)
            held, mark = [], ""
        held.append(span)
    yield replace(line, spans=_joined(held), mark=mark)


def _atoms(line: Line, fits: Callable[[Line], bool], too_long: str) -> Iterator[Span]:
    """What a cut may not go through: links, code, addresses; then sentences, and characters of sentences too long."""
    for span in line.spans:
        for atom in _whole_or_text(span):
            if fits(replace(line, spans=(atom,))):
                yield atom
            elif atom.url or atom.code or urls(atom.text) == [atom.text]:
                yield Span(text=too_long)
            else:
                yield from _halves(atom, lambda piece: fits(replace(line, spans=(piece,))))


def _halves(span: Span, fits: Callable[[Span], bool]) -> Iterator[Span]:
    """A sentence too long for a part, cut between visible characters."""
    characters = _CHARACTER.findall(span.text)
    if fits(span) or len(characters) < 2:
        yield span
        return
    middle = len(characters) // 2
    for half in (characters[:middle], characters[middle:]):
        yield from _halves(replace(span, text="".join(half)), fits)


def _whole_or_text(span: Span) -> Iterator[Span]:
    """A link or code as it is; text with its addresses set apart, and the text between them in sentences."""
    if span.url or span.code:
        yield span
        return
    rest = span.text
    for url in urls(span.text):
        before, _sep, rest = rest.partition(url)
        yield from (replace(span, text=s) for s in _SENTENCE.findall(before) if s)
        yield replace(span, text=url)
    yield from (replace(span, text=s) for s in _SENTENCE.findall(rest) if s)


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Neighbours of one style as one span again."""
    found: list[Span] = []
    for span in spans:
        if found and not span.url and not found[-1].url and (found[-1].bold, found[-1].code) == (span.bold, span.code):
            found[-1] = replace(found[-1], text=found[-1].text + span.text)
        else:
            found.append(span)
    return tuple(found)
