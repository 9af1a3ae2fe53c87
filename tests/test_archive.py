"""The archive keeps every message once, survives interruptions, and forgets when told to."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from archive_factory import DAY, OPTIONS, add, begun, searcher
from factories import START, chat, export, message

from pipeline.archive import Archive, open_archive
from pipeline.archive.add import add_export, bring_up_to_date
from pipeline.archive.forget import Forget, forget
from pipeline.archive.schema import MIGRATIONS
from pipeline.archive.store import DATABASE, content_hash, told
from pipeline.archive.upkeep import change_cost, reindex, status, verify
from pipeline.archive.vectors import CachedEmbedder
from pipeline.embedding import OnnxEmbedder, Vectors, load_embedder
from pipeline.errors import ArchiveError
from pipeline.model import Chat, Export, Kind
from pipeline.search.meaning import open_index, update_index


def test_the_same_export_added_twice_adds_nothing(tmp_path: Path) -> None:
    first, second = add(tmp_path, export("甲: 一 | 乙: 二")), add(tmp_path, export("甲: 一 | 乙: 二"))
    assert (first.new, first.duplicate) == (2, 0)
    assert (second.new, second.duplicate) == (0, 2)
    assert second.chat.key == first.chat.key


def test_a_message_comes_back_as_it_went_in(tmp_path: Path) -> None:
    whole = message(
        "看这个\n第二行", id="a/b", kind=Kind.LINK, url="https://example.com/x", title="标题", file_name="a.pdf", role="admin",
        mentions=("u1", "u2"), reactions=(("👍", 2),), reply_to="m0",
    )  # fmt: skip
    add(tmp_path, Export(chat=Chat(name="群"), format="t", messages=(whole,)))
    with open_archive(tmp_path) as archive:
        assert archive.messages(archive.chats()[0]) == [whole]
        assert archive.message_row("群/a/b") is not None


def test_two_chats_of_one_name_without_a_common_message_stay_apart(tmp_path: Path) -> None:
    one = add(tmp_path, export("甲: 今天讨论预算"))
    other = add(tmp_path, Export(chat=Chat(name="测试群"), format="t", messages=chat("丙: 完全不同的一个群", START + timedelta(days=1))))
    assert one.chat.key != other.chat.key
    assert other.same_name


def test_a_chat_is_known_by_its_own_id_after_it_was_renamed(tmp_path: Path) -> None:
    first = Export(chat=Chat(name="旧名", id="g1", platform="qq"), format="t", messages=chat("甲: 一 | 乙: 二"))
    later = Export(chat=Chat(name="新名", id="g1", platform="qq"), format="t", messages=chat("甲: 三", START + timedelta(days=1)))
    assert add(tmp_path, first).chat.key == add(tmp_path, later).chat.key


def test_overlapping_exports_of_other_exporters_are_joined_once(tmp_path: Path) -> None:
    mine = chat("甲: 第一条消息 | 乙: 第二条消息 | 甲: 第三条消息 | 甲: 好 | 甲: 好")
    theirs = tuple(replace(m, id=f"x{n}") for n, m in enumerate(mine[1:] + chat("丙: 新来的消息", START + timedelta(hours=1))))
    add(tmp_path, Export(chat=Chat(name="群"), format="t", messages=mine))
    added = add(tmp_path, Export(chat=Chat(name="群"), format="u", messages=theirs))
    assert (added.new, added.duplicate) == (1, 4)


def test_day_by_day_gives_what_all_at_once_gives(tmp_path: Path) -> None:
    days = [chat(f"甲: 第{d}天的问题怎么办？ | 乙: 第{d}天的回答是先备份 | 丙: 谢谢", START + timedelta(days=d)) for d in range(4)]
    whole = [replace(m, id=f"d{d}-{m.id}") for d, day in enumerate(days) for m in day]
    room = Chat(name="群", id="g")
    add(tmp_path / "whole", Export(chat=room, format="t", messages=tuple(whole)))
    for d in range(4):
        add(tmp_path / "days", Export(chat=room, format="t", messages=tuple(m for m in whole if m.id.startswith(f"d{d}"))))
    with open_archive(tmp_path / "whole") as a, open_archive(tmp_path / "days") as b:
        assert a.messages(a.chats()[0]) == b.messages(b.chats()[0])
        query = "SELECT m.id, x.session FROM analysed x JOIN message m ON m.row = x.row ORDER BY m.id"
        assert len(a.db.execute(query).fetchall()) == len(b.db.execute(query).fetchall()) == 12
        assert verify(b, OPTIONS, repair=False) == []


def test_new_messages_do_not_touch_sessions_long_past(tmp_path: Path) -> None:
    """Only the newest session may go on, so only it is read again with what is new."""
    old = chat("甲: 老的问题怎么办？ | 乙: 老的回答")
    middle, newest = (
        tuple(replace(m, id=f"{name}{m.id}") for m in chat(line, START + timedelta(days=days)))
        for name, line, days in (("n", "丙: 另一件新的事", 9), ("l", "丁: 更新的一件事", 18))
    )
    for messages in (old, old + middle):
        add(tmp_path, Export(chat=Chat(name="测试群"), format="t", messages=messages))
    with open_archive(tmp_path) as archive:
        before = archive.db.execute("SELECT * FROM analysed ORDER BY row").fetchall()
    assert add(tmp_path, Export(chat=Chat(name="测试群"), format="t", messages=old + middle + newest)).new == 1
    with open_archive(tmp_path) as archive:
        assert archive.db.execute("SELECT * FROM analysed ORDER BY row").fetchall()[:2] == before[:2]
        assert archive.db.execute("SELECT count(DISTINCT session) FROM analysed").fetchone() == (3,)


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX modes there")
def test_nobody_else_can_read_the_archive(tmp_path: Path) -> None:
    folder = begun(tmp_path / "private")
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_an_archive_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    begun(tmp_path)
    db = sqlite3.connect(tmp_path / DATABASE)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    for read_only in (False, True):
        with pytest.raises(ArchiveError, match="newer"):
            open_archive(tmp_path, read_only=read_only)


def test_a_damaged_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"this is not a database, whatever its name says" * 50)
    with pytest.raises(ArchiveError, match="verify"):
        open_archive(tmp_path)


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    begun(tmp_path)
    with told(tmp_path), open_archive(tmp_path) as archive:
        pages = archive.db.execute("PRAGMA page_count").fetchone()[0]
        archive.db.execute(f"PRAGMA max_page_count = {pages}")
        many = tuple(message(f"很长的一条消息 {n} " * 40, id=f"n{n}", at=START + timedelta(days=1, seconds=n)) for n in range(400))
        with pytest.raises(ArchiveError, match="full"), told(tmp_path):
            add_export(archive, Export(chat=Chat(name="别的群"), format="t", messages=many))
    with open_archive(tmp_path) as archive:
        assert archive.count() == 11
        assert verify(archive, OPTIONS, repair=False) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("name", ["vectors.faiss", "ids.npy"])
def test_a_disk_that_is_full_while_the_index_is_written_is_told_and_the_search_goes_on(tmp_path: Path, name: str) -> None:
    begun(tmp_path)
    (tmp_path / "index" / f"{name}.{os.getpid()}.tmp").symlink_to("/dev/full")  # where the new file is written first
    with open_archive(tmp_path) as archive:
        with pytest.raises(ArchiveError, match="disk is full"), told(tmp_path):
            update_index(archive, force=True)
        assert archive.count() == 11
        assert searcher(archive).search("会员最多几台设备").hits
        assert verify(archive, OPTIONS, repair=False) == []


def test_there_is_no_archive_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="dianti add"):
        open_archive(tmp_path / "none", read_only=True)


def test_an_import_without_its_analysis_is_finished_by_the_next_run(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive, archive.writing():
        add_export(archive, export("甲: 端午怎么放假？ | 乙: 19 号到 21 号放三天"))
    with open_archive(tmp_path) as archive, archive.writing():
        assert status(archive).pending == 2
        problems = verify(archive, OPTIONS, repair=True)
        assert [p.repaired for p in problems] == [True]
        assert verify(archive, OPTIONS, repair=False) == []
        assert searcher(archive).search("端午放假").hits


class StoppedError(Exception):
    """Stands for whatever ends an import before its time."""


def test_with_the_fast_model_a_message_is_found_by_its_meaning_before_it_is_analysed(tmp_path: Path) -> None:
    def stop(waiting: int) -> None:
        assert waiting == 11
        raise StoppedError

    with open_archive(tmp_path) as archive, archive.writing():
        add_export(archive, export(DAY))
        with pytest.raises(StoppedError):
            bring_up_to_date(archive, OPTIONS, searchable=stop)
        assert status(archive).pending == 11
        hits = searcher(archive).search("一个账号可以在多少台电脑上登录").hits
        assert hits
        assert "几台设备" in hits[0].text
        assert "meaning" in hits[0].found_by
        bring_up_to_date(archive, OPTIONS)
        assert verify(archive, OPTIONS, repair=False) == []


def test_what_the_analysis_finds_to_be_noise_leaves_the_index_again(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive, archive.writing():
        add_export(archive, export("甲: 紧急扩散，速转发给身边的家长 | 乙: 请问端午节的补课安排在哪一天？ | 丙: 补课安排在六月十九号"))
        early: list[int] = []
        bring_up_to_date(archive, OPTIONS, searchable=lambda waiting: early.append(_indexed(archive)))
        assert early == [3]
        assert _indexed(archive) == 2


def _indexed(archive: Archive) -> int:
    opened = open_index(archive)
    assert opened is not None
    return len(opened.file_ids())


@pytest.mark.parametrize("damage", ["words", "vectors", "index", "analysis", "words_gone"])
def test_verify_finds_and_repairs(tmp_path: Path, damage: str) -> None:
    begun(tmp_path)
    with open_archive(tmp_path) as archive, archive.writing():
        if damage == "words":
            archive.db.execute("INSERT INTO words (rowid, grams, cut, pieces) VALUES (9999, 'x', 'x', 'x')")
        elif damage == "words_gone":
            archive.db.execute("INSERT INTO words (words) VALUES ('delete-all')")
        elif damage == "vectors":
            archive.db.execute("DELETE FROM vector WHERE id < 4")
        elif damage == "index":
            (tmp_path / "index" / "vectors.faiss").write_bytes(b"\0" * 100)
        else:
            archive.db.execute("DELETE FROM analysed WHERE row = 2")
        assert verify(archive, OPTIONS, repair=False)
        assert all(p.repaired for p in verify(archive, OPTIONS, repair=True))
        assert verify(archive, OPTIONS, repair=False) == []
        assert searcher(archive).search("会员最多几台设备").hits


def test_a_text_that_was_changed_behind_our_back_is_not_called_sound(tmp_path: Path) -> None:
    begun(tmp_path)
    with open_archive(tmp_path) as archive, archive.writing():
        archive.db.execute("UPDATE message SET text = '别的' WHERE row = 1")
        assert any(not p.repaired for p in verify(archive, OPTIONS, repair=True))


def test_forgetting_a_member_leaves_no_trace_on_disk(tmp_path: Path) -> None:
    begun(tmp_path)
    with open_archive(tmp_path) as archive, archive.writing():
        assert forget(archive, Forget(member="钱多多"), OPTIONS) == 0
        assert not [h for h in searcher(archive).search("会员能几台设备一起用 电脑提示超限").hits if h.sender == "钱多多"]
        assert verify(archive, OPTIONS, repair=False) == []
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert "电脑提示超限".encode() not in file.read_bytes(), file


def test_forgetting_the_time_before_a_day_and_a_whole_chat(tmp_path: Path) -> None:
    begun(tmp_path)
    begun(tmp_path, "丁: 另一个群的事", "另一群")
    with open_archive(tmp_path) as archive, archive.writing():
        forget(archive, Forget(before=START + timedelta(hours=1), chat="测试群"), OPTIONS)
        assert archive.count() == 8
        forget(archive, Forget(chat="测试群"), OPTIONS)
        assert [c.key for c in archive.chats()] == ["另一群"]
        with pytest.raises(ArchiveError, match="没有的群"):
            forget(archive, Forget(chat="没有的群"), OPTIONS)


def test_another_model_is_not_mixed_in(tmp_path: Path) -> None:
    begun(tmp_path)
    with open_archive(tmp_path) as archive, archive.writing():
        cost = change_cost(archive, "quality")
        assert cost.messages > 0
        with pytest.raises(ArchiveError, match="reindex"):
            bring_up_to_date(archive, replace(OPTIONS, model="quality"))
        reindex(archive, replace(OPTIONS, model="quality"))
        assert archive.db.execute("SELECT count(DISTINCT model) FROM vector").fetchone() == (1,)
        assert archive.setting("model") == cost.new


def test_a_copied_folder_is_a_backup(tmp_path: Path) -> None:
    begun(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    with open_archive(tmp_path / "two") as archive:
        assert searcher(archive).search("会员最多几台设备").hits


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_rights_is_told_and_can_still_be_searched(tmp_path: Path) -> None:
    folder = begun(tmp_path / "a")
    folder.chmod(0o500)
    try:
        with pytest.raises(ArchiveError, match=r"written|rights|readonly"):
            add(folder, export("甲: 新的"))
        with open_archive(folder, read_only=True) as archive:
            assert searcher(archive).search("会员最多几台设备").hits
    finally:
        folder.chmod(0o700)


WORKER = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from archive_factory import OPTIONS
from pipeline.archive import Archive, open_archive
from pipeline.archive.add import add_export, bring_up_to_date
from factories import chat, START
from pipeline.model import Chat, Export
from dataclasses import replace
from datetime import timedelta
folder, job, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with open_archive(folder) as archive, archive.writing():
    if job == "add":
        for d in range(n, n + 3):
            day = chat("甲: 怎么报名？ | 乙: 在小程序里报名 | 丙: 收到", START + timedelta(days=d))
            named = tuple(replace(m, id=f"{{d}}-{{m.id}}") for m in day)
            add_export(archive, Export(chat=Chat(name="群", id="g"), format="t", messages=named))
            print("stored", d, flush=True)
        old = chat("甲: 很久以前的一句话", START - timedelta(days=n))
        add_export(archive, Export(chat=Chat(name="群", id="g"), format="t", messages=tuple(replace(m, id=f"old-{{n}}") for m in old)))
        bring_up_to_date(archive, OPTIONS)
    print("done", flush=True)
"""


