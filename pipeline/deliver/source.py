"""What is posted: a digest's JSON, or the Markdown or text file that the operator has reviewed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.deliver.document import Document, Section, from_markdown, from_text
from pipeline.deliver.platforms import Attachment
from pipeline.deliver.post import Form, Plan, plan
from pipeline.deliver.review import Review, review
from pipeline.deliver.targets import Target
from pipeline.digest.as_json import digest_from_json
from pipeline.errors import InputError
from pipeline.i18n import _
from pipeline.model import Digest
from pipeline.render import RenderOptions, render
from pipeline.render.words import Words

FORMATS = {".md": "md", ".markdown": "md", ".txt": "txt"}
# Platforms that show text as it is typed get the text form; the others their own markup, made from the Markdown.
_PLAIN = ("clipboard", "file", "apprise")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A digest file as it was found: its JSON, the reviewed text over it, or the text alone."""

    path: Path
    digest: Digest | None
    text: str | None = None
    format: str = "json"


def read_source(path: Path) -> Source:
    """A digest's JSON, or its Markdown or text; a JSON of the same name beside the text is read with it."""
    format = FORMATS.get(path.suffix.lower(), "json")
    text = _read(path)
    if format == "json":
        return Source(path=path, digest=_digest(text, path))
    beside = path.with_suffix(".json")
    return Source(path=path, digest=_digest(_read(beside), beside) if beside.is_file() else None, text=text, format=format)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(_("{path}: there is no such file").format(path=path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(_("{path}: cannot be read as UTF-8 text").format(path=path)) from error


def _digest(text: str, path: Path) -> Digest:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(_("{path}: not a digest's JSON ({reason})").format(path=path, reason=error)) from error
    if not isinstance(value, dict):
        raise InputError(_("{path}: not a digest's JSON ({reason})").format(path=path, reason=type(value).__name__))
    return digest_from_json(value)


def reviewed(source: Source, options: RenderOptions) -> Review | None:
    """What the operator made of a digest; None where there is only one of the two to compare."""
    if source.digest is None or source.text is None:
        return None
    return review(source.digest, source.text, source.format, options)


def plan_for(source: Source, target: Target, options: RenderOptions, form: Form = "auto") -> Plan | None:
    """Exactly what a target would get; None when there is nothing worth posting."""
    options = replace(
        options,
        name_display=target.settings.get("names", options.name_display),
        sections=tuple(target.settings.get("sections", options.sections)),
    )
    done = reviewed(source, options)
    digest = done.digest if done else source.digest
    if digest and Words(digest, options).empty:
        return None
    if source.text is not None:
        text = done.text if done else source.text
        full = replace(from_markdown(text) if source.format == "md" else from_text(text), lang=options.lang)
        if not any(section.blocks for section in full.sections):
            return None
    else:
        assert digest is not None
        full = _document(digest, target, options)
    short = _document(digest, target, replace(options, short=True)) if digest else _first_section(full)
    return plan(target, full, short, _attachment(source, digest, options), form)


def _document(digest: Digest, target: Target, options: RenderOptions) -> Document:
    if target.platform.name in _PLAIN:
        return replace(from_text(render(digest, "txt", options)), lang=options.lang)
    return replace(from_markdown(render(digest, "md", options)), lang=options.lang)


def _first_section(document: Document) -> Document:
    """The short form of a text without its JSON: its first section that has a heading."""
    first = next((s for s in document.sections if s.title and s.blocks), Section(title="", blocks=()))
    return replace(document, sections=(first,))


def _attachment(source: Source, digest: Digest | None, options: RenderOptions) -> Attachment:
    """The whole as a page, or as the file that there is."""
    if digest:
        return Attachment(name=f"{source.path.stem}.html", content=render(digest, "html", replace(options, short=False)).encode())
    return Attachment(name=source.path.name, content=(source.text or "").encode(), media_type="text/plain")
