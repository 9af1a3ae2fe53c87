"""Questions with their answers, and questions that nobody answered.

messages ─ questions.group_questions → what one member asks in one turn
         ─ pairs → candidate answers near, quoting, or alike anywhere later; P(it answers)
         ─ second → the same again, knowing the others' probabilities
         ─ judging → P(a question worth printing), P(what is printed answers it)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import MessageVectors
from pipeline.extract import cues, judging, pair_features, pairs, second
from pipeline.extract.around import read_around
from pipeline.extract.item_kinds import CUES
from pipeline.extract.options import ExtractOptions
from pipeline.extract.questions import Reading, group_questions, printed_rows, read_chat
from pipeline.extract.table import COLUMN, ChatTable, Floats, Ints
from pipeline.learned import read_trees
from pipeline.model import Answer, Message, Noise, QAPair, QAStatus, ReplyLink, Scored, Thread

QUESTIONS_AT_ONCE = 512  # whose pairs are laid out at once, some 30,000: bounds memory
NEVER = frozenset({Noise.AD, Noise.REPOST, Noise.SYSTEM, Noise.PAT, Noise.CHAIN, Noise.REDPACKET, Noise.CHECKIN, Noise.CONFLICT})
RESOLVED_WITHIN = 25  # messages in which the asker's "works now" still belongs to the answer
DOUBTED = 0.7  # weight of what scoring calls banter, thanks and the like: rarely a question or an answer, but scoring errs too
TOLD = 8  # characters of a reply that may have answered
SAID_BACK = 0.75  # confidence of a link from which a message speaks to that one
LIKELY = 0.5  # P of an answer above which its question is not listed as open
ASKING = [  # cues of words that ask
    COLUMN[n] for n in ("mark", "ask_word", "ask_opening", "ask_ending", "particle", "either", "anyone", "trouble", "same_trouble")
]
CLEAR = 8  # characters of a question that can be listed as open by itself
SHORT_DEFERRAL = 24  # a deferral of so few characters says nothing else


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One question with what was found for it."""

    rows: tuple[int, ...]
    answers: tuple[int, ...]
    likely: Floats  # P of each answer
    answered: float
    real: float


def extract_qa(
    messages: Sequence[Message],
    links: Sequence[ReplyLink],
    threads: Sequence[Thread],
    scored: Sequence[Scored],
    vectors: MessageVectors,
    options: ExtractOptions,
) -> list[QAPair]:
    """The chat's questions in time order; those without answers have the status "unanswered"."""
    if not messages:
        return []
    read = read_chat(tuple(messages), vectors, options)
    table = read.table
    weight = np.array([0.0 if s.noise in NEVER else DOUBTED if s.noise else 1.0 for s in scored], dtype=np.float32)
    judged = judge_questions(read, vectors.fast, visible_context(table), weight, options)
    judged = [replace(j, rows=_with_code(table, j.rows)) for j in judged]
    printed = [_answered(table, j) for j in _without_repeats([j for j in judged if j.answered >= options.min_pair_confidence])]
    if sum(link.by == "mention" for link in links) >= options.addressed_share * len(messages):
        printed = within_threads(printed, threads)
    asked = {row for q in printed for row in q.question_ids}
    row = {m.id: i for i, m in enumerate(messages)}
    replied, said_back = _replied(table, links, scored, row), _said_back(table, links, scored, row)
    opened = [
        QAPair(
            question_ids=tuple(messages[i].id for i in j.rows), answers=(), status="unanswered", confidence=round(_open_confidence(j), 3)
        )
        for j in judged
        if j.answered < options.min_pair_confidence
        and _open_confidence(j) >= options.min_open_confidence
        and is_plain_question(table, j, scored)
        and not (replied | said_back) & set(j.rows)
    ]
    opened = [q for q in opened if not asked & set(q.question_ids)]
    return sorted([*printed, *opened], key=lambda q: row[q.question_ids[0]])


def within_threads(found: Sequence[QAPair], threads: Sequence[Thread]) -> list[QAPair]:
    """Where people name whom they speak to, threads are reliable: what stands in another conversation is no answer."""
    thread_of = {m.id: t.id for t in threads for m in t.messages}
    kept = []
    for pair in found:
        home = {thread_of.get(i) for i in pair.question_ids}
        answers = tuple(a for a in pair.answers if home & {thread_of.get(i) for i in a.message_ids})
        if answers:
            kept.append(replace(pair, answers=answers))
    return kept


