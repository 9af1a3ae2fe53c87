"""Makes the fast tier: a static embedding model learned from the quality model.

A Unigram tokenizer whose pieces are dictionary words, characters, English words and word pieces with their
log-frequencies cuts a text like jieba's most probable path; a text's vector is the mean of its pieces' rows. Each row
starts as the quality model's vector of the piece (centred, turned onto its principal axes, weighted down when the piece
is frequent) and is then trained so that whole sentences come out where the quality model puts them. Rows are stored as
int8 with a scale each.

Learned from nothing but sets that may be redistributed in derived form; `SOURCES` names them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import MODELS, Vectors, unit_rows
from pipeline.learned import WEIGHTS
from pipeline.text import clean, fold, is_placeholder
from train.vectors import cached_passages

NAME = "static-zh-en"
DIMENSION = 256
PIECES = 55_000  # with 256 int8 a row and the tokenizer under 16 MB
CHINESE_WORDS = 30_000
ENGLISH_WORDS = 14_000
WORD_PIECES = 3_500
SEED = 20260321
SENTENCES = 64_000  # taken at random; the teacher reads some hundred a second
EPOCHS, BATCH = 5, 2048
SIMILARITY = 10.0  # weight of the in-batch similarity term: it is a mean of small squares
RARE = 1e-3  # SIF: a piece of frequency p weighs a / (a + p)

# glob below EVAL_DATA, and how many of its distinct sentences are taken (None: all)
SOURCES: tuple[tuple[str, int | None], ...] = (
    ("gold/*/chat.jsonl", None),  # the project's own
    ("disentangle/synth_zh/dev.*.jsonl", None),  # Apache-2.0 / MIT
    ("clusters/kdconv_dialogs.dev.jsonl", None),  # Apache-2.0
    ("qa/crosswoz.val.jsonl", None),  # Apache-2.0
    ("qa/cped.valid.jsonl", None),  # Apache-2.0
    ("qa/molweni.dev.jsonl", 4_000),  # Apache-2.0
    ("salience/vcsum_sents.dev.jsonl", None),  # MIT
    ("spam/qq_group.train.jsonl", None),  # MIT
    ("spam/qq_ads_long.jsonl", None),  # MIT
    ("segments/tiage.train.jsonl", None),  # MIT
    ("segments/superdialseg.validation.jsonl", 8_000),  # MIT / CC BY
    ("disentangle/irc_ubuntu/train/*.jsonl", 16_000),  # CC BY 4.0
    ("disentangle/new_domains/*.jsonl", 4_000),  # CC BY 4.0
)

CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
WORD = "[\u3400-\u4dbf\u4e00-\u9fff]+|[a-z]+|[0-9]+|[^\\s]"  # what the tokenizer never cuts across, after folding


def train(eval_data: Path, out: Path = MODELS, hold_out: frozenset[str] = frozenset()) -> None:
    """Writes the model's folder into the package's models, or below `out` where that is not the shipped weights' folder.

    No label is learned from, and one chat is a two-hundredth of the text: held-out gold chats are not left out.
    """
    out = MODELS if out.resolve() == WEIGHTS.resolve() else out
    sentences = read_sentences(eval_data)
    pieces = vocabulary(sentences)
    tokenizer = build_tokenizer(pieces)
    Random(0).shuffle(sentences)
    texts = sentences[:SENTENCES] + dictionary_phrases(pieces)
    rows = learn_rows(tokenizer, pieces, texts, cached_passages(texts), SENTENCES)
    save(out / NAME, tokenizer, rows)


# ---- text ---------------------------------------------------------------------------------------------------------
def read_sentences(eval_data: Path) -> list[str]:
    """Distinct sentences of the permitted sets, in a fixed order."""
    seen: set[str] = set()
    chosen: list[str] = []
    for pattern, most in SOURCES:
        mine: dict[str, None] = {}
        for path in sorted(eval_data.glob(pattern)):
            for line in path.read_text(encoding="utf-8").splitlines():
                mine.update(dict.fromkeys(s for text in _texts(json.loads(line)) for s in _split(text) if s not in seen))
        found = list(mine)
        if most is not None and len(found) > most:
            found = [found[i] for i in np.linspace(0, len(found) - 1, most).astype(int)]
        seen.update(found)
        chosen += found
    return chosen


def _texts(record: dict[str, Any]) -> Iterator[str]:
    if "messages" in record:
        yield from (m["text"] for m in record["messages"])
    elif not record.get("system"):
        yield from record["text"].split("\n")


def _split(text: str, longest: int = 120) -> Iterator[str]:
    """A text as sentences: long ones are cut after their full stops."""
    text = clean(text)
    parts = [text] if len(text) <= longest else re.split(r"(?<=[。！？!?；;])|(?<=\. )", text)
    for part in parts:
        part = part.strip()
        if 2 <= len(part) <= 2 * longest and not is_placeholder(part):
            yield part


# ---- pieces -------------------------------------------------------------------------------------------------------
def vocabulary(sentences: Iterable[str]) -> dict[str, float]:
    """Piece → its share of all text, most frequent first; at most PIECES."""
    import jieba

    dictionary: Counter[str] = Counter()
    for line in (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines():
        word, count, *_ = line.split(" ")
        if CHINESE.fullmatch(word) and len(word) <= 6:
            dictionary[word] += int(count)
    teacher: dict[str, float] = dict(
        json.loads((MODELS / "e5-small-zh-en" / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    )
    cut: Counter[str] = Counter()
    english: Counter[str] = Counter()
    for sentence in sentences:
        for chunk in re.findall(WORD, fold(sentence)):
            if CHINESE.match(chunk):
                cut.update(w for w in jieba.lcut(chunk, HMM=False) if len(w) > 1)
            elif chunk.isascii() and chunk.isalpha():
                english[chunk] += 1
    total = sum(dictionary.values())
    share: dict[str, float] = {}
    wanted = [w for w, n in cut.most_common() if n >= 2 and w in dictionary] + [w for w, _ in dictionary.most_common() if len(w) > 1]
    for word in list(dict.fromkeys(wanted))[:CHINESE_WORDS]:
        share[word] = max(dictionary[word], cut[word]) / total
    for piece in teacher:  # all single characters that the teacher knows, signs and emoji too
        one = fold(piece.lstrip("▁"))
        if len(one) == 1 and not one.isspace():
            share.setdefault(one, dictionary[one] / total if dictionary[one] else 2e-8)
    words_read = sum(english.values())
    for word, n in english.most_common(ENGLISH_WORDS):
        if len(word) > 1 and n >= 2:
            share[word] = n / words_read
    # what is no known word falls apart into the teacher's pieces; a whole word always wins over its pieces
    latin = sorted(((s, p) for p, s in teacher.items() if re.fullmatch("▁?[a-z]{2,8}|▁?[0-9]{2,4}", p)), reverse=True)
    for score, piece in latin:
        if len(share) >= PIECES:
            break
        share.setdefault(piece.lstrip("▁"), float(np.exp(score)) * 0.01)
    return dict(sorted(share.items(), key=lambda x: (-x[1], x[0])))


def dictionary_phrases(pieces: dict[str, float], words: int = 3) -> list[str]:
    """Words of the dictionary strung together at random, each in two phrases: the only text in which most of them occur at all."""
    random = np.random.default_rng(SEED)
    known = [p for p in pieces if len(p) > 1 and CHINESE.fullmatch(p)]
    drawn = [known[i] for i in np.concatenate([random.permutation(len(known)) for _ in range(2)])]
    return ["".join(drawn[i : i + words]) for i in range(0, len(drawn) - words + 1, words)]


def build_tokenizer(pieces: dict[str, float]) -> Any:
    """A Unigram tokenizer over the pieces; row 0 is what it does not know."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = [("<unk>", 0.0), *((piece, float(np.log(share))) for piece, share in pieces.items())]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True)
    return tokenizer


