"""Questions with their answers, and questions that nobody answered."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.embedding import MessageVectors
from pipeline.extract import cues
from pipeline.extract.options import ExtractOptions
from pipeline.model import Answer, Kind, Message, QAPair, ReplyLink, Scored, Thread
from pipeline.text import clean


def extract_qa(
    messages: Sequence[Message],
    links: Sequence[ReplyLink],
    threads: Sequence[Thread],
    scored: Sequence[Scored],
    vectors: MessageVectors,
    options: ExtractOptions,
) -> list[QAPair]:
    """The chat's questions in time order."""
    thread_of = {m.id: t.id for t in threads for m in t.messages}
    pairs = []
    for group in _questions(messages, scored, options):
        answers = _answers(group, messages, links, scored, thread_of, options)
        asked = tuple(messages[i].id for i in group)
        if answers:
            pairs.append(QAPair(question_ids=asked, answers=answers, status="answered", confidence=0.6))
        elif len(clean(messages[group[0]].text)) >= 8:
            pairs.append(QAPair(question_ids=asked, answers=(), status="unanswered", confidence=0.5))
    return pairs


def _questions(messages: Sequence[Message], scored: Sequence[Scored], options: ExtractOptions) -> list[list[int]]:
    """Rows of question messages; neighbours of one sender within the gap are one question."""
    groups: list[list[int]] = []
    for i, m in enumerate(messages):
        asks = bool(cues.MARK.search(m.text) or (cues.ASK_WORD.search(m.text) and cues.ASK_ENDING.search(m.text)) or scored[i].is_question)
        if m.kind is not Kind.TEXT or not asks or scored[i].noise or len(clean(m.text)) < 5 or len(m.text) > 400:
            continue
        last = messages[groups[-1][-1]] if groups else None
        if (
            last
            and last.sender_id == m.sender_id
            and (m.sent_at - last.sent_at).total_seconds() <= options.group_gap_s
            and i - groups[-1][-1] <= 4
        ):
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _answers(
    group: list[int],
    messages: Sequence[Message],
    links: Sequence[ReplyLink],
    scored: Sequence[Scored],
    thread_of: dict[str, str],
    options: ExtractOptions,
) -> tuple[Answer, ...]:
    """The first member of the same thread, or one who quotes the question, who says something of worth; with their run."""
    asker, ids = messages[group[0]].sender_id, {messages[i].id for i in group}
    found: list[int] = []
    for i in range(group[-1] + 1, min(len(messages), group[-1] + 1 + options.window_messages)):
        m = messages[i]
        near = thread_of.get(m.id) == thread_of.get(messages[group[0]].id) or links[i].parent_id in ids
        fits = near and m.sender_id != asker and not m.is_system and not scored[i].noise and len(clean(m.text)) >= 6
        if not fits or cues.MARK.search(m.text) or cues.DEFERRAL.search(m.text) or cues.ACK.match(m.text):
            continue
        if found and m.sender_id != messages[found[0]].sender_id:
            break
        if len(found) < 4:
            found.append(i)
    return (Answer(message_ids=tuple(messages[i].id for i in found)),) if found else ()
