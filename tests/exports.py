"""The invented conversation behind every sample export, and what a parsed export lacks of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.model import Export, Message
from pipeline.readers import ReadOptions

EXPORTS = Path(__file__).parent / "data" / "exports"
SHANGHAI = ReadOptions(tz=ZoneInfo("Asia/Shanghai"), date="2026-11-19")
CONVERSATION: dict[str, Any] = json.loads((EXPORTS / "expected" / "conversation.json").read_text(encoding="utf-8"))
EXPECTED: list[dict[str, Any]] = CONVERSATION["messages"]
_KINDS = {"quote": "text", "mention": "text", "announce": "text", "join": "system", "miniapp": "card"}
_WRAPPED = ("", "[群公告] ", "[红包] ")


def samples() -> list[str]:
    """Every export among the samples, folder exports as folders."""
    files = {p.relative_to(EXPORTS).as_posix() for p in EXPORTS.rglob("*") if p.is_file() and p.name != "SOURCE.txt"}
    folders = ("slack", "qce/chunked")
    alone = {f for f in files if not f.startswith(tuple(f"{folder}/" for folder in (*folders, "expected", "memotrace/training_json")))}
    return sorted({*alone, *folders})


@dataclass(frozen=True, kw_only=True)
class Lacks:
    """What an export lacks of the conversation, by message number ("12 14")."""

    messages: str = ""  # not in it at all
    extra: int = 0  # notices of the exporter or the app beside the 40
    kinds: str = ""  # shown as something else
    texts: str = ""  # in other words, or only a stand-in
    replies: str = ""
    mentions: str = ""
    titles: str = ""
    urls: str = ""
    files: str = ""
    times: str = ""  # not even the minute
    senders: str = ""  # not one sender for one person


def lacks(export: Export) -> Lacks:
    """Field by field, what the export has not as the conversation has it."""
    rest = list(export.messages)
    found: dict[int, Message] = {}
    for wanted in EXPECTED:
        best = max(rest, key=lambda m, w=wanted: _likeness(m, w), default=None)  # type: ignore[misc]
        if best is not None and _likeness(best, wanted) >= 2:
            found[wanted["n"]] = best
            rest.remove(best)
    gone: dict[str, list[int]] = {field.name: [] for field in fields(Lacks) if field.name != "extra"}
    gone["messages"] = [w["n"] for w in EXPECTED if w["n"] not in found]
    who = _who(found)
    for wanted in EXPECTED:
        n = wanted["n"]
        if n in found:
            for name in _differs(found[n], wanted, found, who):
                gone[name].append(n)
    return Lacks(extra=len(rest), **{name: " ".join(map(str, numbers)) for name, numbers in gone.items()})


def _likeness(message: Message, wanted: dict[str, Any]) -> int:
    late = message.sent_at.timestamp() - wanted["t"]
    if not -60 < late < 1:
        return 0
    said = _words(wanted) in message.text if _words(wanted) else False
    if not said and any(len(_words(other)) > 1 and _words(other) in message.text for other in EXPECTED if other is not wanted):
        return 0  # another one's words
    return 2 * (abs(late) < 1) + 5 * said + 2 * (message.kind.value == _kind(wanted))


def _words(wanted: dict[str, Any]) -> str:
    words: str = wanted["text"] or wanted.get("title") or ""
    return words.split("\n")[0]


def _kind(wanted: dict[str, Any]) -> str:
    return _KINDS.get(wanted["kind"], wanted["kind"])


def _who(found: dict[int, Message]) -> dict[str, str]:
    """Person → the sender id of their first message."""
    ids: dict[str, str] = {}
    for wanted in EXPECTED:
        if wanted["n"] in found and wanted["kind"] != "join":
            ids.setdefault(wanted["who"], found[wanted["n"]].sender_id)
    return ids


def _differs(message: Message, wanted: dict[str, Any], found: dict[int, Message], who: dict[str, str]) -> list[str]:
    wrong = []
    if message.kind.value != _kind(wanted):
        wrong.append("kinds")
    if wanted["text"] and message.text not in [prefix + wanted["text"] for prefix in _WRAPPED]:
        wrong.append("texts")
    if int(message.sent_at.timestamp()) not in (wanted["t"], wanted["t"] // 60 * 60):
        wrong.append("times")
    quoted = found.get(wanted.get("ref", 0))
    if quoted is not None and message.reply_to != quoted.id:
        wrong.append("replies")
    if "ref" not in wanted and message.reply_to is not None:
        wrong.append("replies")
    if "at" in wanted and list(message.mentions) != [who.get(person) for person in wanted["at"]]:
        wrong.append("mentions")
    for name, field in (("title", "titles"), ("url", "urls")):
        if wanted.get(name) and getattr(message, name) != wanted[name]:
            wrong.append(field)
    if wanted["kind"] == "file" and message.file_name != wanted["file"]:
        wrong.append("files")
    if wanted["kind"] != "join" and message.sender_id != who.get(wanted["who"]):
        wrong.append("senders")
    return wrong
