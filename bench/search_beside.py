"""Search side by side with what one would use instead: on the ten gold chats, and on a real channel.

The real channel are the ten annotated mornings of Ubuntu IRC (Kummerfeld et al. 2019). Nobody has written queries for it, so a query is a
conversation's opening message, taken out of the archive before it is filled: who asks the same again should find what was said then.
A right hit is a message of that conversation by somebody else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.analysis import AnalysisOptions
from pipeline.archive import Archive, open_archive
from pipeline.archive.add import add_export, bring_up_to_date
from pipeline.embedding import load_embedder
from pipeline.model import Chat, Export, Message
from pipeline.readers import ReadOptions, read_export
from pipeline.search import Searcher

Ranker = Callable[[str], list[int]]
ANSWERED = 3  # messages by others from which a conversation's opening is a query
WORDS_LEAST = 4  # of an opening: "anyone here?" asks for nothing that could be found


def main() -> None:
    from train.__main__ import eval_data

    gold_chats(eval_data())
    real_channel(eval_data() / "disentangle" / "irc_ubuntu" / "dev")


def gold_chats(data: Path) -> None:
    """MRR@10, hit@1 and hit@5 of plain ways to search, by the rule of score.py; ours stands in `python -m quality --only gold`."""
    from train.search import Gold, hit_rank, load

    golds: list[Gold] = [load(data, p.name) for p in sorted((data / "gold").iterdir()) if (p / "gold.json").exists()]
    for name, make in PLAIN:
        places = []
        for g in golds:
            ranker = make(g.searcher.archive)
            for case in g.cases:
                if case.kind == "asked" and case.answerable:
                    order = {row: n for n, row in enumerate(ranker(case.query))}
                    places.append(hit_rank(g, case, np.array([-float(order.get(r, 10_000)) for r in case.rows])))
        _tell(f"gold chats, {name}", places)


def real_channel(folder: Path) -> None:
    """The same on the mornings of the channel as one chat; ours with its floor, the first message of each hit counting alone."""
    messages: list[Message] = []
    cases: list[tuple[str, frozenset[str]]] = []
    for number, file in enumerate(sorted(folder.glob("*.jsonl"))):
        read, asked, found = _morning(file, number)
        messages += [m for m in read if m.id not in asked]
        cases += found
    with TemporaryDirectory() as at, open_archive(Path(at)) as archive, archive.writing():
        add_export(archive, Export(chat=Chat(name="#ubuntu"), format="bench", messages=tuple(messages)))
        bring_up_to_date(archive, AnalysisOptions())
        id_of = dict(archive.db.execute("SELECT row, id FROM message"))
        searcher = Searcher(archive, load_embedder())
        print(f"#ubuntu: {len(messages):,} messages, {len(cases)} queries")
        for name, make in PLAIN:
            ranker = make(archive)
            _tell(f"#ubuntu, {name}", [_place((id_of[r] for r in ranker(query)), right) for query, right in cases])
        ours = [_place((h.message_ids[0].partition("/")[2] for h in searcher.search(query).hits), right) for query, right in cases]
        _tell("#ubuntu, ours", ours)


def _morning(file: Path, number: int) -> tuple[list[Message], set[str], list[tuple[str, frozenset[str]]]]:
    """(messages, ids of the openings that are queries, (query, ids of the right hits) of each); ids begin with the file's number."""
    raw = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    (export,) = read_export(file, ReadOptions(tz=ZoneInfo("UTC")))
    read = [replace(m, id=f"{number}-{m.id}") for m in export.messages]
    conversations: dict[object, list[dict[str, object]]] = {}
    for r in raw:
        if r["thread"] is not None and not r["system"]:
            conversations.setdefault(r["thread"], []).append(r)
    asked, cases = set(), []
    for own in conversations.values():
        others = frozenset(f"{number}-{r['id']}" for r in own[1:] if r["sender"] != own[0]["sender"])
        if len(others) >= ANSWERED and len(str(own[0]["text"]).split()) >= WORDS_LEAST:
            asked.add(f"{number}-{own[0]['id']}")
            cases.append((str(own[0]["text"]), others))
    return read, asked, cases


