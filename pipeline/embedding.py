"""Text → vectors, in three tiers behind one small protocol.

    fast      a static model learned from the quality model: per-message features, clustering of long histories
    quality   multilingual-e5-small, pruned and quantised, run by onnxruntime: passages, questions, search
    NAME      any sentence-transformers model, by hub name or local path (`--model`), imported only then

All rows are float32 and of unit length; a text without a known piece gives a zero row (fast tier only):
keep those out of an index and out of clustering.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.i18n import _
from pipeline.model import Message
from pipeline.text import clean

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Vectors = NDArray[np.float32]  # [texts, dimension], unit rows

MODELS = Path(__file__).parent / "models"
QUALITY, FAST = "quality", "fast"

BATCH = 32  # texts that a sentence-transformers model is given at once
PIECE = 8  # texts that one of the threads encodes before it takes the next
MAX_TOKENS = 256  # a chat message beyond ~350 characters is represented by its beginning
STATIC_BATCH = 4096  # texts whose pieces are gathered at once: some 50 MB
THREADS = 2
# A text and how its row begins where int8 is summed exactly; saturated sums were off by .004 a number.
PROBE = "周六晚上八点机房停电，服务器要提前关机吗"
PROBE_ROW = np.array([0.0177, 0.0007, -0.0251, 0.0232, 0.0749, -0.0025, -0.0093, 0.0221, 0.0973, 0.0078, 0.0552, -0.0221], dtype=np.float32)
PROBE_OFF = 0.001


class Embedder(Protocol):
    """A model that turns texts into unit vectors. `name` identifies it in caches and archives."""

    @property
    def name(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    def queries(self, texts: Sequence[str]) -> Vectors: ...
    def passages(self, texts: Sequence[str]) -> Vectors: ...


@lru_cache(maxsize=4)
def load_embedder(name: str = QUALITY) -> Embedder:
    """The embedder of that tier or model name; raises ModelError when it cannot be loaded."""
    if name == QUALITY:
        return OnnxEmbedder(MODELS / "e5-small-zh-en")
    if name == FAST:
        return StaticEmbedder(MODELS / "static-zh-en")
    return NamedEmbedder(name)


class OnnxEmbedder:
    """The bundled e5 model: mean of token states, normalised; prefixes as its model card asks."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        if not (folder / "model_int8.onnx").exists():
            raise ModelError(f"{folder}: the bundled model is missing; install dianti again")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._session = _session(folder / "model_int8.onnx", exact=False)
        if np.abs(self._encode([PROBE], "passage: ")[0, : len(PROBE_ROW)] - PROBE_ROW).max() > PROBE_OFF:
            self._session = _session(folder / "model_int8.onnx", exact=True)
        self._pool = ThreadPoolExecutor(THREADS)
        self.dimension = int(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("hidden_size", 384))
        self.name = folder.name

    def queries(self, texts: Sequence[str]) -> Vectors:
        return encode_unique(texts, lambda piece: self._encode(piece, "query: "), self.dimension, PIECE, self._pool.map)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return encode_unique(texts, lambda piece: self._encode(piece, "passage: "), self.dimension, PIECE, self._pool.map)

    def begin(self, texts: Sequence[str]) -> Future[Vectors]:
        """The passages of those texts, encoded beside what the caller goes on to do."""
        return self._pool.submit(self._encode, texts, "passage: ")

    def _encode(self, texts: Sequence[str], prefix: str) -> Vectors:
        """Each text by itself: the quantised model scales its numbers by the largest of what it is given, so that in a batch a text's
        vector would depend on its company. Two texts at a time on two cores are as fast as batches, which pad."""
        ids = [np.array([e.ids], dtype=np.int64) for e in self._tokenizer.encode_batch([prefix + t for t in texts])]
        states = [self._session.run(["h"], {"input_ids": i, "attention_mask": np.ones_like(i)})[0][0] for i in ids]
        return unit_rows(np.stack([s.mean(0) for s in states]))


