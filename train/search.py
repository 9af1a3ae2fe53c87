"""Learns search: weights that re-rank candidates, and the floor under which nothing is shown.

From the gold chats' searches (paraphrased questions with their relevant messages). Queries that nothing answers are
the annotated ones, and each search once more with its relevant conversations taken out of the archive: near the
subject, yet without an answer. `python -m train.search` prints leave-one-chat-out figures.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipeline.analysis import AnalysisOptions
from pipeline.archive import Archive, open_archive
from pipeline.archive.add import add_export
from pipeline.archive.refresh import refresh
from pipeline.archive.vectors import embed_missing
from pipeline.embedding import load_embedder
from pipeline.model import Chat, Export, Kind, Message
from pipeline.search import Filters, Searcher
from pipeline.search.engine import Ranked, choose
from pipeline.search.features import FEATURES, Scene
from pipeline.search.meaning import update_index
from pipeline.search.rank import FARTHEST, SIGNS, WEIGHTS, Linear, probability, signs
from pipeline.search.window import window
from train.gold import chat_names

Floats = NDArray[np.float64]

CACHE = Path(os.environ.get("DIANTI_TRAIN_CACHE", ".cache")) / "search"
KEYWORDS, KEYWORD_WEIGHT = 20, 0.3  # searches by a single word, a chat
HARD = 80  # wrong candidates a query is learned from
RANK_PENALTY, SILENCE_PENALTY = 0.005, 0.1
TAKEN_OUT_WEIGHT = 0.1  # of a query whose answers were taken out, against an annotated one without an answer
ANSWERED_KEPT = 0.94  # of the answerable queries stay answered at the floor


CaseKind = Literal["asked", "taken_out", "keyword"]
NONE: frozenset[int] = frozenset()


@dataclass
class Case:
    """One query on one chat: its candidates with features, and which of them would be a right hit."""

    chat: str
    query: str
    answerable: bool
    kind: CaseKind
    scene: Scene
    rows: list[int]
    x: NDArray[np.float32]
    unseen: float
    relevant: set[int] = field(default_factory=set)
    y: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


@dataclass
class Gold:
    chat: str
    cases: list[Case]
    searcher: Searcher
    thread: dict[int, str]  # row → gold thread


def train(eval_data: Path, out: Path, hold_out: frozenset[str]) -> None:
    golds = [load(eval_data, name) for name in chat_names(eval_data) if name not in hold_out]
    about, floor = fit_silence(golds, unseen_scores(golds))
    found = {"fit": as_json(fit_ranking(golds), FEATURES), "about": as_json(about, SIGNS), "floor": floor}
    (out / WEIGHTS).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def archive_of(eval_data: Path, name: str) -> Archive:
    """The gold chat in an archive of its own: vectors are kept between runs, the analysis is made anew."""
    archive = open_archive(CACHE / name)
    archive.set_setting("model", load_embedder().name)
    archive.set_setting("model_asked", "quality")
    with archive.writing():
        add_export(archive, read_chat(eval_data / "gold" / name / "chat.jsonl", name))
        archive.db.execute("INSERT OR IGNORE INTO pending SELECT row FROM message")
        list(refresh(archive, AnalysisOptions()))
        list(embed_missing(archive, load_embedder()))
        update_index(archive)
    return archive


def load(eval_data: Path, name: str) -> Gold:
    """The chat's archive and its cases."""
    gold = json.loads((eval_data / "gold" / name / "gold.json").read_text(encoding="utf-8"))
    archive = archive_of(eval_data, name)
    searcher = Searcher(archive, load_embedder())
    row_of = {i: r for r, i in archive.db.execute("SELECT row, id FROM message")}
    thread = {row_of[i]: str(t) for i, t in gold["threads"].items() if i in row_of}
    cases = []
    for s in gold["searches"]:
        relevant = {row_of[str(i)] for i in s["relevant"] if str(i) in row_of}
        cases.append(_case(searcher, name, s["query"], relevant, thread, "asked"))
        gone = {thread[r] for r in relevant if r in thread} | {str(s.get("thread"))}
        without = relevant | {r for r, t in thread.items() if t in gone}
        cases.append(_case(searcher, name, s["query"], set(), thread, "taken_out", frozenset(without)))
    cases += [_case(searcher, name, word, rows, thread, "keyword") for word, rows in keywords(searcher.archive)]
    for q in gold["no_answer"]:
        cases.append(_case(searcher, name, q if isinstance(q, str) else q["query"], set(), thread, "asked"))
    return Gold(chat=name, cases=[c for c in cases if c], searcher=searcher, thread=thread)


