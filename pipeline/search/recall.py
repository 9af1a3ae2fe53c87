"""The first half of a search: messages that may be meant, by their words, by their meaning, and by their neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.archive import Archive
from pipeline.archive.words import QueryTerms, query_terms
from pipeline.embedding import Vectors
from pipeline.index import VectorIndex
from pipeline.search.meaning import vector_ids

Ids = NDArray[np.int64]
Count = Callable[[str], int]  # in how many messages a word term stands

BY_MEANING = 120  # nearest vectors; a paraphrase's answer stands among them or nowhere
BY_WORDS = 60  # best of each kind of word match
EXACT_MOST = 40  # messages that hold the query as it stands, the newest so many
SAME_TEXT = 3  # messages of one text: the newest so many
RANKED = 100  # candidates that are ranked with their surroundings
NEIGHBOURS_OF = 20  # best candidates whose question, answers and thread neighbours come along
COMMON = 2_500  # a term in more messages than that decides nothing, and would make a large archive slow


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A message that may be meant, with how it was found; ranks count from 0."""

    row: int
    cosine: float | None = None
    strong: float = 0.0  # BM25 of whole words and exact substrings
    loose: float = 0.0  # BM25 of character pairs
    exact: bool = False  # the query stands in it as it is
    found_by: set[str] = field(default_factory=set)


def recall(
    archive: Archive, index: VectorIndex | None, model: int, query: str, vector: Vectors | None, allowed: Ids | None, count: Count
) -> tuple[QueryTerms, dict[int, Candidate]]:
    """Candidates by row."""
    terms = query_terms(query)
    found: dict[int, Candidate] = {}
    if index is not None and vector is not None and len(index):
        ids = None if allowed is None else vector_ids(archive, model, allowed)
        hits = index.search(vector, BY_MEANING, ids)
        for row, cosine in _rows_of(archive, hits, allowed):
            candidate = found.setdefault(row, Candidate(row=row))
            candidate.cosine = cosine
            candidate.found_by.add("meaning")
    for name, expressions in (("strong", terms.strong), ("loose", terms.loose)):
        for row, score in match_words(archive, expressions, allowed, count):
            candidate = found.setdefault(row, Candidate(row=row))
            setattr(candidate, name, score)
            candidate.found_by.add("words")
    for expression in terms.exact:
        for row in match_exactly(archive, expression, allowed):
            candidate = found.setdefault(row, Candidate(row=row))
            candidate.exact = True
            candidate.found_by.add("words")
    return terms, found


def match_exactly(archive: Archive, expression: str, allowed: Ids | None) -> list[int]:
    """The newest messages in which the query stands as it is."""
    passes = None if allowed is None else set(allowed.tolist())
    found: list[int] = []
    for (row,) in archive.db.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC", (expression,)):
        if passes is None or row in passes:
            found.append(int(row))
            if len(found) == EXACT_MOST:
                break
    return found


def _rows_of(archive: Archive, hits: list[tuple[int, float]], allowed: Ids | None) -> Iterable[tuple[int, float]]:
    """Messages of the vectors, the newest few of each text, best first."""
    cosine = dict(hits)
    ids = list(cosine)
    marks = ",".join("?" * len(ids))
    rows = archive.db.execute(
        f"SELECT v.id, m.row FROM vector v JOIN message m ON m.content = v.content WHERE v.id IN ({marks}) ORDER BY m.row DESC", ids
    )
    passes = None if allowed is None else set(allowed.tolist())
    taken: dict[int, int] = {}
    for vector, row in rows:
        if (passes is None or row in passes) and taken.get(vector, 0) < SAME_TEXT:
            taken[vector] = taken.get(vector, 0) + 1
            yield int(row), cosine[vector]


def match_words(
    archive: Archive, expressions: tuple[str, ...], allowed: Ids | None, count: Count, limit: int = BY_WORDS
) -> list[tuple[int, float]]:
    """(row, BM25) of the messages with any of the terms, best first; higher is better."""
    kept = rare_terms(expressions, count)
    if not kept:
        return []
    match = " OR ".join(kept)
    if allowed is None:
        rows = archive.db.execute("SELECT rowid, -rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (match, limit))
        return [(int(r), float(s)) for r, s in rows]
    passes = set(allowed.tolist())
    rows = archive.db.execute("SELECT rowid, -rank FROM words WHERE words MATCH ?", (match,))
    best = sorted(((float(s), -int(r)) for r, s in rows if r in passes), reverse=True)[:limit]
    return [(-r, s) for s, r in best]


def rare_terms(expressions: tuple[str, ...], count: Count) -> list[str]:
    """The terms worth asking for: very common ones are left out, unless there are no others."""
    known = [(n, e) for e in expressions if (n := count(e))]
    rare = [e for n, e in known if n < COMMON]
    return rare or [e for _n, e in sorted(known)[:2]]
