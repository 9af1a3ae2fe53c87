"""Are two askings the same question? Does this note answer that asking? Both judged pairwise, by learned weights.

A judgement depends on the two sides and the weights only, never on what else the archive holds: it can be stored,
and comes out the same whatever the order of imports.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import Embedder, Vectors, unit_rows
from pipeline.learned import read_weights
from pipeline.memory.asking import Asking, Note
from pipeline.memory.cues import aliases, chat_day, hinted_days, names_one_of
from pipeline.memory.wording import denies, exchanged, numbers
from pipeline.text import cjk_share, fold, grams

WEIGHTS = "memory.json"
CHINESE = 0.2  # share of Chinese characters from which a text counts as Chinese
SAME_COSINE = 0.925
SAME_WEIGHT = 55.0  # of a text's grams, some nine characters: in a shorter one, one other character makes another question
HELD_COSINE, HELD_SHARE = 0.85, 0.9  # of a text that holds another: cosine, share of its grams

POINTED_FEATURES = (
    "cosine",
    "shared_least",
    "shared_union",
    "answers",
    "crossed",
    "numbers_differ",
    "same_asker",
    "asker_points",
    "named",
    "day_fits",
    "day_differs",
    "same_answerer",
    "pointing_answer",
)
LATE_FEATURES = (
    "cosine",
    "shared_least",
    "shared_union",
    "says_so",
    "quotes",
    "mentions_asker",
    "names_asker",
    "day_fits",
    "day_differs",
    "days",
    "asks",
    "length",
)


@dataclass(frozen=True, kw_only=True)
class Learned:
    """The weights: what is common to all chat vectors, how rare a gram is, and the two linear judges."""

    mean: NDArray[np.float32]  # [2, dimension]: of Chinese texts, of others
    rarity: Mapping[str, float]
    rarest: tuple[float, float]
    pointed: NDArray[np.float64]  # one for each of POINTED_FEATURES, and a constant
    late: NDArray[np.float64]

    def rareness(self, gram: str) -> float:
        return self.rarity.get(gram, self.rarest[gram.isascii()])


def read_learned() -> Learned:
    raw = read_weights(WEIGHTS)
    return Learned(
        mean=np.array(raw["mean"], dtype=np.float32), rarity=raw["rarity"], rarest=tuple(raw["rarest"]),
        pointed=_linear(raw["pointed"], POINTED_FEATURES), late=_linear(raw["late"], LATE_FEATURES),
    )  # fmt: skip


def _linear(raw: Mapping[str, float], features: Sequence[str]) -> NDArray[np.float64]:
    return np.array([*(raw[f] for f in features), raw["constant"]])


@dataclass(frozen=True, kw_only=True)
class Side:
    """One asking or note, ready to be compared: vectors are centred, zero where there are no words."""

    text: NDArray[np.float32]
    answers: NDArray[np.float32]
    pointing: NDArray[np.float32]
    grams: frozenset[str]
    weight: float
    numbers: frozenset[str]


def embed(texts: Sequence[str], embedder: Embedder) -> Vectors:
    """Vectors of questions, answers and notes; a zero row for an empty text."""
    full = [t for t in dict.fromkeys(texts) if t]
    known = dict(zip(full, embedder.passages(full), strict=True)) if full else {}
    empty = np.zeros(embedder.dimension, dtype=np.float32)
    return np.stack([known.get(t, empty) for t in texts]) if texts else np.zeros((0, embedder.dimension), dtype=np.float32)


def centred(vectors: Vectors, texts: Sequence[str], learned: Learned) -> Vectors:
    """Rows without what all texts of their language share; zero rows stay zero. Raw e5 vectors all point the same way."""
    language = [int(cjk_share(t) < CHINESE) for t in texts]
    return unit_rows(np.where(vectors.any(axis=1, keepdims=True), vectors - learned.mean[language], 0))


def weigh(text: str, learned: Learned) -> tuple[frozenset[str], float]:
    found = frozenset(grams(text))
    return found, sum(learned.rareness(g) for g in found)


def words_of(asking: Asking) -> tuple[str, str, str]:
    """What of an asking is compared: its question, its answers, the words that point back."""
    return asking.text, asking.answer_text, asking.pointing


def asking_sides(askings: Sequence[Asking], learned: Learned, embedder: Embedder) -> list[Side]:
    """The askings, ready to be compared."""
    columns = [list(texts) for texts in zip(*map(words_of, askings), strict=True)] or [[], [], []]
    parts = [centred(embed(texts, embedder), texts, learned) for texts in columns]
    return [side_of(a.text, learned, *vectors) for a, *vectors in zip(askings, *parts, strict=True)]


def note_sides(notes: Sequence[Note], learned: Learned, embedder: Embedder) -> list[Side]:
    """The notes, ready to be compared."""
    texts = [n.text for n in notes]
    zero = np.zeros(embedder.dimension, dtype=np.float32)
    return [side_of(t, learned, v, zero, zero) for t, v in zip(texts, centred(embed(texts, embedder), texts, learned), strict=True)]


def side_of(text: str, learned: Learned, vector: NDArray[np.float32], answers: NDArray[np.float32], pointing: NDArray[np.float32]) -> Side:
    found, weight = weigh(text, learned)
    return Side(text=vector, answers=answers, pointing=pointing, grams=found, weight=weight, numbers=numbers(text))


def shared(a: Side, b: Side, learned: Learned) -> tuple[float, float]:
    """The weight of common grams, as a share of the lighter text and of both together."""
    common = sum(learned.rareness(g) for g in a.grams & b.grams)
    least, union = min(a.weight, b.weight), a.weight + b.weight - common
    return (common / least if least else 0.0, common / union if union else 0.0)


def same_by_words(text_a: str, sa: Side, text_b: str, sb: Side, learned: Learned) -> float:
    """The centred cosine of two texts that say the same by their words alone, else 0.

    Either they are near as a whole, or the longer one holds the shorter. Of everyday questions that people judged, 96 in 100 such
    pairs are duplicates (docs/memory.md).
    """
    cosine = float(sa.text @ sb.text)
    if cosine < HELD_COSINE or min(sa.weight, sb.weight) < SAME_WEIGHT:
        return 0.0
    if cosine < SAME_COSINE and shared(sa, sb, learned)[0] < HELD_SHARE:
        return 0.0
    if numbers_differ(sa, sb) or denies(text_a) != denies(text_b) or exchanged(text_a, text_b):
        return 0.0
    return cosine


def numbers_differ(sa: Side, sb: Side) -> bool:
    """Do both name numbers, most of them other ones?"""
    return bool(sa.numbers and sb.numbers) and 2 * len(sa.numbers & sb.numbers) < len(sa.numbers | sb.numbers)


def pointed_features(a: Asking, sa: Side, b: Asking, sb: Side, learned: Learned) -> list[float]:
    """What speaks for `a` being what is meant, where somebody says of `b` that it was asked before."""
    least, union = shared(sa, sb, learned)
    days = hinted_days(b.pointing, chat_day(b.at))
    people = aliases(a.sender).union(*(aliases(t.sender) for t in a.answers))
    fits = chat_day(a.at) in days
    return [
        float(sa.text @ sb.text),
        least,
        union,
        float(sa.answers @ sb.answers),
        max(float(sa.text @ sb.answers), float(sa.answers @ sb.text)),
        float(numbers_differ(sa, sb)),
        float(a.sender_id == b.sender_id),
        float(a.sender_id in b.pointers),
        float(names_one_of(b.pointing, people)),
        float(fits),
        float(bool(days) and not fits),
        float(bool({t.sender_id for t in a.answers} & {t.sender_id for t in b.answers})),
        float(sb.pointing @ sa.answers),
    ]


def late_features(a: Asking, sa: Side, n: Note, sn: Side, learned: Learned) -> list[float]:
    """What speaks for the note `n` answering the earlier asking `a`."""
    least, union = shared(sa, sn, learned)
    hints = hinted_days(n.text[:60], chat_day(n.at))
    day = chat_day(a.at)
    text = fold(n.text)
    return [
        float(sa.text @ sn.text), least, union, float(n.says_so), float(bool(set(n.quotes) & set(a.message_ids))),
        float(a.sender_id in n.mentions),
        float(any(x in text for x in aliases(a.sender))), float(day in hints), float(bool(hints) and day not in hints),
        math.log1p((chat_day(n.at) - day).days), n.question, min(1.0, len(n.text) / 100),
    ]  # fmt: skip


def judge(features: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities, one a row."""
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))))