def keywords(archive: Archive) -> list[tuple[str, set[int]]]:
    """Searches by a word as it stands: rare words of the chat, with the messages that hold them and are no noise.

    The annotated searches are paraphrases; people also type the very word. Without these, words would count for little.
    """
    from pipeline.text import fold, words

    holders: dict[str, set[int]] = {}
    for row, text in archive.db.execute(
        "SELECT m.row, m.text FROM message m JOIN analysed a ON a.row = m.row WHERE a.noise IS NULL ORDER BY m.row"
    ):
        for word in words(text):
            if len(word) >= 2 and not word.isdigit():
                holders.setdefault(word, set()).add(row)
    texts = [fold(text) for (text,) in archive.db.execute("SELECT text FROM message")]
    rare = [w for w in sorted(holders) if len(holders[w]) <= 3 and sum(w in t for t in texts) == len(holders[w])]
    chosen = np.random.default_rng(7).permutation(len(rare))[:KEYWORDS]
    return [(rare[i], holders[rare[i]]) for i in sorted(chosen.tolist())]


def _case(
    searcher: Searcher, chat: str, query: str, relevant: set[int], thread: dict[int, str], kind: CaseKind, without: frozenset[int] = NONE
) -> Case | None:
    gathered = searcher.gather(query, Filters(), without)
    if gathered is None:
        return None
    scene, rows, x, unseen = gathered
    case = Case(chat=chat, query=query, answerable=bool(relevant), kind=kind, scene=scene, rows=rows, x=x, unseen=unseen,
                relevant=relevant)  # fmt: skip
    same = {thread.get(r) for r in relevant}
    case.y = np.array(
        [1.0 if r in relevant or (relevant & set(window(scene, r)) and thread.get(r) in same) else 0.0 for r in rows], dtype=np.float32
    )
    return case


def fit_ranking(golds: Sequence[Gold]) -> Linear:
    """Weights of the features by softmax over each query's candidates: the right ones together against all."""
    cases = [c for g in golds for c in g.cases if c.answerable and c.y.any()]
    kept = [_hard(c) for c in cases]
    x = np.concatenate([c.x[k] for c, k in zip(cases, kept, strict=True)]).astype(np.float64)
    y = np.concatenate([c.y[k] for c, k in zip(cases, kept, strict=True)]).astype(np.float64)
    sizes = np.array([len(k) for k in kept])
    starts = np.cumsum(sizes) - sizes
    w_case = np.array([KEYWORD_WEIGHT if c.kind == "keyword" else 1.0 for c in cases])
    mean, spread = x.mean(0), np.maximum(x.std(0), 1e-3)
    z = np.clip((x - mean) / spread, -FARTHEST, FARTHEST)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        s = z @ w
        e = np.exp(s - np.repeat(np.maximum.reduceat(s, starts), sizes))
        every, right = np.add.reduceat(e, starts), np.add.reduceat(e * y, starts)
        gradient = z.T @ (np.repeat(w_case, sizes) * (e / np.repeat(every, sizes) - e * y / np.repeat(right, sizes))) / w_case.sum()
        return float(-(w_case * np.log(right / every)).sum() / w_case.sum() + RANK_PENALTY * w @ w), gradient + 2 * RANK_PENALTY * w

    return linear(
        FEATURES, mean, spread, minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x, 0.0
    )


def _hard(case: Case) -> NDArray[np.int64]:
    """All right candidates and the wrong ones that look best."""
    at = {name: i for i, name in enumerate(FEATURES)}
    looks = case.x[:, at["cosine_z"]] + 2 * case.x[:, at["coverage"]] + 0.5 * case.x[:, at["thread_best"]]
    wrong = np.flatnonzero(case.y == 0)
    return np.concatenate([np.flatnonzero(case.y > 0), wrong[np.argsort(-looks[wrong], kind="stable")[:HARD]]])


def linear(names: tuple[str, ...], mean: Floats, spread: Floats, weights: Floats, bias: float) -> Linear:
    listed = {k: [round(float(v), 5) for v in a] for k, a in (("mean", mean), ("spread", spread), ("weights", weights))}
    return Linear({"names": list(names), **listed, "bias": round(bias, 5)}, names)


def as_json(model: Linear, names: tuple[str, ...]) -> dict[str, Any]:
    listed = {k: [float(v) for v in a] for k, a in (("mean", model.mean), ("spread", model.spread), ("weights", model.weights))}
    return {"names": list(names), **listed, "bias": model.bias}


def unseen_scores(golds: Sequence[Gold]) -> dict[str, list[NDArray[np.float64]]]:
    """Scores of each chat's cases by weights that were learned without it."""
    found = {}
    for g in golds:
        fit = fit_ranking([o for o in golds if o is not g] or [g])
        found[g.chat] = [fit(c.x) for c in g.cases]
    return found


