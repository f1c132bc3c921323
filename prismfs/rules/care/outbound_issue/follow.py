"""Changes of a filed issue at its tracker: each one is committed and told to its reporter (R-000-78).

What the tracker says is data: it is quoted, shortened, and never part of a commit's subject or reason.
"""

from datetime import timedelta

from prismfs.errors import RefusedError
from prismfs.kinds.care.phone_home import PhoneHome
from prismfs.records.api import IssueState, JsonValue, Nothing, format_instant
from prismfs.rules.care.outbound_issue.approval_request import tell_reporters
from prismfs.rules.core.api import Draft, authority, one_line

MOST_COMMENTS, MOST_TEXT = 10, 1200
"""Comments told of in one reply, and characters of each: together they stay below what a text may hold, 64 KiB."""

_MOST_SEEN = 2000  # ids kept; an export holds half of that at most
_SKEW = timedelta(days=1)  # a time beyond it would keep every later change from being seen

_REASONS = {"completed": "as completed", "not_planned": "as not planned", "duplicate": "as a duplicate"}


def follow_issue(draft: Draft) -> Nothing | None:
    """Record the state of an issue, and tell its reporters what changed (R-000-78, R-000-85).

    The event's `issue` is an `IssueState`; comments that are known already are left out of what is told. The first
    look at an issue that is as it was filed is kept and not told.

    Raises:
        ForbiddenError: `not_allowed`; an export that is brought by hand needs the right `phone_home.sync`.
        RefusedError: `not_filed`, `other_issue`, `issue_from_the_future`.
    """
    document = draft.event.document
    if draft.event.assurance != "engine":
        authority.check(draft, "phone_home.sync")
    record = draft.need(PhoneHome, str(document["id"]))
    issue = IssueState.from_document(document["issue"])  # type: ignore[arg-type]
    if record.status != "shipped":
        raise RefusedError("not_filed", f"no issue was filed: it is {record.status}", field="/id")
    if record.issue_number != issue.number:
        raise RefusedError("other_issue", "is another issue than the one that was filed", field="/issue/number")
    if issue.updated_at[:19] > format_instant(draft.now + _SKEW)[:19]:
        raise RefusedError("issue_from_the_future", "was changed later than now", field="/issue/updated_at")
    news = news_of(record, issue)
    if news is None:
        return Nothing("the issue stands as it is known here", record.id)
    what = _change(record, news)
    changed = draft.put(
        record.changed(
            issue_state=news.state,
            issue_reason=news.reason,
            issue_updated_at=news.updated_at,
            comments_seen=(*record.comments_seen, *(comment.id for comment in news.comments))[-_MOST_SEEN:],
        )
    )
    draft.subject = changed
    first = record.issue_updated_at is None and news.state == "open" and not news.comments
    count = len(news.comments)
    reason = "the first look at the issue" if first else f"the issue {what}; comments new to us: {count}"
    draft.because("follow_issue", reason)
    meta: dict[str, JsonValue] = {
        "issue": news.number,
        "before": record.issue_state,
        "state": news.state,
        "reason": news.reason,
        "updated_at": news.updated_at,
        "comments": count,
    }
    draft.row("phone_home.issue_updated", changed, reason=draft.reason, meta=meta)
    if not first:
        stage = "closed" if news.state == "closed" else "updated"
        told, body = {"issue_url": record.issue_url}, _told(record, news, what)
        tell_reporters(draft, record, f"Issue {news.number} {what}", body, stage=stage, role="issue", told=told)
    return None


def news_of(record: PhoneHome, issue: IssueState) -> IssueState | None:
    """Return `issue` with the comments only that `record` does not know, the first `MOST_COMMENTS` of them.

    None where nothing differs, or where `issue` is older than what is known, such as an export of last week.
    """
    known = record.issue_updated_at
    if known is not None and _order(issue.updated_at) < _order(known):
        return None
    seen = frozenset(record.comments_seen)
    fresh = tuple(comment for comment in issue.comments if comment.id not in seen)[:MOST_COMMENTS]
    same = (record.issue_state, record.issue_reason, known) == (issue.state, issue.reason, issue.updated_at)
    return None if same and not fresh else issue.changed(comments=fresh)


def shortened(text: str) -> str:
    """Return the part of a comment that is told: at most `MOST_TEXT` characters, what is left out said at its end."""
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 2].rstrip()} …"


def _change(record: PhoneHome, news: IssueState) -> str:
    """Return the issue's news, in words of our own."""
    before = record.issue_state or "open"
    if news.state != before:
        return (
            f"was closed {_REASONS.get(news.reason or '', '')}".rstrip() if news.state == "closed" else "is open again"
        )
    return "has new comments" if news.comments else "was changed"


def _told(record: PhoneHome, news: IssueState, what: str) -> str:
    lines = [f"Issue {news.number} {what} on the tracker: {record.issue_url or 'without an address'}"]
    if news.state == "open" and what == "was changed":
        lines.append("It is open, and nothing new is written below it.")
    for comment in news.comments:
        lines += ["", f"{one_line(comment.author, 100)} wrote at {comment.created_at}:", *_quoted(comment.body)]
    if len(news.comments) == MOST_COMMENTS:
        lines += ["", "More comments, if there are any, follow in another message."]
    return "\n".join(lines)


def _quoted(text: str) -> list[str]:
    return [f"> {line}".rstrip() for line in shortened(text).splitlines()] or [">"]


def _order(stamp: str) -> tuple[str, str]:
    """Return a tracker's instant so that earlier ones come first, however many digits of a second it has."""
    seconds, _, fraction = stamp.rstrip("Z").partition(".")
    return seconds, fraction.ljust(9, "0")
