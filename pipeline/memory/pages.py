"""The report and the FAQ as Markdown and HTML: figures and labels only here, looks in `templates/`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.i18n import catalog
from pipeline.memory.faq import FaqEntry
from pipeline.render import escape
from pipeline.render.page import template_folder

STAGES = {
    "unknown": "too little to tell",
    "sprouting": "sprouting",
    "growing": "growing",
    "active": "active",
    "declining": "declining",
    "silent": "silent",
}
SIGNS = {
    "questions_unanswered": "Many questions stay unanswered",
    "ads": "Advertising",
    "quarrels": "Quarrels",
    "noise": "Mostly noise",
    "few_carry_the_talk": "A few carry the talk",
    "newcomers_without_answer": "Newcomers stay without an answer",
    "activity_falls": "Activity falls",
    "valuable_members_fade": "Valuable members fall silent",
    "answers_take_longer": "Answers take longer",
    "host_absent": "The host is absent",
    "no_new_members": "No new members",
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def report_page(report: Mapping[str, Any], form: str, lang: str) -> str:
    """The operator's report as `md` or `html`."""
    return (
        _environment(form, lang)
        .get_template(f"report.{form}.j2")
        .render(r=report, stages=STAGES, signs=SIGNS, days=WEEKDAYS, lang=_html_lang(lang))
        .strip()
        + "\n"
    )


def faq_page(entries: Sequence[FaqEntry], form: str, lang: str) -> str:
    """The FAQ as `md` or `html`."""
    chats = list(dict.fromkeys(e.chat for e in entries))
    return (
        _environment(form, lang).get_template(f"faq.{form}.j2").render(entries=entries, chats=chats, lang=_html_lang(lang)).strip() + "\n"
    )


def _environment(form: str, lang: str) -> Environment:
    folder = template_folder()
    finalize = (lambda v: v if v is None or hasattr(v, "__html__") else Markup(escape.md(str(v)))) if form == "md" else _visible
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"_": catalog(lang).gettext, "css": Markup((folder / "digest.css").read_text("utf-8"))}
    environment.filters |= {"percent": _percent, "one_line": escape.one_line, "links": escape.html_links}
    return environment


def _visible(value: Any) -> Any:
    return escape.visible(value) if type(value) is str else value


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _html_lang(lang: str) -> str:
    return {"zh-hant": "zh-Hant", "en": "en"}.get(lang, "zh-Hans")


KINDS = {"bug": "bug", "wish": "wish", "complaint": "complaint"}


def feedback_text(matters: Sequence[Mapping[str, Any]], form: str, lang: str) -> str:
    """The feedback as Markdown, CSV (for a spreadsheet) or JSON lines."""
    if form == "json":
        return "".join(json.dumps(m, ensure_ascii=False) + "\n" for m in matters)
    say = catalog(lang).gettext
    if form == "csv":
        return _csv(matters, say)
    lines = [f"# {say('Feedback')}", ""]
    for m in matters:
        lines.append(
            f"- **{say(KINDS[m['kind']])}** ({say('{n} members').format(n=m['members'])}, {m['first'][:10]}): {escape.md(m['text'])}"
        )
        lines += [f"  - {escape.md(q['sender'])}: {escape.md(q['text'])} ({q['message_id']})" for q in m["quotes"][1:]]
    return "\n".join(lines) + "\n"


def _csv(matters: Sequence[Mapping[str, Any]], say: Callable[[str], str]) -> str:
    """With a byte order mark, for Excel; a cell that a spreadsheet would take for a formula begins with a quotation mark."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([say(h) for h in ("kind", "text", "times", "members", "first", "last", "chat", "messages")])
    for m in matters:
        ids = " ".join(q["message_id"] for q in m["quotes"])
        row = (say(KINDS[m["kind"]]), m["text"], m["times"], m["members"], m["first"], m["last"], m["chat"], ids)
        writer.writerow([_harmless(cell) for cell in row])
    return "\ufeff" + out.getvalue()


def _harmless(cell: object) -> object:
    return "'" + cell if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell
