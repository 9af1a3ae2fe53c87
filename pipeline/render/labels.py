"""Message ids of the labels that are looked up by a value of the model."""

from __future__ import annotations


def _noop(message: str) -> str:
    """Marks a message id for the catalog."""
    return message


NOISE = {
    "ad": _noop("advertising"),
    "greeting": _noop("greetings"),
    "banter": _noop("banter"),
    "sticker": _noop("stickers"),
    "ack": _noop("acknowledgements"),
    "chain": _noop("sign-up chains"),
    "redpacket": _noop("red packets"),
    "checkin": _noop("check-ins"),
    "system": _noop("system notices"),
    "pat": _noop("nudges"),
    "conflict": _noop("quarrels"),
    "repost": _noop("repetitions"),
}
MEDIA = {
    "image": _noop("images"),
    "voice": _noop("voice messages"),
    "video": _noop("videos"),
    "file": _noop("files"),
    "forward": _noop("forwarded records"),
    "sticker": _noop("stickers"),
}
STATUS = {
    "answered": _noop("answered"),
    "partial": _noop("partly answered"),
    "disputed": _noop("disputed"),
    "unanswered": _noop("unanswered"),
}
SECTIONS = {
    "tldr": _noop("In three lines"),
    "resources": _noop("Links and resources"),
    "qa": _noop("Questions and answers"),
    "unanswered": _noop("Still unanswered"),
    "announcements": _noop("Announcements"),
    "decisions": _noop("Decisions"),
    "actions": _noop("To-dos"),
    "due": _noop("Due now"),
    "topics": _noop("Topics"),
    "talks": _noop("Talks and meetings"),
    "closed": _noop("Earlier questions, now answered"),
    "again": _noop("Talked about before"),
    "feedback": _noop("Feedback"),
    "opportunities": _noop("Opportunities"),
    "quotes": _noop("Quotes"),
}
# One mark a section, for chat apps that render no headings.
MARKS = {
    "tldr": "📌",
    "resources": "🔗",
    "qa": "💬",
    "unanswered": "❓",
    "announcements": "📢",
    "decisions": "✅",
    "actions": "📝",
    "due": "⏰",
    "topics": "🗂",
    "talks": "🎤",
    "closed": "🔁",
    "again": "🕰",
    "feedback": "💡",
    "opportunities": "🤝",
    "quotes": "✨",
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = (_noop("Mon"), _noop("Tue"), _noop("Wed"), _noop("Thu"), _noop("Fri"), _noop("Sat"), _noop("Sun"))
