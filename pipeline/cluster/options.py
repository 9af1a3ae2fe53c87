"""What a caller may tell the clustering."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TopicOptions:
    """Which threads make topics, and how they are named."""

    least_words: int = 3  # distinct telling words; a thread with fewer is about nothing in particular
    pairwise_threads: int = 400  # up to so many, every two threads are compared; beyond, k-means
    quality_threads: int = 600  # up to so many, the quality tier represents them; beyond, the fast tier
    quality_messages: int = 3  # of a thread's most valuable messages
    keywords: int = 5
    same_topic: float = 0.35  # centred cosine of centroids from which a topic is the one of an earlier week: 9 of 10 are right
