"""`dianti.digest/1`: a digest as JSON and back (contract, "digest --format json")."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.errors import InputError
from pipeline.i18n import _
from pipeline.model import AskedBefore, Chat, Coverage, Digest, Entry, Kind, Message, QAEntry, StartHere, TalkEntry, TopicEntry

SCHEMA = "dianti.digest/1"
ENTRY_SECTIONS = (
    "short",
    "tldr",
    "resources",
    "unanswered",
    "announcements",
    "decisions",
    "actions",
    "feedback",
    "opportunities",
    "quotes",
)


def digest_json(digest: Digest) -> dict[str, Any]:
    """The digest as plain values, fields in the contract's order; what does not apply is absent from an entry."""
    d = digest
    return {
        "schema": SCHEMA,
        "chat": _drop_empty({"name": d.chat.name, "id": d.chat.id, "platform": d.chat.platform}),
        "period": {"start": d.start.isoformat(), "end": d.end.isoformat()},
        **({"for": d.member} if d.member is not None else {}),
        "coverage": {
            "messages": d.coverage.messages,
            "noise": dict(d.coverage.noise),
            "in_digest": d.coverage.in_digest,
            "left_over": d.coverage.left_over,
            "unreadable": d.coverage.unreadable,
            "unproved": d.coverage.unproved,
            "media": dict(d.coverage.media),
        },
        "short": [_entry(e) for e in d.short],
        "tldr": [_entry(e) for e in d.tldr],
        "resources": [_entry(e) for e in d.resources],
        "qa": [_pair(p) for p in d.qa],
        "unanswered": [_entry(e) for e in d.unanswered],
        "announcements": [_entry(e) for e in d.announcements],
        "decisions": [_entry(e) for e in d.decisions],
        "actions": [_entry(e) for e in d.actions],
        "feedback": [_entry(e) for e in d.feedback],
        "opportunities": [_entry(e) for e in d.opportunities],
        "topics": [_topic(t) for t in d.topics],
        "talks": [_talk(t) for t in d.talks],
        "quotes": [_entry(e) for e in d.quotes],
        "closed": [_pair(p) for p in d.closed],
        "stats": dict(d.stats),
        "sources": {i: _source(m) for i, m in d.sources.items()},
    } | _drop_empty({"due": [_entry(e) for e in d.due], "again": [_topic(t) for t in d.again]})  # only ever with the archive's memory


def _drop_empty(value: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in value.items() if v not in (None, "", [], ())}


def _entry(e: Entry) -> dict[str, Any]:
    return {
        "text": e.text,
        "message_ids": list(e.message_ids),
        **_drop_empty(
            {
                "sender": e.sender,
                "time": e.time.isoformat() if e.time else None,
                "context": _entry(e.context) if e.context else None,
                "url": e.url,
                "title": e.title,
                "when": e.when,
                "place": e.place,
                "due": e.due,
                "who": list(e.who),
                "replaces": list(e.replaces),
                "find": e.find,
                "note": e.note,
                "written_by": e.written_by,
            }
        ),
    }


def _pair(p: QAEntry) -> dict[str, Any]:
    before = p.asked_before
    return {
        "question": _entry(p.question),
        "answers": [_entry(a) for a in p.answers],
        "status": p.status,
        "confidence": p.confidence,
        "asked_before": {"message_id": before.message_id, "time": before.time.isoformat()} if before else None,
    }


def _topic(t: TopicEntry) -> dict[str, Any]:
    start = t.start_here
    return {
        "title": t.title,
        "keywords": list(t.keywords),
        "highlights": [_entry(e) for e in t.highlights],
        "start_here": {"message_id": start.message_id, "time": start.time.isoformat(), "sender": start.sender, "find": start.find},
        "threads": list(t.threads),
        "participants": t.participants,
        "messages": t.messages,
    }


def _talk(t: TalkEntry) -> dict[str, Any]:
    return {
        "title": t.title,
        "speaker": t.speaker,
        "kind": t.kind,
        "message_ids": list(t.message_ids),
        "outline": [_entry(e) for e in t.outline],
        "qa": [_pair(p) for p in t.qa],
    }