def visible_context(table: ChatTable) -> pair_features.Context:
    """Quotes only: the pair models were trained without learned threads, which would be better than life on their training chats."""
    return pair_features.Context(thread=np.full(len(table.messages), -1, dtype=np.int64), parent=table.reply)


def judge_questions(read: Reading, fast: Floats, context: pair_features.Context, weight: Floats, options: ExtractOptions) -> list[Judged]:
    """Every question of the chat, whether or not it will be printed."""
    table, worth, asks = read.table, read.worth, (read.asks * weight).astype(np.float32)
    questions = group_questions(table, asks, options.group_gap_s)
    found = pairs.candidate_pairs(table, questions, fast, options.window_messages, options.far_candidates)
    around = read_around(table, questions, asks, found, fast)
    blocks = [pairs.part(questions, found, k, k + QUESTIONS_AT_ONCE) for k in range(0, len(questions), QUESTIONS_AT_ONCE)]

    @lru_cache(maxsize=1)  # a chat of one block is laid out once, a longer one twice: twice the time for a bounded memory
    def features_of(block: int) -> Floats:
        asked, some, _ = blocks[block]
        return pair_features.pair_features(table, asked, asks, worth, some, fast, context, around)

    first = _filled(found, [read_trees(pair_features.MODEL).probability(features_of(b)) for b in range(len(blocks))])
    elsewhere = second.best_elsewhere(found, first, len(table.messages))
    p, top, chosen = np.zeros_like(first), [], list[judging.Found]()
    for b, (asked, some, where) in enumerate(blocks):
        again = second.second_features(table, len(asked), some, features_of(b), first[where], elsewhere[where])
        sure = read_trees(second.MODEL).probability(again)
        p[where] = sure * weight[some.row] * ~_only_defers(table, some.row)
        best = judging.choose_answers(some, p[where], len(asked))
        top.append(judging.of_top(best, features_of(b)))
        chosen += [replace(f, top=f.top + where.start) if f.top >= 0 else f for f in best]
    if not questions:
        return []
    answered, real = judging.judge(judging.judging_features(table, questions, chosen, asks, worth, found, np.concatenate(top), p))
    return [
        _judged(found, p, k, tuple(printed_rows(rows, asks)), chosen[k].answers, float(answered[k]), float(real[k]))
        for k, rows in enumerate(questions)
    ]


