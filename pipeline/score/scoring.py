"""Messages → `Scored`: hard reasons first, then the learned models; a quarrel as a whole; a question is never noise."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import FAST, QUALITY, MessageVectors
from pipeline.errors import ModelError
from pipeline.learned import Trees, read_trees
from pipeline.mask import STARS, mask
from pipeline.model import Message, Noise, ReplyLink, Scored, Thread
from pipeline.score.adverts import whole_adverts
from pipeline.score.again import AGAIN, SEEN, again_table
from pipeline.score.around import around_table
from pipeline.score.context import context_table
from pipeline.score.cues import COLUMN, Table, cue_table
from pipeline.score.hard import hard_reasons
from pipeline.score.meaning import TARGETS, meaning_table
from pipeline.score.options import ScoreOptions
from pipeline.score.private import tells_illness
from pipeline.score.quarrel import CORE, whole_quarrels
from pipeline.score.table import COLUMNS, SIGNALS, WIDE, score_table

# The reasons that are learned, in the order of the model's outputs.
REASONS = (
    Noise.BANTER, Noise.ACK, Noise.GREETING, Noise.CHAIN, Noise.CHECKIN, Noise.REDPACKET, Noise.STICKER, Noise.REPOST, Noise.SYSTEM,
)  # fmt: skip
NOISE_AT = 0.58
AGAIN_SHARE = 0.7  # of the second look: half and half is as good in the mean, worse in the worst chat
AD_AT = 0.1  # ads are rare where this was learned, and seldom like another community's
AD_MEANING, AD_BASE = 1.0, 0.7  # log-odds that the linear score of meaning adds: trees alone lean on the words of the ads that they saw
QUESTION_SPARES = 0.65  # a likely question is never noise, whatever its words …
QUESTION_SPARES_AD = 0.9  # … "anybody need a …?" excepted
BASE = "base"  # what a message is worth before anything is known of it
_PARTS = (*SIGNALS, BASE, "highlight", "standing", "noise")
CALIBRATION = (0.49, 0.39)  # leave-one-out: with slope and shift a value of .7 is worth .7 of a must-read message
DOUBT_COST = 1.2  # log-odds that certain noise takes; P(noise) of it where it is not certain
NOISE_COST = {Noise.CONFLICT: 2.0}  # what a reason takes that is not a matter of taste …
OTHER_COST = 3.0  # … and what an ad takes, or what kind and form alone show to be noise

QUESTION_ODDS = 3.0  # few of the messages learned from ask: at the best balance of missed and false ones P is .25
UNFIT_ODDS = 8.0  # leave-one-out: finds .58 of what must not be shown and loses .004 of what is worth showing
_MAY_BE_PRIVATE = re.compile(r"\d{3}|\d\d?[-A-Za-z]|@|://|[A-Za-z]\d|密码|口令")  # all but a few need no masking: it takes 60 searches
MOSTLY_HIDDEN = 0.3  # a message of which so much is masked was a private one

# In a transcript of speech nothing of a chat's give and take is left: what people highlight there is learned from
# meetings alone, and takes over as whole sentences take over.
TRANSCRIPT_ROWS = 20
TRANSCRIPT_FROM, TRANSCRIPT_TO = 0.4, 0.7  # share of whole sentences around; in chats it stays below 0.2
HIGHLIGHT_SCALE, HIGHLIGHT_BASE = 4.0, 1.0  # log-odds
_SENTENCE = re.compile(r"[。？！.?!…][”\"」)]?\s*$")


def score_messages(
    messages: Sequence[Message], links: Sequence[ReplyLink], threads: Sequence[Thread], vectors: MessageVectors, options: ScoreOptions
) -> list[Scored]:
    """One `Scored` a message, row i for message i.

    Links and threads change nothing measurable here (docs/scoring.md), so the scores do not depend on them.
    """
    if not messages:
        return []
    tier = QUALITY if vectors.bundled and len(set(vectors.texts)) <= options.quality_texts else FAST
    cues = cue_table(messages)
    context = context_table(messages, cues, options.standing)
    meaning = meaning_table(cues, vectors.fast, FAST)
    table = score_table(messages, cues, context, meaning)
    odds = _trees("ad", FAST).raw(table)[:, 0] + AD_MEANING * meaning[:, TARGETS.index("ad")] + AD_BASE
    ad = whole_adverts(messages, (1 / (1 + np.exp(-odds))).astype(np.float32), AD_AT, *(cues[:, COLUMN[c]] > 0 for c in ("contact", "job")))
    question = _likelier(_trees("question", FAST).probability(table), QUESTION_ODDS)
    means = vectors.fast
    if tier == QUALITY:
        means = vectors.quality(range(len(messages)))
        meaning = meaning_table(cues, means, QUALITY)
        table = score_table(messages, cues, context, meaning)
        # Of the two, this one knows only chats, and what is asked there in pieces and without a mark.
        question = np.mean([question, _likelier(_trees("question", QUALITY).probability(table), QUESTION_ODDS)], axis=0)

    wide = np.column_stack([table, around_table(messages, cues, meaning, means)])
    noise = _noise(messages, wide, tier)
    hostile = cues[:, [COLUMN[c] for c in ("insults", "you_attack", "apologises")]].max(axis=1) > 0
    conflict = whole_quarrels(messages, _trees("conflict", tier).probability(table), noise, cues[:, COLUMN["calms"]] > 0, hostile)
    unfit = _unfit(messages, _trees("private", tier).probability(table))
    reasons = _trees("reason", tier).raw(table)
    parts = _trees("value", tier, WIDE).raw(wide) * CALIBRATION[0]
    parts[:, -1] += CALIBRATION[1]
    speech = _transcript_share(messages)
    highlight = speech * (HIGHLIGHT_SCALE * meaning[:, TARGETS.index("salient")] + HIGHLIGHT_BASE)
    parts *= 1 - speech[:, None]
    hard = hard_reasons(messages, options.own_digests)

    chances = np.column_stack([noise, ad, conflict, question, unfit, highlight]).tolist()
    scored = []
    for i, (message, own, told) in enumerate(zip(messages, chances, parts.tolist(), strict=True)):
        is_noise, is_ad, quarrels, asks, is_unfit, spoken = own
        reason = hard[i] or _reason(is_noise, is_ad, quarrels, asks, reasons[i])
        certain = hard[i] is not None or reason in (Noise.AD, Noise.CONFLICT)
        cost = NOISE_COST.get(reason, OTHER_COST) if reason and certain else DOUBT_COST * is_noise
        standing = options.standing_weight * options.standing.get(message.sender_id, 0.0)
        named = zip(_PARTS, (*told, spoken, standing, -cost), strict=True)
        why = {name: rounded for name, part in named if (rounded := round(part, 4))}
        worst = max(is_unfit, quarrels if reason is Noise.CONFLICT else 0.0)
        scored.append(
            Scored(message_id=message.id, value=value_of(why), why=why, noise=reason, question=0.0 if hard[i] else asks, unfit=worst)
        )
    return scored


def _noise(messages: Sequence[Message], wide: Table, tier: str) -> NDArray[np.float32]:
    """A first look weighed with a second, which knows the first one's opinion of the neighbours."""
    first = _trees("noise", tier, WIDE).probability(wide)
    again = _trees("again", tier, AGAIN).probability(again_table(messages, wide[:, [WIDE.index(c) for c in SEEN]], first))
    mean: NDArray[np.float32] = ((1 - AGAIN_SHARE) * first + AGAIN_SHARE * again).astype(np.float32)
    return mean


