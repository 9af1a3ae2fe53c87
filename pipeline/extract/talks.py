"""Talks and meetings: a scheduled sharing with its outline and its questions."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.extract.options import ExtractOptions
from pipeline.model import Message, QAPair, Scored, Session, Talk, Thread


def extract_talks(
    messages: Sequence[Message],
    sessions: Sequence[Session],
    threads: Sequence[Thread],
    scored: Sequence[Scored],
    qa: Sequence[QAPair],
    options: ExtractOptions,
) -> list[Talk]:
    """Stretches of a session in which one member holds the floor."""
    talks = []
    row = {m.id: i for i, m in enumerate(messages)}
    for session in sessions:
        start, end = row[session.messages[0].id], row[session.messages[-1].id] + 1
        window = _busiest(messages, start, end)
        if window is None:
            continue
        speaker, rows = window
        ids = {messages[i].id for i in range(rows[0], min(end, rows[-1] + 30))}
        talks.append(
            Talk(
                kind="talk", title_id=messages[rows[0]].id, speaker_id=speaker,
                outline_ids=tuple(messages[i].id for i in rows),
                qa=tuple(p for p in qa if p.question_ids[0] in ids),
            )
        )  # fmt: skip
    return talks


def _busiest(messages: Sequence[Message], start: int, end: int) -> tuple[str, list[int]] | None:
    """The longest stretch in which every second message of some length is one member's; at least ten of theirs."""
    best: tuple[str, list[int]] | None = None
    for speaker in sorted({m.sender_id for m in messages[start:end]}):
        run: list[int] = []
        for i in range(start, end):
            m = messages[i]
            if m.sender_id == speaker and len(m.text) >= 25:
                if run and i - run[-1] > 6:
                    run = []
                run.append(i)
                if len(run) >= 10 and (best is None or len(run) > len(best[1])):
                    best = (speaker, list(run))
    return best
