"""What a watcher logs: what was done, for which id, how long it took; never a secret and never a body."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from prismfs.daemon.log_lines import JsonLines, TextLines
from tests.support.servers import HttpServer
from tests.support.waiting import until
from tests.support.watched import Watched

SECRET = "AKIAIOSFODNN7EXAMPL9"
"""Of the form of a cloud key: taken out of what is kept, and found nowhere in the log."""

WORDS = "the disk of the aquarium burns"
TOKEN = "hook-path-that-is-a-password"


def log_of(watched: Watched, child: subprocess.Popen[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in watched.errors(child).splitlines()]


def serve_one_report(watched: Watched, server: HttpServer, *options: str) -> subprocess.Popen[str]:
    """Serve an escalation that is mailed to a webhook and answered by a program, and return the watcher, stopped."""
    root: Path = watched.root
    routing = yaml.safe_load((root / "settings/routing.yaml").read_text())
    routing["route"] = {"name": "default", "actions": ["webhook:ops", "command:pager"]}
    routing["targets"] = {
        "ops": {"channel": "webhook", "url": f"{server.url}/{TOKEN}"},
        "pager": {"channel": "command", "run": ["sh", "-c", f"cat; echo {TOKEN} >&2"]},
    }
    (root / "settings/routing.yaml").write_text(yaml.safe_dump(routing))
    watched.commit("routes")
    child = watched.start(*options)
    body = f"{WORDS}; the key is {SECRET}"
    watched.drop({"kind": "escalation", "from": "jade", "severity": "HIGH", "title": WORDS, "body": body}, "a.json")
    watched.drop(b"kind: nothing\n", f"{TOKEN}.yaml")
    sent = "begin_delivery", "deliver"
    until(lambda: [watched.subjects().count(f": {rule} ") for rule in sent] == [2, 2], "both deliveries")
    until(lambda: len(watched.rows("inbox.refused")) == 1, "the refusal")
    assert watched.stop(child) == 0
    return child


def test_watch_log_json_tells_what_was_done_for_which_id_and_how_long(
    watched: Watched, http_server: HttpServer
) -> None:
    child = serve_one_report(watched, http_server, "--log-json")
    lines = log_of(watched, child)
    assert lines, "one object a line, and nothing else on stderr"
    said = {line["message"] for line in lines}
    assert {"watching", "committed", "refused", "turn ended", "message carried", "program ended", "stopped"} <= said
    carried = [line for line in lines if line["message"] == "message carried"]
    assert {(line["channel"], line["outcome"]) for line in carried} == {("webhook", "sent"), ("command", "sent")}
    assert all(line["id"].startswith("out-") and line["about"].startswith("bea-") for line in carried)
    assert all(isinstance(line["seconds"], float) for line in carried)
    rules = {line["rule"]: line for line in lines if line["message"] == "committed"}
    assert rules["escalate"]["commit"] in watched.git("log", "--format=%H")
    assert {line["project"] for line in carried} == {watched.root.name}


@pytest.mark.parametrize("options", [("--log-json",), ()])
def test_watch_log_holds_no_secret_and_no_body(
    watched: Watched, http_server: HttpServer, options: tuple[str, ...]
) -> None:
    """Nor an address, which is often a password itself, nor the name of a file, nor what a program printed."""
    child = serve_one_report(watched, http_server, *options)
    text = watched.errors(child)
    assert "message carried" in text
    for part in (SECRET, WORDS, "aquarium", TOKEN, http_server.url):
        assert part not in text


def test_watch_log_json_holds_the_error_that_ends_the_watcher(watched: Watched) -> None:
    first = watched.start()
    second = watched.spawn("--log-json")
    assert second.wait(20) == 5
    (error,) = [line for line in log_of(watched, second) if line["level"] == "error"]
    assert error["code"] == "watched"
    assert watched.lines(second)[-1]["error"]["code"] == "watched"
    assert watched.stop(first) == 0


def test_watch_text_log_leaves_out_what_is_printed_anyway(watched: Watched, http_server: HttpServer) -> None:
    text = watched.errors(serve_one_report(watched, http_server))
    assert "watching desk" in text
    assert " info message carried project=" in text
    assert " committed " not in text


def test_log_line_of_an_exception_holds_its_type_alone() -> None:
    logger = logging.getLogger("test.lines")
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.extend(form.format(record) for form in (JsonLines(), TextLines()))  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        raise OSError(SECRET)
    except OSError:
        logger.exception("failed", extra={"id": "a\nb", "seconds": 0.123456})
    as_json, as_text = lines
    assert json.loads(as_json) | {"at": ""} == {
        **{"at": "", "level": "error", "logger": "test.lines", "message": "failed"},
        **{"id": "a\nb", "seconds": 0.1235, "exception": "OSError"},
    }
    assert as_text.endswith(' error failed id="a\\nb" seconds=0.1235 exception=OSError')


def test_other_packages_write_nothing_into_the_log() -> None:
    """A warning of theirs is no JSON, and may hold anything. In a process of its own, as pytest has handlers."""
    code = (
        "import logging, sys; from prismfs.daemon.log_lines import start_logging\n"
        "start_logging(sys.stderr, as_json=True); logging.getLogger('watchdog').warning('a thread is inactive')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
