"""What the models see: a row for each message, and a row for each pair of a message and a candidate parent.

Every feature is neutral to language; times are told both in seconds and against the chat's own pace. The whole log
is known, so what comes after a message may speak about it: a new subject is borne out by those who take it up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.thread.columns import Columns, Floats, Ints, speaks_to
from pipeline.thread.cues import CUE_NAMES

WINDOW = 20  # messages back and forth that a message's own row looks at
PAUSE_SECONDS = 20 * 60.0  # a pause after which a stretch of talk counts as begun anew

_CHAT = ["pace", "mention_share", "chinese_share", "whole_minutes", "senders"]
_MESSAGE = [
    "gap_before", "gap_after", "own_gap_before", "own_gap_after", "pace_before", "pace_after", "same_as_previous", "same_as_next",
    "in_run", "run_left", "since_pause", "first_of_sender", "last_5_minutes", "next_5_minutes", "senders_around", "names",
    "named_back", "named_recent", "quotes", "quoted_later", "tile_3", "tile_6", "similar_before", "similar_before_3",
    "similar_after_3", "after_to_before", "words_before", "words_after", "words_before_any", "previous_question", "next_same_minute",
    "own_rows_back",
]  # fmt: skip
_PAIR = [
    "is_start", "gap", "gap_to_pace", "lag", "runs_between", "same_sender", "same_run", "names_it", "named_by_it", "names_other",
    "it_names_other", "same_addressee", "is_their_last", "own_between", "their_between", "own_around_it", "own_last_after",
    "own_last_lag", "pair_ties", "right_after_own", "quotes_it", "it_quotes_me", "gap_before_it", "gap_after_it", "gap_max_between",
    "similar", "similar_before", "similar_after", "after_similar_before", "words", "words_rare", "run_words", "similar_rank",
    "similar_lead", "words_lead",
]  # fmt: skip
_PARENT_CUES = ["question_mark", "question_end", "question_word", "asks_all", "thanks", "ack", "laugh", "greeting", "sticker", "media",
"card", "gesture",
                "log_length", "announcement", "solved", "second_person"]  # fmt: skip
_PARENT_ROWS = [CUE_NAMES.index(name) for name in _PARENT_CUES]

MESSAGE_FEATURES: list[str] = [*(f"chat.{n}" for n in _CHAT), *(f"me.{n}" for n in _MESSAGE), *(f"me.cue.{n}" for n in CUE_NAMES),
                               *(f"next.cue.{n}" for n in _PARENT_CUES)]  # fmt: skip
PAIR_FEATURES: list[str] = [*(f"pair.{n}" for n in _PAIR), *(f"it.cue.{n}" for n in _PARENT_CUES)]
FEATURES: list[str] = [*PAIR_FEATURES, *MESSAGE_FEATURES]


def chat_row(c: Columns) -> Floats:
    """What kind of chat it is: its pace, how often names are named, its script, its clock."""
    n = len(c)
    gaps = np.diff(c.seconds)
    talk = gaps[gaps < PAUSE_SECONDS]
    pace = float(np.log1p(np.median(talk))) if len(talk) else np.log1p(60.0)
    whole = float(np.mean(c.seconds % 60 == 0)) if n else 0.0
    named, chinese = float((c.how[:, 0] >= 2).mean()), float(c.cues[:, CUE_NAMES.index("cjk")].mean())
    return np.array([pace, named, chinese, whole, np.log1p(len(np.unique(c.sender)))], dtype=np.float32)


def message_table(c: Columns) -> Floats:
    """[messages, len(MESSAGE_FEATURES)]"""
    n = len(c)
    chat = chat_row(c)
    rows = np.arange(n)
    before = np.diff(c.seconds, prepend=c.seconds[:1] - 86400)
    after = np.diff(c.seconds, append=c.seconds[-1:] + 86400)
    own_before, own_after = c.last_of(c.sender, rows), c.next_of(c.sender, rows)
    own_gap_before = np.where(own_before >= 0, c.seconds - c.seconds[own_before], 7 * 86400.0)
    own_gap_after = np.where(own_after >= 0, c.seconds[own_after] - c.seconds, 7 * 86400.0)
    run_start, run_end = np.searchsorted(c.run, c.run), np.searchsorted(c.run, c.run, side="right")
    paused = np.where(before > PAUSE_SECONDS, rows, 0)
    since_pause = rows - np.maximum.accumulate(paused)
    five_back = rows - np.searchsorted(c.seconds, c.seconds - 300)
    five_on = np.searchsorted(c.seconds, c.seconds + 300, side="right") - 1 - rows
    named = c.addressed[:, 0]
    addressee_last = c.last_of(named, rows)
    question = c.cues[:, CUE_NAMES.index("question_mark")]
    columns = [
        np.log1p(before), np.log1p(after), np.log1p(own_gap_before), np.log1p(own_gap_after), np.log1p(before) - chat[0],
        np.log1p(after) - chat[0],
        np.r_[False, c.sender[1:] == c.sender[:-1]] if n else rows, np.r_[c.sender[1:] == c.sender[:-1], False] if n else rows,
        np.minimum(rows - run_start, 20), np.minimum(run_end - rows - 1, 20), np.log1p(since_pause), c.nth == 0, np.log1p(five_back),
        np.log1p(five_on),
        _senders_around(c), c.how[:, 0], _named_back(c), np.where(addressee_last >= 0, np.log1p(rows - addressee_last), 9),
        c.quoted >= 0, _quoted_later(c),
        *_similarities(c), np.r_[0, question[:-1]] if n else rows, np.r_[(np.diff(c.seconds) < 60), False] if n else rows,
        np.where(own_before >= 0, np.log1p(rows - own_before), 9),
    ]  # fmt: skip
    following = np.minimum(rows + 1, max(n - 1, 0))
    return np.column_stack([np.broadcast_to(chat, (n, len(chat))), *columns, c.cues, c.cues[following][:, _PARENT_ROWS]]).astype(np.float32)


def pair_table(c: Columns, me: Ints, it: Ints, start: Ints, width: Ints) -> Floats:
    """[pairs, len(PAIR_FEATURES)]; `it == me` stands for a start. The candidates of one message are contiguous:
    group g begins at start[g] and has width[g] rows."""
    n = len(c)
    pace = chat_row(c)[0]
    own = it == me
    gap = c.seconds[me] - c.seconds[it]
    s_me, s_it = c.sender[me], c.sender[it]
    own_last = c.last_of(s_me, me)
    spacing = np.diff(c.seconds, prepend=c.seconds[:1] - 86400)
    spacing_after = np.diff(c.seconds, append=c.seconds[-1:] + 86400)
    similar = _dots(c.vectors, c.vectors, me, it)
    words, rare = _overlap(c.grams, c.gram_weight, c.grams, c.gram_weight, me, it)
    run_words, _ = _overlap(c.grams, c.gram_weight, c.run_grams, c.run_gram_weight, me, it)
    names_it, named_by = speaks_to(c, me, s_it), speaks_to(c, it, s_me)
    first_named = c.addressed[me, 0]
    columns = [
        own, np.log1p(gap), np.log1p(gap) - pace, np.log1p(me - it), np.minimum(c.run[me] - c.run[it], 100), s_me == s_it,
        c.run[me] == c.run[it],
        names_it, named_by, (c.how[me, 0] > 0) & (names_it == 0), (c.how[it, 0] > 0) & (named_by == 0),
        (first_named >= 0) & (first_named == c.addressed[it, 0]),
        c.last_of(s_it, me) == it, np.minimum(c.count(s_me, it, me), 20), np.minimum(c.count(s_it, it, me), 20),
        c.count(s_me, np.maximum(it - 9, 0), np.minimum(it + 9, me)), (own_last > it).astype(np.float32),
        np.where(own_last >= 0, np.sign(own_last - it) * np.log1p(np.abs(own_last - it)), -9), _ties(c, me, it),
        (own_last >= 0) & (it > own_last) & (c.run[it] == c.run[np.minimum(np.maximum(own_last, 0) + 1, n - 1)]),
        c.quoted[me] == it, c.quoted[it] == me, np.log1p(spacing[it]), np.log1p(spacing_after[it]), _largest_gap(c, it, me),
        similar, _dots(c.vectors, c.before, me, it), _dots(c.vectors, c.after, me, it), _dots(c.after, c.before, me, it), words, rare,
        run_words,
    ]  # fmt: skip
    table = np.column_stack([*columns, *_standing(similar, words, own, start, width), c.cues[it][:, _PARENT_ROWS]]).astype(np.float32)
    table[own, 1:] = np.nan
    return table


def _dots(a: Floats, b: Floats, rows_a: Ints, rows_b: Ints) -> Floats:
    return np.einsum("ij,ij->i", a[rows_a], b[rows_b])  # type: ignore[no-any-return]


def _overlap(a: NDArray[np.int32], wa: Floats, b: NDArray[np.int32], wb: Floats, me: Ints, it: Ints) -> tuple[Floats, Floats]:
    """Shared grams' idf against the geometric mean of both sides' sums, and the rarest shared gram's idf."""
    same = (a[me][:, :, None] == b[it][:, None, :]) & (a[me] >= 0)[:, :, None]
    shared = same.any(axis=2) * wa[me]
    total = np.sqrt(wa.sum(axis=1)[me] * wb.sum(axis=1)[it])
    return shared.sum(axis=1) / np.maximum(total, 1e-6), shared.max(axis=1, initial=0)