def _source(m: Message) -> dict[str, Any]:
    return _drop_empty(
        {
            "time": m.sent_at.isoformat(),
            "sender": m.sender,
            "text": m.text,
            "type": str(m.kind),
            "url": m.url,
            "title": m.title,
            "file_name": m.file_name,
            "reply_to": m.reply_to,
        }
    )


def digest_from_json(value: Mapping[str, Any]) -> Digest:
    """The digest that `digest_json` wrote; raises InputError when it is not one."""
    if value.get("schema") != SCHEMA:
        raise InputError(_("not a digest of dianti (schema {schema})").format(schema=value.get("schema")))
    try:
        return _read(value)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(_("a damaged digest: {reason}").format(reason=error)) from error


def _read(v: Mapping[str, Any]) -> Digest:
    sections: dict[str, Any] = {name: tuple(_read_entry(e) for e in v[name]) for name in ENTRY_SECTIONS}
    return Digest(
        chat=Chat(name=v["chat"].get("name", ""), id=v["chat"].get("id"), platform=v["chat"].get("platform", "")),
        start=datetime.fromisoformat(v["period"]["start"]),
        end=datetime.fromisoformat(v["period"]["end"]),
        coverage=Coverage(**v["coverage"]),
        qa=tuple(map(_read_pair, v["qa"])),
        closed=tuple(map(_read_pair, v["closed"])),
        due=tuple(map(_read_entry, v.get("due", ()))),
        again=tuple(map(_read_topic, v.get("again", ()))),
        topics=tuple(map(_read_topic, v["topics"])),
        talks=tuple(map(_read_talk, v["talks"])),
        stats=v["stats"],
        member=v.get("for"),
        sources={i: _read_source(i, m) for i, m in v.get("sources", {}).items()},
        **sections,
    )


def _read_entry(e: Mapping[str, Any]) -> Entry:
    known = {k: e.get(k) for k in ("url", "title", "when", "place", "due", "find", "note", "written_by")}
    return Entry(
        text=e["text"],
        message_ids=tuple(e["message_ids"]),
        sender=e.get("sender", ""),
        time=datetime.fromisoformat(e["time"]) if e.get("time") else None,
        context=_read_entry(e["context"]) if e.get("context") else None,
        who=tuple(e.get("who", ())),
        replaces=tuple(e.get("replaces", ())),
        **known,
    )


def _read_pair(p: Mapping[str, Any]) -> QAEntry:
    before = p.get("asked_before")
    return QAEntry(
        question=_read_entry(p["question"]),
        answers=tuple(map(_read_entry, p["answers"])),
        status=p["status"],
        confidence=p["confidence"],
        asked_before=AskedBefore(message_id=before["message_id"], time=datetime.fromisoformat(before["time"])) if before else None,
    )


def _read_topic(t: Mapping[str, Any]) -> TopicEntry:
    start = t["start_here"]
    return TopicEntry(
        title=t["title"],
        keywords=tuple(t["keywords"]),
        highlights=tuple(map(_read_entry, t["highlights"])),
        start_here=StartHere(
            message_id=start["message_id"], time=datetime.fromisoformat(start["time"]), sender=start["sender"], find=start["find"]
        ),
        threads=tuple(t["threads"]),
        participants=t["participants"],
        messages=t["messages"],
    )


def _read_talk(t: Mapping[str, Any]) -> TalkEntry:
    return TalkEntry(
        title=t["title"],
        speaker=t["speaker"],
        outline=tuple(map(_read_entry, t["outline"])),
        qa=tuple(map(_read_pair, t["qa"])),
        message_ids=tuple(t["message_ids"]),
        kind=t["kind"],
    )


def _read_source(message_id: str, m: Mapping[str, Any]) -> Message:
    return Message(
        id=message_id,
        sender_id="",
        sender=m.get("sender", ""),
        sent_at=datetime.fromisoformat(m["time"]),
        text=m.get("text", ""),
        kind=Kind(m.get("type", "text")),
        url=m.get("url"),
        title=m.get("title"),
        file_name=m.get("file_name"),
        reply_to=m.get("reply_to"),
    )
