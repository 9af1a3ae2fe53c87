"""Talks and meetings.

a talk      one member holds the floor, announced by a host or plainly alone; questions follow
a meeting   somebody posts an agenda; several members report under its points; things are settled
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.extract.item_kinds import CUES
from pipeline.extract.options import ExtractOptions
from pipeline.model import Kind, Message, QAPair, Scored, Session, Talk, Thread
from pipeline.moments import main_moment
from pipeline.text import cjk_share, clean, is_titled, short_name

SPOKEN = 15  # characters from which a message counts as part of a talk
FEWEST, FEWEST_UNANNOUNCED = 8, 14  # messages of the speaker
SHARE, SHARE_UNANNOUNCED = 0.4, 0.65  # of the characters said while the speaker holds the floor
PAUSE = timedelta(minutes=12)  # a longer silence of the speaker ends the floor
LOOK_BACK = 40  # messages before the floor in which a host opens it
QUESTIONS_AFTER = 40  # messages after it in which its questions are still asked
OUTLINE, FEWEST_TOLD = 12, 4
INVITED_DAYS, INVITED_MINUTES = 14, 90  # how long before, and how near to the start the hour that an invitation names
ENDING, ASKED_SOON = 30, 6  # characters of "that's it, questions?"; messages within which somebody then asks
MEETING_LENGTH = timedelta(minutes=100)
REPORTS, REPORTERS = 4, 3  # messages under agenda points, and different members who write them

_OPENING = re.compile(
    r"分享|讲座|主讲|开讲|主题|嘉宾|直播|说明会|公开课|讲课|答疑"
    r"|\b(?:ama|talk|webinar|session|guest|speaker|presentation|q&a|write-?up)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"讲完|分享完|(?:就|先)讲(?:这么多|到)|讲到这|到这里|上问题|提问|答疑|大家问|随便问|有(?:什么|啥)?问题"
    r"|\bquestions\b|\bthat'?s (?:it|all)\b",
    re.IGNORECASE,
)
_AGENDA = re.compile(r"议程|进度会|例会|周会|会议|开会|\b(?:agenda|meeting|stand-?up)\b", re.IGNORECASE)
_POINTS = re.compile(r"[①②③④⑤⑥⑦⑧⑨]|(?:^|[\n\s])\d{1,2}[.、)）]")
_UNDER_POINT = re.compile(r"^\s*(?:[①②③④⑤⑥⑦⑧⑨]|\d{1,2}[.、)）])")


def extract_talks(
    messages: Sequence[Message],
    sessions: Sequence[Session],
    threads: Sequence[Thread],
    scored: Sequence[Scored],
    qa: Sequence[QAPair],
    options: ExtractOptions,
) -> list[Talk]:
    """The chat's talks and meetings in time order."""
    row = {m.id: i for i, m in enumerate(messages)}
    talks: list[tuple[int, Talk]] = []
    for session in sessions:
        start, end = row[session.messages[0].id], row[session.messages[-1].id] + 1
        meeting = _meeting(messages, scored, qa, row, start, end)
        floor = None if meeting else _floor(messages, scored, start, end)
        if meeting:
            talks.append(meeting)
        if floor:
            talks.append((floor[0], _talk(messages, scored, qa, row, floor)))
    return [talk for _, talk in sorted(talks, key=lambda t: t[0])]


# ---- talks -------------------------------------------------------------------------------------------------------
def _floor(messages: Sequence[Message], scored: Sequence[Scored], start: int, end: int) -> list[int] | None:
    """The rows of the member who holds the floor longest in the session, if somebody does."""
    runs: dict[str, list[list[int]]] = {}
    chars = [len(clean(messages[i].text)) if _is_spoken(messages[i], scored[i]) else 0 for i in range(start, end)]
    for i in range(start, end):
        if not chars[i - start]:
            continue
        mine = runs.setdefault(messages[i].sender_id, [])
        if mine and messages[i].sent_at - messages[mine[-1][-1]].sent_at <= PAUSE:
            mine[-1].append(i)
        else:
            mine.append([i])
    spoken = _cumulated(chars)
    best: tuple[int, list[int]] | None = None
    for who in sorted(runs):
        for run in (r for r in runs[who] if len(r) >= FEWEST):
            told = sum(chars[i - start] for i in run)
            share = told / max(1, spoken[run[-1] - start + 1] - spoken[run[0] - start])
            opened = _opening(messages, run[0], start) is not None
            enough = (FEWEST, SHARE) if opened else (FEWEST_UNANNOUNCED, SHARE_UNANNOUNCED)
            if len(run) >= enough[0] and share >= enough[1] and (best is None or told > best[0]):
                best = (told, run)
    return best[1] if best else None


def _is_spoken(m: Message, s: Scored) -> bool:
    return m.kind in (Kind.TEXT, Kind.VOICE) and s.noise is None and len(clean(m.text)) >= SPOKEN


def _cumulated(numbers: Sequence[int]) -> list[int]:
    total = [0]
    for n in numbers:
        total.append(total[-1] + n)
    return total


