"""`pipeline/weights/score_*`: what is noise and why, what a message is worth, what asks, sells, quarrels or is private.

Two stages. A ridge regression on the vectors and cues of [before, this, after] gives each message a few numbers
("meaning"); trees read them with the cues and the context. So that the trees see meaning as it will be on an unknown
chat, the ridge is fitted without a third of the chats at a time for the rows of that third. Each gold chat is learned
from twice: as JSON, and as text copied from a chat window (nicknames as ids, minutes, no quotes).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import FAST, QUALITY, load_embedder
from pipeline.model import Kind, Message, Noise
from pipeline.readers._kinds import read_placeholder
from pipeline.score.again import AGAIN, SEEN, again_table
from pipeline.score.around import around_table
from pipeline.score.context import context_table
from pipeline.score.cues import COLUMN, cue_table
from pipeline.score.meaning import TARGETS, widened
from pipeline.score.scoring import REASONS
from pipeline.score.table import COLUMNS, SIGNAL, SIGNALS, WIDE, score_table
from pipeline.text import clean
from train.dialogs import parts_of
from train.export import save_trees
from train.signals import save_signal_trees
from train.vectors import cached_passages

RIDGE = 6.0
TREES = {
    "objective": "binary", "num_leaves": 7, "learning_rate": 0.06, "min_data_in_leaf": 20, "feature_fraction": 0.3,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 2.0, "max_bin": 63, "num_threads": 1, "seed": 1,
    "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
ROUNDS = 180
# Ensembles: half a point of noise F1, a point of nDCG; the others' draws differed (eight for ads: .719 in the QQ group, three .748).
SEEDS = {"noise": 6, "value": 3, "ad": 3, "question": 3}
AGAIN_TREES = {"num_leaves": 5, "min_data_in_leaf": 40, "feature_fraction": 0.5, "learning_rate": 0.05}
AGAIN_ROUNDS = 120
CROSSED = 4  # parts of the chats for which the first look at noise is learned without them


@dataclass(kw_only=True)
class Sample:
    """One chat to learn from: its tables and what is right for each row."""

    name: str
    messages: list[Message]
    labels: dict[str, NDArray[np.float64]]
    weight: float = 1.0
    cues: NDArray[np.float32] = field(init=False)
    context: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.cues = cue_table(self.messages)
        self.context = context_table(self.messages, self.cues, {})

    def vectors(self, tier: str) -> NDArray[np.float32]:
        texts = [clean(m.text) for m in self.messages]
        return cached_passages(texts) if tier == QUALITY else load_embedder(FAST).passages(texts)


MODELS = ("noise", "conflict", "private", "reason", "value")
ALWAYS_FAST = ("ad", "question")  # learned from public sets too, which the static vectors carry over better


def train(eval_data: Path, out: Path, hold_out: frozenset[str]) -> None:
    """All weights of the scorer; with `hold_out` only those that short logs use.

    `hold_out` may also name parts of the other sets ("qq_group.0", "vcsum.1"), for their own figures.
    """
    samples = [s for s in [*gold_samples(eval_data, hold_out), *other_samples(eval_data)] if s.name not in hold_out]
    train_tier([s for s in samples if not s.name.startswith("questions")], out, QUALITY, ("question", *MODELS))
    train_tier(samples, out, FAST, ALWAYS_FAST if hold_out else (*ALWAYS_FAST, *MODELS))


def gold_samples(eval_data: Path, hold_out: frozenset[str]) -> list[Sample]:
    folders = sorted(p for p in (eval_data / "gold").iterdir() if p.is_dir() and p.name not in hold_out)
    return [gold_sample(folder, copied) for folder in folders for copied in (False, True)]


def gold_sample(folder: Path, copied: bool) -> Sample:
    """A gold chat, as its JSON has it or as text copied from the chat window would."""
    rows = [json.loads(line) for line in (folder / "chat.jsonl").read_text(encoding="utf-8").splitlines()]
    gold = json.loads((folder / "gold.json").read_text(encoding="utf-8"))
    messages = [_message(r) for r in rows]
    if copied:
        messages = [_copied(m) for m in messages if m.kind not in (Kind.SYSTEM, Kind.RECALL, Kind.PAT)]
    messages = [m for m in messages if m.kind is not Kind.SYSTEM]
    noise, value = gold["noise"], gold["value"]
    asked = {i for q in gold["qa"] for i in q["question"]}
    wrong = {i for q in gold["qa"] for i in q.get("wrong_answers", [])}
    never = set(gold["must_not_include"]) - wrong
    for_sale = {"ad", "repost"}
    labels = {
        "noise": np.array([m.id in noise for m in messages], dtype=float),
        "value": np.array([value.get(m.id, 0) >= 1 for m in messages], dtype=float),
        "knowledge": np.array([value.get(m.id, 0) >= 2 for m in messages], dtype=float),
        "best": np.array([value.get(m.id, 0) >= 3 for m in messages], dtype=float),
        "question": np.array([m.id in asked for m in messages], dtype=float),
        "ad": np.array([noise.get(m.id) == "ad" for m in messages], dtype=float),
        "conflict": np.array([noise.get(m.id) == "conflict" for m in messages], dtype=float),
        "private": np.array([m.id in never and noise.get(m.id) not in for_sale for m in messages], dtype=float),
        "reason": np.array([REASONS.index(Noise(noise[m.id])) if noise.get(m.id) in REASONS else np.nan for m in messages]),
    }  # fmt: skip
    return Sample(name=folder.name, messages=messages, labels=labels)


DIALOGS = 500  # of each set of questions: more would outweigh the chats
PARTS = 3  # each of the other sets is cut into so many parts, for crossing and for its own figures


def other_samples(eval_data: Path) -> list[Sample]:
    """Public sets that teach one thing each: what an ad is, what people highlight in a meeting (MIT), what asks (Apache-2.0)."""
    ads = [
        json.loads(line)
        for name in ("qq_group.train", "qq_ads_long", "qq_chatting")
        for line in _lines(eval_data / "spam" / f"{name}.jsonl")
    ]
    sentences = [json.loads(line) for line in _lines(eval_data / "salience" / "vcsum_sents.dev.jsonl")]
    dialogs = list(dict.fromkeys(r["dialog"] for r in sentences))
    parts = [[r for i, r in enumerate(ads) if i % PARTS == part] for part in range(PARTS)]
    talks = [[r for r in sentences if dialogs.index(r["dialog"]) % PARTS == part] for part in range(PARTS)]
    sets = {
        n: [json.loads(line) for line in _lines(eval_data / "qa" / f"{n}.jsonl")] for n in ("molweni.dev", "crosswoz.val", "cped.valid")
    }
    asked = []
    for name, dialogs in sets.items():
        part_of = parts_of(dialogs[:DIALOGS], PARTS)
        for i in range(PARTS):
            asked.append(question_sample(f"questions.{name}.{i}", [d for d, p in zip(dialogs, part_of, strict=False) if p == i]))
    return [
        *(ad_sample(f"qq_group.{i}", rows) for i, rows in enumerate(parts)),
        *(talk_sample(f"vcsum.{i}", rows) for i, rows in enumerate(talks)),
        *asked,
    ]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def ad_sample(name: str, rows: list[dict[str, Any]]) -> Sample:
    """Single messages, minutes apart; ads mostly from people who write nothing else. A request ("谁有…") is no ad: left out."""
    start = datetime.fromisoformat("2024-01-01T09:00+08:00")
    label = np.array([float(r["label"]) for r in rows])
    passers_by = [i % 4 != 0 if label[i] else i % 5 == 0 for i in range(len(rows))]
    messages = [
        Message(id=f"a{i}", sender_id=f"x{i}" if passers_by[i] else f"u{i % 40}", sender="",
                sent_at=start + timedelta(minutes=7 * i), text=r["text"])
        for i, r in enumerate(rows)
    ]  # fmt: skip
    sample = Sample(name=name, messages=messages, labels={}, weight=0.5)
    asks = sample.cues[:, [COLUMN[c] for c in ("question_mark", "yes_no", "asks_all")]].any(axis=1)
    sells = sample.cues[:, [COLUMN[c] for c in ("contact", "price")]].any(axis=1)
    sample.labels["ad"] = np.where((label > 0) & asks & ~sells, np.nan, label)
    return sample


def question_sample(name: str, dialogs: list[dict[str, Any]]) -> Sample:
    """Dialogues, one a day; what somebody answers has asked."""
    start = datetime.fromisoformat("2024-01-01T09:00+08:00")
    messages: list[Message] = []
    asks: list[float] = []
    for day, dialog in enumerate(dialogs):
        asked = {str(i) for pair in dialog["pairs"] for i in (pair["q"] if isinstance(pair["q"], list) else [pair["q"]])}
        for k, m in enumerate(dialog["messages"]):
            sent_at = start + timedelta(days=day, seconds=15 * k)
            sender = f"{day}-{m['speaker']}"
            messages.append(Message(id=f"q{day}.{k}", sender_id=sender, sender=sender, sent_at=sent_at, text=m["text"]))
            asks.append(float(str(m["id"]) in asked))
    return Sample(name=name, messages=messages, labels={"question": np.array(asks)}, weight=0.3)


def talk_sample(name: str, rows: list[dict[str, Any]]) -> Sample:
    """Meetings, one a day, sentence by sentence; what people highlighted is worth something."""
    start = datetime.fromisoformat("2024-01-01T09:00+08:00")
    days = {d: k for k, d in enumerate(dict.fromkeys(r["dialog"] for r in rows))}
    place: dict[str, int] = {}
    messages = []
    for i, r in enumerate(rows):
        place[r["dialog"]] = place.get(r["dialog"], -1) + 1
        sent_at = start + timedelta(days=days[r["dialog"]], seconds=15 * place[r["dialog"]])
        messages.append(
            Message(id=f"t{i}", sender_id=f"{r['dialog']}-{r['speaker']}", sender=r["speaker"], sent_at=sent_at, text=r["text"])
        )
    salient = np.array([float(r["salient"]) for r in rows])
    return Sample(name=name, messages=messages, labels={"salient": salient})


def _message(row: dict[str, Any]) -> Message:
    return Message(
        id=row["id"], sender_id=row["sender_id"], sender=row["sender"], sent_at=datetime.fromisoformat(row["time"]), text=row["text"],
        kind=Kind(row["type"]), reply_to=row.get("reply_to"), mentions=tuple(row.get("mentions") or ()),
        reactions=tuple(sorted((row.get("reactions") or {}).items())), url=row.get("url"), title=row.get("title"),
        file_name=row.get("file_name"),
    )  # fmt: skip


def _copied(message: Message) -> Message:
    kind, title, url, file_name = read_placeholder(message.text)
    return replace(
        message, sender_id=message.sender, sent_at=message.sent_at.replace(second=0), kind=kind, title=title, url=url, file_name=file_name,
        reply_to=None, mentions=(), reactions=(),
    )  # fmt: skip


def train_tier(samples: list[Sample], out: Path, tier: str, models: tuple[str, ...]) -> None:
    vectors = [s.vectors(tier) for s in samples]
    inputs = [widened(s.cues, v) for s, v in zip(samples, vectors, strict=True)]
    np.savez_compressed(out / f"score_meaning_{tier}.npz", weights=fit_ridge(samples, inputs).astype(np.float16))
    meaning = [m.astype(np.float32) for m in crossed(samples, inputs)]
    table = np.vstack([score_table(s.messages, s.cues, s.context, m) for s, m in zip(samples, meaning, strict=True)])
    weight = np.concatenate([np.full(len(s.messages), s.weight) for s in samples])
    for name in (m for m in models if m not in ("noise", "value")):
        path, label = out / f"score_{name}_{tier}.onnx", np.concatenate([_labels(s, name) for s in samples])
        if name == "reason":
            save_trees(fit(table, label, weight, rounds=40, objective="multiclass", num_class=len(REASONS)), path, list(COLUMNS))
        else:
            boosters = [fit(table, label, weight, seed=k + 1) for k in range(SEEDS.get(name, 1))]
            save_trees(boosters, path, list(COLUMNS))
    if "noise" in models:
        _train_wide(samples, meaning, vectors, out, tier)


def _train_wide(
    samples: list[Sample], meaning: list[NDArray[np.float32]], vectors: list[NDArray[np.float32]], out: Path, tier: str
) -> None:
    """Noise and value, which also see the conversation around; and the second look at noise."""
    found = [(s, m, v) for s, m, v in zip(samples, meaning, vectors, strict=True) if "noise" in s.labels]
    chats = [s for s, _, _ in found]
    parts = [np.column_stack([score_table(s.messages, s.cues, s.context, m), around_table(s.messages, s.cues, m, v)]) for s, m, v in found]
    wide, noise = np.vstack(parts), np.concatenate([s.labels["noise"] for s in chats])
    save_trees([fit(wide, noise, seed=k + 1) for k in range(SEEDS["noise"])], out / f"score_noise_{tier}.onnx", list(WIDE))

    name_of = np.concatenate([np.full(len(s.messages), s.name, dtype=object) for s in chats])
    names, first = sorted({s.name for s in chats}), np.zeros(len(noise), dtype=np.float32)
    for part in range(CROSSED):
        here = np.isin(name_of, names[part::CROSSED])
        first[here] = fit(wide[~here], noise[~here]).predict(wide[here], num_threads=1)
    seen, ends = [WIDE.index(c) for c in SEEN], np.cumsum([len(p) for p in parts])[:-1]
    again = np.vstack([again_table(s.messages, p[:, seen], f) for s, p, f in zip(chats, parts, np.split(first, ends), strict=True)])
    second = [fit(again, noise, rounds=AGAIN_ROUNDS, seed=k + 1, **AGAIN_TREES) for k in range(SEEDS["noise"])]
    save_trees(second, out / f"score_again_{tier}.onnx", list(AGAIN))

    signals = [SIGNALS.index(SIGNAL[c]) for c in WIDE]
    grades = {g: np.concatenate([s.labels[g] for s in chats]) for g in ("value", "knowledge", "best")}
    boosters = [fit(wide, label, seed=k + 1) for label in grades.values() for k in range(SEEDS["value"])]
    save_signal_trees(boosters, out / f"score_value_{tier}.onnx", list(WIDE), signals, len(SIGNALS))


def fit(
    table: NDArray[np.float32], label: NDArray[np.float64], weight: NDArray[np.float64] | None = None, rounds: int = ROUNDS, **changes: Any
) -> lightgbm.Booster:
    """Trees on the rows whose label is known."""
    known = ~np.isnan(label)
    rows = lightgbm.Dataset(
        table[known], label[known], weight=None if weight is None else weight[known], params={"max_bin": TREES["max_bin"], "verbose": -1}
    )
    return lightgbm.train(TREES | changes, rows, rounds)


def _labels(sample: Sample, name: str) -> NDArray[np.float64]:
    """What is right for each row; not a number where nobody has said."""
    return sample.labels.get(name, np.full(len(sample.messages), np.nan))


def fit_ridge(samples: list[Sample], inputs: list[NDArray[np.float32]], skip: frozenset[str] = frozenset()) -> NDArray[np.float64]:
    """[inputs, targets]: least squares on ±1 with a penalty on all but the constant, for each target on the samples that have it."""
    weights = np.zeros((inputs[0].shape[1], len(TARGETS)))
    have = {t: tuple(i for i, s in enumerate(samples) if s.name not in skip and t in s.labels) for t in TARGETS}
    for use in filter(None, dict.fromkeys(have.values())):
        targets = [j for j, t in enumerate(TARGETS) if have[t] == use]
        x = np.vstack([inputs[i] for i in use]).astype(np.float64)
        y = np.column_stack([np.concatenate([samples[i].labels[TARGETS[j]] for i in use]) for j in targets]) * 2 - 1
        known = ~np.isnan(y).any(axis=1)
        x, y = x[known], y[known]
        w = np.concatenate([np.full(len(inputs[i]), samples[i].weight) for i in use])[known, None]
        gram = x.T @ (x * w)
        penalty = np.full(len(gram), RIDGE)
        penalty[-1] = 1e-3
        gram[np.diag_indices_from(gram)] += penalty
        weights[:, targets] = np.linalg.solve(gram, x.T @ (y * w))
    return weights


def crossed(samples: list[Sample], inputs: list[NDArray[np.float32]]) -> list[NDArray[np.float64]]:
    """Meaning of each sample's rows, by a ridge that has not seen its chat (nor its copy)."""
    names = sorted({s.name for s in samples})
    found: dict[str, NDArray[np.float64]] = {}
    for third in range(3):
        part = frozenset(names[third::3])
        found |= dict.fromkeys(part, fit_ridge(samples, inputs, part))
    return [x @ found[s.name] for s, x in zip(samples, inputs, strict=True)]
