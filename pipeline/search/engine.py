"""One query, from words to hits. A `Searcher` keeps model, index and weights warm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline import index
from pipeline.archive import Archive
from pipeline.archive.words import fold_script, gram_term, tokens
from pipeline.embedding import Embedder
from pipeline.search import rank, recall, scene
from pipeline.search.features import Question, Scene, query_grams, table
from pipeline.search.filters import Filters, allowed_rows
from pipeline.search.meaning import archive_model, open_index
from pipeline.search.usual import Usual, usual_queries
from pipeline.search.window import NEAR_SECONDS, snippet, window

# A hit is shown while it is so likely, against the best one: the learned scores are log-odds, e to their difference is that. On the
# gold chats 3 of 484 queries lose their first right hit by it, and ten hits become seven, those for a rare word two.
FIRST, LIKELY_FIRST, LIKELY = 5, 1 / 1000, 1 / 200
THREAD_NEAR = 4  # thread neighbours of the best candidates that are candidates themselves

FoundBy = Literal["words", "meaning"]
HitKind = Literal["qa", "message", "link", "digest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """`message_ids` are archive ids: the best message, then its window in time order."""

    message_ids: tuple[str, ...]
    thread: str | None
    chat: str
    time: datetime
    sender: str
    text: str
    snippet: str
    score: float
    found_by: tuple[FoundBy, ...]
    kind: HitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The hits, or none where nothing is about the query: then `nearest` names the topics that come closest."""

    query: str
    hits: tuple[Hit, ...]
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Candidates best first with their scores; `about` is the belief that the archive holds an answer at all."""

    scene: Scene
    rows: list[int]
    scores: list[float]
    about: float


def warm_up() -> None:
    """Loads what every query needs besides the model and the archive: FAISS, the learned weights, the folding table."""
    index.load_library()
    rank.ranking()
    fold_script("")


class Searcher:
    """Answers queries on one archive."""

    def __init__(self, archive: Archive, embedder: Embedder | None) -> None:
        self.archive, self.embedder = archive, embedder
        model = archive_model(archive)
        self.model = model[0] if model else 0
        self.index = open_index(archive) if embedder and model else None
        self.usual: Usual = usual_queries(archive, embedder, self.index)
        self._counted: dict[str, int] = {}

    def search(self, query: str, filters: Filters | None = None, limit: int = 10) -> Answer:
        """The best hits; empty where nothing in the archive is about the query."""
        ranked = self.ranked(query, filters or Filters())
        if ranked is None:
            return Answer(query=query, hits=())
        if ranked.about < rank.floor() and not any(c.exact for c in ranked.scene.candidates.values()):
            return Answer(query=query, hits=(), nearest=self._nearest(ranked))
        return Answer(query=query, hits=tuple(self._hits(query, ranked, likely(query, ranked, choose(ranked, limit)))))

    def ranked(self, query: str, filters: Filters) -> Ranked | None:
        """Everything that may be meant, best first; None when nothing is."""
        gathered = self.gather(query, filters)
        if gathered is None:
            return None
        around, rows, features, unseen = gathered
        scores = rank.score(features)
        order = sorted(range(len(rows)), key=lambda i: (-scores[i], -around.lines[rows[i]].at, rows[i]))
        ordered = [float(scores[i]) for i in order]
        signs = rank.signs(features[order], ordered, self.usual, unseen)
        return Ranked(scene=around, rows=[rows[i] for i in order], scores=ordered, about=rank.about(signs))

    def gather(
        self, query: str, filters: Filters, without: frozenset[int] = frozenset()
    ) -> tuple[Scene, list[int], NDArray[np.float32], float] | None:
        """(surroundings, candidates, their features, share of unseen terms). Rows of `without` are passed over (training)."""
        vector = self.embedder.queries([query]) if self.embedder and query.strip() else None
        allowed = allowed_rows(self.archive, filters)
        _terms, found = recall.recall(self.archive, self.index, self.model, query, vector, allowed, self._count)
        for row in without:
            found.pop(row, None)
        found = {c.row: c for c in sorted(found.values(), key=lambda c: (-_first_score(c), c.row))[: recall.RANKED]}
        if not found:
            return None
        around = self._scene(found, set(allowed.tolist()) if allowed is not None else None, without)
        width = self.index.dimension if self.index else 1
        question = Question(
            text=query,
            vector=vector.reshape(-1) if vector is not None else np.zeros(width, dtype=np.float32),
            usual=self.usual.probes,
            idf=self._idf(query),
            unseen=self._unseen(query),
        )
        rows, features = table(question, around)
        return around, rows, features, question.unseen

    def _scene(self, found: dict[int, recall.Candidate], passes: set[int] | None, without: frozenset[int]) -> Scene:
        lines = scene.load_lines(self.archive, self.model, found)
        best = sorted(lines.values(), key=lambda line: (-_first_score(found[line.row]), line.row))[: recall.NEIGHBOURS_OF]
        findings = scene.load_findings(self.archive, [line.row for line in best])
        beside = {line.row: [r for r in scene.beside(self.archive, line) if r not in without] for line in best}
        threads = scene.thread_rows(self.archive, best)
        threads = {key: [r for r in members if r not in without] for key, members in threads.items()}
        partners = [r for rows in (*findings.answers_of.values(), *findings.questions_of.values()) for r in rows]
        partners += [line.reply_row for line in best if line.reply_row is not None]
        partners += scene.replies_to(self.archive, [line.row for line in best])
        partners += [r for rows in beside.values() for r in rows]
        context = [r for members in threads.values() for r in members]
        near = _near(threads, [line.row for line in best])
        lines |= scene.load_lines(self.archive, self.model, (set(partners) | set(context)) - lines.keys() - without)
        candidates = dict(found)
        for row in sorted(set(partners) | near):
            line = lines.get(row)
            if line and row not in candidates and line.vector is not None and (passes is None or row in passes):
                candidates[row] = recall.Candidate(row=row, found_by={"meaning"})
        return Scene(candidates=candidates, lines=lines, threads=threads, beside=beside, findings=findings)

    def _idf(self, query: str) -> dict[str, float]:
        total = self.archive.newest_row() + 1
        return {g: math.log(total / (1 + self._count(gram_term(g))) + 1) for g in sorted(query_grams(query))}

    def _unseen(self, query: str) -> float:
        grams = query_grams(query)
        return sum(self._count(gram_term(g)) == 0 for g in grams) / max(1, len(grams))

    def _count(self, term: str) -> int:
        if term not in self._counted:
            self._counted[term] = self.archive.frequency(term, recall.COMMON)
        return self._counted[term]

    def _nearest(self, ranked: Ranked) -> tuple[str, ...]:
        """Titles of the topics that the best candidates belong to."""
        titles: dict[str, None] = {}
        for row in ranked.rows[:20]:
            found = self.archive.db.execute(
                "SELECT t.title FROM analysed a JOIN topic t ON t.chat = a.chat AND t.id = a.topic WHERE a.row = ?", (row,)
            ).fetchone()
            if found:
                titles[str(found[0])] = None
        return tuple(titles)[:3]

    def _hits(self, query: str, ranked: Ranked, chosen: Sequence[Chosen]) -> list[Hit]:
        shown = {r for row, around in chosen for r in (row, *around)}
        messages = self.archive.by_rows(shown)
        keys = {c.row: c for c in self.archive.chats()}
        hits = []
        for row, around in chosen:
            chat, message = messages[row]
            line = ranked.scene.lines[row]
            # the belief that anything fits, shared out by how well each fits beside the best
            score = ranked.about * math.exp(ranked.scores[ranked.rows.index(row)] - ranked.scores[0])
            hits.append(
                Hit(
                    message_ids=tuple(f"{keys[chat].key}/{messages[r][1].id}" for r in (row, *around)),
                    thread=None if line.thread is None else f"t{line.thread}", chat=keys[chat].chat.name, time=message.sent_at,
                    sender=message.sender,
                    text=line.text, snippet=snippet(line.text, query), score=round(score, 4),
                    found_by=_found_by(ranked.scene.candidates[row]), kind=_kind(ranked.scene, row),
                )
            )  # fmt: skip
        return hits


def _near(threads: Mapping[tuple[int, int], Sequence[int]], rows: Sequence[int]) -> set[int]:
    """The thread neighbours of those rows, a few before and after."""
    wanted, found = set(rows), set[int]()
    for members in threads.values():
        for i, row in enumerate(members):
            if row in wanted:
                found.update(members[max(0, i - THREAD_NEAR) : i + THREAD_NEAR + 1])
    return found


Chosen = tuple[int, list[int]]  # the row of a hit, and its window


def likely(query: str, ranked: Ranked, chosen: Sequence[Chosen]) -> list[Chosen]:
    """The hits that are not far less likely than the best one: two good ones are not followed by eight poor ones.

    A message that says the query and nothing else is no measure: beside it, whatever else is meant looks poor.
    """
    score = dict(zip(ranked.rows, ranked.scores, strict=True))
    said = "".join(tokens(fold_script(query)))
    others = [score[row] for row, _around in chosen if "".join(tokens(fold_script(ranked.scene.lines[row].text))) != said]
    best = max(others, default=ranked.scores[0])
    return [c for n, c in enumerate(chosen) if score[c[0]] - best >= math.log(LIKELY_FIRST if n < FIRST else LIKELY)]


def choose(ranked: Ranked, limit: int) -> list[Chosen]:
    """The best candidates that are not already shown in a better one's window, each with its window.

    What a reply ties to a hit from hours away stands in its window, too, but is a moment of its own and may be a hit.
    """
    chosen: list[Chosen] = []
    shown: set[int] = set()
    for row in ranked.rows:
        if row in shown:
            continue
        around = window(ranked.scene, row)
        chosen.append((row, around))
        lines, at = ranked.scene.lines, ranked.scene.lines[row].at
        shown |= {row, *(r for r in around if abs(lines[r].at - at) <= NEAR_SECONDS * 1_000_000)}
        if len(chosen) == limit:
            break
    return chosen


def _first_score(candidate: recall.Candidate) -> float:
    """Which candidates' surroundings are read: a plain fusion, good enough for that."""
    return 10 * (candidate.cosine or 0.7) + 0.1 * candidate.strong + 0.05 * candidate.loose + candidate.exact


def _found_by(candidate: recall.Candidate) -> tuple[FoundBy, ...]:
    return tuple(name for name in ("words", "meaning") if name in candidate.found_by)


def _kind(around: Scene, row: int) -> HitKind:
    if row in around.findings.answers_of or row in around.findings.questions_of:
        return "qa"
    line = around.lines[row]
    return "link" if "http" in line.text or line.kind in ("link", "card") else "message"