def _filled(found: pairs.Pairs, parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(len(found.row), dtype=np.float32)


def _judged(found: pairs.Pairs, p: Floats, k: int, rows: tuple[int, ...], answers: tuple[int, ...], answered: float, real: float) -> Judged:
    low, high = np.searchsorted(found.question, [k, k + 1]).tolist()
    mine = dict(zip(found.row[low:high].tolist(), p[low:high].tolist(), strict=True))
    likely = np.array([mine[i] for i in answers], dtype=np.float32)
    return Judged(rows=rows, answers=answers, likely=likely, answered=answered if len(likely) else 0.0, real=real)


def _only_defers(table: ChatTable, rows: Ints) -> NDArray[np.bool_]:
    """ "下次讲", "let me check": says that an answer will come, and nothing else."""
    return np.asarray((table.column("deferral")[rows] > 0) & (np.expm1(table.column("length")[rows]) <= SHORT_DEFERRAL), dtype=bool)


def _with_code(table: ChatTable, rows: Sequence[int]) -> tuple[int, ...]:
    """The rows of a question with the code that the asker sent between them or right after: it is what the question is about."""
    turn = np.flatnonzero(table.burst == table.burst[rows[0]])
    after = turn[turn > rows[-1]][:1]
    code = {int(i) for i in [*turn[(turn > rows[0]) & (turn < rows[-1])], *after] if table.column("code")[i]}
    return tuple(sorted({*rows, *code}))


def _open_confidence(j: Judged) -> float:
    return j.real * (1 - j.answered)


def is_plain_question(table: ChatTable, j: Judged, scored: Sequence[Scored]) -> bool:
    """Can it stand in a list of open questions: it asks by itself, says what about, and is no banter, hearsay, offer or "me too"."""
    asking = [i for i in j.rows if scored[i].noise is None and scored[i].question >= 0.4 and len(table.texts[i]) >= CLEAR]
    if j.likely.size and float(j.likely.max()) >= LIKELY:
        return False  # answered, if not surely enough to print
    asking = [i for i in asking if table.own[i, ASKING].any()]  # an opinion that nobody answered is no open question, however it sounds
    barred = (cues.RHETORICAL, cues.JOKE, cues.REPORTED, cues.ME_TOO, CUES["offer"])
    return any(not any(pattern.search(table.texts[i]) for pattern in barred) for i in asking)


def _replied(table: ChatTable, links: Sequence[ReplyLink], scored: Sequence[Scored], row: dict[str, int]) -> set[int]:
    """Rows to which somebody else has said something: perhaps no answer worth printing, but nothing to list as open either."""
    found = set()
    for i, link in enumerate(links):
        parent = row.get(link.parent_id, -1) if link.parent_id else -1
        told = scored[i].noise is None and not scored[i].is_question and len(table.texts[i]) >= TOLD and not table.column("deferral")[i]
        if parent >= 0 and told and table.sender[parent] != table.sender[i] and link.confidence >= 0.5:
            found.add(parent)
    return found


def _said_back(table: ChatTable, links: Sequence[ReplyLink], scored: Sequence[Scored], row: dict[str, int]) -> set[int]:
    """Rows said to one other member in a conversation: "which one do you mean?", or an answer that sounds like a question.

    Who asks the group opens something. A quote may be of a notice, on which everybody may ask; a quoted question is answered or joined.
    """
    found = set()
    for i, link in enumerate(links):
        parent = row.get(link.parent_id, -1) if link.parent_id else -1
        told_one = parent >= 0 and table.sender[parent] != table.sender[i] and link.confidence >= SAID_BACK
        if told_one and (link.by != "quote" or scored[parent].is_question):
            found.add(i)
    return found


def _without_repeats(judged: Sequence[Judged]) -> list[Judged]:
    """Of two questions whose answers are mostly the same messages the surer one."""
    kept: list[Judged] = []
    claimed: dict[int, int] = {}
    for j in sorted(judged, key=lambda j: (-j.answered, j.rows)):
        shared = [claimed[i] for i in j.answers if i in claimed]
        if any(2 * shared.count(k) > min(len(j.answers), len(kept[k].answers)) for k in set(shared)):
            continue
        claimed.update(dict.fromkeys(j.answers, len(kept)))
        kept.append(j)
    return kept


def _answered(table: ChatTable, j: Judged) -> QAPair:
    messages = table.messages
    by_sender: dict[int, list[int]] = {}
    for i in j.answers:
        by_sender.setdefault(int(table.sender[i]), []).append(i)
    best = {who: max(float(j.likely[j.answers.index(i)]) for i in rows) for who, rows in by_sender.items()}
    order = sorted(by_sender, key=lambda who: (-best[who], by_sender[who][0]))
    resolved = _resolved_by(table, j)
    return QAPair(
        question_ids=tuple(messages[i].id for i in j.rows),
        answers=tuple(Answer(message_ids=tuple(messages[i].id for i in by_sender[who])) for who in order),
        status=_status(table, j, by_sender, resolved is not None), confidence=round(j.answered, 3),
        resolved_by=messages[resolved].id if resolved is not None else None,
    )  # fmt: skip


def _resolved_by(table: ChatTable, j: Judged) -> int | None:
    """The asker's next words of relief after an answer."""
    last, asker = max(j.answers), table.sender[j.rows[0]]
    relief = (table.column("solved") + table.column("thanks")) > 0
    later = range(last + 1, min(len(relief), last + 1 + RESOLVED_WITHIN))
    return next((i for i in later if table.sender[i] == asker and relief[i]), None)


def _status(table: ChatTable, j: Judged, by_sender: dict[int, list[int]], resolved: bool) -> QAStatus:
    """Disputed: two members contradict each other, nobody gives in and the asker is not helped. Partial: no more than a guess."""
    if len(by_sender) > 1 and not resolved:
        rows = sorted(j.answers)
        contradicts = [
            i for i in rows[1:] if table.column("correction")[i] and any(table.sender[k] != table.sender[i] for k in rows if k < i)
        ]
        if contradicts and not any(cues.RETRACTION.search(table.texts[i]) for i in range(rows[0], min(len(table.texts), rows[-1] + 15))):
            return "disputed"
    told = [i for i in j.answers if not table.column("guess")[i] and not table.column("deferral")[i]]
    return "answered" if told or resolved else "partial"
