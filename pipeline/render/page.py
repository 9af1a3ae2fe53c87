"""`render`: the template environment of one digest."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from pipeline.errors import ConfigError
from pipeline.i18n import _, catalog
from pipeline.model import Digest
from pipeline.render import escape
from pipeline.render.chart import timeline, topic_bars
from pipeline.render.options import RenderOptions
from pipeline.render.words import Words

FORMATS = ("md", "html", "txt")
MOST_HTML_BYTES = 400_000
# Longest printed source message, tried in turn until the page is small enough; 0 leaves the conversations out.
SOURCE_CHARS = (4000, 1200, 400, 160, 60, 0)


def template_folder() -> Path:
    """The shipped templates: inside the installed package, else at the top of the repository."""
    packaged = Path(__file__).parents[1] / "_templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "templates"


def render(digest: Digest, format: str, options: RenderOptions | None = None) -> str:
    """The digest in a format of `FORMATS`, labelled and ordered as the options say."""
    options = options or RenderOptions()
    if format == "html":
        return render_html(digest, options)
    text = _tidy(_page(digest, format, options)(short=options.short))
    return _tight_lists(text) if format == "md" else text


def render_html(digest: Digest, options: RenderOptions, picture: bool = False) -> str:
    """One self-contained page; long cited messages are clipped where it would grow past `MOST_HTML_BYTES`."""
    page = _page(digest, "html", options)
    html = ""
    for chars in (0,) if picture else SOURCE_CHARS:
        html = page(source_chars=chars, picture=picture)
        if len(html.encode()) <= MOST_HTML_BYTES:
            break
    return html


def _page(digest: Digest, format: str, options: RenderOptions) -> Callable[..., str]:
    words = Words(digest, options)
    environment = _environment(format, options, words)
    name = f"digest.{format}.j2"
    values = {
        "d": digest, "o": options, "words": words, "sections": [s for s in options.sections if words.has(s)],
        "timeline": timeline(digest.stats), "sizes": topic_bars(digest),
    }  # fmt: skip

    def page(**more: Any) -> str:
        try:
            return environment.get_template(name).render(**values, **more)
        except TemplateError as error:
            where = getattr(error, "filename", None) or getattr(error, "name", None) or name
            line = getattr(error, "lineno", None) or "?"
            raise ConfigError(_("template {where}, line {line}: {reason}").format(where=where, line=line, reason=error)) from error

    return page


@dataclass(frozen=True)
class _Escaper:
    """Jinja's `finalize`: whatever is not yet `Markup` is escaped for the format."""

    escape: Callable[[str], str]

    def __call__(self, value: Any) -> Any:
        return value if value is None or hasattr(value, "__html__") else Markup(_between_blanks(self.escape, str(value)))


def _environment(format: str, options: RenderOptions, words: Words) -> Environment:
    if options.templates and not options.templates.is_dir():
        raise ConfigError(_("no folder of templates at {path}").format(path=options.templates))
    folders = [folder for folder in (options.templates, template_folder()) if folder]
    loader: BaseLoader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])
    finalize = {"md": _Escaper(escape.md), "txt": _Escaper(escape.txt)}.get(format, _visible)
    # Autoescape is on by value, not by file name: `select_autoescape(["html"])` would leave "digest.html.j2" open.
    environment = Environment(
        loader=loader,
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    translations = catalog(options.lang)
    environment.globals |= {"_": translations.gettext, "asset": lambda name: _asset(folders, name), "csp_hash": _csp_hash}
    environment.filters |= {
        "at": words.at, "name": words.name, "url": escape.safe_url, "visible": escape.visible,
        "one_line": escape.one_line, "links": escape.html_links,
        "md": lambda text: Markup(escape.md(text)),
        "md_lines": lambda text, indent=2: Markup(escape.md_lines(text, indent)),
        "md_url": lambda url: Markup(escape.md_target(url)),
        "txt": lambda text: Markup(escape.txt(text)),
        "txt_lines": lambda text, indent="  ": Markup(escape.txt_lines(text, indent)),
    }  # fmt: skip
    return environment


def _visible(value: Any) -> Any:
    """HTML: Jinja escapes; before that, what cannot be seen is dropped."""
    return _between_blanks(escape.visible, value) if type(value) is str else value


def _between_blanks(clean: Callable[[str], str], text: str) -> str:
    """Cleaned text that keeps one blank at either end, where labels join ("Start here: ")."""
    cleaned = clean(text)
    return (" " if text.startswith(" ") else "") + cleaned + (" " if text.endswith(" ") and cleaned else "")


def _asset(folders: list[Path], name: str) -> Markup:
    """A style sheet or script as it is, for a page that must load nothing; ours or the operator's, never chat text."""
    path = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if path is None:
        raise ConfigError(_("template file {name} is missing").format(name=name))
    return Markup(path.read_text("utf-8").replace("\r\n", "\n").strip())


def _csp_hash(content: str) -> Markup:
    """The content-security-policy source that allows exactly this inline style or script."""
    return Markup("'sha256-" + base64.b64encode(hashlib.sha256(str(content).encode()).digest()).decode() + "'")


def _tidy(text: str) -> str:
    """No blank line twice, none at the end."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip() or (lines and lines[-1].strip()):
            lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"


_LIST_LINE = re.compile(r"\s*(?:- |\d+\. )|  ")


def _tight_lists(text: str) -> str:
    """Markdown without blank lines between the items of a list."""
    lines = text.split("\n")
    kept = [
        line
        for i, line in enumerate(lines)
        if line.strip() or not (0 < i < len(lines) - 1 and _LIST_LINE.match(lines[i - 1]) and _LIST_LINE.match(lines[i + 1]))
    ]
    return "\n".join(kept)
