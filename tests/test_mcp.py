"""Any MCP client can ask the archive over stdio: here the official client does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from archive_factory import begun

SERVER = """
import sys
from pathlib import Path
from zoneinfo import ZoneInfo
from pipeline.archive import open_archive
from pipeline.mcp_server import serve
with open_archive(Path(sys.argv[1]), read_only=True) as archive:
    serve(archive, ZoneInfo("Asia/Shanghai"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("archive"))


def _ask(folder: Path, *calls: tuple[str, dict[str, Any]]) -> tuple[list[str], list[Any]]:
    """(names of the tools, results of the calls)."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def talk() -> tuple[list[str], list[Any]]:
        root = str(Path(__file__).parent.parent)
        server = StdioServerParameters(command=sys.executable, args=["-c", SERVER, str(folder)], cwd=root, env={"PYTHONPATH": root})
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            assert all(t.annotations is not None and t.annotations.read_only_hint for t in tools)
            return [t.name for t in tools], [await session.call_tool(name, arguments) for name, arguments in calls]

    return anyio.run(talk)


def test_a_client_searches_reads_a_thread_and_lists_topics(folder: Path) -> None:
    before = (folder / "archive.sqlite3").read_bytes()
    names, results = _ask(
        folder,
        ("search", {"query": "会员最多几台设备", "limit": 3}),
        ("show_thread", {"message_id": "测试群/m1"}),
        ("list_topics", {}),
        ("search", {"query": "火星殖民计划的预算"}),
        ("show_thread", {"message_id": "nowhere/m1"}),
        ("search", {"query": "x", "only": ["nonsense"]}),
        ("search", {"query": "会员", "since": "2000-01"}),
        ("search", {"query": "会员", "since": "neulich"}),
        ("list_topics", {"chat": "没有的群"}),
    )
    assert names == ["search", "show_thread", "list_topics"]
    found, thread, topics, silent, unknown, wrong, since, never, no_chat = results
    hits = found.structured_content["hits"]
    assert hits[0]["id"].startswith("测试群/")
    assert hits[0]["text"]
    assert "测试群/m2" in [m["id"] for m in thread.structured_content["messages"]]
    assert isinstance(topics.structured_content["topics"], list)
    assert silent.structured_content["hits"] == []
    assert unknown.is_error
    assert "nowhere" in json.dumps(unknown.model_dump(mode="json"), ensure_ascii=False)
    assert wrong.is_error
    assert since.structured_content["hits"]
    assert never.is_error
    assert no_chat.is_error
    assert (folder / "archive.sqlite3").read_bytes() == before
