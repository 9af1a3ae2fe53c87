"""Archives for tests: a small chat analysed with the fast model, as the commands do it."""

from __future__ import annotations

from pathlib import Path

from factories import export

from pipeline.analysis import AnalysisOptions
from pipeline.archive import Archive, open_archive
from pipeline.archive.add import Added, add_export, bring_up_to_date
from pipeline.embedding import FAST, load_embedder
from pipeline.model import Export
from pipeline.search import Searcher

OPTIONS = AnalysisOptions(model=FAST)

DAY = (
    "阿布: 请问窗口函数里 rank 和 dense_rank 有什么区别？ | 老陶: rank 遇到并列会跳号，dense_rank 不跳，1 1 2 这样连着排 "
    "| 阿布: 明白了 谢谢 "
    "| 小雨: 早上好 | 钱多多: 会员能几台设备一起用？电脑提示超限 +2h | 小北: 是 5 台，超限就去登录设备里把旧手机移除 "
    "| 钱多多: 好了 | 小北: 安装包在 https://example.com/setup-v2.3.exe 报错 0x80070057 的先关杀毒软件 +3h "
    "| 老陶: 推荐用 C++ 写那个 a-b 测试脚本，参考 train_step.py | 小雨: 我的 iPhone15 装不上 AI绘画 那个软體 | 小雨: 😀👍"
)


def add(folder: Path, given: Export) -> Added:
    """What `dianti add` does."""
    with open_archive(folder) as archive, archive.writing():
        added = add_export(archive, given)
        bring_up_to_date(archive, OPTIONS)
    return added


def begun(folder: Path, line: str = DAY, name: str = "测试群") -> Path:
    add(folder, export(line, name))
    return folder


def searcher(archive: Archive) -> Searcher:
    return Searcher(archive, load_embedder(FAST))
