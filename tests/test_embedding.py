"""The three tiers behind one protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import embedding
from pipeline.embedding import (
    FAST,
    MODELS,
    PROBE,
    PROBE_OFF,
    PROBE_ROW,
    QUALITY,
    Embedder,
    MessageVectors,
    OnnxEmbedder,
    StaticEmbedder,
    load_embedder,
    unit_rows,
)
from pipeline.errors import ModelError
from pipeline.model import Message

TEXTS = ["路由器经常断网怎么办", "WiFi 老是掉线", "红烧肉要炖多久", "How long should I stew pork?", "😂", ""]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model of one small layer, made here, with prompts of its own."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("tiny") / "bert"
    folder.mkdir()
    letters = [*"abcdefghijklmnopqrstuvwxyz:?!", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    pieces = {piece: i for i, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters])}
    tokenizer = Tokenizer(WordPiece(pieces, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    BertModel(
        BertConfig(
            vocab_size=len(pieces),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=64,
        )
    ).save_pretrained(folder)
    transformer = Transformer(str(folder), max_seq_length=32)
    model = SentenceTransformer(modules=[transformer, Pooling(16)], device="cpu", prompts={"query": "find: ", "document": "text: "})
    model.save(str(folder.parent / "tiny-sentences"))
    return folder.parent / "tiny-sentences"


@pytest.fixture(params=[FAST, QUALITY, "named"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "named":
        return load_embedder(str(request.getfixturevalue("tiny_model")))
    return load_embedder(request.param)


ignore_library_warnings = pytest.mark.filterwarnings("ignore")  # torch and transformers deprecate things at import


@ignore_library_warnings
def test_rows_are_float32_of_unit_length_or_zero(embedder: Embedder) -> None:
    for rows in (embedder.passages(TEXTS), embedder.queries(TEXTS)):
        assert rows.shape == (len(TEXTS), embedder.dimension)
        assert rows.dtype == np.float32
        lengths = np.linalg.norm(rows, axis=1)
        assert all(abs(x - 1) < 1e-4 or x == 0 for x in lengths.tolist())


@ignore_library_warnings
def test_the_same_text_gives_the_same_row_wherever_it_stands(embedder: Embedder) -> None:
    alone = embedder.passages([TEXTS[0]])[0]
    among = embedder.passages([*TEXTS[1:], TEXTS[0], TEXTS[0]])
    assert (among[-1] == among[-2]).all()
    # only a named model is given padded batches, in which the last digits depend on the company
    assert np.allclose(among[-1], alone, atol=1e-5) if "tiny" in embedder.name else (among[-1] == alone).all()


def test_a_row_is_the_same_on_every_processor() -> None:
    """Where int8 products were added with saturation (AVX2 without VNNI), it differed by .004 a number."""
    row = load_embedder(QUALITY).passages([PROBE])[0]
    assert row[: len(PROBE_ROW)].tolist() == pytest.approx(PROBE_ROW.tolist(), abs=PROBE_OFF)


def test_a_processor_that_sums_otherwise_is_told_to_sum_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    plain = embedding._session
    monkeypatch.setattr(embedding, "_session", lambda path, exact: asked.append(exact) or plain(path, exact))
    monkeypatch.setattr(embedding, "PROBE_ROW", PROBE_ROW + np.float32(0.004))
    other = OnnxEmbedder(MODELS / "e5-small-zh-en").passages(TEXTS[:2])
    assert asked == [False, True]
    assert np.allclose(other, load_embedder(QUALITY).passages(TEXTS[:2]), atol=1e-5)


@ignore_library_warnings
def test_no_text_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.passages([]).shape == (0, embedder.dimension)
    assert embedder.queries([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize("name", [FAST, QUALITY])
def test_a_paraphrase_is_nearer_than_a_stranger(name: str) -> None:
    rows = load_embedder(name).passages(TEXTS)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
    assert rows[2] @ rows[3] > rows[1] @ rows[3]


def test_the_fast_tier_knows_nothing_of_a_text_without_a_known_piece() -> None:
    rows = load_embedder(FAST).passages(["", "   ", "\u16a0\u16a1\u16a2", "断网"])
    assert not rows[:3].any()
    assert rows[3].any()


def test_the_fast_tier_folds_width_and_case() -> None:
    rows = load_embedder(FAST).passages(["Ｄｏｃｋｅｒ 怎么配置", "docker 怎么配置"])
    assert (rows[0] == rows[1]).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=8))
def test_the_fast_tier_takes_any_text_and_gives_the_same_bytes_again(texts: list[str]) -> None:
    fast = load_embedder(FAST)
    rows = fast.passages(texts)
    assert np.isfinite(rows).all()
    assert rows.tobytes() == fast.passages(texts).tobytes()


def test_the_fast_model_is_small_enough_to_ship() -> None:
    assert sum(p.stat().st_size for p in (MODELS / "static-zh-en").iterdir()) <= 16 * 1024 * 1024


@ignore_library_warnings
def test_a_named_model_uses_its_own_prompts(tiny_model: Path) -> None:
    from sentence_transformers import SentenceTransformer

    named, plain = load_embedder(str(tiny_model)), SentenceTransformer(str(tiny_model), device="cpu")
    assert named.name == "tiny-sentences"
    assert np.allclose(named.queries(["abc"]), unit_rows(plain.encode(["find: abc"])), atol=1e-5)
    assert np.allclose(named.passages(["abc"]), unit_rows(plain.encode(["text: abc"])), atol=1e-5)
    assert not np.allclose(named.queries(["abc"]), named.passages(["abc"]), atol=1e-6)


@ignore_library_warnings
def test_a_folder_that_is_no_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        load_embedder(str(tmp_path / "missing"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="empty"):
        load_embedder(str(tmp_path / "empty"))


def test_a_bundled_model_that_is_gone_is_a_clear_error(tmp_path: Path) -> None:
    for tier in (OnnxEmbedder, StaticEmbedder):
        with pytest.raises(ModelError, match="install dianti again"):
            tier(tmp_path)


class Counting:
    """The fast tier, counting the texts that it is asked for."""

    name = "counting"

    def __init__(self) -> None:
        self.inner, self.asked = load_embedder(FAST), 0
        self.dimension = self.inner.dimension

    def passages(self, texts: list[str]) -> np.ndarray:
        self.asked += len(texts)
        return self.inner.passages(texts)

    queries = passages


def test_quality_rows_are_computed_once_and_only_when_asked_for() -> None:
    at = datetime(2026, 3, 9, tzinfo=UTC)
    messages = [Message(id=str(i), sender_id="u", sender="u", sent_at=at, text=t) for i, t in enumerate(TEXTS)]
    quality = Counting()
    vectors = MessageVectors(messages, load_embedder(FAST), quality)
    assert quality.asked == 0
    first = vectors.quality([2, 0])
    again = vectors.quality([0, 2, 0])
    assert quality.asked == 2
    assert (again == first[[1, 0, 1]]).all()
    assert vectors.quality([]).shape == (0, quality.dimension)


def test_the_bundled_tiers_need_no_torch_and_no_network_and_leave_no_trace_at_home(tmp_path: Path) -> None:
    code = (
        "import sys, socket\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from pipeline.embedding import *\n"
        "load_embedder(FAST).passages(['断网']); load_embedder(QUALITY).queries(['断网'])\n"
        "assert not {'torch', 'sentence_transformers', 'sklearn'} & set(sys.modules)\n"
    )
    home = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"} | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent, timeout=300, env=home)
    assert list(tmp_path.rglob("*")) == []
