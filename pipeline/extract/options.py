"""What the caller may set about extraction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ExtractOptions:
    """Lines below which nothing is reported, and how far the stage looks."""

    group_gap_s: int = 150  # two messages of one asker this near are one question
    window_messages: int = 45  # findings: nine in ten answers stand within the next 45 messages
    far_candidates: int = 12  # nearest by meaning, anywhere later: answers a day later without a quote
    min_pair_confidence: float = 0.38  # below, a question-answer pair is not reported
    min_open_confidence: float = 0.07  # below, an unanswered question is not reported; a digest prints fewer
    quality_texts: int = 2500  # distinct texts up to which the slow vectors are used; the same line as in scoring, which computes them
    addressed_share: float = 0.085  # of the messages linked by a name, from which a chat counts as one where people name each other
    quotes: bool = False  # memorable lines are opt-in