def _standing(similar: Floats, words: Floats, own: NDArray[np.bool_], start: Ints, width: Ints) -> list[Floats]:
    """Each candidate's place among the candidates of its message: rank and distance to the best."""
    group = np.repeat(np.arange(len(start)), width)
    s = np.where(own, -9, similar)
    w = np.where(own, -9, words)
    order = np.lexsort((-s, group))
    rank = np.empty(len(s), dtype=np.float32)
    rank[order] = np.arange(len(s)) - np.repeat(start, width)
    best_s, best_w = np.maximum.reduceat(s, start)[group], np.maximum.reduceat(w, start)[group]
    return [rank, (s - best_s).astype(np.float32), (w - best_w).astype(np.float32)]


def _ties(c: Columns, me: Ints, it: Ints) -> Floats:
    """Did the two senders just speak to each other: the previous message of mine stands next to one of theirs, or names or quotes them."""
    rows = np.arange(len(c))
    previous_sender = np.r_[-1, c.sender[:-1]] if len(c) else c.sender
    last = c.last_of(c.sender, rows)
    prior = np.where(last[me] >= 0, last[me], me)
    quoted_sender = np.where(c.quoted >= 0, c.sender[np.maximum(c.quoted, 0)], -1)
    s_it = c.sender[it]
    tied = (previous_sender[prior] == s_it).astype(np.float32) + (c.addressed[prior, 0] == s_it) + (quoted_sender[prior] == s_it)
    their_prior = c.last_of(s_it, me)
    safe = np.maximum(their_prior, 0)
    back = (c.addressed[safe, 0] == c.sender[me]).astype(np.float32) + (quoted_sender[safe] == c.sender[me])
    ties: Floats = tied + np.where(their_prior >= 0, back, 0)
    return ties