def _worker(tmp_path: Path, folder: Path, job: str, n: int) -> subprocess.Popen[str]:
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(paths=[str(Path(__file__).parent), str(Path(__file__).parent.parent)]), encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), job, str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_processes_add_at_once_and_none_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    both = [_worker(tmp_path, folder, "add", n) for n in (0, 10)]
    outputs = [p.communicate(timeout=300) for p in both]
    assert [p.returncode for p in both] == [0, 0], outputs
    with open_archive(folder) as archive:
        assert archive.count() == 20
        assert len(archive.chats()) == 1
        assert verify(archive, OPTIONS, repair=False) == []


def _open_when(folder: Path, moment: float, told: Connection) -> None:
    while time.time() < moment:
        pass
    open_archive(folder).close()
    told.send("opened")


def test_those_who_open_a_new_archive_at_once_wait_for_each_other(tmp_path: Path) -> None:
    starting = multiprocessing.get_context("forkserver")
    starting.set_forkserver_preload([__name__])
    for n in range(12):  # each round failed with a chance of one in three before they waited
        _here, there = starting.Pipe(duplex=False)
        moment = time.time() + 0.2
        others = [starting.Process(target=_open_when, args=(tmp_path / str(n), moment, there)) for _ in range(3)]
        for one in others:
            one.start()
        for one in others:
            one.join(60)
        assert [one.exitcode for one in others] == [0, 0, 0]