def fit_silence(golds: Sequence[Gold], scores: dict[str, list[NDArray[np.float64]]]) -> tuple[Linear, float]:
    """A logistic regression on the signs, answerable and unanswerable queries weighing the same; and its floor."""
    cases = [(g, c, s) for g in golds for c, s in zip(g.cases, scores[g.chat], strict=True) if c.kind != "keyword"]
    x = np.stack([case_signs(g, c, s) for g, c, s in cases]).astype(np.float64)
    y = np.array([c.answerable for _g, c, _s in cases])
    w = np.array([TAKEN_OUT_WEIGHT if c.kind == "taken_out" else 1.0 for _g, c, _s in cases])
    w[y] *= w[~y].sum() / w[y].sum()
    mean, spread = x.mean(0), np.maximum(x.std(0), 1e-3)
    z = np.c_[np.clip((x - mean) / spread, -FARTHEST, FARTHEST), np.ones(len(x))]
    side = np.where(y, 1.0, -1.0)

    def loss(b: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = side * (z @ b)
        wrong = 1 / (1 + np.exp(np.clip(margin, -30, 30)))
        penalised = np.append(b[:-1], 0.0)
        value = float((w * np.logaddexp(0, -margin)).sum() / w.sum() + SILENCE_PENALTY * penalised @ penalised)
        return value, -(z.T @ (w * side * wrong)) / w.sum() + 2 * SILENCE_PENALTY * penalised

    b = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B").x
    model = linear(SIGNS, mean, spread, b[:-1], float(b[-1]))
    belief = [probability(float(v)) for v in model(x[y].astype(np.float32))]
    return model, round(float(np.quantile(belief, 1 - ANSWERED_KEPT)), 5)


def case_signs(g: Gold, case: Case, scores: NDArray[np.float64]) -> NDArray[np.float32]:
    order = np.argsort(-scores, kind="stable")
    return signs(case.x[order], [float(s) for s in scores[order]], g.searcher.usual, case.unseen)


def read_chat(path: Path, name: str) -> Export:
    messages = []
    for line in path.read_text(encoding="utf-8").splitlines():
        r = json.loads(line)
        messages.append(
            Message(
                id=str(r["id"]), sender_id=str(r["sender_id"]), sender=r["sender"], sent_at=datetime.fromisoformat(r["time"]),
                text=r["text"],
                kind=Kind(r.get("type", "text")), reply_to=None if r.get("reply_to") is None else str(r["reply_to"]),
                mentions=tuple(map(str, r.get("mentions") or ())), reactions=tuple((r.get("reactions") or {}).items()), url=r.get("url"),
                title=r.get("title"), file_name=r.get("file_name"), role=r.get("role"),
            )
        )  # fmt: skip
    return Export(chat=Chat(name=name), format="interchange_jsonl", messages=tuple(sorted(messages, key=lambda m: m.sent_at)))


# Leave-one-chat-out figures, as score.py counts them.


def hit_rank(g: Gold, case: Case, scores: NDArray[np.float64]) -> float:
    """1-based place of the first right hit, infinity when there is none among ten."""
    order = sorted(range(len(case.rows)), key=lambda i: (-scores[i], -case.scene.lines[case.rows[i]].at, case.rows[i]))
    ranked = Ranked(scene=case.scene, rows=[case.rows[i] for i in order], scores=[float(scores[i]) for i in order], about=1.0)
    same = {g.thread.get(r) for r in case.relevant}
    for place, (row, around) in enumerate(choose(ranked, 10), 1):
        if row in case.relevant or (case.relevant & set(around) and g.thread.get(row) in same):
            return place
    return math.inf


def figures(g: Gold, fit: Linear, about: Linear, floor: float) -> dict[str, float]:
    places, silent, raw = [], [], []
    for case in g.cases:
        if case.kind != "asked":
            continue
        scores = fit(case.x)
        spoken = probability(float(about(case_signs(g, case, scores)[None])[0])) >= floor
        if case.answerable:
            raw.append(hit_rank(g, case, scores))
            places.append(raw[-1] if spoken else math.inf)
        else:
            silent.append(not spoken)
    mean = lambda xs: float(np.mean(xs))  # noqa: E731
    return {
        "MRR": mean([1 / p for p in places]), "hit1": mean([p <= 1 for p in places]), "hit5": mean([p <= 5 for p in places]),
        "silent": mean(silent),
        "MRR_no_floor": mean([1 / p for p in raw]), "hit5_no_floor": mean([p <= 5 for p in raw]),
    }  # fmt: skip


def main() -> None:
    from train.__main__ import eval_data

    data = eval_data()
    golds = [load(data, name) for name in chat_names(data)]
    scores = unseen_scores(golds)
    table = {}
    for g in golds:
        others = [o for o in golds if o is not g]
        table[g.chat] = figures(g, fit_ranking(others), *fit_silence(others, scores))
        print(g.chat, {k: round(v, 3) for k, v in table[g.chat].items()}, flush=True)
    print("mean", {k: round(float(np.mean([t[k] for t in table.values()])), 3) for k in next(iter(table.values()))})


if __name__ == "__main__":
    main()
