"""Learns where a subject changes: trees over `pipeline.segment.shifts`.

Training sets: TIAGE, SuperDialSeg and VCSum as annotated; Chinese chat-like dialogues and threads cut into short pieces
and joined (their joints are the boundaries); the gold chats' own sessions, where a larger thread's first message starts
a segment. `figures` trains without the set that it measures.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import FAST, load_embedder
from pipeline.model import Message, Session
from pipeline.segment import SegmentOptions, split_into_sessions
from pipeline.segment.cues import last_sentence
from pipeline.segment.shifts import FEATURES, Words, chosen_places, shift_table
from pipeline.text import clean, grams
from train.export import save_trees

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
TURN = timedelta(seconds=15)
SEEDS = (1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Dialogue:
    """One session with its boundaries (1: the turn starts a new subject) and the set that it is of."""

    of: str
    session: Session
    boundaries: tuple[int, ...]


def train(eval_data: Path, out: Path, hold_out: frozenset[str] = frozenset()) -> None:
    """Writes `segment.onnx`; gold chats and annotated sets in `hold_out` are left out."""
    tables = table_all(read_all(eval_data, hold_out))
    save_trees(fit(tables), out / "segment.onnx", list(FEATURES))


# ---- reading ------------------------------------------------------------------------------------------------------
def read_all(eval_data: Path, hold_out: frozenset[str] = frozenset()) -> list[Dialogue]:
    sets = [name for name in ("tiage.train", "superdialseg.validation", "vcsum.dev") if name not in hold_out]
    return [*(d for name in sets for d in annotated(eval_data, name)), *joined(eval_data, hold_out), *gold(eval_data, hold_out)]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def session_of(name: str, turns: Sequence[tuple[str, str]]) -> Session:
    """(speaker, text) turns as a session of one turn every 15 seconds."""
    return Session(
        id=name,
        messages=tuple(
            Message(id=f"{name}/{i}", sender_id=who, sender=who, sent_at=START + TURN * i, text=text) for i, (who, text) in enumerate(turns)
        ),
    )


def annotated(eval_data: Path, name: str) -> list[Dialogue]:
    docs: dict[str, list[dict[str, Any]]] = {}
    for line in _lines(eval_data / "segments" / f"{name}.jsonl"):
        docs.setdefault(str(line["dialog"]), []).append(line)
    return [
        Dialogue(
            of=name,
            session=session_of(f"{name}/{d}", [(t["speaker"], t["text"]) for t in turns]),
            boundaries=tuple(t["boundary"] for t in turns),
        )
        for d, turns in docs.items()
    ]


def joined(eval_data: Path, hold_out: frozenset[str]) -> list[Dialogue]:
    """Short pieces of Chinese dialogues joined; half of the results keep their speakers, half are one voice."""
    sources: list[list[tuple[str, str]]] = []
    for line in _lines(eval_data / "clusters/kdconv_dialogs.dev.jsonl"):
        sources.append([("AB"[i % 2], t) for i, t in enumerate(line["text"].split("\n"))])
    for name in ("qa/cped.valid.jsonl", "qa/crosswoz.val.jsonl"):
        for line in _lines(eval_data / name):
            sources.append([(m["speaker"], m["text"]) for m in line["messages"]])
    chats = [(p, "thread") for p in sorted(eval_data.glob("disentangle/synth_zh/dev.*.jsonl"))]
    for path, key in chats:
        threads: dict[str, list[tuple[str, str]]] = {}
        for line in _lines(path):
            threads.setdefault(str(line[key]), []).append((line["sender"], line["text"]))
        sources += threads.values()
    for folder in sorted((eval_data / "gold").iterdir()):
        if folder.name not in hold_out:
            threads, of = {}, json.loads((folder / "gold.json").read_text(encoding="utf-8"))["threads"]
            for line in _lines(folder / "chat.jsonl"):
                if line["id"] in of:
                    threads.setdefault(of[line["id"]], []).append((line["sender"], line["text"]))
            sources += threads.values()
    random = np.random.default_rng(7)
    pieces: list[list[tuple[str, str]]] = []
    for source in sources:
        at = 0
        while len(source) - at >= 3:
            size = int(random.integers(3, 13))
            pieces.append(source[at : at + size])
            at += size + 2  # a gap, so that no two pieces are the same talk going on
    order = random.permutation(len(pieces))
    found, at = [], 0
    while at < len(order):
        mine = [pieces[i] for i in order[at : at + int(random.integers(3, 9))]]
        at += len(mine)
        voice = bool(random.random() < 0.5)
        turns = [("?" if voice else who, text) for piece in mine for who, text in piece]
        marks = [int(k == 0 and p > 0) for p, piece in enumerate(mine) for k in range(len(piece))]
        found.append(Dialogue(of="joined", session=session_of(f"joined/{len(found)}", turns), boundaries=tuple(marks)))
    return found


def gold(eval_data: Path, hold_out: frozenset[str]) -> list[Dialogue]:
    """The gold chats' sessions; a segment starts with the first message of a thread that holds most of the next messages."""
    found = []
    for folder in sorted((eval_data / "gold").iterdir()):
        if folder.name in hold_out:
            continue
        of = json.loads((folder / "gold.json").read_text(encoding="utf-8"))["threads"]
        messages = [
            Message(
                id=m["id"],
                sender_id=m["sender_id"],
                sender=m["sender"],
                sent_at=datetime.fromisoformat(m["time"]),
                text=m["text"],
                reply_to=m.get("reply_to"),
            )
            for m in _lines(folder / "chat.jsonl")
        ]
        for session in split_into_sessions(messages, SegmentOptions()):
            threads = [of.get(m.id, "") for m in session.messages]
            marks, now = [0] * len(threads), _ruling(threads, 0)
            for i in range(1, len(threads)):
                if threads[i] and threads[i] != now and threads[i] == _ruling(threads, i):
                    marks[i], now = 1, threads[i]
            found.append(Dialogue(of=f"gold/{folder.name}", session=session, boundaries=tuple(marks)))
    return found


