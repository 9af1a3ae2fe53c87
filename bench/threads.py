"""Linking with the embeddings given: messages a second, and that twice the log takes twice the time; bad logs; topics of 10,000."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bench.pipeline import sample_messages
from pipeline.cluster import group_into_topics
from pipeline.embedding import FAST, MessageVectors, load_embedder
from pipeline.model import Kind, Message, Scored, Thread
from pipeline.thread import ThreadOptions, untangle

START = datetime(2024, 1, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
SIZES = (10_000, 20_000, 40_000)
IDENTICAL, ONE_THREAD, TOPICS = 100_000, 50_000, 10_000


def varied(messages: Sequence[Message], size: int, seed: int = 7) -> list[Message]:
    """The given messages again and again, most with a number of their own, in uneven steps."""
    chance = random.Random(seed)
    now, found = START, []
    for n in range(size):
        m = messages[n % len(messages)]
        now += timedelta(seconds=chance.choice((3, 8, 15, 30, 60, 120, 600)))
        text = m.text if chance.random() < 0.3 else f"{m.text} {chance.randrange(10**6)}"
        found.append(replace(m, id=f"b{n}", sent_at=now, text=text, reply_to=None, mentions=()))
    return found


def given(messages: Sequence[Message]) -> MessageVectors:
    """The vectors, made before any clock runs."""
    vectors = MessageVectors(messages, load_embedder(FAST), load_embedder(FAST))
    assert len(vectors.fast) == len(messages)
    return vectors


def timed(messages: Sequence[Message]) -> tuple[list[Thread], float, float]:
    """(threads, seconds, seconds of processor time)"""
    vectors = given(messages)
    wall, used = time.perf_counter(), time.process_time()
    _links, threads = untangle(messages, [], vectors, ThreadOptions())
    return threads, time.perf_counter() - wall, time.process_time() - used


def main() -> None:
    samples = sample_messages()
    timed(varied(samples, 500))  # reads the weights
    for size in SIZES:
        threads, wall, used = timed(varied(samples, size))
        print(
            f"linking, {size:,} messages: {size / wall:.0f} messages/s, {size / used:.0f} a processor second,"
            f" {len(threads)} threads (must: 1,500/s)"
        )
    for size in SIZES[::2]:  # once every message of another kind copied the table of all links
        told = [replace(m, kind=Kind.SYSTEM) if n % 50 else m for n, m in enumerate(varied(samples, size))]
        _threads, wall, used = timed(told)
        print(f"linking, {size:,} messages, 49 of 50 system lines: {size / wall:.0f} messages/s, {size / used:.0f} a processor second")
    same = [replace(samples[0], id=f"s{n}", sent_at=START + timedelta(seconds=7 * n), text="收到", reply_to=None) for n in range(IDENTICAL)]
    threads, wall, _used = timed(same)
    print(f"{IDENTICAL:,} identical lines: {wall:.0f} s, {len(threads)} threads")
    spoken = varied([m for m in samples if not m.is_system], ONE_THREAD)
    chain = [replace(m, reply_to=f"b{n - 1}" if n else None) for n, m in enumerate(spoken)]
    threads, wall, _used = timed(chain)
    print(f"one thread of {ONE_THREAD:,} messages: {wall:.0f} s, {len(threads)} thread(s)")

    apart = [replace(m, sent_at=START + timedelta(hours=5 * n)) for n, m in enumerate(varied(samples, TOPICS))]
    vectors = given(apart)
    scored = [Scored(message_id=m.id, value=0.5, why={}) for m in apart]
    wall = time.perf_counter()
    topics = group_into_topics(apart, [Thread(id=f"t{n}", messages=(m,)) for n, m in enumerate(apart)], scored, vectors)
    print(f"topics of {TOPICS:,} single messages: {time.perf_counter() - wall:.1f} s, {len(topics)} topics (must: 15 s)")


if __name__ == "__main__":
    main()
