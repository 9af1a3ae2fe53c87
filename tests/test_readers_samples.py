"""Every sample export parses to the one conversation behind them all, field by field."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from exports import CONVERSATION, EXPECTED, EXPORTS, SHANGHAI, Lacks, lacks, samples

from pipeline.errors import InputError
from pipeline.model import Export
from pipeline.readers import FORMATS, merge_overlap, read_logs
from pipeline.readers._collect import collect
from pipeline.readers._source import Probe, Source

# What each format cannot carry, by message number. Everything else must be there. The usual reasons: 20 is a voice message
# whose transcript most exporters do not have; 30 a red packet without its greeting; 12 and 27 a link and a forward shown as
# plain text; QQ's own text keeps of a reply no more than "@name"; 6 and 24 mention by a group nickname that the export does
# not tell; platforms without recalls, red packets, pats lack 19, 30, 32.
CANNOT_CARRY = {
    "chatlab/chat.json": Lacks(),
    "chatlab/chat.jsonl": Lacks(),
    "chatlab/chat_by_weflow.json": Lacks(),
    "chatlog/38112233445@chatroom_2026-11-19_2026-11-20.csv": Lacks(texts="20 30", titles="39"),
    "chatlog/chatlog.json": Lacks(texts="20 30", titles="39"),
    "chatlog/range_in_one_day_time_only.txt": Lacks(messages="29 30 31 32 33 34 35 36 37 38 39 40", texts="20"),
    "chatlog/range_in_one_year_no_year.txt": Lacks(texts="20 30", titles="39"),
    "chatlog/range_over_years_two_talkers.txt": Lacks(texts="20 30", titles="39"),
    "dingtalk/dws_chat_message_list.json": Lacks(kinds="39", texts="20 30", mentions="6 24", titles="27 39"),
    "discord/zh.json": Lacks(messages="19 30 32", kinds="12 20 38 39", texts="20", titles="27 39"),
    "feishu/lark-cli_chat-messages-list.json": Lacks(texts="20", titles="27"),
    "feishu/openapi_im_v1_messages.json": Lacks(texts="6 20 24 30", titles="27"),
    "irc/2026-11-19_and_20_qtox_style.log": Lacks(
        messages="14 19 23 27 32 37 38 39",
        extra=9,
        kinds="8 12 20 30",
        texts="3 16 33 40",
        replies="5 10 21 26 34",
        mentions="6 24",
        titles="12",
    ),
    "irc/weechat.log": Lacks(
        messages="8 12 14 15 19 23 27 32 37 38 39", extra=9, kinds="20 30", texts="3 16 33 40", replies="5 10 21 26 34", mentions="6 24"
    ),
    "matrix/element_export.json": Lacks(messages="30 32", kinds="12 14 27 38 39", titles="12 27 39", urls="12"),
    "mattermost/bulk_export.jsonl": Lacks(
        messages="15 19 30 32", kinds="8 12 14 20 23 27 37 38 39", mentions="6 24", titles="12 27 39", urls="12", files="23"
    ),
    "memotrace/v1/本地大模型折腾群.txt": Lacks(messages="22 27 30 38 39", texts="20", files="23", senders="32"),
    "memotrace/v1/本地大模型折腾群_utf8.csv": Lacks(texts="20"),
    "memotrace/v2/本地大模型折腾群(38112233445@chatroom)/本地大模型折腾群.csv": Lacks(mentions="6 24", titles="27"),
    "memotrace/v2/本地大模型折腾群(38112233445@chatroom)/本地大模型折腾群.md": Lacks(
        messages="22 30 32", mentions="6 24", titles="27", files="23"
    ),
    "memotrace/v2/本地大模型折腾群(38112233445@chatroom)/本地大模型折腾群.txt": Lacks(mentions="6 24", titles="27"),
    "qce/chunked": Lacks(texts="20 30"),
    "qce/group_718293645.txt": Lacks(kinds="12", texts="20 30", titles="27", urls="12", senders="32"),
    "qce/group_718293645_20261120_140000.json": Lacks(texts="20 30"),
    "qce/v4_shape.json": Lacks(kinds="12", texts="20 30", titles="27", urls="12"),
    "qq_txt/copied_mobile.txt": Lacks(
        kinds="12 32", texts="5 10 20 21 26 30 34", replies="5 10 21 26 34", titles="12 27", urls="12", times="15 19"
    ),
    "qq_txt/copied_pc.txt": Lacks(
        messages="15 19", kinds="12 32", texts="5 10 20 21 26 30 34", replies="5 10 21 26 34", titles="12 27", urls="12"
    ),
    "qq_txt/全部消息记录.txt": Lacks(kinds="12 32", texts="5 10 20 21 26 30 34", replies="5 10 21 26 34", titles="12 27", urls="12"),
    "qq_txt/本地大模型折腾群.txt": Lacks(kinds="12 32", texts="5 10 20 21 26 30 34", replies="5 10 21 26 34", titles="12 27", urls="12"),
    "qq_txt/本地大模型折腾群_12h.txt": Lacks(
        kinds="12 32", texts="5 10 20 21 26 30 34", replies="5 10 21 26 34", titles="12 27", urls="12"
    ),
    "qq_txt/本地大模型折腾群_email_heads.txt": Lacks(
        kinds="12 32", texts="5 10 20 21 26 30 34", replies="5 10 21 26 34", titles="12 27", urls="12"
    ),
    "slack": Lacks(messages="19 30 32", kinds="14 38 39", titles="27 39"),
    "telegram/full_export/result.json": Lacks(messages="19 30 32", extra=3, kinds="12 39", texts="20 40", titles="12 27 39"),
    "telegram/result.json": Lacks(messages="19 30 32", extra=3, kinds="12 39", texts="20 40", titles="12 27 39"),
    "wechat_clipboard/copied_langchain_form.txt": Lacks(
        messages="15 19 32 37 38 39", extra=4, kinds="20 30", replies="5 10 21 26 34", titles="12 27", urls="12", files="23"
    ),
    "wechat_mail/微信聊天记录.txt": Lacks(messages="15 32 39", extra=3, kinds="20 30", titles="27"),
    "wechatexporter/本地大模型折腾群.txt": Lacks(
        kinds="12 27 39",
        texts="20 30",
        titles="12 27 39",
        urls="12",
        times="5 10 15 19 21 26 32 34",
        senders="10 14 17 21 26 27 28 32 34 36",
    ),
    "wecom/finance_sdk_decrypted.jsonl": Lacks(messages="15 32", texts="20", mentions="6 24"),
    "weflow/arkme.json": Lacks(texts="30"),
    "weflow/old_echotrace_shape.json": Lacks(texts="30"),
    "weflow/weclone.csv": Lacks(texts="30", mentions="6 24", senders="19"),
    "weflow/本地大模型折腾群.txt": Lacks(texts="30"),
    "weflow/本地大模型折腾群.xlsx": Lacks(texts="30"),
    "weflow/群聊_本地大模型折腾群.json": Lacks(texts="30"),
    "whatsapp/WhatsApp Chat mit 本地大模型折腾群_de.txt": Lacks(
        messages="8 14 20 27 30 32 37", extra=6, kinds="12 39", texts="6 24", replies="5 10 26 34", titles="12 39", urls="12"
    ),
    "whatsapp/WhatsApp Chat with 本地大模型折腾群_en_GB.txt": Lacks(
        messages="8 14 20 27 30 32 37", extra=6, kinds="12 39", texts="6 24", replies="5 10 26 34", titles="12 39", urls="12"
    ),
    "whatsapp/WhatsApp Chat with 本地大模型折腾群_en_US.txt": Lacks(
        messages="8 14 20 27 30 32 37", extra=6, kinds="12 39", texts="6 24", replies="5 10 26 34", titles="12 39", urls="12"
    ),
    "whatsapp/_chat_ios_en_US.txt": Lacks(
        messages="30 32", extra=1, kinds="12 27 39", texts="6 20 24", replies="5 10 21 26 34", titles="12 27 39", urls="12"
    ),
    "whatsapp/_chat_ios_zh-Hans.txt": Lacks(
        messages="30 32", extra=1, kinds="12 27 39", texts="6 20 24", replies="5 10 21 26 34", titles="12 27 39", urls="12"
    ),
    "whatsapp/_chat_ios_zh-Hant_24h.txt": Lacks(
        messages="30 32", extra=1, kinds="12 27 39", texts="6 20 24", replies="5 10 21 26 34", titles="12 27 39", urls="12"
    ),
    "whatsapp/与本地大模型折腾群的 WhatsApp 聊天.txt": Lacks(
        messages="8 14 20 27 30 32 37", extra=6, kinds="12 39", texts="6 24", replies="5 10 26 34", titles="12 39", urls="12"
    ),
    "whatsapp/與本地大模型折腾群的WhatsApp對話.txt": Lacks(
        messages="8 14 20 27 30 32 37", extra=6, kinds="12 39", texts="6 24", replies="5 10 26 34", titles="12 39", urls="12"
    ),
    "wxcli/export.json": Lacks(kinds="22", texts="20 22 30"),
    "wxcli/export.md": Lacks(messages="22", extra=1, texts="20 30", urls="12"),
    "wxcli/export.txt": Lacks(messages="22", extra=1, texts="20 30", urls="12"),
}
DAYS_ONLY = "memotrace/v2/本地大模型折腾群(38112233445@chatroom)/本地大模型折腾群_chat.txt"
PLATFORMS = {
    "wechat": ("chatlab/", "chatlog/", "memotrace/", "wechat", "weflow/", "wxcli/"),
    "qq": ("qce/", "qq_txt/"),
    "telegram": ("telegram/",),
    "whatsapp": ("whatsapp/",),
    "feishu": ("feishu/",),
}


def read(sample: str) -> Export:
    """The group chat of a sample (one file holds a private chat, too)."""
    [export] = [e for e in read_logs([EXPORTS / sample], SHANGHAI) if e.chat.name != "周明"]
    return export


@pytest.mark.parametrize("sample", [s for s in samples() if s != DAYS_ONLY])
def test_a_sample_parses_to_the_conversation_but_for_what_its_format_cannot_carry(sample: str) -> None:
    export = read(sample)
    assert lacks(export) == CANNOT_CARRY[sample]
    assert not [s for s in export.skipped if "Telegram itself" not in s.reason and not s.where.endswith("SOURCE.txt")]
    assert len({m.id for m in export.messages}) == len(export.messages)


def test_an_export_that_knows_days_only_keeps_every_line_in_order() -> None:
    export = read(DAYS_ONLY)
    assert all((m.sent_at.hour, m.sent_at.minute) == (0, 0) for m in export.messages)
    said = "\n".join(m.text for m in export.messages)
    at = -1
    for wanted in EXPECTED:
        if wanted["text"]:
            found = said.find(wanted["text"], at + 1)
            assert found > at, wanted["n"]
            at = found


@pytest.mark.parametrize("path", sorted(p for p in EXPORTS.rglob("*") if p.is_file()), ids=lambda p: p.relative_to(EXPORTS).as_posix())
def test_each_sample_is_claimed_by_exactly_one_reader(path: Path) -> None:
    probe = Probe(Source(str(path), lambda: path.open("rb"), path.stat().st_size))
    claiming = [format.name for format in FORMATS if format.claims is None and format.sniff(probe)]
    inside_folder_export = "slack/" in path.as_posix() or "chunked/" in path.as_posix()
    expected = 0 if path.name == "SOURCE.txt" or inside_folder_export or "expected" in path.parts else 1
    assert len(claiming) == expected, claiming


def test_folder_exports_are_claimed_whole() -> None:
    claimed = {
        source.name.removeprefix(f"{EXPORTS}/"): format.name for source, format in collect([EXPORTS], SHANGHAI, FORMATS)[0] if format
    }
    assert claimed == {"qce/chunked": "qce-chunked", "slack": "slack-export"}


def test_every_format_but_those_without_a_sample_has_one() -> None:
    formats = {read(s).format for s in samples()} | {"memotrace-training"}
    without = {"interchange-jsonl", "table", "qq-mht", "zulip-export"}  # these have tests of their own
    assert {f.name for f in FORMATS} == formats | without


def test_files_that_are_no_export_are_listed_as_unread(tmp_path: Path) -> None:
    export = read("chatlab")
    assert [Path(s.where).name for s in export.skipped if not s.line] == ["SOURCE.txt"]


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_every_pair_of_samples_of_one_platform_gives_each_message_once_in_both_orders(platform: str) -> None:
    exports = {s: read(s) for s in samples() if s.startswith(PLATFORMS[platform])}
    whole = max(len(e.messages) for e in exports.values())
    for (a, first), (b, second) in permutations(exports.items(), 2):
        plan = merge_overlap(first.messages, second.messages)
        merged = plan.apply(first.messages)
        assert plan.same_chat, (a, b)
        assert len({m.id for m in merged}) == len(merged), (a, b)
        if max(len(first.messages), len(second.messages)) == whole:
            assert len(merged) == whole, (a, b, [m.text for m in plan.added])
        else:  # each lacks other messages: the union, but never more than there are
            assert len(merged) <= whole, (a, b)
        known = {m.id for m in merged}
        assert all(m.reply_to is None or m.reply_to in known for m in merged if m.reply_to), (a, b)


@pytest.mark.parametrize("folder", ["weflow", "qq_txt", "memotrace", "whatsapp", "qce", "wxcli", "chatlab"])
def test_a_folder_of_exports_of_one_chat_is_that_chat_once(folder: str) -> None:
    exports = [e for e in read_logs([EXPORTS / folder], SHANGHAI) if e.chat.name != "周明"]
    assert [len(e.messages) for e in exports] == [39 if folder == "whatsapp" else 40]
    assert exports[0].chat.name == CONVERSATION["group"]["name"]


def test_training_data_is_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match="without sender and time"):
        read_logs([EXPORTS / "memotrace/training_json/train_alpaca.json"], SHANGHAI)