def _ruling(threads: Sequence[str], at: int, ahead: int = 6) -> str:
    """The thread that holds at least half of the next messages, else none."""
    thread, n = Counter(threads[at : at + ahead]).most_common(1)[0]
    return thread if n >= ahead / 2 else ""


# ---- tables and trees ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Tabled:
    of: str
    x: NDArray[np.float32]
    y: NDArray[np.int8]


def table_all(dialogues: Sequence[Dialogue]) -> list[Tabled]:
    """Each dialogue's feature table; word weights are counted per set, as one chat would."""
    embedder = load_embedder(FAST)
    found = []
    for of in dict.fromkeys(d.of for d in dialogues):
        mine = [d for d in dialogues if d.of == of]
        words = Words.of(grams(m.text) for d in mine for m in d.session.messages)
        for d in mine:
            texts = [clean(m.text) for m in d.session.messages]
            x = shift_table(
                d.session.messages,
                embedder.passages(texts),
                embedder.passages([last_sentence(t) for t in texts]),
                [grams(m.text) for m in d.session.messages],
                words,
            )
            found.append(Tabled(of=of, x=x, y=np.array(d.boundaries[1:], dtype=np.int8)))
    return found


def fit(tables: Sequence[Tabled]) -> list[lightgbm.Booster]:
    """Three forests of different seeds; every set weighs as the square root of its size, so that the large one does not rule."""
    size = Counter(t.of.split("/")[0] for t in tables for _ in t.y)
    x, y = np.concatenate([t.x for t in tables]), np.concatenate([t.y for t in tables])
    weight = np.concatenate([np.full(len(t.y), size[t.of.split("/")[0]] ** -0.5) for t in tables])
    weight *= len(weight) / weight.sum()
    parameters = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 7, "min_data_in_leaf": 40, "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1, "lambda_l2": 5.0, "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip
    return [lightgbm.train({**parameters, "seed": seed}, lightgbm.Dataset(x, y, weight=weight), num_boost_round=400) for seed in SEEDS]


def predict(boosters: Sequence[lightgbm.Booster], x: NDArray[np.float32]) -> NDArray[np.float64]:
    raw = np.mean([b.predict(x, raw_score=True) for b in boosters], axis=0)
    return 1 / (1 + np.exp(-raw))  # type: ignore[no-any-return]


# ---- figures ------------------------------------------------------------------------------------------------------
def figures(eval_data: Path) -> None:
    """Boundary F1 and Pk of each set, from a model that never saw it (and, beside it, one that saw its other dialogues)."""
    sys.path.insert(0, str(eval_data))
    from metrics import segmentation

    everything = table_all([*read_all(eval_data), *annotated(eval_data, "tiage.dev"), *annotated(eval_data, "dact_zh.dev")])
    never = ("tiage.dev", "dact_zh.dev")

    def report(name: str, test: Sequence[Tabled], probability: Sequence[NDArray[np.float64]]) -> None:
        places = chosen_places(probability)
        hyp = [[0, *(int(i + 1 in p) for i in range(len(t.y)))] for t, p in zip(test, places, strict=True)]
        best = segmentation([([0, *t.y.tolist()], h) for t, h in zip(test, hyp, strict=True)])
        pooled = np.concatenate(list(probability))
        oracle = max(
            segmentation([([0, *t.y.tolist()], [0, *(p > c).astype(int).tolist()]) for t, p in zip(test, probability, strict=True)])["F1"]
            for c in np.quantile(pooled, np.linspace(0.5, 0.98, 25))
        )
        print(
            f"{name:44s} F1 {best['F1']:.3f} (P {best['P']:.3f} R {best['R']:.3f}, best cut {oracle:.3f})",
            f"Pk {best['Pk']:.3f} WD {best['WD']:.3f}",
            flush=True,
        )

    for name, without in (
        ("tiage.dev", ("tiage.dev", "tiage.train")), ("superdialseg.validation", ("superdialseg.validation",)),
        ("vcsum.dev", ("vcsum.dev",)),
    ):  # fmt: skip
        boosters = fit([t for t in everything if t.of not in without and t.of not in never])
        test = [t for t in everything if t.of == name]
        report(f"{name}, set never seen", test, [predict(boosters, t.x) for t in test])
    boosters = fit([t for t in everything if t.of not in never])
    for name in never:
        test = [t for t in everything if t.of == name]
        report(f"{name}, shipped model", test, [predict(boosters, t.x) for t in test])
    for name in ("superdialseg.validation", "vcsum.dev"):
        test, found = [t for t in everything if t.of == name], {}
        for fold in range(5):
            held = set(range(fold, len(test), 5))
            boosters = fit(
                [*(t for t in everything if t.of != name and t.of not in never), *(t for i, t in enumerate(test) if i not in held)]
            )
            found |= {i: predict(boosters, test[i].x) for i in held}
        report(f"{name}, other dialogues of it seen", test, [found[i] for i in range(len(test))])


if __name__ == "__main__":
    figures(Path(sys.argv[1]))