def _work_until_killed(folder: Path, job: str, day: int, told: Connection) -> None:
    """In a process of its own: one job on the archive; each day stored is told before anything is made of it."""
    with open_archive(folder) as archive, archive.writing():
        if job == "add":
            for d in range(day, day + 3):
                lines = chat("甲: 怎么报名？ | 乙: 在小程序里报名 | 丙: 收到", START + timedelta(days=d))
                named = tuple(replace(m, id=f"{d}-{m.id}") for m in lines)
                add_export(archive, Export(chat=Chat(name="群", id="g"), format="t", messages=named))
                told.send(d)
            bring_up_to_date(archive, OPTIONS)
        elif job == "reindex":
            reindex(archive, OPTIONS, analysis=True)
        else:
            forget(archive, Forget(before=START + timedelta(days=day)), OPTIONS)
    told.send("done")


def _killed(folder: Path, job: str, day: int, seconds: float) -> list[object]:
    """Runs a job and kills it after so many seconds; what it had told by then."""
    spawning = multiprocessing.get_context("forkserver")  # imports once, so that the time goes into the jobs
    spawning.set_forkserver_preload([__name__])
    here, there = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_work_until_killed, args=(folder, job, day, there))
    process.start()
    there.close()
    process.join(seconds)
    process.kill()
    process.join()
    told: list[object] = []
    with contextlib.suppress(EOFError):
        while True:
            told.append(here.recv())
    return told


