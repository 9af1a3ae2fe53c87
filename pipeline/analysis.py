"""Every stage but rendering, in order: one chat's messages in, its `Analysis` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.cluster import TopicOptions, group_into_topics
from pipeline.embedding import FAST, QUALITY, MessageVectors, load_embedder
from pipeline.extract import ExtractOptions, extract_items, extract_qa, extract_talks
from pipeline.model import Analysis, Chat, Export
from pipeline.score import ScoreOptions, score_messages
from pipeline.segment import SegmentOptions, split_into_segments, split_into_sessions
from pipeline.thread import ThreadOptions, untangle


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions:
    """The stages' options together."""

    segment: SegmentOptions = field(default_factory=SegmentOptions)
    thread: ThreadOptions = field(default_factory=ThreadOptions)
    topic: TopicOptions = field(default_factory=TopicOptions)
    score: ScoreOptions = field(default_factory=ScoreOptions)
    extract: ExtractOptions = field(default_factory=ExtractOptions)
    model: str = QUALITY
    segments: Mapping[str, SegmentOptions] = field(default_factory=dict)  # chats, by name or id, whose day begins at an hour of their own

    def segment_of(self, chat: Chat) -> SegmentOptions:
        return self.segments.get(chat.name) or self.segments.get(chat.id or "") or self.segment


def analyze(
    export: Export,
    options: AnalysisOptions | None = None,
    step: Callable[[str], None] = lambda name: None,
    vectors: MessageVectors | None = None,
) -> Analysis:
    """Runs the stages over one chat; `step` is told the name of each stage as it begins.

    `vectors` of these messages may be lent by a caller who keeps them (the archive).

    Scoring comes before clustering, because topics are made of what is worth reading.
    """
    options = options or AnalysisOptions()
    messages = export.messages
    step("embed")
    vectors = vectors or MessageVectors(messages, load_embedder(FAST), load_embedder(options.model))

    step("segment")
    segment = options.segment_of(export.chat)
    sessions = split_into_sessions(messages, segment)
    segments = split_into_segments(sessions, vectors, segment)
    step("thread")
    links, threads = untangle(messages, sessions, vectors, options.thread)
    step("score")
    scored = score_messages(messages, links, threads, vectors, options.score)
    step("cluster")
    topics = group_into_topics(messages, threads, scored, vectors, options.topic)
    step("extract")
    qa = extract_qa(messages, links, threads, scored, vectors, options.extract)
    items = extract_items(messages, threads, scored, qa, vectors, options.extract)
    talks = extract_talks(messages, sessions, threads, scored, qa, options.extract)
    return Analysis(
        chat=export.chat, messages=messages, sessions=tuple(sessions), segments=tuple(segments), links=tuple(links), threads=tuple(threads),
        scored=tuple(scored), topics=tuple(topics), qa=tuple(qa), items=tuple(items), talks=tuple(talks), skipped=export.skipped,
    )  # fmt: skip
