import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prismfs.intake.scan import redact, redact_text
from prismfs.intake.scrub import decodings_of

TOKEN = "ghp_" + "a1B2" * 9
HALF = len(TOKEN) // 2


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a {TOKEN[:HALF]}\u200b{TOKEN[HALF:]} b", "a [redacted:github_token] b"),
        ("a " + "".join(chr(ord(c) + 0xFEE0) for c in TOKEN) + " b", "a [redacted:github_token] b"),
        ("?t=" + "".join(f"%{byte:02X}" for byte in TOKEN.encode()) + "&x", "?t=[redacted:github_token]&x"),
        ('"' + "".join(f"\\u{ord(c):04x}" for c in TOKEN) + '"', '"[redacted:github_token]"'),
        ("".join(f"&#{ord(c)};" for c in TOKEN) + " b", "[redacted:github_token] b"),
        (f"a {in_base64('token ' + TOKEN)} b", "a [redacted:github_token] b"),
        (f"a {in_base64('%67hp_' + TOKEN[4:] + ' end')} b", "a [redacted:github_token] b"),
        (f'x = "{TOKEN[:HALF]}" + "{TOKEN[HALF:]}"', 'x = "[redacted:github_token]"'),
        (f"x = ('{TOKEN[:HALF]}'\n     '{TOKEN[HALF:]}')", "x = ('[redacted:github_token]')"),
        (f"export X={TOKEN[:HALF]}\\\n{TOKEN[HALF:]}", "export X=[redacted:github_token]"),
        ("password%3D" + "hunter2 x", "password%3D[redacted:password] x"),
    ],
)
def test_scrub_hidden_secret_takes_out_what_stands_for_it(text: str, expected: str) -> None:
    assert redact_text(text) == expected
    assert redact_text(expected) == expected


def test_scrub_base64_wrapped_in_lines_is_taken_out() -> None:
    block = in_base64("name: x, token: " + TOKEN + ", " + "and more text " * 8)
    wrapped = "\n".join(block[at : at + 76] for at in range(0, len(block), 76))
    scrubbed = redact_text(f"data: |\n{wrapped}\n-- end")
    assert "[redacted:" in scrubbed
    assert block[:40] not in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        in_base64("nothing to see in this text, move along"),
        "100%25 of a%20b and \\u00e9 and caf\u00e9 \u2460",
        '"a" + "b"\nline\nline',
        "&#255;%90 and %C3%28 are no UTF-8",
    ],
)
def test_scrub_other_decodings_without_secrets_change_nothing(text: str) -> None:
    assert redact_text(text) == text


@given(
    st.lists(
        st.sampled_from(["a", "\u200b", "%41", "\\u0042", "\uff21", "é", "\n", "'", '" + "', "😀", "="]), max_size=30
    )
)
def test_views_every_span_leads_back_into_the_text(pieces: list[str]) -> None:
    data = "".join(pieces).encode()
    for view in decodings_of(data):
        for at in range(len(view.data)):
            start, end = view.span(at, at + 1)
            assert 0 <= start < end <= len(data)
        assert view.span(0, len(view.data))[1] <= len(data)


@pytest.mark.parametrize(
    ("document", "gone"),
    [
        ({"a": TOKEN[:HALF], "b": TOKEN[HALF:]}, True),
        ({"a": ["x", TOKEN[:HALF], TOKEN[HALF:]]}, True),
        ({"a": TOKEN[:HALF], "n": 4, "b": TOKEN[HALF:]}, True),
        ({"a": TOKEN[:HALF], "c": {"b": TOKEN[HALF:]}}, False),
    ],
)
def test_redact_secret_over_several_fields_is_taken_out_of_each(document: dict[str, object], gone: bool) -> None:
    scanned = redact(document)
    assert (TOKEN[:HALF] not in str(scanned.document)) is gone
    assert {finding.kind for finding in scanned.findings} == ({"github_token"} if gone else set())
    assert redact(scanned.document).findings == ()


def test_redact_card_over_four_items_is_taken_out() -> None:
    assert redact({"card": ["4111", "1111", "1111", "1111"]}).document == {"card": ["[redacted:payment_card]"] * 4}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"name": "DB_PASSWORD", "value": "hunter2"}, "password"),
        ({"argv": ["deploy", "--api-token", "hunter2"]}, "secret"),
        ({"kind": "Secret", "data": {"any": "aHVudGVyMg=="}}, "secret"),
    ],
)
def test_redact_value_that_another_field_names_is_taken_out(document: dict[str, object], kind: str) -> None:
    scanned = redact(document)
    assert [finding.kind for finding in scanned.findings] == [kind]
    assert "hunter2" not in str(scanned.document)
    assert "aHVudGVyMg==" not in str(scanned.document)
