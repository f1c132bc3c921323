"""Programs, Apprise and channels of other packages: what runs beside us, and how it is stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from prismfs.records.api import LONGEST_RETRY_AFTER, Message, Outcome, Receipt
from tests.support.channels import MakeChannels
from tests.support.servers import Answer, HttpServer
from tests.support.waiting import ended, until

Send = Callable[..., Receipt]


@pytest.fixture
def run(make_channels: MakeChannels, message: Message) -> Send:
    """Give a sender by `command:ops` to a Python program."""

    def do(program: str, *arguments: str, told: Message = message, **more: Any) -> Receipt:
        target = {"channel": "command", "run": [sys.executable, "-c", program, *arguments]} | more
        receipt: Receipt = make_channels(targets={"ops": target})["command"].send(replace(told, target="ops"))
        return receipt

    return do


def test_command_gets_the_message_as_json(tmp_path: Path, run: Send, message: Message) -> None:
    """R-004-06: on its standard input, in the project's folder."""
    assert run("import sys; open('got', 'w').write(sys.stdin.read())") == Receipt(outcome="sent")
    assert json.loads((tmp_path / "got").read_text()) == message.payload()


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, "sent"), (75, "temporary"), (1, "permanent"), (2, "permanent"), (127, "permanent")]
)
def test_exit_code_says_how_it_went(run: Send, code: int, outcome: Outcome) -> None:
    detail = "" if outcome == "sent" else f"the command ended with code {code}"
    assert run(f"raise SystemExit({code})") == Receipt(outcome=outcome, detail=detail)


def test_command_that_is_killed_failed(run: Send) -> None:
    receipt = run("import os; os.kill(os.getpid(), 9)")
    assert receipt == Receipt(outcome="permanent", detail="the command was killed by signal 9")


def test_command_that_does_not_read_is_no_fault(run: Send, message: Message) -> None:
    assert run("", told=replace(message, body="x" * 500_000)).outcome == "sent"


def test_command_that_floods_is_not_kept(run: Send) -> None:
    assert run("import sys; sys.stdout.write('x' * 10**7); sys.stderr.write('y' * 10**7)").outcome == "sent"


def test_command_that_hangs_is_killed_with_its_children(tmp_path: Path, run: Send) -> None:
    """R-004-29: the time-out; it may have sent what it had to send."""
    receipt = run(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('child', 'w').write(str(child.pid)); time.sleep(60)",
        timeout="1s",
    )
    assert (receipt.outcome, receipt.detail) == ("unknown", "gave no answer within 0:00:01")
    until(partial(ended, int((tmp_path / "child").read_text())), "the child to end")


def test_command_that_leaves_a_child_behind_is_done(tmp_path: Path, run: Send) -> None:
    receipt = run(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('child', 'w').write(str(child.pid))",
        timeout="30s",
    )
    assert receipt.outcome == "sent"
    until(partial(ended, int((tmp_path / "child").read_text())), "the child to end")


def test_shell_characters_are_text(tmp_path: Path, run: Send, message: Message) -> None:
    told = replace(message, subject="$(touch owned) `touch owned`; touch owned")
    program = "import sys; open('got', 'w').write(sys.argv[1] + sys.stdin.read())"
    assert run(program, "; touch owned & $(touch owned)", told=told).outcome == "sent"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["got"]
    assert (tmp_path / "got").read_text().startswith("; touch owned & $(touch owned){")


def test_command_that_is_missing_failed(make_channels: MakeChannels, message: Message) -> None:
    channel = make_channels(targets={"mayor": {"channel": "command", "run": ["/not/there"]}})["command"]
    assert channel.send(message) == Receipt(outcome="permanent", detail="cannot be started: No such file or directory")


def test_command_without_a_program_is_not_configured(make_channels: MakeChannels, message: Message) -> None:
    channel = make_channels(targets={"mayor": {"channel": "command"}})["command"]
    assert channel.send(message) == Receipt(outcome="not_configured", detail="targets.mayor.run: is empty")


