"""`python -m quality.duplicates`: labelled everyday questions (LCQMC) judged by words alone, as the ledger judges two askings.

Two ways to read the labels. As labelled: each query with its labelled duplicates, and with its NEAREST texts of the corpus, of which
those that nobody has judged count as wrong (most of what is said of them is right all the same: "什么样的女人值得爱?" with another
question mark). As judged: the set was written pair after pair, so two texts that follow each other are a pair that people have
judged, a duplicate or not (or two halves of two pairs, which are never alike).
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.memory.match import Side, centred, embed, read_learned, same_by_words, side_of
from pipeline.text import fold
from train.__main__ import eval_data
from train.memory import CachedQuality

NEAREST = 3
SHOWN = 40  # every so manieth unlabelled pair is shown, to be read
BLOCK = 512


def main() -> None:
    texts, queries, right = read(eval_data() / "retrieval" / "dup_lcqmc_dev")
    ids, learned = list(texts), read_learned()
    vectors = centred(embed(list(texts.values()), CachedQuality()), list(texts.values()), learned)
    zero = np.zeros_like(vectors[0])
    sides: dict[str, Side] = {i: side_of(texts[i], learned, v, zero, zero) for i, v in zip(ids, vectors, strict=True)}
    place = {i: n for n, i in enumerate(ids)}
    pairs = {frozenset(p) for p in right}
    for start in range(0, len(queries), BLOCK):
        block = [place[i] for i in queries[start : start + BLOCK]]
        cosine = vectors[block] @ vectors.T
        cosine[np.arange(len(block)), block] = -1.0
        for n, near in zip(block, np.argsort(-cosine, axis=1, kind="stable")[:, :NEAREST], strict=True):
            pairs |= {frozenset((ids[n], ids[int(m)])) for m in near}
    judged = [(a, b) for a, b in itertools.pairwise(ids)]
    same = [p for p in judged if _same(*p, texts, sides, learned)]
    found = sum(frozenset(p) in right for p in same)
    every = sum(frozenset(p) in right for p in judged)
    print(f"as judged: called the same {len(same)}, precision {found / len(same):.3f}, recall {found / every:.3f} of {every}")
    said = [p for p in pairs if len(p) == 2 and _same(*sorted(p), texts, sides, learned)]
    found = sum(p in right for p in said)
    alike = sum(len({solid(texts[i]) for i in p}) == 1 for p in said if p not in right)
    print(f"{len(right)} labelled duplicates, {len(pairs) - len(right)} neighbours that are none")
    print(f"as labelled: called the same {len(said)}, precision {found / len(said):.3f}, recall {found / len(right):.3f}")
    print(f"of the unlabelled {len(said) - found}, the same but for marks and blanks: {alike}")
    for p in sorted(map(sorted, (q for q in said if q not in right)))[::SHOWN]:
        print("  unlabelled:", " | ".join(texts[i] for i in p))


def solid(text: str) -> str:
    """The text without marks and blanks, which make no other question."""
    return "".join(c for c in fold(text) if c.isalnum())


def _same(a: str, b: str, texts: dict[str, str], sides: dict[str, Side], learned: Any) -> bool:
    return same_by_words(texts[a], sides[a], texts[b], sides[b], learned) > 0


def read(folder: Path) -> tuple[dict[str, str], list[str], set[frozenset[str]]]:
    """Corpus id → text; the corpus ids of the queries; labelled pairs of corpus ids."""
    texts = {r["id"]: r["text"] for r in map(json.loads, (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines())}
    own = {r["id"]: r["self"] for r in map(json.loads, (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines())}
    labels = [line.split("\t") for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()]
    return texts, list(own.values()), {frozenset((own[q], d)) for q, d, *_grade in labels if own[q] != d}


if __name__ == "__main__":
    main()