def _largest_gap(c: Columns, it: Ints, me: Ints) -> Floats:
    """The longest silence between the two, by doubling tables: constant time a pair."""
    gaps = np.diff(c.seconds, prepend=c.seconds[:1]).astype(np.float32)  # gaps[r] is before row r
    levels = [gaps]
    length = int(np.max(me - it, initial=1))
    while (1 << len(levels)) <= length:
        step = 1 << (len(levels) - 1)
        last = levels[-1]
        levels.append(np.maximum(last, np.r_[last[step:], np.zeros(min(step, len(last)), dtype=np.float32)][: len(last)]))
    span = np.maximum(me - it, 1)
    level = np.floor(np.log2(span)).astype(np.int64)
    stack = np.stack(levels)
    low = np.minimum(it + 1, len(c) - 1)
    high = np.maximum(me + 1 - (1 << level), 0)
    silence: Floats = np.log1p(np.maximum(stack[level, low], stack[level, high]))
    return silence


def _senders_around(c: Columns) -> Floats:
    """Distinct senders among the last WINDOW messages: those whose next message lies beyond."""
    n = len(c)
    rows = np.arange(n)
    following = c.next_of(c.sender, rows)
    change = np.zeros(n + 1, dtype=np.float32)
    until = np.minimum(np.where(following >= 0, following, n), rows + WINDOW)
    np.add.at(change, rows, 1)
    np.add.at(change, np.minimum(until, n), -1)
    around: Floats = np.cumsum(change)[:n]
    return around


def _named_back(c: Columns) -> NDArray[np.bool_]:
    """Does a message among the next WINDOW name this one's sender?"""
    n = len(c)
    found = np.zeros(n, dtype=bool)
    for k in range(1, min(WINDOW, n - 1) + 1):
        found[:-k] |= c.addressed[k:, 0] == c.sender[:-k]
    return found


def _quoted_later(c: Columns) -> NDArray[np.bool_]:
    found = np.zeros(len(c), dtype=bool)
    found[c.quoted[c.quoted >= 0]] = True
    return found


def _similarities(c: Columns) -> list[Floats]:
    """How the subject moves at each message: likeness of what is before and after, of it to both sides, and shared words."""
    n = len(c)
    rows = np.arange(n)
    tiles = [_tile(c.vectors, w) for w in (3, 6)]
    best_before, near_before, near_after = (np.full(n, -1, dtype=np.float32) for _ in range(3))
    crossing = np.zeros(n, dtype=np.float32)
    words_before, words_after, words_any = (np.zeros(n, dtype=np.float32) for _ in range(3))
    for k in range(1, min(WINDOW, n - 1) + 1):
        late, early = rows[k:], rows[:-k]
        dots = _dots(c.vectors, c.vectors, late, early)
        best_before[k:] = np.maximum(best_before[k:], dots)
        shared, _ = _overlap(c.grams, c.gram_weight, c.grams, c.gram_weight, late, early)
        words_any[k:] = np.maximum(words_any[k:], shared)
        if k <= 3:
            near_before[k:] = np.maximum(near_before[k:], dots)
            near_after[:-k] = np.maximum(near_after[:-k], dots)
        if k <= 6:
            words_before[k:] = np.maximum(words_before[k:], shared)
            words_after[:-k] = np.maximum(words_after[:-k], shared)
            crossing[k:] += _dots(c.after, c.vectors, late, early) / 6
    return [*tiles, best_before, near_before, near_after, crossing, words_before, words_after, words_any]


def _tile(vectors: Floats, width: int) -> Floats:
    """Cosine of the mean of `width` messages before and from each message on."""
    n = len(vectors)
    total = np.concatenate([np.zeros((1, vectors.shape[1]), dtype=np.float64), np.cumsum(vectors, axis=0, dtype=np.float64)])
    rows = np.arange(n)
    left = total[rows] - total[np.maximum(rows - width, 0)]
    right = total[np.minimum(rows + width, n)] - total[rows]
    norm = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    alike: Floats = ((left * right).sum(axis=1) / np.where(norm == 0, 1, norm)).astype(np.float32)
    return alike