def _opening(messages: Sequence[Message], first: int, start: int) -> int | None:
    """The message that opens the floor: the latest with a title, else the latest that speaks of a talk."""
    near = range(first, max(start, first - LOOK_BACK) - 1, -1)
    speaks_of_it = [i for i in near if not messages[i].is_system and _OPENING.search(messages[i].text)]
    return next((i for i in speaks_of_it if is_titled(messages[i].text)), speaks_of_it[0] if speaks_of_it else None)


def _talk(messages: Sequence[Message], scored: Sequence[Scored], qa: Sequence[QAPair], row: dict[str, int], floor: list[int]) -> Talk:
    opening = _invitation(messages, scored, floor[0])
    if opening is None:
        opening = _opening(messages, floor[0], 0)
    speaker = messages[floor[0]].sender_id
    pairs = _questions_within(qa, row, floor[0], floor[-1] + QUESTIONS_AFTER, {m.id for m in messages if m.sender_id == speaker})
    told = _told(messages, scored, pairs, row, floor)
    return Talk(
        kind="talk", title_id=messages[floor[0] if opening is None else opening].id, speaker_id=speaker,
        outline_ids=tuple(messages[i].id for i in sorted(sorted(told, key=lambda i: (-scored[i].value, i))[:OUTLINE])), qa=pairs,
    )  # fmt: skip


def _invitation(messages: Sequence[Message], scored: Sequence[Scored], first: int) -> int | None:
    """What told the group of it: a message that names the speaker, or is the speaker's, and the hour; one with a title before others."""
    speaker, start = messages[first].sender_id, messages[first].sent_at
    called = _called(messages[first].sender)
    found: list[tuple[bool, float, int]] = []
    for i in range(first - 1, -1, -1):
        m = messages[i]
        if (start - m.sent_at).days >= INVITED_DAYS:
            break
        if m.is_system or scored[i].noise or not (m.sender_id == speaker or (called and called in m.text.lower())):
            continue
        moment = main_moment(m.text, m.sent_at)
        if moment and "T" in moment.when:
            away = abs((datetime.fromisoformat(moment.when) - start).total_seconds())
            if away <= 60 * INVITED_MINUTES:
                found.append((is_titled(m.text), scored[i].value, i))
    return max(found)[2] if found else None


def _called(name: str) -> str:
    """How others speak of a member: by the first name, or the first two characters of a Chinese one ("沈静-儿童阅读": "沈静老师")."""
    words = short_name(name).lower().split()
    first = words[0] if words else ""
    return first[:2] if cjk_share(first) > 0.5 else first if len(first) > 2 else ""


def _told(
    messages: Sequence[Message], scored: Sequence[Scored], pairs: Sequence[QAPair], row: dict[str, int], floor: list[int]
) -> list[int]:
    """The rows of the talk itself, without what the audience asked for afterwards."""
    speaker = messages[floor[0]].sender_id
    for i in range(floor[min(FEWEST, len(floor)) - 1], floor[-1]):
        if len(messages[i].text) <= ENDING and _ENDS.search(messages[i].text) and not scored[i].is_question:
            after = range(i + 1, min(len(messages), i + 1 + ASKED_SOON))
            if any(messages[k].sender_id != speaker and scored[k].is_question for k in after):
                floor = [k for k in floor if k <= i]
                break
    answers = {row[i] for pair in pairs for answer in pair.answers for i in answer.message_ids}
    told = [i for i in floor if i not in answers]
    return told if len(told) >= FEWEST_TOLD else floor


def _questions_within(
    qa: Sequence[QAPair], row: dict[str, int], first: int, last: int, answering: set[str] | None = None
) -> tuple[QAPair, ...]:
    """Answered questions asked in that stretch; with `answering` those that one of these messages answers."""
    inside = [q for q in qa if q.answers and first <= row[q.question_ids[0]] <= last]
    return tuple(q for q in inside if answering is None or any(i in answering for a in q.answers for i in a.message_ids))


# ---- meetings ----------------------------------------------------------------------------------------------------
def _meeting(
    messages: Sequence[Message], scored: Sequence[Scored], qa: Sequence[QAPair], row: dict[str, int], start: int, end: int
) -> tuple[int, Talk] | None:
    """The session's meeting: an agenda, then reports under its points by several members."""
    for i in range(start, end):
        text = messages[i].text
        if messages[i].is_system or scored[i].noise or not _AGENDA.search(text) or len(_POINTS.findall(text)) < 3:
            continue
        last = i
        while last + 1 < end and messages[last + 1].sent_at - messages[i].sent_at <= MEETING_LENGTH:
            last += 1
        within = [k for k in range(i + 1, last + 1) if _is_spoken(messages[k], scored[k])]
        reports = [k for k in within if _UNDER_POINT.search(messages[k].text)]
        if len(reports) < REPORTS or len({messages[k].sender_id for k in reports}) < REPORTERS:
            continue
        outcomes = {*reports, *(k for k in within if CUES["settled"].search(messages[k].text) or CUES["change"].search(messages[k].text))}
        outline = sorted(sorted(outcomes, key=lambda k: (-scored[k].value, k))[:OUTLINE])
        talk = Talk(
            kind="meeting", title_id=messages[i].id, speaker_id=messages[i].sender_id,
            outline_ids=tuple(messages[k].id for k in outline), qa=_questions_within(qa, row, i, last),
        )  # fmt: skip
        return i, talk
    return None
