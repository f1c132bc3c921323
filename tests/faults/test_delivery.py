"""Deliveries that go wrong, through a real desk to real servers: what is written down, sent again, and never twice.

Where carrying makes a difference a test runs twice: with a turn that carries messages itself, and with a watcher
whose threads do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import yaml

from prismfs.cli import run
from prismfs.daemon.courier import ThreadCourier
from prismfs.daemon.loop import Watcher
from prismfs.engine.turn.deliver import Capacity
from prismfs.engine.turn.react import react
from prismfs.errors import RefusedError, StoreError
from prismfs.records.api import Receipt
from tests.support.project import Project
from tests.support.servers import Answer, HttpServer, SmtpServer

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HELP = "kind: escalation\nfrom: jade\nseverity: CRITICAL\ntitle: it burns\n"


class Post:
    """A project whose escalations go where the test says, and how it is served."""

    def __init__(self, bench: Project, watched: bool) -> None:
        self.bench = bench
        self.watched = watched

    def route(self, *actions: str, contacts: dict[str, str] | None = None, **targets: dict[str, Any]) -> None:
        """Send every escalation by `actions`, to `targets` and `contacts`."""
        root: Path = self.bench.root
        routing = yaml.safe_load((root / "settings/routing.yaml").read_text())
        routing["route"] = {"name": "default", "actions": list(actions)}
        routing["targets"] = {name: {"timeout": "1s", **target} for name, target in targets.items()}
        escalation = json.loads((root / "settings/escalation.json").read_text())
        escalation["contacts"] = contacts or {}
        files = {"settings/routing.yaml": yaml.safe_dump(routing), "settings/escalation.json": json.dumps(escalation)}
        self.bench.commit_by_hand({path: text.encode() for path, text in files.items()})

    def waits(self, *waits: str) -> None:
        policy = yaml.safe_load((self.bench.root / "settings/policy.yaml").read_text()) | {"delivery_waits": [*waits]}
        self.bench.commit_by_hand({"settings/policy.yaml": yaml.safe_dump(policy).encode()})

    def serve(self, by: timedelta = timedelta()) -> None:
        """Let time pass, then serve the project until nothing is left to do at that time."""
        self.bench.clock.move(by)
        if self.watched:
            Watcher([self.bench.desk], clock=self.bench.clock).run(once=True)
        else:
            self.bench.turn()

    def ask(self) -> None:
        self.bench.drop(HELP)
        self.serve()

    def messages(self) -> list[Any]:
        return list(self.bench.records("outbox"))

    def only(self) -> Any:
        (message,) = self.messages()
        return message

    def rows(self, action: str) -> list[Any]:
        return [row for row in self.bench.records("audit") if row.action == action]

    @property
    def now(self) -> datetime:
        at: datetime = self.bench.clock.now()
        return at


@pytest.fixture
def post(bench: Project) -> Post:
    return Post(bench, watched=False)


@pytest.fixture(params=["turn", "watcher"])
def either(request: pytest.FixtureRequest, bench: Project) -> Post:
    return Post(bench, watched=request.param == "watcher")


def mail_contacts(server: SmtpServer) -> dict[str, str]:
    return {
        "human_email": "olga@example.org",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(server.port),
        "smtp_from": "desk@example.org",
    }


def keys(server: HttpServer) -> list[str]:
    return [request.headers["idempotency-key"] for request in server.requests]


def hook(server: HttpServer) -> dict[str, Any]:
    return {"channel": "webhook", "url": server.url}


def test_mail_refused_for_now_is_accepted_at_the_next_attempt(either: Post, smtp_server: SmtpServer) -> None:
    """R-004-28: the pauses are those of the policy, counted from each attempt."""
    either.route("email:human", contacts=mail_contacts(smtp_server))
    smtp_server.says["DATA"] = "451 later"
    either.ask()
    message = either.only()
    assert (message.status, message.attempts, message.due_at) == ("pending", 1, either.now + MINUTE)
    either.serve(MINUTE - SECOND)
    assert either.only() == message
    smtp_server.says.clear()
    either.serve(SECOND)
    assert (either.only().status, either.only().attempts, either.only().due_at) == ("sent", 2, None)
    either.serve(timedelta(hours=1))
    assert (len(smtp_server.mails), smtp_server.greeted) == (1, 2)
    assert either.bench.problems() == ()


def test_mail_refused_for_good_is_failed_at_once_and_handed_on(post: Post, smtp_server: SmtpServer) -> None:
    """C-66: nobody was told, so the next tier is."""
    post.route("email:human", contacts=mail_contacts(smtp_server))
    smtp_server.says["RCPT"] = "550 nobody here"
    post.ask()
    assert (post.only().status, post.only().attempts, post.only().due_at) == ("failed", 1, None)
    assert "550" in post.only().detail
    (row,) = post.rows("escalation.unreachable")
    assert row.meta == {"email:human": "send_failed"}
    assert post.bench.records("bead")[0].tier == "mayor"
    post.serve(timedelta(hours=1))
    assert smtp_server.greeted == 1
    assert smtp_server.mails == []


def test_mail_lost_after_its_data_is_unknown_and_sent_with_the_same_id(post: Post, smtp_server: SmtpServer) -> None:
    """R-004-28: whoever gets it twice can tell by the Message-ID."""
    post.route("email:human", contacts=mail_contacts(smtp_server))
    smtp_server.says["DATA"] = "drop"
    post.ask()
    assert post.only().status == "unknown"
    smtp_server.says.clear()
    post.serve(MINUTE)
    assert post.only().status == "sent"
    ((_, _, content),) = smtp_server.mails
    assert message_from_bytes(content)["Message-ID"] == f"<{post.only().id}@prismfs>"


def test_webhook_that_asks_for_a_pause_gets_it(either: Post, http_server: HttpServer) -> None:
    """R-004-28: Retry-After counts where it is longer than the policy's own pause."""
    either.route("webhook:ops", ops=hook(http_server))
    http_server.script = [Answer(429, {"Retry-After": "600"}), Answer(503, {"Retry-After": "1"})]
    either.ask()
    assert (either.only().status, either.only().due_at) == ("pending", either.now + 10 * MINUTE)
    either.serve(10 * MINUTE - SECOND)
    assert len(http_server.requests) == 1
    either.serve(SECOND)
    assert (either.only().attempts, either.only().due_at) == (2, either.now + 5 * MINUTE)
    either.serve(5 * MINUTE)
    assert either.only().status == "sent"
    assert keys(http_server) == [either.only().id] * 3