def test_what_was_encoded_ahead_is_what_would_have_been_encoded_then(tmp_path: Path) -> None:
    texts = [f"第{n}题的答案是不是写错了" for n in range(30)]
    model = load_embedder()
    with open_archive(tmp_path) as archive, archive.writing():
        cached = CachedEmbedder(archive, model)
        with cached.ahead(texts):
            rows = cached.passages([*texts[5:], "没有预料到的一句"])
        assert np.allclose(rows, model.passages([*texts[5:], "没有预料到的一句"]), atol=1e-3)  # float16
        cached.flush()
        assert {h for (h,) in archive.db.execute("SELECT content FROM vector")} >= {content_hash(t) for t in texts[5:]}


def test_an_interruption_leaves_nothing_waiting_to_be_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun_pieces: list[Future[Vectors]] = []
    begin = OnnxEmbedder.begin

    def watched(self: OnnxEmbedder, texts: Sequence[str]) -> Future[Vectors]:
        begun_pieces.append(begin(self, texts))
        return begun_pieces[-1]

    monkeypatch.setattr(OnnxEmbedder, "begin", watched)
    with open_archive(tmp_path) as archive, archive.writing():
        cached = CachedEmbedder(archive, load_embedder())
        with pytest.raises(KeyboardInterrupt), cached.ahead([f"很长的一段话{n}" * 40 for n in range(400)]):
            raise KeyboardInterrupt
    assert len(begun_pieces) == 50
    assert sum(piece.cancelled() for piece in begun_pieces) > 25


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_kill_at_any_moment_loses_nothing_imported(tmp_path: Path) -> None:
    """A hundred random moments of add, reindex and forget; one archive lives on through all of them."""
    kills, chance = int(os.environ.get("DIANTI_KILLS", "100")), random.Random(20261128)
    folder = begun(tmp_path / "archive", "甲: 最早的一条消息 | 乙: 第二条")
    started = time.monotonic()
    assert _killed(folder, "reindex", 0, 120) == ["done"]
    whole = time.monotonic() - started
    stored: set[int] = set()
    unfinished = 0
    for kill in range(kills):
        job, day = ("add", "reindex", "forget")[kill % 3], 10 + 3 * kill
        if job == "forget":  # from now on those days may be gone, wholly or in part
            day -= 30
            stored = {d for d in stored if d >= day}
        told = _killed(folder, job, day, whole * chance.uniform(0.02, 1.2))
        stored |= {d for d in told if isinstance(d, int)}
        unfinished += told[-1:] != ["done"]
        with open_archive(folder) as archive, archive.writing():
            assert all(p.repaired for p in verify(archive, OPTIONS, repair=True))
            kept = {int(i.split("-")[0]) for (i,) in archive.db.execute("SELECT id FROM message WHERE id LIKE '%-m3'")}
            assert stored <= kept
            if kill % 10 == 9 or kill == kills - 1:
                assert verify(archive, OPTIONS, repair=False) == []
    assert unfinished > kills / 3  # the moments lie within the jobs, not behind them


