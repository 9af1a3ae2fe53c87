"""What readers promise beside the samples: encodings, line ends, pasted logs, damage, zones, several chats, clear errors."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from exports import EXPORTS, SHANGHAI

from pipeline.errors import InputError
from pipeline.model import Chat, Export, Kind, Message, Skipped
from pipeline.readers import FORMATS, ReadOptions, detect, markdown_table, open_logs, read_export, read_logs, stream_logs
from pipeline.readers._ids import is_stable_id

ROOT = Path(__file__).parent.parent


def written(tmp_path: Path, content: str | bytes, name: str = "chat.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, options: ReadOptions = SHANGHAI) -> Export:
    [export] = read_export(path, options)
    return export


def line(**fields: object) -> str:
    record = {
        "id": "1",
        "time": "2026-03-10T20:01:05+08:00",
        "sender_id": "u1",
        "sender": "甲",
        "text": "好",
        "type": "text",
        "reply_to": None,
    }
    return json.dumps(record | fields, ensure_ascii=False) + "\n"


def said(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(m.sender, m.text) for m in messages]


def said_only(messages: Sequence[Message]) -> list[str]:
    return [m.text for m in messages]


COPIED = "甲 2026/5/18 6:41\n第一条\n\n乙 2026/5/18 6:42\n第二条\n第二行\n\n甲 2026/5/18 18:05\n[图片]\n\n"


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_text_is_read_in_any_usual_encoding_and_with_any_line_end(self, tmp_path: Path, encoding: str, newline: str) -> None:
        text = (COPIED * 3).replace("\n", newline)
        export = read(written(tmp_path, text.encode(encoding)))
        assert said(export.messages)[:2] == [("甲", "第一条"), ("甲", "第一条")]
        assert len(export.messages) == 9
        assert not export.skipped

    def test_a_qq_export_saved_in_gb18030_keeps_line_ends_inside_messages(self, tmp_path: Path) -> None:
        original = (EXPORTS / "qq_txt" / "本地大模型折腾群.txt").read_bytes().decode("utf-8-sig")
        export = read(written(tmp_path, original.replace("🤣", "").replace("🧧", "").encode("gb18030")))
        assert len(export.messages) == 40
        assert export.messages[2].text.count("\n") == 2

    def test_json_in_utf16_is_read(self, tmp_path: Path) -> None:
        export = read(written(tmp_path, (EXPORTS / "telegram" / "result.json").read_text(encoding="utf-8").encode("utf-16"), "result.json"))
        assert len(export.messages) == 40

    def test_damaged_bytes_in_utf8_are_counted_with_their_line(self, tmp_path: Path) -> None:
        text = COPIED.encode().replace("第二行".encode(), b"\xff\xfe\xfd")
        export = read(written(tmp_path, text * 40))
        assert len(export.messages) == 120
        assert [(s.line, "damaged" in s.reason) for s in export.skipped] == [(6, True)]

    def test_telegrams_own_escapes_of_control_characters_are_read(self, tmp_path: Path) -> None:
        text = (EXPORTS / "telegram" / "result.json").read_text(encoding="utf-8").replace("q4 量化的", "q4\\x08 量化\\\\x的")
        assert any(m.text == "q4\x08 量化\\x的" for m in read(written(tmp_path, text, "result.json")).messages)


class TestPastedLogs:
    PASTE = "\n\n丙 2026/5/17 9:00\n昨天的话\n\n丁 2026/5/17 9:01\n也是昨天的\n\n"

    def test_a_log_pasted_into_a_message_starts_no_messages(self, tmp_path: Path) -> None:
        before = "".join(f"甲 2026/5/18 6:{n:02d}\n第{n}条\n\n" for n in range(30))
        after = "".join(f"乙 2026/5/18 7:{n:02d}\n后{n}条\n\n" for n in range(30))
        export = read(written(tmp_path, f"{before}乙 2026/5/18 6:40\n转一下：{self.PASTE}{after}"))
        assert len(export.messages) == 61
        assert "丙 2026/5/17 9:00\n昨天的话" in export.messages[30].text

    def test_a_programme_of_later_times_pasted_into_a_message_starts_no_messages(self, tmp_path: Path) -> None:
        before = "".join(f"甲 2026/5/18 6:{n:02d}\n第{n}条\n\n" for n in range(30))
        after = "".join(f"乙 2026/5/18 7:{n:02d}\n后{n}条\n\n" for n in range(30))
        export = read(written(tmp_path, f"{before}乙 2026/5/18 6:40\n安排：\n\n直播 2026/5/20 20:00\n答疑\n\n{after}"))
        assert len(export.messages) == 61

    def test_qq_header_lines_inside_a_body_without_an_empty_line_before_are_text(self, tmp_path: Path) -> None:
        head = "消息记录（此消息记录为文本格式，不支持重新导入）\r\n\r\n"
        text = f"{head}2026-05-18 6:41:00 甲(10001)\r\n看：\n2026-05-18 6:40:00 乙(10002)\n好\r\n\r\n"
        assert said(read(written(tmp_path, text)).messages) == [("甲", "看：\n2026-05-18 6:40:00 乙(10002)\n好")]

    def test_unsorted_logs_lose_nothing(self, tmp_path: Path) -> None:
        text = "".join(f"甲 2026/5/18 {(n * 7) % 24}:{(n * 13) % 60:02d}\n第{n}条\n\n" for n in range(60))
        export = read(written(tmp_path, text))
        assert len(export.messages) == 60
        assert list(export.messages) == sorted(export.messages, key=lambda m: m.sent_at)

    def test_two_logs_in_one_file_lose_nothing(self, tmp_path: Path) -> None:
        text = "".join(f"甲 2026/5/18 6:{n:02d}\n第{n}条\n\n" for n in range(40))
        export = read(written(tmp_path, text + text.replace("2026/5/18", "2026/5/10")))
        assert len(export.messages) == 80

    def test_minute_times_that_are_equal_keep_the_order_of_the_file(self, tmp_path: Path) -> None:
        text = "".join(f"甲 2026/5/18 6:41\n第{n}条\n\n" for n in range(200))
        assert [m.text for m in read(written(tmp_path, text)).messages] == [f"第{n}条" for n in range(200)]


class TestDamage:
    def test_one_broken_line_in_ten_thousand_costs_one_message(self, tmp_path: Path) -> None:
        lines = [line(id=str(n), text=f"第{n}条") for n in range(10_000)]
        lines[4_321] = lines[4_321][:40] + "\n"
        export = read(written(tmp_path, "".join(lines), "chat.jsonl"))
        assert len(export.messages) == 9_999
        assert [(s.line, s.reason) for s in export.skipped] == [(4_322, "broken JSON")]

    @pytest.mark.parametrize(
        "sample", ["telegram/result.json", "weflow/arkme.json", "chatlab/chat.json", "discord/zh.json", "chatlog/chatlog.json"]
    )
    @pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
    def test_a_truncated_document_gives_all_whole_messages(self, tmp_path: Path, sample: str, share: float) -> None:
        text = (EXPORTS / sample).read_text(encoding="utf-8")
        whole = read(EXPORTS / sample).messages
        export = read(written(tmp_path, text[: int(len(text) * share)], "cut.json"))
        assert said_only(export.messages)[:-1] == said_only(whole)[: len(export.messages) - 1]
        assert any("broken" in s.reason and s.line for s in export.skipped)

    def test_a_broken_record_in_a_document_costs_that_record(self, tmp_path: Path) -> None:
        text = (EXPORTS / "telegram" / "result.json").read_text(encoding="utf-8")
        broken = text.replace(
            '"from": "陈",\n   "from_id": "user500000005",\n   "text": "收过',
            '"from": 陈",\n   "from_id": "user500000005",\n   "text": "收过',
            1,
        )
        assert broken != text
        export = read(written(tmp_path, broken, "result.json"))
        assert len(export.messages) == 39
        assert {m.id for m in read(EXPORTS / "telegram/result.json").messages} - {m.id for m in export.messages} == {"1029"}

    def test_a_quote_that_is_never_closed_costs_one_row(self, tmp_path: Path) -> None:
        rows = [f"2026-11-19 21:{n % 60:02d}:00,甲,wxid_a,群,1@chatroom,第{n}条\n" for n in range(3_000)]
        rows[5] = rows[5].replace("第5条", '"第5条')
        export = read(written(tmp_path, "Time,SenderName,Sender,TalkerName,Talker,Content\n" + "".join(rows), "log.csv"))
        assert len(export.messages) == 2_999
        assert [s.line for s in export.skipped] == [7]

    def test_a_hundred_thousand_equal_lines_are_as_many_messages(self, tmp_path: Path) -> None:
        export = read(written(tmp_path, "甲 2026/5/18 6:41\n好\n\n" * 100_000))
        assert len(export.messages) == len({m.id for m in export.messages}) == 100_000

    def test_a_second_message_with_an_id_is_reported(self, tmp_path: Path) -> None:
        export = read(written(tmp_path, line() + line(text="另一条"), "chat.jsonl"))
        assert [m.text for m in export.messages] == ["好"]
        assert "id 1" in export.skipped[0].reason

    @pytest.mark.parametrize(
        "record",
        [
            '{"time": 5}',
            '{"text": "x", "time": "gestern", "sender": "a"}',
            "[1, 2]",
            '{"text": "x", "time": null, "sender": "a"}',
            "nonsense",
        ],
    )
    def test_lines_that_are_no_message_are_told(self, tmp_path: Path, record: str) -> None:
        export = read(written(tmp_path, line() + record + "\n", "chat.jsonl"))
        assert len(export.messages) == 1
        assert [s.line for s in export.skipped] == [2]


class TestFoundByFuzzing:
    """Inputs that once ended in a traceback."""

    def test_a_day_that_does_not_exist_in_a_days_only_export(self, tmp_path: Path) -> None:
        text = f"{'*' * 20}2026-05-18{'*' * 20}\n\n甲:早\n\n{'*' * 20}2026-05-76{'*' * 20}\n\n乙:好\n"
        assert [m.sent_at.day for m in read(written(tmp_path, text)).messages] == [18, 18]

    def test_a_type_that_is_no_number(self, tmp_path: Path) -> None:
        text = (EXPORTS / "chatlab" / "chat.json").read_text(encoding="utf-8").replace('"type": 25', '"type": 1e999', 1)
        export = read(written(tmp_path, text, "chat.json"))
        assert len(export.messages) == 39
        assert len(export.skipped) == 1

    def test_a_bare_carriage_return_in_a_first_line(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no chat export"):
            read_export(written(tmp_path, b"a,b\rc,d\n1,2\n"), SHANGHAI)


class TestHostileText:
    """Text made to keep a pattern busy for ever is read like any other."""

    LONG = (
        " " * 60_000 + "x",
        "(" * 60_000,
        " [" * 30_000,
        "[图片](" * 15_000,
        "[a]" + " " * 60_000 + "x",
        "名" * 60_000,
        "<a@" * 20_000,
        "「" * 60_000,
    )

    @pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", "\n"),
            ("甲 2026/5/18 6:41\n", "\n\n"),
            ("a", " 2026/5/18\n"),
            ("甲(wxid_abc) 2026-11-19 21:58:07\n", "\n\n甲(wxid_abc) 2026-11-19 21:58:08\n好\n\n"),
            ("2026-11-19 21:58:07 甲\n", "\n\n"),
            ("2026-11-19 21:58:07 甲", "(12345)\n好\n\n"),
            ("2026/12/5 22:04 - 张三: ", "\n"),
            ("[21:58:07] <nick> ", "\n"),
        ],
    )
    def test_it_is_read_to_its_end_or_refused(self, tmp_path: Path, text: str, before: str, after: str) -> None:
        path = written(tmp_path, before + text + after)  # how long that takes is shown by `python -m bench readers`
        with suppress(InputError):
            assert sum(len(e.messages) + len(e.skipped) for e in read_export(path, SHANGHAI))


class TestErrors:
    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "empty"),
            (b"\n\n  \n", "empty"),
            (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "PNG"),
            (b"%PDF-1.4", "PDF"),
            (b"SQLite format 3\x00", "SQLite"),
            (b'{"messages": [', "no chat export"),
            (b"just a note to myself\n", "no chat export"),
            (b"\x00\x01\x02\x03" * 100, "no chat export"),
        ],
    )
    def test_what_is_no_export_is_said_in_one_line_with_its_path(self, tmp_path: Path, content: bytes, told: str) -> None:
        path = written(tmp_path, content, "thing.bin")
        with pytest.raises(InputError, match=told) as error:
            read_export(path, SHANGHAI)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)

    def test_a_missing_file_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no such file"):
            read_export(tmp_path / "none.txt", SHANGHAI)

    def test_an_empty_folder_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no chat in it"):
            read_export(tmp_path, SHANGHAI)

    def test_times_without_a_day_ask_for_the_day(self) -> None:
        options = ReadOptions(tz=ZoneInfo("Asia/Shanghai"))
        with pytest.raises(InputError, match="--date"):
            read_export(EXPORTS / "chatlog" / "range_in_one_day_time_only.txt", options)

    def test_the_day_may_stand_in_the_files_name(self, tmp_path: Path) -> None:
        source = EXPORTS / "chatlog" / "range_in_one_day_time_only.txt"
        path = written(tmp_path, source.read_bytes(), "群_2026-11-19.txt")
        export = read(path, ReadOptions(tz=ZoneInfo("Asia/Shanghai")))
        assert export.messages == read(source).messages

    def test_a_file_that_two_formats_claim_names_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pipeline.readers.FORMATS", (*FORMATS, FORMATS[0]))
        with pytest.raises(InputError, match=r"interchange-jsonl, interchange-jsonl.*--as"):
            read_export(written(tmp_path, line(), "chat.jsonl"), SHANGHAI)

    def test_an_unknown_format_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="unknown format msn"):
            read_export(written(tmp_path, line(), "chat.jsonl"), ReadOptions(tz=ZoneInfo("UTC"), format="msn"))

    def test_a_file_without_a_readable_message_says_the_first_reason(self, tmp_path: Path) -> None:
        path = written(tmp_path, line(time="never"), "chat.jsonl")
        with pytest.raises(InputError, match=r"chat.jsonl:1: no message"):
            read_export(path, SHANGHAI)


class TestTime:
    def test_local_times_are_read_in_the_given_zone(self, tmp_path: Path) -> None:
        path = written(tmp_path, COPIED)
        for zone in ("Asia/Shanghai", "Europe/Berlin", "UTC"):
            export = read(path, ReadOptions(tz=ZoneInfo(zone)))
            assert export.messages[0].sent_at == datetime(2026, 5, 18, 6, 41, tzinfo=ZoneInfo(zone))

    def test_when_clocks_go_back_the_order_of_the_log_tells_which_hour_is_meant(self, tmp_path: Path) -> None:
        times = ["1:50", "2:10", "2:50", "2:05", "2:40", "3:10"]
        text = "".join(f"甲 2026/10/25 {t}\n第{n}条\n\n" for n, t in enumerate(times))
        messages = read(written(tmp_path, text), ReadOptions(tz=ZoneInfo("Europe/Berlin"))).messages
        assert [m.text for m in messages] == [f"第{n}条" for n in range(6)]
        steps = [(b.sent_at - a.sent_at) / timedelta(minutes=1) for a, b in pairwise(messages)]
        assert steps == [20, 40, 15, 35, 30]

    @pytest.mark.parametrize(
        ("written_as", "hour"),
        [
            ("12:05 AM", 0),
            ("12:05 PM", 12),
            ("上午12:05", 0),
            ("下午1:05", 13),
            ("凌晨12:05", 0),
            ("中午12:05", 12),
            ("晚上9:05", 21),
            ("9:05 PM", 21),
        ],
    )
    def test_twelve_hour_times_are_understood(self, tmp_path: Path, written_as: str, hour: int) -> None:
        export = read(written(tmp_path, f"甲 2026/5/18 {written_as}\n好\n\n"))
        assert (export.messages[0].sent_at.hour, export.messages[0].sent_at.minute) == (hour, 5)

    def test_a_time_without_an_offset_in_the_interchange_log_is_local(self, tmp_path: Path) -> None:
        export = read(written(tmp_path, line(time="2026-03-10T20:01:05"), "chat.jsonl"))
        assert export.messages[0].sent_at == datetime(2026, 3, 10, 12, 1, 5, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("dates", "first"),
        [
            (["3/4/26", "4/4/26", "13/4/26"], (2026, 4, 3)),
            (["3/4/26", "3/13/26"], (2026, 3, 4)),
            (["1/2/26", "2/2/26", "3/2/26", "1/3/26"], (2026, 2, 1)),
        ],
    )
    def test_day_and_month_of_whatsapp_are_told_by_the_whole_file(
        self, tmp_path: Path, dates: list[str], first: tuple[int, int, int]
    ) -> None:
        text = "".join(f"{d}, 22:04 - 张三: hi\n" for d in dates)
        when = read(written(tmp_path, text)).messages[0].sent_at
        assert (when.year, when.month, when.day) == first

    def test_times_of_today_without_a_day_go_on_past_midnight(self, tmp_path: Path) -> None:
        text = "甲  23:58:07\n早睡\n\n乙  0:03:00\n好\n\n甲  8:00:00\n早\n\n"
        days = [m.sent_at.day for m in read(written(tmp_path, text)).messages]
        assert days == [19, 20, 20]


class TestPeople:
    @pytest.mark.parametrize("name", ["#1 粉丝", "Kiki: 产品", "老郝:", "【活跃】小王", "12:30 见", "Lin🌿", "小鹿(管理)", "a 2026/1/1"])
    def test_a_copied_name_is_taken_whole(self, tmp_path: Path, name: str) -> None:
        text = "".join(f"{who} 2026/5/18 6:4{n}\n第{n}条\n\n" for n, who in enumerate([name, "乙", name]))
        assert [m.sender for m in read(written(tmp_path, text)).messages] == [name, "乙", name]

    def test_equal_names_are_kept_apart_by_id_and_a_new_name_keeps_the_person(self, tmp_path: Path) -> None:
        text = (
            line(id="1", sender="小王", sender_id="a")
            + line(id="2", sender="小王", sender_id="b")
            + line(id="3", sender="王总", sender_id="a")
        )
        export = read(written(tmp_path, text, "chat.jsonl"))
        assert [(m.sender_id, m.sender) for m in export.messages] == [("a", "小王"), ("b", "小王"), ("a", "王总")]

    def test_a_mention_is_resolved_by_name_even_of_somebody_who_speaks_later(self, tmp_path: Path) -> None:
        text = line(id="1", text="@乙 在吗，@乙方 不是你，a@乙.com 也不是") + line(
            id="2", sender="乙", sender_id="u2", time="2026-03-10T20:05:00+08:00"
        )
        assert read(written(tmp_path, text, "chat.jsonl")).messages[0].mentions == ("u2",)

    def test_a_name_that_two_share_is_no_mention_of_either(self, tmp_path: Path) -> None:
        text = line(id="1", text="@乙 在吗") + line(id="2", sender="乙", sender_id="u2") + line(id="3", sender="乙", sender_id="u3")
        assert read(written(tmp_path, text, "chat.jsonl")).messages[0].mentions == ()

    def test_ids_made_for_exports_without_ids_do_not_depend_on_the_rest_of_the_file(self, tmp_path: Path) -> None:
        whole = read(written(tmp_path, COPIED, "a.txt")).messages
        part = read(written(tmp_path, COPIED.partition("\n\n")[2], "b.txt")).messages
        assert [m.id for m in whole[1:]] == [m.id for m in part]
        assert all(is_stable_id(m.id) for m in whole)


class TestChats:
    def test_several_chats_in_one_file_stay_apart(self) -> None:
        exports = read_export(EXPORTS / "qq_txt" / "全部消息记录.txt", SHANGHAI)
        assert [(e.chat.name, len(e.messages)) for e in exports] == [("周明", 2), ("本地大模型折腾群", 40)]

    def test_chat_picks_one_of_several(self) -> None:
        options = ReadOptions(tz=ZoneInfo("Asia/Shanghai"), chat="周明")
        assert [(e.chat.name, len(e.messages)) for e in read_export(EXPORTS / "qq_txt" / "全部消息记录.txt", options)] == [("周明", 2)]

    def test_a_chat_that_is_not_there_is_said_with_those_that_are(self) -> None:
        options = ReadOptions(tz=ZoneInfo("Asia/Shanghai"), chat="没有的群")
        with pytest.raises(InputError, match="周明"):
            read_export(EXPORTS / "qq_txt" / "全部消息记录.txt", options)

    def test_chat_names_the_one_chat_of_a_file(self, tmp_path: Path) -> None:
        options = ReadOptions(tz=ZoneInfo("Asia/Shanghai"), chat="学习群")
        assert read(written(tmp_path, COPIED), options).chat.name == "学习群"

    def test_two_chats_of_one_name_without_a_common_message_stay_apart(self, tmp_path: Path) -> None:
        first = "".join(line(id=f"a{n}", text=f"甲群的第{n}句话", chat="学习群", time=f"2026-03-10T20:{n:02d}:00+08:00") for n in range(9))
        second = "".join(line(id=f"b{n}", text=f"乙群的第{n}句话", chat="学习群", time=f"2026-03-10T20:{n:02d}:00+08:00") for n in range(9))
        exports = read_logs([written(tmp_path, first, "a.jsonl"), written(tmp_path, second, "b.jsonl")], SHANGHAI)
        assert [(e.chat.name, len(e.messages)) for e in exports] == [("学习群", 9), ("学习群", 9)]

    def test_chat_joins_files_of_one_chat_that_do_not_overlap(self, tmp_path: Path) -> None:
        paths = [written(tmp_path, COPIED, "a.txt"), written(tmp_path, COPIED.replace("2026/5/18", "2026/5/19"), "b.txt")]
        assert len(read_logs(paths, SHANGHAI)) == 2
        [joined] = read_logs(paths, ReadOptions(tz=ZoneInfo("Asia/Shanghai"), chat="群"))
        assert len(joined.messages) == 6

    def test_overlapping_parts_of_a_chat_give_each_message_once(self, tmp_path: Path) -> None:
        rows = [f"甲 2026/5/18 6:{n:02d}\n这是第{n}条消息\n\n" for n in range(40)]
        paths = [written(tmp_path, "".join(rows[:25]), "a.txt"), written(tmp_path, "".join(rows[15:]), "b.txt")]
        [export] = read_logs(paths, SHANGHAI)
        assert [m.text for m in export.messages] == [f"这是第{n}条消息" for n in range(40)]


class TestFoldersAndZips:
    def test_a_folder_reads_what_it_can_and_lists_the_rest(self, tmp_path: Path) -> None:
        written(tmp_path, COPIED, "chat.txt")
        written(tmp_path, "a note", "readme.md")
        written(tmp_path, b"\x89PNG", "a.png")
        written(tmp_path, "hidden", ".secret")
        export = read(tmp_path)
        assert len(export.messages) == 3
        assert sorted(Path(s.where).name for s in export.skipped) == ["readme.md", tmp_path.name]

    @pytest.mark.parametrize("name", ["slack", "whatsapp/_chat_ios_zh-Hans.txt", "qce/chunked"])
    def test_a_zip_reads_as_its_content_does(self, tmp_path: Path, name: str) -> None:
        source, path = EXPORTS / name, tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
                if file.is_file() and file.name != "SOURCE.txt":
                    archive.write(file, file.relative_to(source if source.is_dir() else source.parent))
        assert read(path).messages == read(source).messages

    def test_a_locked_or_damaged_member_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", COPIED)
            archive.writestr("b.txt", COPIED * 200)
        data = bytearray(path.read_bytes())
        at = data.index(b"b.txt") + 30
        data[at : at + 8] = b"\xff" * 8
        path.write_bytes(data)
        export = read(path)
        assert len(export.messages) >= 3
        assert any("b.txt" in s.where for s in export.skipped)

    def test_a_file_that_is_no_zip_but_says_so_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="damaged zip"):
            read_export(written(tmp_path, b"PK\x03\x04 nonsense", "a.zip"), SHANGHAI)


class TestTables:
    def test_columns_are_guessed_from_the_header(self, tmp_path: Path) -> None:
        text = '时间,发送人,内容\n2026/3/10 20:01,甲,你好\n2026-03-10 20:02:03,乙,"两\n行"\n'
        export = read(written(tmp_path, text, "t.csv"))
        assert said(export.messages) == [("甲", "你好"), ("乙", "两\n行")]

    def test_columns_are_taken_as_told(self, tmp_path: Path) -> None:
        columns = {"time": "when", "sender": "2", "text": "what"}
        text = "when\twho\twhat\n1773144065\t甲\t你好\n"
        export = read(written(tmp_path, text, "t.tsv"), ReadOptions(tz=ZoneInfo("Asia/Shanghai"), columns=columns))
        assert said(export.messages) == [("甲", "你好")]

    def test_a_column_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        options = ReadOptions(tz=ZoneInfo("UTC"), format="table", columns={"time": "nope"})
        with pytest.raises(InputError, match="no column nope"):
            read_export(written(tmp_path, "a,b,c\n1,2,3\n", "t.csv"), options)

    def test_ids_that_a_spreadsheet_rounded_are_no_ids(self, tmp_path: Path) -> None:
        text = "id,time,sender,text\n7.42E+18,2026-03-10 20:01:00,甲,你好\n"
        assert is_stable_id(read(written(tmp_path, text, "t.csv")).messages[0].id)


class TestKinds:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("[图片]", Kind.IMAGE),
            ("[动画表情]", Kind.STICKER),
            ("[玫瑰][玫瑰]", Kind.STICKER),
            ("[语音转文字] 明天见", Kind.VOICE),
            ("[语音] 34″", Kind.VOICE),
            ("[文件] 大纲.pdf 46KB", Kind.FILE),
            ("[红包] 恭喜", Kind.REDPACKET),
            ("[小程序] 接龙", Kind.CARD),
            ("[位置]人民广场", Kind.LOCATION),
            ("[聊天记录]", Kind.FORWARD),
            ("[链接] 标题 https://example.com/a", Kind.LINK),
            ("[接龙] 周六爬山", Kind.TEXT),
            ("【限时】大促销", Kind.TEXT),
            ("[腾讯文档] 表 https://docs.example.com/x", Kind.TEXT),
            ("我拍了拍他的肩膀", Kind.TEXT),
        ],
    )
    def test_a_copied_texts_stand_in_says_its_kind(self, tmp_path: Path, text: str, kind: Kind) -> None:
        message = read(written(tmp_path, f"甲 2026/5/18 6:41\n{text}\n\n")).messages[0]
        assert (message.kind, message.text) == (kind, text)


class TestOthers:
    def test_zulips_export_is_read_by_stream(self, tmp_path: Path) -> None:
        realm = {
            "zerver_stream": [{"id": 7, "name": "general"}],
            "zerver_recipient": [{"id": 70, "type": 2, "type_id": 7}],
            "zerver_userprofile": [{"id": 1, "full_name": "Ann"}, {"id": 2, "full_name": "Bo"}],
        }
        rows = [
            {"id": 11, "sender": 1, "recipient": 70, "subject": "t", "content": "hi @**Bo|2**", "date_sent": 1773144065.5},
            {"id": 12, "sender": 2, "recipient": 70, "subject": "t", "content": "hello", "date_sent": 1773144070},
        ]
        written(tmp_path, json.dumps(realm), "realm.json")
        written(tmp_path, json.dumps({"zerver_message": rows}), "messages-000001.json")
        export = read(tmp_path)
        assert (export.chat.name, export.format) == ("general", "zulip-export")
        assert said(export.messages) == [("Ann", "hi @Bo"), ("Bo", "hello")]
        assert export.messages[0].mentions == ("2",)

    def test_qqs_mht_is_read_day_by_day(self, tmp_path: Path) -> None:
        rows = (
            "<tr><td><div>消息对象:爬山群</div></td></tr><tr><td>日期: 2016-07-19</td></tr>"
            "<tr><td><div style=color:#42B475;><div style=float:left;margin-right:6px;>老郝(100200321)</div>10:02:40</div>"
            '<div style=padding-left:20px;>你好&lt;b&gt;<br>第二行<IMG src="{A}.dat"></div></td></tr>'
        )
        mht = (
            'From: <Save by Tencent MsgMgr>\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\tboundary="----=_X"\n\n------=_X\n'
            f'Content-Type: text/html; charset="utf-8"\nContent-Transfer-Encoding: 7bit\n\n<html>{rows}</html>\n\n'
            "------=_X\nContent-Type: image/jpeg\n\nAAAA\n"
        )
        export = read(written(tmp_path, mht, "a.mht"))
        assert export.chat.name == "爬山群"
        assert [(m.sender_id, m.sender, m.text) for m in export.messages] == [("100200321", "老郝", "你好<b>\n第二行[图片]")]

    def test_a_stream_gives_each_chat_before_its_messages_and_no_more_than_the_file_holds(self) -> None:
        pieces = list(stream_logs([EXPORTS / "qq_txt" / "全部消息记录.txt"], SHANGHAI))
        assert isinstance(pieces[0], Chat)
        assert sum(isinstance(p, Message) for p in pieces) == 42
        assert not [p for p in pieces if isinstance(p, Skipped)]

    def test_detect_names_the_format(self) -> None:
        assert detect(EXPORTS / "telegram" / "result.json").name == "telegram-json"

    def test_bytes_read_are_told_for_a_progress_bar(self) -> None:
        counted: list[int] = []
        path = EXPORTS / "telegram" / "result.json"
        read(path, ReadOptions(tz=ZoneInfo("UTC"), on_bytes=counted.append))
        assert sum(counted) == path.stat().st_size

    def test_open_logs_lists_files_with_their_formats(self) -> None:
        files, skipped = open_logs([EXPORTS / "wxcli"], SHANGHAI)
        assert sorted(f.format.name for f in files) == ["wxcli-json", "wxcli-md", "wxcli-txt"]
        assert [Path(s.where).name for s in skipped] == ["SOURCE.txt"]

    def test_the_documents_table_of_formats_is_the_codes(self) -> None:
        assert markdown_table() in (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