def test_webhook_that_never_works_is_dead_and_can_be_asked_for_again(post: Post, http_server: HttpServer) -> None:
    """R-004-28: once a message that was retried by hand was never sent: its first attempt counted as made already."""
    post.route("webhook:ops", ops=hook(http_server))
    post.waits("1s", "2s")
    http_server.script = [Answer(500)] * 5
    post.ask()
    for wait in (SECOND, 2 * SECOND):
        assert post.only().status == "pending"
        post.serve(wait)
    post.serve(timedelta(hours=3))
    assert (post.only().status, post.only().attempts, post.only().due_at) == ("dead", 3, None)
    assert len(http_server.requests) == 3
    assert len(post.rows("escalation.unreachable")) == 1
    # The next round begins with its first pause again.
    post.bench.give("outbox.retry", {"id": post.only().id})
    assert (post.only().status, post.only().attempts, post.only().due_at) == ("pending", 4, post.now + SECOND)
    post.serve(SECOND)
    assert (post.only().status, post.only().attempts, post.only().due_at) == ("pending", 5, post.now + 2 * SECOND)
    post.serve(2 * SECOND)
    assert (post.only().status, post.only().attempts) == ("sent", 6)
    assert keys(http_server) == [post.only().id] * 6
    assert post.bench.problems() == ()


def test_failed_message_can_be_asked_for_again_and_again(post: Post, http_server: HttpServer) -> None:
    post.route("webhook:ops", ops=hook(http_server))
    http_server.script = [Answer(404), Answer(404)]
    post.ask()
    for attempts in (1, 2):
        assert (post.only().status, post.only().attempts) == ("failed", attempts)
        post.bench.give("outbox.retry", {"id": post.only().id})
    assert (post.only().status, post.only().attempts) == ("sent", 3)


def test_webhook_that_hangs_is_unknown_and_sent_with_the_same_key(either: Post, http_server: HttpServer) -> None:
    either.route("webhook:ops", ops=hook(http_server))
    http_server.script = ["hang"]
    either.ask()
    assert either.only().status == "unknown"
    assert either.only().detail == "no answer within 1s, after the message was sent"
    either.serve(MINUTE)
    assert either.only().status == "sent"
    assert keys(http_server) == [either.only().id] * 2


def test_redirect_is_refused_and_goes_nowhere(post: Post, http_server: HttpServer) -> None:
    post.route("webhook:ops", ops=hook(http_server))
    http_server.script = [Answer(307, {"Location": f"{http_server.url}/elsewhere"})]
    post.ask()
    post.serve(timedelta(hours=3))
    assert (post.only().status, post.only().attempts) == ("failed", 1)
    assert [request.path for request in http_server.requests] == ["/"]


