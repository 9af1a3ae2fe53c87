"""Posting against a local server that behaves like each platform: right shape, right wait, exactly once."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from delivery_server import SECRETS, Platforms, serving
from digest_factory import hostile_digest, large_digest, rich_digest

from pipeline.deliver.clipboard import hand_over, hand_over_at_once
from pipeline.deliver.document import from_markdown
from pipeline.deliver.platforms import PLATFORMS, Attachment
from pipeline.deliver.post import Outcome, Plan, deliver, plan
from pipeline.deliver.receipts import open_receipts
from pipeline.deliver.sending import Wire
from pipeline.deliver.targets import Target, resolve, variable
from pipeline.errors import ConfigError, DeliveryError
from pipeline.model import Digest
from pipeline.render import RenderOptions, render

NOW = datetime(2026, 5, 21, tzinfo=UTC)
WIRED = list(SECRETS)


@pytest.fixture
def server() -> Iterator[Platforms]:
    with serving() as state:
        yield state


@dataclass
class Waits:
    """Sleeping that only notes how long."""

    seconds: list[float] = field(default_factory=list)

    @property
    def wire(self) -> Wire:
        return Wire(sleep=self.seconds.append, timeout=0.5)


def environment(platform: str, url: str, name: str | None = None) -> dict[str, str]:
    given = {variable(name or platform, what): value for what, value in SECRETS[platform].items()}
    return {**given, variable(name or platform, "base_url"): url}


def target(platform: str, server: Platforms) -> Target:
    return resolve(platform, {}, environment(platform, server.url))


def planned(where: Target, digest: Digest | None = None, form: str = "auto") -> Plan:
    digest = digest or rich_digest()
    full = from_markdown(render(digest, "md"))
    short = from_markdown(render(digest, "md", RenderOptions(short=True)))
    return plan(where, full, short, Attachment(name="digest.html", content=b"<p>all of it</p>"), form)  # type: ignore[arg-type]


def post(the_plan: Plan, folder: Path, waits: Waits | None = None, resend: frozenset[int] = frozenset()) -> Outcome:
    with open_receipts(folder / "state") as receipts:
        return deliver(the_plan, receipts, lambda: NOW, (waits or Waits()).wire, resend)


@pytest.mark.parametrize("platform", WIRED)
def test_each_platform_takes_what_we_send_exactly_once(platform: str, server: Platforms, tmp_path: Path) -> None:
    the_plan = planned(target(platform, server))
    first = post(the_plan, tmp_path)
    again = post(the_plan, tmp_path)
    assert server.refused == []
    assert len(server.delivered) == len(the_plan.parts) == len(first.sent) > 0
    assert (again.sent, again.already) == ((), first.sent)
    assert "权益法" in "".join(server.delivered)


@pytest.mark.parametrize("platform", WIRED)
@pytest.mark.parametrize("digest", [hostile_digest, large_digest])
def test_hostile_and_huge_digests_are_within_every_limit(platform: str, digest, server: Platforms, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    the_plan = planned(target(platform, server), digest(), "full")
    post(replace(the_plan, parts=the_plan.parts[:10]), tmp_path)
    assert server.refused == []


@pytest.mark.parametrize("platform", WIRED)
def test_too_many_requests_waits_as_long_as_told(platform: str, server: Platforms, tmp_path: Path) -> None:
    server.weather = ["429"]
    waits = Waits()
    the_plan = planned(target(platform, server))
    post(the_plan, tmp_path, waits)
    assert waits.seconds[0] == 7
    assert len(server.delivered) == len(the_plan.parts)


def test_a_platforms_own_code_for_too_fast_is_a_wait_too(server: Platforms, tmp_path: Path) -> None:
    for platform, reply in (("wecom", {"errcode": 45009}), ("dingtalk", {"errcode": 130101}), ("feishu", {"code": 11232})):
        server.weather = [json.dumps(reply)]
        waits = Waits()
        post(planned(target(platform, server)), tmp_path, waits)
        assert waits.seconds[0] == 1
    assert server.refused == []


def test_a_server_out_of_order_is_tried_again_with_growing_pauses_then_given_up(server: Platforms, tmp_path: Path) -> None:
    waits = Waits()
    the_plan = planned(target("telegram", server))
    server.weather = ["500"] * 5
    with pytest.raises(DeliveryError, match="5 tries"):
        post(the_plan, tmp_path, waits)
    assert waits.seconds == [1, 2, 4, 8]
    assert server.delivered == []
    post(the_plan, tmp_path)
    assert len(server.delivered) == len(the_plan.parts)


@pytest.mark.parametrize("mood", ["timeout", "lost"])
def test_a_part_without_an_answer_is_never_sent_again_by_itself(mood: str, server: Platforms, tmp_path: Path) -> None:
    the_plan = planned(target("discord", server), form="full")
    assert len(the_plan.parts) > 1
    server.weather = ["", mood]
    with pytest.raises(DeliveryError, match=r"part 2 of .* may have arrived.*--resend 2"):
        post(the_plan, tmp_path)
    requests = server.requests
    with pytest.raises(DeliveryError, match="may have arrived"):
        post(the_plan, tmp_path)
    assert server.requests == requests
    resend = frozenset({2}) if mood == "timeout" else frozenset()
    if mood == "lost":
        with open_receipts(tmp_path / "state") as receipts:
            receipts.settle(the_plan.digest, "discord", 2, "sent", NOW)
    post(the_plan, tmp_path, resend=resend)
    assert len(server.delivered) == len(set(server.delivered)) == len(the_plan.parts)


def test_a_process_that_dies_between_sending_and_receipt_does_not_post_twice(server: Platforms, tmp_path: Path) -> None:
    """A real process is killed by its own server-side success: it exits inside the sleep before part two."""
    program = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from pipeline.deliver import post as module
from test_deliver_post import planned, target, post
from delivery_server import Platforms
settle = module.Receipts.settle
def die(self, digest, target, part, state, now):
    if part == 2:
        os._exit(9)
    settle(self, digest, target, part, state, now)
module.Receipts.settle = die
post(planned(target("discord", Platforms(url={server.url!r})), form="full"), Path({str(tmp_path)!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 9, done.stderr
    assert len(server.delivered) == 2
    the_plan = planned(target("discord", server), form="full")
    with pytest.raises(DeliveryError, match=r"part 2 of .* may have arrived"):
        post(the_plan, tmp_path)
    assert len(server.delivered) == 2


def test_a_refusal_is_told_in_the_platforms_words_and_can_be_repaired(server: Platforms, tmp_path: Path) -> None:
    wrong = {**environment("wecom", server.url), "DIANTI_WECOM_URL": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=WECOM-KEY-WRONG"}
    with pytest.raises(DeliveryError, match="93000") as caught:
        post(planned(resolve("wecom", {}, wrong)), tmp_path)
    assert "key=***" in str(caught.value)
    assert "WECOM-KEY" not in str(caught.value)
    post(planned(target("wecom", server)), tmp_path)
    assert server.delivered


def test_nothing_listening_is_a_clear_failure_that_can_be_repeated(server: Platforms, tmp_path: Path) -> None:
    gone = Platforms(url="http://127.0.0.1:9")
    with pytest.raises(DeliveryError, match="no connection"):
        post(planned(target("slack", gone)), tmp_path)
    post(planned(target("slack", server)), tmp_path)
    assert server.delivered


def test_a_rest_of_an_hour_is_left_to_a_later_run(server: Platforms, tmp_path: Path) -> None:
    server.weather = ['{"errcode": 45009, "retry_after": 3600}']
    with pytest.raises(DeliveryError, match="3600 seconds"):
        post(planned(target("wecom", server)), tmp_path)


# ---- forms ----


def test_more_than_three_parts_become_the_short_form_with_the_file(server: Platforms, tmp_path: Path) -> None:
    for platform in ("telegram", "discord", "wecom"):
        the_plan = planned(target(platform, server), large_digest())
        assert the_plan.form == "short"
        assert len(the_plan.parts) <= 3
        post(the_plan, tmp_path)
        post(the_plan, tmp_path)
    assert server.files == ["digest.html"] * 3
    assert server.refused == []


def test_a_link_to_the_whole_takes_the_place_of_the_file(server: Platforms) -> None:
    env = {**environment("discord", server.url), "DIANTI_DISCORD_LINK": "https://example.org/all"}
    the_plan = planned(resolve("discord", {}, env), large_digest())
    assert the_plan.attachment is None
    assert "https://example.org/all" in the_plan.texts[-1]


def test_the_form_can_be_chosen() -> None:
    clipboard = resolve("clipboard", {}, {})
    assert planned(clipboard, form="short").form == "short"
    assert planned(clipboard, large_digest(), form="full").form == "full"
    assert planned(resolve("me", {"me": {"kind": "clipboard", "form": "short"}}, {})).form == "short"


def test_a_changed_digest_is_a_new_delivery_and_targets_are_apart(server: Platforms, tmp_path: Path) -> None:
    post(planned(target("slack", server)), tmp_path)
    count = len(server.delivered)
    post(planned(target("discord", server)), tmp_path)
    assert len(server.delivered) > count
    other = resolve("second", {"second": {"kind": "slack"}}, environment("slack", server.url, "second"))
    post(planned(other), tmp_path)
    assert len(server.delivered) > count + 1


# ---- secrets ----


def test_secrets_appear_in_no_message_log_or_receipt(server: Platforms, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for platform in WIRED:
        where = target(platform, server)
        text = repr(where) + json.dumps(planned(where).json())
        server.weather = ["500"]
        post(planned(where), tmp_path)
        for secret in SECRETS[platform].values():
            if secret != "-100":
                key = secret.rsplit("=", 1)[-1].rsplit("/", 1)[-1]
                assert key not in text
                assert key not in caplog.text
                assert key.encode() not in (tmp_path / "state" / "receipts.sqlite").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_file_of_secrets_that_others_may_read_is_refused(tmp_path: Path, server: Platforms) -> None:
    file = tmp_path / "secret"
    file.write_text('# the robot\nurl = "https://hooks.slack.com/services/T/B/SLACK"\n')
    file.chmod(0o644)
    settings = {"group": {"kind": "slack", "secret_file": str(file), "base_url": server.url}}
    with pytest.raises(ConfigError, match="chmod 600"):
        resolve("group", settings, {})
    file.chmod(0o600)
    post(planned(resolve("group", settings, {})), tmp_path)
    assert server.delivered
    file.write_text("nonsense\n")
    with pytest.raises(ConfigError, match="secret:1"):
        resolve("group", settings, {})


def test_what_is_missing_is_named_by_its_variable() -> None:
    with pytest.raises(ConfigError, match="DIANTI_WECOM_URL"):
        resolve("wecom", {}, {})
    with pytest.raises(ConfigError, match="DIANTI_MY_GROUP_TOKEN"):
        resolve("my-group", {"my-group": {"kind": "telegram"}}, {})
    with pytest.raises(ConfigError, match="chat_id"):
        resolve("telegram", {}, {"DIANTI_TELEGRAM_TOKEN": "x"})
    with pytest.raises(ConfigError, match="clipboard"):
        resolve("nowhere", {}, {})
    assert resolve("wecom", {}, {}, dry=True).platform.name == "wecom"


def test_a_target_of_the_environment_alone_is_known_by_its_address() -> None:
    where = resolve("team", {}, {"DIANTI_TEAM_URL": "https://hooks.slack.com/services/T/B/X"})
    assert where.platform.name == "slack"
    assert resolve("qq", {}, {"DIANTI_QQ_URL": "onebot://localhost/1"}).platform.name == "apprise"


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # apprise's own, on Python 3.11 and 3.12
def test_every_other_service_goes_through_apprise(server: Platforms, tmp_path: Path) -> None:
    host = server.url.removeprefix("http://")
    where = resolve("bell", {}, {"DIANTI_BELL_URL": f"json://{host}/robot/send"})
    unknown = planned(resolve("bell", {}, {"DIANTI_BELL_URL": "nosuchservice://x"}))
    with pytest.raises(DeliveryError, match="apprise"):
        post(unknown, tmp_path)
    server.weather = ['{"ok": true}'] * 9
    the_plan = planned(where)
    post(the_plan, tmp_path)
    post(the_plan, tmp_path)
    assert server.requests == len(the_plan.parts)


# ---- clipboard, receipts ----


def test_the_clipboard_gets_part_by_part_and_waits_between() -> None:
    the_plan = planned(resolve("clipboard", {}, {}), form="full")
    log: list[str] = []
    hand_over(the_plan, lambda m: log.append("told"), lambda: log.append("waited"), lambda t: log.append(t))
    assert [x for x in log if x not in ("told", "waited")] == list(the_plan.texts)
    assert log.count("waited") == len(the_plan.parts) - 1
    assert log[-1] == "told"


def test_where_nobody_can_press_enter_the_clipboard_gets_all_at_once() -> None:
    the_plan = planned(resolve("clipboard", {}, {}), form="full")
    copied: list[str] = []
    hand_over_at_once(the_plan, lambda m: None, copied.append)
    assert copied == ["\n\n".join(the_plan.texts)]


def test_a_clipboard_part_is_one_phone_screen() -> None:
    the_plan = planned(resolve("clipboard", {}, {}), large_digest())
    assert the_plan.form == "short"
    assert all(len(text) <= 600 for text in the_plan.texts)


def test_damaged_receipts_stop_everything_before_it_is_sent(server: Platforms, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "receipts.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(DeliveryError, match="damaged"):
        post(planned(target("slack", server)), tmp_path)
    assert server.delivered == []


def test_two_processes_cannot_claim_one_part(tmp_path: Path) -> None:
    with open_receipts(tmp_path) as one, open_receipts(tmp_path) as two:
        assert one.claim("d", "t", 1, 1, NOW)
        assert not two.claim("d", "t", 1, 1, NOW)
        one.settle("d", "t", 1, "failed", NOW)
        assert two.claim("d", "t", 1, 1, NOW)
    with sqlite3.connect(tmp_path / "receipts.sqlite") as database:
        assert database.execute("SELECT count(*) FROM receipt").fetchone() == (1,)
    database.close()


def test_every_platform_of_the_table_can_be_planned() -> None:
    for name in PLATFORMS:
        value = planned(resolve(name, {}, {}, dry=True)).json()
        assert value["target"] == name
        assert all(part["size"] <= value["limit"] for part in value["parts"])
        json.dumps(value)