def _place(ids: Iterable[str], right: frozenset[str]) -> float:
    return next((float(n) for n, i in enumerate(ids, 1) if i in right), float("inf"))


def _tell(name: str, places: list[float]) -> None:
    figures = (np.mean([1 / p for p in places]), np.mean([p <= 1 for p in places]), np.mean([p <= 5 for p in places]))
    print(f"{name}: MRR@10 {figures[0]:.3f}, hit@1 {figures[1]:.3f}, hit@5 {figures[2]:.3f}")


def _texts(archive: Archive) -> list[tuple[int, str]]:
    return [(int(r), str(t)) for r, t in archive.db.execute("SELECT row, text FROM message ORDER BY row")]


def _fts(archive: Archive, tokenizer: str) -> Ranker:
    import sqlite3

    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE VIRTUAL TABLE t USING fts5 (text, tokenize='{tokenizer}')")
    db.executemany("INSERT INTO t (rowid, text) VALUES (?, ?)", _texts(archive))

    def rank(query: str) -> list[int]:
        terms = query.split() if tokenizer == "unicode61" else [query[i : i + 3] for i in range(len(query) - 2)]
        match = " OR ".join('"' + t.replace('"', '""') + '"' for t in terms) or '""'
        return [r for (r,) in db.execute("SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10", (match,))]

    return rank


def _bm25(archive: Archive) -> Ranker:
    import bm25s

    from pipeline.text import words

    texts = _texts(archive)
    index = bm25s.BM25()
    index.index([words(t) or [" "] for _r, t in texts], show_progress=False)

    def rank(query: str) -> list[int]:
        found, scores = index.retrieve([words(query)], k=10, show_progress=False)
        return [texts[i][0] for i, s in zip(found[0], scores[0], strict=True) if s > 0]

    return rank


def _vectors(archive: Archive) -> Ranker:
    rows, vectors = _vector_rows(archive)
    return lambda query: [rows[i] for i in np.argsort(-(vectors @ load_embedder().queries([query])[0]), kind="stable")[:10]]


def _vector_rows(archive: Archive) -> tuple[list[int], np.ndarray]:
    found = archive.db.execute("SELECT m.row, v.data FROM message m JOIN vector v ON v.content = m.content ORDER BY m.row").fetchall()
    return [r for r, _d in found], np.stack([np.frombuffer(d, dtype=np.float16) for _r, d in found]).astype(np.float32)


def _lance(archive: Archive) -> Ranker:
    """LanceDB (`pip install lancedb`) as its documentation shows hybrid search: n-gram full text, vectors, reciprocal ranks."""
    import lancedb

    rows, vectors = _vector_rows(archive)
    texts = dict(_texts(archive))
    folder = TemporaryDirectory()
    table = lancedb.connect(folder.name).create_table(
        "t", [{"row": r, "text": texts[r], "vector": v} for r, v in zip(rows, vectors.tolist(), strict=True)]
    )
    table.create_fts_index("text", base_tokenizer="ngram", ngram_min_length=2, ngram_max_length=3)

    def rank(query: str) -> list[int]:
        assert folder.name
        hits = table.search(query_type="hybrid").vector(load_embedder().queries([query])[0].tolist()).text(query).limit(10).to_list()
        return [int(h["row"]) for h in hits]

    return rank


PLAIN: tuple[tuple[str, Callable[[Archive], Ranker]], ...] = (
    ("FTS5 unicode61", lambda a: _fts(a, "unicode61")),
    ("FTS5 trigram", lambda a: _fts(a, "trigram")),
    ("BM25 jieba (bm25s)", _bm25),
    ("vectors alone", _vectors),
    ("LanceDB hybrid, same vectors", _lance),
)