def _session(path: Path, exact: bool) -> InferenceSession:
    """`exact`: a processor that has AVX2 but no VNNI otherwise adds the products of the int8 numbers with saturation.

    There a text's vector was .9966 (cosine) of what other processors give, and cosines were off by an eighth of their spread.
    Elsewhere it changes nothing and costs a quarter of the speed, so PROBE asks whether it is needed.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.x64quantprecision", "1" if exact else "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class StaticEmbedder:
    """The bundled static model: a text's vector is the sum of its pieces' rows, normalised. Queries and passages are alike."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        if not (folder / "rows.npz").exists():
            raise ModelError(f"{folder}: the bundled model is missing; install dianti again")
        with np.load(folder / "rows.npz", allow_pickle=False) as arrays:
            self._rows: NDArray[np.int8] = arrays["rows"]
            self._scale: NDArray[np.float32] = arrays["scale"].astype(np.float32)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.dimension = int(self._rows.shape[1])
        self.name = folder.name

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self.passages(texts)

    def passages(self, texts: Sequence[str]) -> Vectors:
        distinct = sorted(set(texts))
        found = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        for start in range(0, len(distinct), STATIC_BATCH):
            found[start : start + STATIC_BATCH] = self._encode(distinct[start : start + STATIC_BATCH])
        place = {t: i for i, t in enumerate(distinct)}
        return found[[place[t] for t in texts]]

    def _encode(self, texts: Sequence[str]) -> Vectors:
        pieces = [e.ids for e in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
        ids = np.array([i for one in pieces for i in one], dtype=np.int64)
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if len(ids):
            lengths = np.array([len(one) for one in pieces])
            filled = lengths > 0
            starts = (np.cumsum(lengths) - lengths)[filled]
            rows[filled] = np.add.reduceat(self._rows[ids] * self._scale[ids][:, None], starts, axis=0)
        return unit_rows(rows)


class NamedEmbedder:
    """Any sentence-transformers model by hub name or local path; prompts, length and pooling are the model's own."""

    def __init__(self, name: str) -> None:
        local = Path(name).expanduser()
        if not local.exists() and (local.is_absolute() or name.startswith((".", "~"))):
            raise ModelError(
                _("{name}: no such folder; --model takes a sentence-transformers model's folder or hub name").format(name=name)
            )
        try:
            from sentence_transformers import SentenceTransformer  # six seconds and 500 MB: only here
        except ImportError as error:
            raise ModelError(
                _("--model {name} needs sentence-transformers: pip install sentence-transformers").format(name=name)
            ) from error
        import torch

        torch.set_num_threads(THREADS)
        try:
            self._model = SentenceTransformer(str(local) if local.exists() else name, device="cpu")
        except (OSError, ValueError, KeyError, RuntimeError) as error:  # what the library raises for a wrong name, no network, half a model
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise ModelError(
                _("the embedding model {name} cannot be loaded ({reason}); check the name, the network, or give a local folder").format(
                    name=name, reason=reason
                )
            ) from error
        self.name = local.resolve().name if local.exists() else name
        self.dimension = int(self._encode(self._model.encode_document, [""]).shape[1])

    def queries(self, texts: Sequence[str]) -> Vectors:
        return encode_unique(texts, lambda batch: self._encode(self._model.encode_query, batch), self.dimension, BATCH)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return encode_unique(texts, lambda batch: self._encode(self._model.encode_document, batch), self.dimension, BATCH)

    def _encode(self, encode: Callable[..., NDArray[np.float32]], texts: Sequence[str]) -> Vectors:
        return unit_rows(encode(list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True))


def encode_unique(
    texts: Sequence[str],
    encode: Callable[[Sequence[str]], Vectors],
    dimension: int,
    size: int,
    apply: Callable[..., Iterable[Vectors]] = map,
) -> Vectors:
    """Encodes each distinct text once, `size` at a time, back in the given order: longest first, so that texts of one batch are of
    like length and none is left to one thread at the end."""
    distinct = sorted(set(texts), key=lambda t: (-len(t), t))
    if not distinct:
        return np.zeros((0, dimension), dtype=np.float32)
    rows = np.concatenate(list(apply(encode, [distinct[i : i + size] for i in range(0, len(distinct), size)])))
    place = {t: i for i, t in enumerate(distinct)}
    return rows[[place[t] for t in texts]]


def unit_rows(rows: NDArray[np.floating]) -> Vectors:
    """Rows scaled to length 1; zero rows stay zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length == 0, 1, length)).astype(np.float32)


class MessageVectors:
    """Vectors of one chat's messages; row i = message i.

    `fast` covers every message. The quality tier costs a hundred times as much, so `quality(rows)` computes it
    for the rows asked for, once each.
    """

    def __init__(self, messages: Sequence[Message], fast: Embedder, quality: Embedder) -> None:
        self.texts = [clean(m.text) for m in messages]
        self.fast: Vectors = fast.passages(self.texts)
        self._embedder, self._fast = quality, fast
        self._rows: dict[int, NDArray[np.float32]] = {}

    @property
    def bundled(self) -> bool:
        """Is `quality` the model that learned weights were made with?"""
        return self._embedder.name == "e5-small-zh-en"

    def fast_of(self, texts: Sequence[str]) -> Vectors:
        """The fast tier for other texts than whole messages (their sentences, say)."""
        return self._fast.passages(texts)

    def quality(self, rows: Sequence[int]) -> Vectors:
        """[len(rows), dimension]"""
        missing = sorted({r for r in rows if r not in self._rows})
        if missing:
            self._rows |= dict(zip(missing, self._embedder.passages([self.texts[r] for r in missing]), strict=True))
        if not len(rows):
            return np.zeros((0, self._embedder.dimension), dtype=np.float32)
        return np.stack([self._rows[r] for r in rows])