def value_of(why: Mapping[str, float]) -> float:
    """0…1 from the parts, which are log-odds."""
    return 1 / (1 + math.exp(-sum(why.values())))


def _reason(noise: float, ad: float, conflict: float, question: float, reasons: NDArray[np.float32]) -> Noise | None:
    if ad >= AD_AT and question < QUESTION_SPARES_AD:
        return Noise.AD
    if conflict >= CORE:
        return Noise.CONFLICT
    if noise < NOISE_AT or question >= QUESTION_SPARES:
        return None
    return REASONS[int(np.argmax(reasons))]


def _likelier(probability: NDArray[np.float32], odds: float) -> NDArray[np.float32]:
    """The probability with its odds multiplied."""
    raised = odds * probability / np.maximum(1 - probability, 1e-6)
    shifted: NDArray[np.float32] = (raised / (1 + raised)).astype(np.float32)
    return shifted


def _unfit(messages: Sequence[Message], private: NDArray[np.float32]) -> NDArray[np.float32]:
    """P(never to be selected): printing one private message is worse than leaving out several harmless ones."""
    unfit = _likelier(private, UNFIT_ODDS)
    unfit[tells_illness(messages)] = 1.0
    for i, message in enumerate(messages):
        if not _MAY_BE_PRIVATE.search(message.text):
            continue
        masked = mask(message.text)
        if masked != message.text and 1 - len(masked.replace(STARS, "")) / len(message.text) >= MOSTLY_HIDDEN:
            unfit[i] = 1.0
    return unfit


def _transcript_share(messages: Sequence[Message]) -> NDArray[np.float32]:
    """0…1: how much the surroundings of each message read like speech written down, sentence by sentence."""
    whole = np.array([len(m.text) >= 10 and _SENTENCE.search(m.text[-4:]) is not None for m in messages], dtype=float)
    total = np.concatenate([[0.0], np.cumsum(whole)])
    place = np.arange(len(messages))
    low, high = np.maximum(0, place - TRANSCRIPT_ROWS), np.minimum(len(messages), place + TRANSCRIPT_ROWS + 1)
    share = (total[high] - total[low]) / (high - low)
    enough = high - low > TRANSCRIPT_ROWS  # a handful of well-formed messages is no transcript
    spoken: NDArray[np.float32] = (np.clip((share - TRANSCRIPT_FROM) / (TRANSCRIPT_TO - TRANSCRIPT_FROM), 0, 1) * enough).astype(np.float32)
    return spoken


def _trees(name: str, tier: str, columns: Sequence[str] = COLUMNS) -> Trees:
    trees = read_trees(f"score_{name}_{tier}.onnx")
    if trees.features != list(columns):
        raise ModelError(f"score_{name}_{tier}.onnx: these weights belong to another version; run `make train`")
    return trees