def test_action_that_fails_does_not_repeat_the_others(
    either: Post, http_server: HttpServer, smtp_server: SmtpServer
) -> None:
    """C-27: the good ones get their notice once, the failing one gets its own when healed, once."""
    actions = ("webhook:ops", "email:human", "mail:mayor", "log")
    either.route(*actions, contacts=mail_contacts(smtp_server), ops=hook(http_server))
    http_server.script = [Answer(500), Answer(500)]
    either.ask()
    for wait in (MINUTE, 5 * MINUTE, timedelta(minutes=30), timedelta(hours=2)):
        either.serve(wait)
    assert {message.action: (message.status, message.attempts) for message in either.messages()} == {
        "webhook:ops": ("sent", 3),
        "email:human": ("sent", 1),
        "mail:mayor": ("sent", 1),
        "log": ("sent", 1),
    }
    assert len(http_server.requests) == 3
    assert len(smtp_server.mails) == 1
    assert len([mail for mail in either.bench.records("mail") if mail.to == "mayor"]) == 1
    assert len((either.bench.root / "run" / "escalation.log").read_text().splitlines()) == 1
    assert either.rows("escalation.unreachable") == []


def test_message_without_contact_is_visible_and_sent_once_there_is_one(
    post: Post, smtp_server: SmtpServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-004-28: exit code 6, in the list, and `outbox retry` by the contacts of now."""
    post.route("email:human", "mail:mayor")
    place = ("-C", str(post.bench.root), "--as", "olga")
    assert run([*place, "escalate", "it burns", "--json"]) == 6
    said = json.loads(capsys.readouterr().out)
    assert said["error"]["code"] == "undelivered"
    (lost,) = [message for message in post.messages() if message.action == "email:human"]
    assert (lost.status, lost.detail, lost.attempts) == ("not_configured", "contacts.human_email is empty", 0)
    assert run([*place, "outbox", "list", "--undelivered", "--json"]) == 0
    assert [item["id"] for item in json.loads(capsys.readouterr().out)["data"]["items"]] == [lost.id]
    with pytest.raises(RefusedError, match=r"contacts\.human_email is empty"):
        post.bench.give("outbox.retry", {"id": lost.id})
    post.route("email:human", "mail:mayor", contacts=mail_contacts(smtp_server))
    post.serve(timedelta(hours=1))
    assert smtp_server.mails == [], "nobody asked for it yet"
    assert run([*place, "outbox", "retry", lost.id, "--json"]) == 0
    capsys.readouterr()
    ((_, recipients, _),) = smtp_server.mails
    assert recipients == ["olga@example.org"]
    assert {message.status for message in post.messages()} == {"sent"}
    assert run([*place, "outbox", "list", "--undelivered", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["items"] == []


def test_secret_that_is_missing_when_sent_is_visible_and_tried_again_on_demand(
    post: Post, http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPS_URL", raising=False)
    post.route("webhook:ops", ops={"channel": "webhook", "url": "env:OPS_URL"})
    post.ask()
    assert (post.only().status, post.only().attempts) == ("not_configured", 1)
    monkeypatch.setenv("OPS_URL", http_server.url)
    post.serve(timedelta(hours=1))
    assert http_server.requests == []
    post.bench.give("outbox.retry", {"id": post.only().id})
    assert post.only().status == "sent"
    assert keys(http_server) == [post.only().id]


@pytest.mark.parametrize("step", [Answer(500), "hang"])
@pytest.mark.parametrize("verb", ["escalate.ack", "escalate.close"])
def test_message_that_waits_for_its_next_attempt_is_withdrawn_by_an_answer(
    post: Post, http_server: HttpServer, step: Answer | str, verb: str
) -> None:
    post.route("webhook:ops", ops=hook(http_server))
    http_server.script = [step]
    post.ask()
    post.bench.give(verb, {"id": post.bench.records("bead")[0].id, "reason": "done"})
    assert (post.only().status, post.only().due_at) == ("withdrawn", None)
    post.serve(timedelta(hours=3))
    assert len(http_server.requests) == 1


@pytest.mark.parametrize(("step", "status"), [(Answer(500), "withdrawn"), (Answer(200), "sent")])
def test_answer_while_a_message_is_on_its_way_stops_further_attempts(
    post: Post, http_server: HttpServer, step: Answer, status: str
) -> None:
    """R-004-15: once an attempt that failed after the acknowledgement was made again."""
    bench = post.bench
    post.route("webhook:ops", ops=hook(http_server))
    http_server.script = [step]
    courier = Held()
    bench.drop(HELP)
    react(bench.desk, bench.moment(), courier)
    assert post.only().status == "sending"
    bench.give("escalate.ack", {"id": bench.records("bead")[0].id})
    assert post.only().status == "sending"
    courier.carry()
    react(bench.desk, bench.moment(), courier)
    assert (post.only().status, post.only().due_at) == (status, None)
    post.serve(timedelta(hours=3))
    assert len(http_server.requests) == 1
    assert bench.problems() == ()


@pytest.mark.parametrize("late", ["sent", "temporary", "permanent", "unknown"])
def test_receipt_that_comes_after_its_lease_takes_nothing_back(post: Post, http_server: HttpServer, late: str) -> None:
    """R-004-28: it counts if it was sent after all; else the later attempt decides."""
    bench = post.bench
    post.route("webhook:ops", ops=hook(http_server))
    courier = Held()
    bench.drop(HELP)
    react(bench.desk, bench.moment(), courier)
    bench.clock.move(timedelta(minutes=2, milliseconds=1))
    react(bench.desk, bench.moment(), courier)
    assert (post.only().status, post.only().detail) == ("unknown", "nobody wrote down how the attempt ended")
    bench.clock.move(MINUTE)
    react(bench.desk, bench.moment(), courier)
    assert (post.only().status, post.only().attempts) == ("sending", 2)
    first, second = courier.held
    courier.held, courier.ended = [], [(first, Receipt(late))]  # type: ignore[arg-type]
    react(bench.desk, bench.moment(), courier)
    assert post.only().status == ("sent" if late == "sent" else "sending")
    courier.ended = [(second, Receipt("sent"))]
    react(bench.desk, bench.moment(), courier)
    assert (post.only().status, post.only().attempts) == ("sent", 2)
    assert bench.problems() == ()


def test_message_given_up_that_arrived_after_all_is_sent(post: Post, http_server: HttpServer) -> None:
    bench = post.bench
    post.route("webhook:ops", ops=hook(http_server))
    post.waits()
    courier = Held()
    bench.drop(HELP)
    react(bench.desk, bench.moment(), courier)
    bench.clock.move(timedelta(minutes=3))
    react(bench.desk, bench.moment(), courier)
    assert post.only().status == "dead"
    courier.carry()
    react(bench.desk, bench.moment(), courier)
    assert (post.only().status, len(http_server.requests)) == ("sent", 1)


def test_receipt_that_cannot_be_committed_is_kept_for_the_next_turn(post: Post, http_server: HttpServer) -> None:
    bench = post.bench
    post.route("webhook:ops", ops=hook(http_server))
    woken: list[bool] = []
    courier = ThreadCourier(lambda: woken.append(True))
    bench.drop(HELP)
    react(bench.desk, bench.moment(), courier)
    courier.finish()

    def out_of_reach(name: str) -> None:
        raise OSError(name)

    bench.desk.repo._crash_point = out_of_reach
    with pytest.raises(StoreError, match="before-objects"):
        react(bench.desk, bench.moment(), courier)
    assert not courier.idle()
    bench.desk.repo._crash_point = lambda _name: None
    react(bench.desk, bench.moment(), courier)
    assert courier.idle()
    assert (post.only().status, post.only().attempts) == ("sent", 1)
    assert keys(http_server) == [post.only().id]


class Ends:
    """A channel of another package that ends its thread."""

    local = False

    def send(self, message: Any) -> Receipt:
        raise SystemExit(3)


def test_channel_that_ends_its_thread_holds_no_place_of_the_courier(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its place was never given back, and a watcher that was to stop when idle waited for ever."""
    bench = post.bench
    post.route("webhook:ops", ops={"channel": "webhook", "url": "http://127.0.0.1:1"})
    monkeypatch.setattr(bench.desk, "channels", lambda: {"webhook": Ends()})
    woken: list[bool] = []
    courier = ThreadCourier(lambda: woken.append(True))
    bench.drop(HELP)
    react(bench.desk, bench.moment(), courier)
    courier.finish()
    assert woken == [True]
    react(bench.desk, bench.moment(), courier)
    assert courier.idle()
    assert (post.only().status, post.only().detail) == ("unknown", "the channel ended its thread: SystemExit")


class Held:
    """A courier that keeps messages until it is told to carry them."""

    def __init__(self) -> None:
        self.held: list[Any] = []
        self.ended: list[Any] = []
        self._channels: Callable[[], Any] = dict

    def capacity(self) -> Capacity:
        return Capacity(messages=8, jobs=8)

    def send(self, desk: Any, messages: Any) -> None:
        self._channels = desk.channels
        self.held += messages

    def collect(self, desk: Any) -> list[Any]:
        return list(self.ended)

    def release(self, desk: Any, carried: Any) -> None:
        del self.ended[: len(carried)]

    def carry(self) -> None:
        from prismfs.engine.turn.deliver import carry

        channels = self._channels()
        self.ended += [(message, carry(channels, message)) for message in self.held]
        self.held = []
