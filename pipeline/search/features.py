"""What ranking knows about a candidate: one row of numbers each, in the order of FEATURES.

No number depends on the size of the archive or on the chat's subject: cosines are seen against the query's own
distribution, words against the query's own weight.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.archive.words import fold_script, is_cjk, tokens
from pipeline.search.recall import Candidate
from pipeline.search.scene import Findings, Line

FEATURES = (
    "exact", "cosine", "cosine_centred", "cosine_probed", "cosine_z", "cosine_rank", "cosine_behind",
    "thread_best", "thread_top3", "thread_centre", "thread_rank", "thread_size",
    "parent", "reply_best", "qa_question", "qa_answer", "before", "after", "burst_best", "around",
    "strong", "strong_share", "loose", "loose_share", "coverage", "thread_coverage", "around_coverage", "qa_coverage",
    "value", "question", "noise", "is_question", "is_answer", "resource", "announcement", "decision", "other_item",
    "url", "file", "digits", "sender_named",
)  # fmt: skip
ASKS = 0.3  # P(a question) from which noise is none: a short question is what another asks in other words

BURST_SECONDS = 180
PROBES_NEAR = 5  # usual queries that a message is held against: long notices are a little near to everything
NO_COSINE, FAR = 0.0, -0.1
_DIGIT = re.compile(r"\d")
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The query as ranking sees it: its vector, the vectors of usual queries, and its terms' weights.

    `unseen` is the share of its terms that stand in no message at all.
    """

    text: str
    vector: NDArray[np.float32]
    usual: NDArray[np.float32]  # [queries, dimension], may be empty
    idf: Mapping[str, float]
    unseen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Candidates with everything around them."""

    candidates: Mapping[int, Candidate]
    lines: Mapping[int, Line]
    threads: Mapping[tuple[int, int], Sequence[int]]
    beside: Mapping[int, Sequence[int]]  # row → rows before and after it, for the best candidates
    findings: Findings


def query_grams(text: str) -> set[str]:
    """The terms that coverage is counted in: Latin words and pairs of Chinese characters."""
    found: set[str] = set()
    for token in tokens(fold_script(text)):
        if is_cjk(token) and len(token) > 1:
            found |= {token[i : i + 2] for i in range(len(token) - 1)}
        else:
            found.add(token)
    return found


def held(terms: Sequence[str], text: str) -> set[str]:
    """Which of the terms stand in a text; looked for as substrings: cutting hundreds of texts takes longer than the search."""
    folded = text.lower() if text.isascii() else fold_script(text)
    return {t for t in terms if t in folded}


def table(question: Question, scene: Scene) -> tuple[list[int], Rows]:
    """(rows, features): one line a candidate, in row order."""
    rows = sorted(r for r in scene.candidates if r in scene.lines)
    return rows, _Table(question, scene, rows).features()


class _Table:
    def __init__(self, question: Question, scene: Scene, rows: list[int]) -> None:
        self.q, self.scene, self.rows = question, scene, rows
        self.cosine = self._cosines(question.vector)
        mean = question.usual.mean(0) if len(question.usual) else np.zeros_like(question.vector)
        self.toward = question.vector - mean
        usual = self._cosines(mean)
        self.probed = self._probed()
        self.centred = {r: self.cosine[r] - usual[r] for r in self.cosine}
        known = np.array(sorted((self.centred[r] for r in rows if r in self.centred), reverse=True)[:120] or [0.0])
        self.mean, self.spread = float(known.mean()), float(known.std()) or 1.0
        self.best = float(known[0])
        order = sorted((r for r in rows if r in self.centred), key=lambda r: (-self.centred[r], r))
        self.rank = {r: i for i, r in enumerate(order)}
        self.strong = max((c.strong for c in scene.candidates.values()), default=0.0) or 1.0
        self.loose = max((c.loose for c in scene.candidates.values()), default=0.0) or 1.0
        self.idf_sum = sum(question.idf.values()) or 1.0
        terms = list(question.idf)
        self.grams = {r: held(terms, line.text) for r, line in scene.lines.items()}
        self.folded = fold_script(question.text)
        self.named = {sender: self._names(sender) for sender in {line.sender for line in scene.lines.values()}}
        self.replies: dict[int, list[int]] = {}
        for r, line in scene.lines.items():
            if line.reply_row is not None:
                self.replies.setdefault(line.reply_row, []).append(r)
        self.threads = {key: self._thread(members) for key, members in scene.threads.items()}

    def _cosines(self, vector: NDArray[np.float32]) -> dict[int, float]:
        known = [(r, line.vector) for r, line in self.scene.lines.items() if line.vector is not None]
        if not known:
            return {}
        values = np.stack([v for _r, v in known]) @ vector
        return {r: float(c) for (r, _v), c in zip(known, values, strict=True)}

    def _probed(self) -> dict[int, float]:
        """Row → how much nearer the query is than the usual queries that are nearest to the message."""
        known = [(r, v) for r in self.rows if (v := self.scene.lines[r].vector) is not None]
        if not known or not len(self.q.usual):
            return {}
        near = np.sort(np.stack([v for _r, v in known]) @ self.q.usual.T, axis=1)[:, -PROBES_NEAR:].mean(1)
        return {r: self.cosine[r] - float(n) for (r, _v), n in zip(known, near, strict=True)}

    def _thread(self, members: Sequence[int]) -> tuple[float, float, float, dict[int, int], set[str]]:
        """(best, mean of the best three, of the centre) centred cosines, rank of each member, grams of all."""
        known = [r for r in members if r in self.centred]
        order = sorted(known, key=lambda r: (-self.centred[r], r))
        top = [self.centred[r] for r in order[:3]]
        grams: set[str] = set().union(*(self.grams[r] for r in members if r in self.grams))
        if not top:
            return self.mean, self.mean, self.mean, {}, grams
        centre = np.mean([v for r in known if (v := self.scene.lines[r].vector) is not None], axis=0)
        length = float(np.linalg.norm(centre)) or 1.0
        toward = float(centre @ self.toward) / length
        return top[0], sum(top) / len(top), toward, {r: i for i, r in enumerate(order)}, grams

    def features(self) -> Rows:
        found = np.array([self._row(r) for r in self.rows], dtype=np.float32).reshape(len(self.rows), len(FEATURES))
        return np.ascontiguousarray(found)

    def _of(self, rows: Sequence[int]) -> float:
        """The best centred cosine among some rows, in units of the query's spread; −3 where none is known."""
        known = [self.centred[r] for r in rows if r in self.centred]
        return self._z(max(known)) if known else -3.0

    def _z(self, centred: float) -> float:
        return (centred - self.mean) / self.spread

    def _coverage(self, grams: set[str]) -> float:
        return sum(self.q.idf[g] for g in grams) / self.idf_sum

    def _row(self, r: int) -> list[float]:
        line, candidate, findings = self.scene.lines[r], self.scene.candidates[r], self.scene.findings
        centred = self.centred.get(r, self.mean - 3 * self.spread)
        key = (line.chat, line.thread) if line.thread is not None else None
        best, top3, centre, ranks, thread_grams = (
            self.threads[key] if key and key in self.threads else (centred, centred, centred, {r: 0}, self.grams[r])
        )
        asked, answered = findings.questions_of.get(r, []), findings.answers_of.get(r, [])
        near = [n for n in self.scene.beside.get(r, ()) if n in self.scene.lines]
        before = [n for n in near if (self.scene.lines[n].at, n) < (line.at, r)]
        after = [n for n in near if n not in before]
        burst = [
            n
            for n in near
            if self.scene.lines[n].sender_id == line.sender_id and abs(self.scene.lines[n].at - line.at) < BURST_SECONDS * 1e6
        ]
        items = findings.items.get(r, set())
        around = set(self.grams[r]).union(*(self.grams[n] for n in near))
        qa_grams = set(self.grams[r]).union(*(self.grams[n] for n in [*asked, *answered] if n in self.grams))
        return [
            float(candidate.exact), self.cosine.get(r, NO_COSINE), centred, self.probed.get(r, FAR), self._z(centred),
            math.log1p(self.rank.get(r, 300)), self.best - centred,
            self._z(best), self._z(top3), self._z(centre), math.log1p(ranks.get(r, 50)),
            math.log1p(len(self.scene.threads.get(key, ())) if key else 0),
            self._of([line.reply_row] if line.reply_row is not None else []), self._of(self.replies.get(r, [])), self._of(asked),
            self._of(answered),
            self._of(before), self._of(after), self._of(burst), self._of(near),
            candidate.strong, candidate.strong / self.strong, candidate.loose, candidate.loose / self.loose,
            self._coverage(self.grams[r]), self._coverage(thread_grams), self._coverage(around), self._coverage(qa_grams),
            line.value, line.question, float(line.noise is not None and line.question < ASKS), float(bool(answered)), float(bool(asked)),
            float("resource" in items), float("announcement" in items), float("decision" in items),
            float(bool(items - {"resource", "announcement", "decision"})),
            float("http" in line.text), float(line.kind in ("file", "link", "card")),
            float(_DIGIT.search(line.text) is not None), float(self.named[line.sender]),
        ]  # fmt: skip

    def _names(self, sender: str) -> bool:
        """Does the query name the sender (a part of the nickname of two or more characters)?"""
        return any(len(part) > 1 and part in self.folded for part in tokens(fold_script(sender)))
