"""Exports of one chat by different exporters, added to the archive one after the other, are that chat once."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from exports import EXPORTS, SHANGHAI

from pipeline.archive import open_archive
from pipeline.archive.add import add_export, add_pieces
from pipeline.model import Export, Message
from pipeline.readers import read_logs, stream_exports

V2 = "memotrace/v2/本地大模型折腾群(38112233445@chatroom)/本地大模型折腾群"
WECHAT = [
    "weflow/arkme.json",
    "chatlog/chatlog.json",
    "wxcli/export.txt",
    "wechatexporter/本地大模型折腾群.txt",
    f"{V2}.csv",
    f"{V2}_chat.txt",
]
UNNAMED = ["wechat_clipboard/copied_langchain_form.txt", "weflow/weclone.csv", "wechat_mail/微信聊天记录.txt"]
QQ = ["qq_txt/本地大模型折腾群.txt", "qce/group_718293645_20261120_140000.json", "qce/group_718293645.txt"]


def read(sample: str) -> Export:
    return next(e for e in read_logs([EXPORTS / sample], SHANGHAI) if e.chat.name != "周明")


def added(folder: Path, *samples: str) -> list[list[Message]]:
    """The archive's chats after the samples were added in that order."""
    with open_archive(folder) as archive, archive.writing():
        for sample in samples:
            add_export(archive, read(sample))
        return [archive.messages(chat) for chat in archive.chats()]


@pytest.mark.parametrize("pair", [*permutations(WECHAT, 2), *permutations(QQ, 2)], ids=lambda pair: " + ".join(pair))
def test_two_exports_of_a_chat_give_each_message_once(tmp_path: Path, pair: tuple[str, str]) -> None:
    [messages] = added(tmp_path, *pair)
    assert len(messages) == 40


@pytest.mark.parametrize("unnamed", UNNAMED)
def test_an_export_that_does_not_say_its_chat_is_known_by_its_messages(tmp_path: Path, unnamed: str) -> None:
    [messages] = added(tmp_path, WECHAT[0], unnamed)
    assert len(messages) == 40


def test_the_richer_record_wins_whichever_came_first(tmp_path: Path) -> None:
    for n, order in enumerate(permutations([WECHAT[2], WECHAT[0]])):
        [messages] = added(tmp_path / str(n), *order)
        assert len({m.sender_id for m in messages if m.sender_id.startswith("wxid_")}) == 7
        assert sum(m.reply_to is not None for m in messages) == 5
        assert any(m.sent_at.second for m in messages)


def test_adding_everything_again_changes_nothing(tmp_path: Path) -> None:
    every = [*WECHAT, WECHAT[0]]
    first = added(tmp_path, *every)
    assert [len(messages) for messages in first] == [40]
    assert added(tmp_path, *every) == first


def test_words_of_a_text_that_a_richer_export_replaced_are_found(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive, archive.writing():
        for sample in ("chatlog/chatlog.json", "weflow/arkme.json"):  # the second knows what the voice message says
            add_export(archive, read(sample))
        [chat] = archive.chats()
        assert "那周六要不要带登山杖，上次下山膝盖疼" in [m.text for m in archive.messages(chat)]
        [(integrity,)] = archive.db.execute("SELECT count(*) FROM words").fetchall()
        assert integrity == 40


def test_a_log_read_piece_by_piece_is_added_as_one_read_whole(tmp_path: Path) -> None:
    path = EXPORTS / "qq_txt" / "全部消息记录.txt"
    with open_archive(tmp_path / "whole") as archive, archive.writing():
        for export in read_logs([path], SHANGHAI):
            add_export(archive, export)
        whole = {chat.chat.name: archive.messages(chat) for chat in archive.chats()}
    with open_archive(tmp_path / "pieces") as archive, archive.writing():
        told = list(add_pieces(archive, stream_exports([path], SHANGHAI, most=7)))
        again = list(add_pieces(archive, stream_exports([path], SHANGHAI, most=11)))
        pieces = {chat.chat.name: archive.messages(chat) for chat in archive.chats()}
    assert pieces == whole
    assert sorted((a.chat.chat.name, a.read, a.new) for a in told) == [("周明", 2, 2), ("本地大模型折腾群", 40, 40)]
    assert sum(a.new for a in again) == 0