# ---- rows ---------------------------------------------------------------------------------------------------------
def learn_rows(tokenizer: Any, pieces: dict[str, float], texts: Sequence[str], taught: Vectors, sentences: int) -> NDArray[np.float32]:
    """One row a piece (row 0, the unknown, is zero) so that sums of rows point where the teacher's vectors do.

    The first `sentences` of the texts are said by people, the rest are phrases; each kind is centred by itself.

    A row is weight · (start · map) + own part; it starts as the teacher's vector. The map is shared, so that words which no sentence
    holds move along with the others; weight and own part belong to the piece.
    """
    import torch

    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    words = cached_passages(list(pieces))
    taught = np.concatenate([kind - kind.mean(0) for kind in np.split(taught, [sentences])])
    _, axes = np.linalg.eigh(np.cov(taught[:sentences].T.astype(np.float64)))
    turn = axes[:, ::-1][:, :DIMENSION].astype(np.float32)  # its columns: principal axes of the sentences
    target = torch.from_numpy(unit_rows(taught @ turn))
    known = torch.from_numpy(np.concatenate([np.zeros((1, DIMENSION), np.float32), unit_rows((words - words.mean(0)) @ turn)]))
    common = torch.from_numpy(np.array([0.0, *(RARE / (RARE + share) for share in pieces.values())], dtype=np.float32))

    shared = torch.nn.Parameter(torch.eye(DIMENSION))
    weight = torch.nn.Parameter(common.clone())
    own = torch.nn.Parameter(torch.zeros(len(known), DIMENSION))
    slow = torch.optim.Adam([shared], lr=5e-4)
    quick = torch.optim.Adam([weight], lr=5e-3)
    sparse = torch.optim.SparseAdam([own], lr=3e-3)

    bags = [np.array(e.ids, dtype=np.int64) for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    usable = np.array([i for i, bag in enumerate(bags) if (bag > 0).any()])
    random = np.random.default_rng(SEED)
    steps, done = EPOCHS * (len(usable) // BATCH), 0
    for _ in range(EPOCHS):
        order = random.permutation(usable)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            mine = order[start : start + BATCH]
            for optimiser, rate in ((slow, 5e-4), (quick, 5e-3), (sparse, 3e-3)):
                optimiser.param_groups[0]["lr"] = rate * max(0.05, 1 - done / steps) * (BATCH / 512) ** 0.5
                optimiser.zero_grad()
            # a tenth of the pieces is left out each time, so that no sentence hangs on one of them
            kept = [bag[keep] if (keep := random.random(len(bag)) > 0.1).any() else bag for bag in (bags[i] for i in mine)]
            ids = torch.from_numpy(np.concatenate(kept))
            sentence = torch.from_numpy(np.repeat(np.arange(len(mine)), [len(bag) for bag in kept]))
            distinct, place = torch.unique(ids, return_inverse=True)
            row = weight[distinct, None] * (known[distinct] @ shared) + torch.nn.functional.embedding(distinct, own, sparse=True)
            said = torch.nn.functional.normalize(torch.zeros(len(mine), DIMENSION).index_add(0, sentence, row[place]), dim=1)
            wanted = target[torch.from_numpy(mine)]
            alike = said @ said.T - wanted @ wanted.T
            loss = (1 - (said * wanted).sum(1)).mean() + SIMILARITY * alike.square().mean()
            loss.backward()  # type: ignore[no-untyped-call]
            for optimiser in (slow, quick, sparse):
                optimiser.step()
            done += 1
        print(f"  epoch ends, loss {loss.item():.4f}", flush=True)
    with torch.no_grad():
        rows = (weight[:, None] * (known @ shared) + own).numpy()
    rows[0] = 0
    return rows  # type: ignore[no-any-return]


def save(folder: Path, tokenizer: Any, rows: Vectors) -> None:
    """tokenizer.json, and rows.npz with int8 rows and a float16 scale each."""
    folder.mkdir(parents=True, exist_ok=True)
    scale = np.maximum(np.abs(rows).max(1) / 127, 1e-8).astype(np.float16)
    whole = np.clip(np.rint(rows / np.maximum(scale.astype(np.float32), 1e-8)[:, None]), -127, 127).astype(np.int8)
    np.savez(folder / "rows.npz", rows=whole, scale=scale)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
