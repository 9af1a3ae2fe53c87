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


def _(message: str) -> str:
    """Marks a label for the catalog; it is translated where a page is made."""
    return message


STAGES = {
    "unknown": _("too little to tell"),
    "sprouting": _("sprouting"),
    "growing": _("growing"),
    "active": _("active"),
    "declining": _("declining"),
    "silent": _("silent"),
}
SIGNS = {
    "questions_unanswered": _("Many questions stay unanswered"),
    "ads": _("Advertising"),
    "quarrels": _("Quarrels"),
    "noise": _("Mostly noise"),
    "few_carry_the_talk": _("A few carry the talk"),
    "newcomers_without_answer": _("Newcomers stay without an answer"),
    "activity_falls": _("Activity falls"),
    "valuable_members_fade": _("Valuable members fall silent"),
    "answers_take_longer": _("Answers take longer"),
    "host_absent": _("The host is absent"),
    "no_new_members": _("No new members"),
}
NUMBERS = {
    "share": _("share"),
    "before": _("before"),
    "questions": _("questions"),
    "first": _("the first alone"),
    "first_three": _("the first three"),
    "members": _("members"),
    "alone": _("without an answer"),
    "newcomers": _("newcomers"),
    "messages": _("messages"),
    "messages_a_day": _("messages a day"),
    "of": _("of"),
    "median_minutes": _("minutes (median)"),
    "hosts": _("hosts"),
    "days": _("days"),
}
SHARES = {"share", "first", "first_three"}
WEEKDAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))


def report_page(report: Mapping[str, Any], form: str, lang: str) -> str:
    """The operator's report as `md` or `html`."""
    return (
        _environment(form, lang)
        .get_template(f"report.{form}.j2")
        .render(r=report, who=_who(report), stages=STAGES, signs=SIGNS, numbers=NUMBERS, days=WEEKDAYS, lang=_html_lang(lang))
        .strip()
        + "\n"
    )


def _who(report: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], str]:
    """How a member is called on the page: by name, with the id where two share it."""
    bearers: dict[str, set[str]] = {}
    for name in ("kol", "starters", "newcomers", "lurkers", "advertisers"):
        for person in report[name]:
            bearers.setdefault(person["sender"], set()).add(person["sender_id"])
    return lambda p: f"{p['sender']} ({p['sender_id']})" if len(bearers[p["sender"]]) > 1 else p["sender"]


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
    environment.filters |= {"percent": _percent, "one_line": escape.one_line, "links": escape.html_links, "figure": _figure}
    return environment


def _visible(value: Any) -> Any:
    return escape.visible(value) if type(value) is str else value


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _figure(value: Any, name: str) -> str:
    """A number of a warning: shares as percent, lists of names with commas."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _percent(value) if name in SHARES or (name == "before" and isinstance(value, float) and value <= 1) else str(value)


def _html_lang(lang: str) -> str:
    return {"zh-hant": "zh-Hant", "en": "en"}.get(lang, "zh-Hans")


KINDS = {"bug": _("bug"), "wish": _("wish"), "complaint": _("complaint")}
MEMBERS = _("members: {n}")
NO_FEEDBACK = _("Nobody has said anything about the product yet.")
COLUMNS = (_("kind"), _("text"), _("times"), _("members"), _("first"), _("last"), _("chat"), _("messages"))


def feedback_text(matters: Sequence[Mapping[str, Any]], form: str, lang: str) -> str:
    """The feedback as Markdown, CSV (for a spreadsheet) or JSON lines."""
    if form == "json":
        return "".join(json.dumps(m, ensure_ascii=False) + "\n" for m in matters)
    say = catalog(lang).gettext
    if form == "csv":
        return _csv(matters, say)
    lines = [f"# {say('Feedback')}", "", *([] if matters else [say(NO_FEEDBACK)])]
    for m in matters:
        lines.append(f"- **{say(KINDS[m['kind']])}** ({say(MEMBERS).format(n=m['members'])}, {m['first'][:10]}): {escape.md(m['text'])}")
        lines += [f"  - {escape.md(q['sender'])}: {escape.md(q['text'])} ({q['message_id']})" for q in m["quotes"][1:]]
    return "\n".join(lines) + "\n"


def _csv(matters: Sequence[Mapping[str, Any]], say: Callable[[str], str]) -> str:
    """With a byte order mark, for Excel; a cell that a spreadsheet would take for a formula begins with a quotation mark."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([say(h) for h in COLUMNS])
    for m in matters:
        ids = " ".join(q["message_id"] for q in m["quotes"])
        row = (say(KINDS[m["kind"]]), m["text"], m["times"], m["members"], m["first"], m["last"], m["chat"], ids)
        writer.writerow([_harmless(cell) for cell in row])
    return "\ufeff" + out.getvalue()


def _harmless(cell: object) -> object:
    return "'" + cell if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell
