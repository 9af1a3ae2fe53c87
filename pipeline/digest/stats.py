"""Plain counts of one chat for the end of a digest: activity hour by hour, members, sessions, largest topics."""

from __future__ import annotations

from typing import Any

from pipeline.model import Analysis
from pipeline.text import written_in

SAMPLED = 500  # messages that tell the chat's language
TIMELINE_DAYS = 7  # a longer digest shows its days, not their hours


def chat_stats(analysis: Analysis) -> dict[str, Any]:
    """Counts in the messages' own zone; JSON-ready."""
    people = [m for m in analysis.messages if not m.is_system]
    hours = [0] * 24
    days: dict[str, int] = {}
    timeline: dict[str, int] = {}
    for m in people:
        hours[m.sent_at.hour] += 1
        day = m.sent_at.date().isoformat()
        days[day] = days.get(day, 0) + 1
        hour = f"{day}T{m.sent_at.hour:02d}"
        timeline[hour] = timeline.get(hour, 0) + 1
    by_id = {t.id: len(t.messages) for t in analysis.threads}
    return {
        "language": written_in([m.text for m in people[:SAMPLED]]),
        "members": len({m.sender_id for m in people}),
        "sessions": len(analysis.sessions),
        "threads": len(analysis.threads),
        "by_hour": hours,
        "by_day": days,
        "timeline": timeline if len(days) <= TIMELINE_DAYS else {},
        "questions": sum(s.is_question for s in analysis.scored),
        "top_topics": [{"title": k.title, "messages": sum(by_id[t] for t in k.thread_ids)} for k in analysis.topics[:8]],
    }