def test_a_topic_that_comes_back_weeks_later_is_the_same_topic_and_a_new_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.archive.refresh.CONTEXT", 1)  # as in a busy group, where the old messages are far back
    router = (
        "甲: 请问路由器每天晚上八点左右断网，重启光猫又好，这是路由器坏了还是光猫的问题？ | 乙: 先看路由器后台的断网日志，如果是光猫掉线，"
        "日志里会写 WAN 口断开，那就打宽带客服报修光猫 | 甲: 路由器日志里确实是 WAN 口断开 | 乙: 那路由器没坏，是光猫老化，客服免费换光猫"
    )
    fonts = (
        "丙: 请问 PPT 里的字体商用要不要授权？微软雅黑能不能直接用？ | 丁: 微软雅黑是方正的字体，商用要买授权，换思源黑体，这个字体免费 "
        "| 丙: 那 PPT 里的字体怎么一次全换掉？ | 丁: PPT 菜单里选替换字体，微软雅黑换成思源黑体，一次就把字体全换了"
    )
    insurance = (
        "戊: 请问医保断缴三个月以后再交，之前的年限还算吗？ | 己: 医保年限累计计算，断缴以后要再交满六个月才能报销，门诊和住院都一样 "
        "| 戊: 那医保可以补缴吗？ | 己: 医保补缴要去社保局窗口，带身份证和单位证明"
    )
    for week, line in enumerate((router, fonts, insurance, router, fonts)):
        said = [replace(m, id=f"w{week}.{m.id}", sent_at=m.sent_at + timedelta(weeks=week)) for m in chat(line)]
        joined = [
            replace(m, id=f"{m.id}.in", sent_at=m.sent_at + timedelta(days=n), text="新人加入了群聊", kind=Kind.SYSTEM)
            for n, m in enumerate(said[:3], 1)
        ]
        add(tmp_path, Export(chat=Chat(name="群", id="g1", platform="qq"), format="t", messages=(*said, *joined)))
    with open_archive(tmp_path) as archive:
        topic = dict(archive.db.execute("SELECT m.id, a.topic FROM analysed a JOIN message m ON m.row = a.row"))
    of = [topic[f"w{week}.m2"] for week in range(5)]
    assert None not in of
    assert of[3] == of[0]
    assert of[4] == of[1]
    assert len(set(of)) == 3