def test_command_sees_its_options_and_no_other_variable(
    tmp_path: Path, run: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-004-04: secrets reach the program that they are for."""
    monkeypatch.setenv("PAGER_SECRET", "right-horse-7")
    program = "import json, os; json.dump(dict(os.environ), open('got', 'w'))"
    assert run(program, options={"pager-token": "env:PAGER_SECRET", "team": "night"}).outcome == "sent"
    seen = json.loads((tmp_path / "got").read_text())
    assert {"PAGER_TOKEN": "right-horse-7", "TEAM": "night"}.items() <= seen.items()
    assert seen.keys() <= {"PAGER_TOKEN", "TEAM", "PATH", "HOME", "LANG", "LC_CTYPE"}


def test_option_that_no_variable_can_hold_fails_alone(run: Send, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret"
    secret.write_bytes(b"a\x00b")
    receipt = run("", options={"token": f"file:{secret}"})
    assert receipt == Receipt(outcome="permanent", detail="cannot be started: an argument holds a NUL character")


@pytest.fixture
def notify(make_channels: MakeChannels, message: Message) -> Send:
    """Give a sender by `apprise:ops`."""

    def do(url: str, **more: Any) -> Receipt:
        target = {"channel": "apprise", "url": url, "timeout": "30s"} | more
        receipt: Receipt = make_channels(targets={"ops": target})["apprise"].send(replace(message, target="ops"))
        return receipt

    return do


def test_apprise_sends_to_its_url(http_server: HttpServer, notify: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-004-06: a secret URL is looked up, and proxies of the environment are not used."""
    monkeypatch.setenv("PAGER_URL", f"json://127.0.0.1:{http_server.port}/hook")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert notify("env:PAGER_URL") == Receipt(outcome="sent")
    (request,) = http_server.requests
    assert request.path == "/hook"
    assert request.document["title"] == "[HIGH] disk almost full"
    assert request.document["message"].strip() == "Answer: prismfs escalate ack"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_apprise_that_fails_is_for_later(http_server: HttpServer, notify: Send, status: int) -> None:
    http_server.script = [Answer(status, {"Location": f"{http_server.url}/elsewhere"})]
    receipt = notify(f"json://127.0.0.1:{http_server.port}/hook")
    assert receipt == Receipt(outcome="temporary", detail="Apprise could not send it")
    assert [request.path for request in http_server.requests] == ["/hook"]


def test_apprise_that_hangs_is_killed(http_server: HttpServer, notify: Send) -> None:
    http_server.script = ["trickle"]
    receipt = notify(f"json://127.0.0.1:{http_server.port}/", timeout="3s")
    assert receipt.outcome == "unknown"


@pytest.mark.parametrize("url", ["nonsense://right-horse-7", "right-horse-7", "json://"])
def test_apprise_with_a_wrong_url_is_not_configured(notify: Send, url: str) -> None:
    receipt = notify(url)
    assert receipt == Receipt(outcome="not_configured", detail="targets.ops.url: is no URL that Apprise knows")


def test_apprise_with_several_urls_sends_to_none(http_server: HttpServer, notify: Send) -> None:
    """One URL a delivery: of two, one could fail and the other be sent again and again."""
    one = f"json://127.0.0.1:{http_server.port}/one"
    assert notify(f"{one}, {one}").outcome != "sent" or len(http_server.requests) == 1


def test_apprise_takes_no_module_of_the_project(tmp_path: Path, http_server: HttpServer, notify: Send) -> None:
    """Agents write in the project's folder."""
    for name in ("apprise.py", "json.py", "sitecustomize.py"):
        (tmp_path / name).write_text("open('owned', 'w')")
    assert notify(f"json://127.0.0.1:{http_server.port}/").outcome == "sent"
    assert not (tmp_path / "owned").exists()


def test_apprise_that_is_not_installed_is_not_configured(notify: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    receipt = notify("json://127.0.0.1/")
    assert receipt.outcome == "not_configured"
    assert "pip install 'prismfs[apprise]'" in receipt.detail


def test_apprise_with_options_is_not_configured(notify: Send) -> None:
    assert notify("json://127.0.0.1/", options={"a": "b"}).outcome == "not_configured"


_PLUGIN = """
from datetime import timedelta
from prismfs.records.message import Receipt

class Pigeon:
    local = False
    def __init__(self, target):
        self.target = target
    def send(self, message):
        if message.body == "raise":
            raise RuntimeError(self.target.url)
        if message.body == "nothing":
            return None
        said = f"flown to {self.target.url}" if message.body == "tell" else "flown\\nhome"
        return Receipt(outcome="temporary", detail=said, retry_after=timedelta(days=9))
"""


@pytest.fixture
def plugins(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a package that adds the channel `pigeon`."""
    folder = tmp_path_factory.mktemp("packages")
    info = folder / "pigeons-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeons\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[prismfs.channels]\npigeon = prismfs_test_pigeons:Pigeon\n")
    (folder / "prismfs_test_pigeons.py").write_text(_PLUGIN)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("LOFT", "loft-right-horse-7")
    yield folder
    sys.modules.pop("prismfs_test_pigeons", None)


@pytest.mark.parametrize(
    ("body", "receipt"),
    [
        ("", Receipt(outcome="temporary", detail="flown home", retry_after=LONGEST_RETRY_AFTER)),
        (
            "tell",
            Receipt(outcome="temporary", detail="(left out, it holds a secret)", retry_after=LONGEST_RETRY_AFTER),
        ),
        ("raise", Receipt(outcome="temporary", detail="the channel pigeon failed: RuntimeError")),
        ("nothing", Receipt(outcome="permanent", detail="the channel pigeon gave no receipt")),
    ],
)
def test_channel_of_another_package_is_found(
    plugins: Path, make_channels: MakeChannels, message: Message, body: str, receipt: Receipt
) -> None:
    """R-004-06: by its entry point; what it does wrong is a failure of that delivery only."""
    channel = make_channels(targets={"mayor": {"channel": "pigeon", "url": "env:LOFT"}})["pigeon"]
    assert not channel.local
    assert channel.send(replace(message, body=body)) == receipt


def test_channel_of_two_packages_is_not_configured(
    plugins: Path, make_channels: MakeChannels, message: Message
) -> None:
    other = plugins / "doves-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: doves\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[prismfs.channels]\npigeon = elsewhere:Dove\n")
    channel = make_channels(targets={"mayor": {"channel": "pigeon"}})["pigeon"]
    receipt = channel.send(message)
    assert receipt.outcome == "not_configured"
    assert "2 packages provide the channel pigeon" in receipt.detail
