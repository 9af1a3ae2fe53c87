"""Sessions between long pauses, segments on one subject."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from pipeline.embedding import FAST, MessageVectors, load_embedder
from pipeline.model import Message
from pipeline.segment import SegmentOptions, split_into_segments, split_into_sessions
from pipeline.segment.cues import asks, last_sentence, openings
from pipeline.segment.sessions import session_pause
from pipeline.segment.shifts import FEATURES, Words, chosen_places, shift_table
from pipeline.text import grams

MONDAY = datetime(2026, 3, 9, 20, tzinfo=UTC)


def chat(minutes: list[float], texts: list[str] | None = None, start: datetime = MONDAY) -> list[Message]:
    return [
        Message(
            id=f"m{i}",
            sender_id=f"u{i % 2}",
            sender="AB"[i % 2],
            sent_at=start + timedelta(minutes=m),
            text=texts[i] if texts else f"第{i}条",
        )
        for i, m in enumerate(minutes)
    ]


def sizes(messages: list[Message], options: SegmentOptions | None = None) -> list[int]:
    return [len(s.messages) for s in split_into_sessions(messages, options)]


def vectors(messages: list[Message]) -> MessageVectors:
    fast = load_embedder(FAST)
    return MessageVectors(messages, fast, fast)


def test_a_long_pause_ends_a_session() -> None:
    assert sizes(chat([0, 1, 2, 3, 200, 201])) == [4, 2]


def test_a_short_pause_does_not() -> None:
    assert sizes(chat([0, 1, 2, 25, 26, 27])) == [6]


def test_the_pause_lies_between_the_groups_own_short_and_long_silences() -> None:
    options = SegmentOptions()
    brisk = np.array([1.0] * 50 + [40.0, 41.0, 43.0] * 3 + [110.0, 130.0] * 4) * 60
    slow = np.array([5.0] * 50 + [60.0, 66.0, 70.0, 75.0, 80.0] * 3 + [240.0, 300.0] * 4) * 60
    assert 43 * 60 < session_pause(brisk, options) < 110 * 60
    assert 80 * 60 < session_pause(slow, options) < 240 * 60


def test_the_day_line_ends_a_session_at_the_quietest_moment_near_it() -> None:
    start = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
    minutes = [0, 10, 20, 30, 40, 50, 75, 85, 95]  # talk across 04:00; the longest silence is before the message of 04:15
    assert sizes(chat(minutes, start=start)) == [6, 3]
    assert sizes(chat(minutes, start=start), SegmentOptions(day_start_hour=12)) == [9]


def test_a_clock_that_jumps_back_is_no_pause_and_loses_nothing() -> None:
    messages = chat([0, 1, 2, -300, -299, 3, 4])
    assert sum(sizes(messages)) == len(messages)


def test_each_text_stands_alone_when_hours_lie_between() -> None:
    assert sizes(chat([300.0 * i for i in range(5)])) == [1] * 5


@pytest.mark.parametrize("minutes", [[], [0.0], [0.0, 0.0, 0.0]])
def test_tiny_chats_and_equal_times_are_one_session(minutes: list[float]) -> None:
    messages = chat(minutes)
    sessions = split_into_sessions(messages)
    assert [m for s in sessions for m in s.messages] == messages
    assert len(sessions) == bool(messages)
    assert [m for s in split_into_segments(sessions, vectors(messages)) for m in s.messages] == messages


def test_a_three_year_gap_starts_a_session() -> None:
    assert sizes(chat([0, 1, 60 * 24 * 365 * 3, 60 * 24 * 365 * 3 + 1])) == [2, 2]


def test_segments_hold_every_message_once_in_order_within_their_session() -> None:
    messages = chat([float(i) for i in range(12)] + [500.0 + i for i in range(9)])
    sessions = split_into_sessions(messages)
    segments = split_into_segments(sessions, vectors(messages))
    assert [m for s in segments for m in s.messages] == messages
    assert all(s.messages for s in segments)
    of = {m.id: s.id for s in sessions for m in s.messages}
    for segment in segments:
        assert {of[m.id] for m in segment.messages} == {segment.id.split(".")[0]}
    assert len({s.id for s in segments}) == len(segments)


COOKING = [
    "红烧肉要炖多久",
    "小火炖一个小时左右",
    "要不要先焯水",
    "焯水去腥，再下锅炒糖色",
    "糖色老是炒糊怎么办",
    "火小一点，冰糖化了就下肉",
]
NETWORK = [
    "家里路由器经常断网",
    "是光猫还是路由器的问题",
    "重启光猫能好一会儿",
    "换个信道试试，5G频段干扰少",
    "信道在哪里改",
    "路由器后台无线设置里面",
]


def test_a_change_of_subject_starts_a_segment_and_the_most_likely_one_is_the_real_one() -> None:
    texts = [*COOKING, "对了，问个别的，" + NETWORK[0], *NETWORK[1:]]
    messages = chat([0.25 * i for i in range(len(texts))], texts)
    segments = split_into_segments(split_into_sessions(messages), vectors(messages))
    assert len(COOKING) in np.cumsum([len(s.messages) for s in segments]).tolist()


def test_the_same_chat_gives_the_same_segments() -> None:
    messages = chat([0.5 * i for i in range(12)], COOKING + NETWORK)
    one, two = (split_into_segments(split_into_sessions(messages), vectors(messages)) for _ in range(2))
    assert one == two


def test_the_table_has_the_features_it_names_and_only_known_gaps() -> None:
    texts = COOKING + NETWORK
    messages = chat([0.5 * i for i in range(12)], texts)
    rows = load_embedder(FAST).passages(texts)
    words = Words.of(grams(t) for t in texts)
    table = shift_table(messages, rows, rows, [grams(t) for t in texts], words)
    assert table.shape == (11, len(FEATURES))
    assert not np.isinf(table).any()
    assert not np.isnan(table[:, FEATURES.index("alike_3")]).any()


def test_as_many_places_are_chosen_as_make_the_expected_f1_greatest() -> None:
    sure = [np.array([0.01, 0.95, 0.02, 0.9, 0.01])]
    assert chosen_places(sure) == [{2, 4}]
    probabilities = [np.array([0.3, 0.6, 0.1]), np.array([0.5, 0.2])]
    pooled = np.concatenate(probabilities)
    found = chosen_places(probabilities)

    def expected(cut: float) -> float:
        chosen = pooled >= cut
        return float(2 * pooled[chosen].sum() / (chosen.sum() + pooled.sum()))

    best = max(pooled, key=expected)
    assert found == [{i + 1 for i, p in enumerate(ps) if p >= best} for ps in probabilities]
    assert chosen_places([]) == []
    assert chosen_places([np.zeros(0)]) == [set()]


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("对了，明天几点", "shift"),
        ("好的，那大家周六见", "nod"),
        ("By the way, any news?", "shift"),
        ("it depends", "it"),
        ("请问报名截止了吗", "you"),
    ],
)
def test_cue_words_are_seen_at_the_start_of_a_turn(text: str, opened: str) -> None:
    from pipeline.segment.cues import OPENINGS

    assert openings(text)[OPENINGS.index(opened)] == 1.0


def test_a_cue_inside_a_word_is_none() -> None:
    from pipeline.segment.cues import OPENINGS

    assert openings("nothing to see")[OPENINGS.index("nod")] == 0.0


def test_questions_and_last_sentences() -> None:
    assert asks("几点开始？")
    assert asks("你去吗")
    assert not asks("我去。")
    assert last_sentence("that is sad . do you have pets ?").strip().startswith("do you")
    assert last_sentence("嗯") == "嗯"


@pytest.mark.slow
def test_a_long_session_is_read_in_pieces_and_linear() -> None:
    texts = [(COOKING + NETWORK)[i % 12] + str(i % 7) for i in range(12_000)]
    messages = chat([0.1 * i for i in range(len(texts))], texts)
    sessions = split_into_sessions(messages, SegmentOptions(day_start_hour=4))
    segments = split_into_segments(sessions, vectors(messages))
    assert sum(len(s.messages) for s in segments) == len(texts)
    assert all(a.messages[-1].sent_at <= b.messages[0].sent_at for a, b in pairwise(segments))
