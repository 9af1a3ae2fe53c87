"""Messages → `Scored`: hard reasons first, then the learned models; a quarrel as a whole; a question is never noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import FAST, QUALITY, MessageVectors
from pipeline.errors import ModelError
from pipeline.learned import Trees, read_trees
from pipeline.model import Message, Noise, ReplyLink, Scored, Thread
from pipeline.score.context import context_table
from pipeline.score.cues import cue_table
from pipeline.score.hard import hard_reasons
from pipeline.score.meaning import meaning_table
from pipeline.score.options import ScoreOptions
from pipeline.score.quarrel import whole_quarrels
from pipeline.score.table import COLUMNS, SIGNALS, score_table

# The reasons that are learned, in the order of the model's outputs.
REASONS = (
    Noise.BANTER, Noise.ACK, Noise.GREETING, Noise.CHAIN, Noise.CHECKIN, Noise.REDPACKET, Noise.STICKER, Noise.REPOST, Noise.SYSTEM,
)  # fmt: skip
NOISE_AT = 0.5
AD_AT = 0.25  # ads are rare where this was learned, and seldom like another community's
QUESTION_SPARES = 0.55  # a likely question is never noise, whatever its words
BASE = "base"  # what a message is worth before anything is known of it
NOISE_COST = 3.0  # log-odds: a message called noise must rank below one that is not


def score_messages(
    messages: Sequence[Message], links: Sequence[ReplyLink], threads: Sequence[Thread], vectors: MessageVectors, options: ScoreOptions
) -> list[Scored]:
    """One `Scored` a message, row i for message i.

    Links and threads change nothing measurable here (docs/scoring.md), so the scores do not depend on them.
    """
    if not messages:
        return []
    tier = QUALITY if len(set(vectors.texts)) <= options.quality_texts else FAST
    cues = cue_table(messages)
    context = context_table(messages, cues, dict(options.standing))
    rows = vectors.quality(range(len(messages))) if tier == QUALITY else vectors.fast
    table = score_table(messages, cues, context, meaning_table(cues, rows, tier))

    question, ad = _trees("question", tier).probability(table), _trees("ad", tier).probability(table)
    noise = _trees("noise", tier).probability(table)
    conflict = whole_quarrels(messages, _trees("conflict", tier).probability(table))
    private = _trees("private", tier).probability(table)
    parts = _trees("value", tier).raw(table)
    reasons = _trees("reason", tier).raw(table)
    hard = hard_reasons(messages, options.own_digests)

    scored = []
    for i, message in enumerate(messages):
        reason = hard[i] or _reason(noise[i], ad[i], conflict[i], question[i], reasons[i])
        why = {name: float(part) for name, part in zip((*SIGNALS, BASE), parts[i], strict=True)}
        why["standing"] = options.standing_weight * options.standing.get(message.sender_id, 0.0)
        why["noise"] = -NOISE_COST * (1.0 if reason else 0.0)
        scored.append(
            Scored(
                message_id=message.id, value=value_of(why), why={k: round(v, 4) for k, v in why.items() if v}, noise=reason,
                question=0.0 if hard[i] else float(question[i]), unfit=float(max(private[i], conflict[i] if reason is Noise.CONFLICT else 0.0)),
            )
        )  # fmt: skip
    return scored


def value_of(why: dict[str, float]) -> float:
    """0…1 from the parts, which are log-odds."""
    return float(1 / (1 + np.exp(-sum(why.values()))))


def _reason(noise: float, ad: float, conflict: float, question: float, reasons: NDArray[np.float32]) -> Noise | None:
    if ad >= AD_AT:
        return Noise.AD
    if conflict >= 0.5:
        return Noise.CONFLICT
    if noise < NOISE_AT or question >= QUESTION_SPARES:
        return None
    return REASONS[int(np.argmax(reasons))]


def _trees(name: str, tier: str) -> Trees:
    trees = read_trees(f"score_{name}_{tier}.onnx")
    if trees.features != list(COLUMNS):
        raise ModelError(f"score_{name}_{tier}.onnx: these weights belong to another version; run `make train`")
    return trees
