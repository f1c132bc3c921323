"""Text that leaves for a tracker notifies nobody, links nothing and closes nothing, however it was written."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.records.issue import marked, marker_of, neutralised

KEY = "0123456789abcdef" * 4
BREAK = "\u200b"

# As GitHub documents them: what it looks for in the text as it is shown.
LIVE = [
    re.compile(r"(?<![\w`])@[a-z0-9][a-z0-9-]*(/[a-z0-9._-]+)?", re.IGNORECASE | re.ASCII),
    re.compile(r"#[0-9]+", re.ASCII),
    re.compile(r"(?<![a-z0-9])gh-[0-9]+", re.IGNORECASE | re.ASCII),
    re.compile(r"https?://[^\s/]+/[^\s/]+/[^\s/]+/(issues|pull|discussions)/[0-9]+", re.IGNORECASE | re.ASCII),
]

pieces = st.sampled_from(
    [
        *"@#/-\\&;<>!*_`[]() \n",
        *("fixes", "Closes: ", "resolved", "GH-", "gh-", "12", "1", "octo-org", "octo-org/repo", "jade", "core"),
        *("https://github.com/o/r", "https://github.example.com/o/r", "/issues/", "/pull/", "/discussions/", "%31"),
        *("&#64;", "&#x40;", "&commat;", "&#35;", "&num;", "&#45;", "&amp;", "&lt;", "<!--", "-->", "<b>", "</b>"),
        *("<!-- prismfs:phone-home:", KEY, "<script>", "é", BREAK, "\r\n", "\x00"),
    ]
)
texts = st.one_of(st.lists(pieces, max_size=12).map("".join), st.text(max_size=60))


def shown(text: str) -> list[str]:
    """Return what `text` may look like once Markdown is done with it, one step after the other.

    Emphasis is left alone: what it marks is an element of its own, and a reference does not span two.
    """
    seen = [text]
    for step in (
        lambda one: re.sub(r"<!--.*?-->", "", one, flags=re.DOTALL),
        lambda one: re.sub(r"</?[A-Za-z][^>]*>", "", one),
        lambda one: re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", one),
        html.unescape,
    ):
        seen.append(step(seen[-1]))
    return seen


@given(texts)
def test_neutralised_text_is_dead_however_it_is_shown(text: str) -> None:
    for seen in shown(neutralised(text)):
        assert [found[0] for pattern in LIVE if (found := pattern.search(seen))] == []


@given(texts)
def test_neutralising_twice_is_neutralising_once(text: str) -> None:
    assert neutralised(neutralised(text)) == neutralised(text)


@given(texts)
def test_nothing_but_breaks_is_added_and_nothing_lost(text: str) -> None:
    assert neutralised(text).replace(BREAK, "") == text.replace(BREAK, "")


@given(texts, texts)
def test_no_text_forges_a_marker(before: str, after: str) -> None:
    """An issue is found again by its marker: words of a report must not pass for one."""
    assert marker_of(KEY) not in neutralised(f"{before}{marker_of(KEY)}{after}")


@given(texts)
def test_marker_is_added_once(text: str) -> None:
    body = marked(neutralised(text), KEY)
    assert body.count(marker_of(KEY)) == 1
    assert body.startswith(neutralised(text))
    assert marked(body, KEY) == body


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("thanks @jade, @acme/core", "thanks @|jade, @|acme/core"),
        ("fixes #1", "fixes #|1"),
        ("Closes: octo-org/repo#100", "Closes: octo-org/repo#|100"),
        ("resolves GH-26", "resolves GH-|26"),
        ("_gh\\-26_", "_gh\\-|26_"),
        ("close https://github.com/o/r/issues/7#note", "close https://github.com/o/r/issues/|7#note"),
        ("see github.com/o/r/pull/7", "see github.com/o/r/pull/|7"),
        ("&#64;jade &commat;jade", "&|#|64;jade &|commat;jade"),
        ("<!-- prismfs:phone-home:x -->", "<|!-- prismfs:phone-home:x -->"),
        ("<img src=x>", "<|img src=x>"),
    ],
)
def test_what_is_live_is_parted(text: str, parted: str) -> None:
    assert neutralised(text) == parted.replace("|", BREAK)


@pytest.mark.parametrize(
    "text",
    [
        "# 1. heading\n\n- item #one, C#, a & b; x < y, e @ f\n",
        "AT&T, R&D, ?a=1&b=2",
        "the /issues/ page, issue 7, GH, github.com/o/r/issues",
        'Traceback: File "a.py", line 3\n\traise E  # why\n',
    ],
)
def test_what_is_not_live_stays_as_it_is(text: str) -> None:
    assert neutralised(text) == text


@pytest.mark.parametrize("key", ["", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 60 + " -->"])
def test_marker_of_another_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal"):
        marker_of(key)
