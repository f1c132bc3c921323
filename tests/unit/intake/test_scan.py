from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prismfs.errors import RecordError
from prismfs.intake.detectors import DETECTORS, KINDS
from prismfs.intake.scan import SCAN_VERSION, Finding, redact, redact_text
from tests.support.growth import check_linear

# Secrets are put together here, so that no file holds what looks like one.
A36 = "a1B2" * 9
HEX = "0123456789abcdef"
KEY = "MIIEowIBAAKCAQEA" + "x7Qz" * 12
DASH = "-" * 5
CARD = "4111" + "1111" * 3
JWT = "ey" + "JhbGciOiJIUzI1NiJ9" + ".ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0"


def pem(kind: str, *lines: str, end: bool = True, newline: str = "\n") -> str:
    tail = (f"{DASH}END {kind}{DASH}",) if end else ()
    return newline.join((f"{DASH}BEGIN {kind}{DASH}", *lines, *tail))


# kind: (text, the part that must be gone)
POSITIVES: dict[str, list[tuple[str, str]]] = {
    "private_key": [
        (pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED", "", KEY, "abc="), KEY),
        (pem("PRIVATE KEY", KEY, KEY, end=False) + "\n\nand more text", KEY),
        (pem("OPENSSH PRIVATE KEY", KEY, "short"), "short"),
        (pem("PGP PRIVATE KEY BLOCK", "Version: GnuPG v2", "", KEY, "=aB3d"), "=aB3d"),
        (pem("PRIVATE KEY", KEY, KEY, newline="\\n"), KEY),
        (pem("EC PRIVATE KEY", KEY[:20] + "\nlast", end=False), "last"),
    ],
    "url_password": [
        ("postgres://bob:" + "hunter2@db.example.com/x", "hunter2"),
        ("https://bob:" + "p@ss@example.com:8080", "p@ss"),
        ("redis://:" + "hunter2@localhost:6379", "hunter2"),
        ("a https://x:" + A36 + "@git.example.com/r.git b", A36),
    ],
    "aws_access_key_id": [
        ("id AKIA" + "QWERTYUIOPASDFGH.", "QWERTYUIOPASDFGH"),
        ("ASIA" + "2345QWERTYUIOPAS", "2345QWERTY"),
        ("key=AKIA" + "QWERTYUIOPASDFGH&x=1", "QWERTYUIOPASDFGH"),
        ("password_AKIA" + "QWERTYUIOPASDFGH", "QWERTYUIOPASDFGH"),
    ],
    "aws_secret_access_key": [
        ("aws_secret_access_key = " + "a1/+" * 10, "a1/+a1"),
        ("AWS_SECRET_ACCESS_KEY=" + "Zx9/" * 10, "Zx9/"),
        ('"SecretAccessKey": "' + "Zx9/" * 10 + '"', "Zx9/"),
    ],
    "gcp_api_key": [
        ("AIza" + "Sy" + "B" * 33, "BBBB"),
        ("https://maps.example.com/?k=AIza" + "a-_9" * 8 + "abc&x", "a-_9"),
        ("(AIza" + "1" * 35 + ")", "1111"),
    ],
    "azure_storage_key": [
        ("AccountName=x;AccountKey=" + "a/b+" * 21 + "ab==;Suffix=core", "a/b+"),
        ("SharedAccessKeyName=root;SharedAccessKey=" + "Q" * 43 + "=", "QQQQ"),
        ("accountkey = " + "Z9" * 43 + "==", "Z9Z9"),
    ],
    "azure_sas": [
        ("https://x.blob.example.com/c?sv=2020&sig=" + "Ab1%2F" * 8 + "abcdefghijk%3D", "Ab1%2F"),
        ("?se=1&sig=" + "A" * 43 + "%3D", "AAAA"),
        ("&sig=" + "b9" * 21 + "c=", "b9b9"),
    ],
    "github_token": [
        ("ghp_" + A36, A36),
        ("https://github.com/?t=ghs_" + A36 + "&x", A36),
        ("github_pat_" + "11ABCDEFG0123456789abc" + "_" + A36, A36),
        ("xgho_" + A36 + "y", A36),
    ],
    "gitlab_token": [
        ("glpat-" + "a1B2_" * 4, "a1B2_"),
        ("(glrt-" + "a1B2-" * 4 + ")", "a1B2-"),
        ("gldt-" + "Z" * 20, "ZZZZ"),
    ],
    "slack_token": [
        ("xoxb-" + "123456789012-abcDEF", "123456789012"),
        ("xoxp-" + "1-2-3-" + "f" * 20, "ffff"),
        ("xapp-1-" + "A012-345-" + "abc9" * 4, "abc9"),
    ],
    "slack_webhook": [
        ("https://hooks.slack.com/services/" + "T000/B000/" + "x" * 24, "xxxx"),
        ("hooks.slack.com/workflows/" + "T000/A000/" + "1" * 18, "1111"),
        ("https://hooks.slack-gov.com/services/" + "T0/B0/" + "y" * 24, "yyyy"),
    ],
    "stripe_key": [
        ("sk_" + "live_" + "4eC39HqLyjWDarjt", "4eC39"),
        ("rk_" + "live_" + "a1" * 12, "a1a1"),
        ("sk_" + "test_" + "B2" * 12, "B2B2"),
    ],
    "anthropic_key": [
        ("sk-" + "ant-api03-" + A36, A36),
        ("key sk-" + "ant-admin01-" + A36 + "-_AA.", A36),
        ("'sk-" + "ant-sid01-" + A36 + "'", A36),
    ],
    "openai_key": [
        ("sk-" + "proj-" + A36, A36),
        ("sk-" + A36 + "T3BlbkFJ", A36),
        ("sk-" + "svcacct-" + A36 + "_-x", A36),
    ],
    "npm_token": [
        ("npm_" + A36, A36),
        ("//registry.example.com/:x npm_" + A36 + " y", A36),
        ('"npm_' + A36 + '"', A36),
    ],
    "pypi_token": [
        ("pypi-" + "AgEIcHlwaS5vcmc" + A36 * 2, A36),
        ("(pypi-" + "AgENdGVzdC5weXBpLm9yZw" + A36 * 2 + ")", A36),
        ("pypi-" + "AgE" + "_-a1" * 20, "_-a1"),
    ],
    "twilio_key": [
        ("twilio sid AC" + HEX * 2, HEX),
        ("TWILIO_API=SK" + HEX * 2, HEX),
        ('account_sid="AC' + HEX * 2 + '"', HEX),
        ("twilio AC" + HEX * 2 + " and SK" + "9" * 32, "9999"),
    ],
    "sendgrid_key": [
        ("SG." + "a1B2" * 5 + "xy." + A36 + "abcdefg", A36),
        ("(SG." + "_" * 22 + "." + "-" * 42 + "a)", "____"),
        ("x=SG." + "Z" * 22 + "." + "Y" * 43, "YYYY"),
    ],
    "google_oauth": [
        ("GOCSPX-" + "a1B2" * 7, "a1B2"),
        ("ya29." + A36, A36),
        ("x GOCSPX-" + "_-Zz" * 7 + " y", "_-Zz"),
    ],
    "telegram_bot_token": [
        ("123456789:AA" + "a1B" * 11, "a1B"),
        ("bot 1234567890:AA" + "_-z" * 11, "_-z"),
        ("(12345678:AA" + "Q" * 33 + ")", "QQQQ"),
    ],
    "jwt": [
        (JWT + ".sig-_na1", "sig-_na1"),
        ("x" + JWT + " y", "JhbGci"),
        ("[" + JWT + ".]", "JhbGci"),
    ],
    "http_authorization": [
        ("Authorization: Bearer " + "abc.def~12345", "abc.def~12345"),
        ("-H 'authorization: Basic " + "dXNlcjpwYXNz'", "dXNlcjpwYXNz"),
        ('{"Authorization": "Token ' + "0a1b2c3d4e5f" + '"}', "0a1b2c3d4e5f"),
        ("sent bearer " + "a1b2c3d4e5f6g7h8", "a1b2c3d4"),
    ],
    "password": [
        ("password=" + "hunter2", "hunter2"),
        ("DB_PASSWORD: '" + "correct horse' next", "correct horse"),
        ('{"passwd":"' + "a\\\"b, c" + '","x":1}', 'b, c'),
        ('{\\"password\\": \\"' + "hunter2" + '\\"}', "hunter2"),
        ("Server=x;Pwd=" + "p@ss,word;Database=y", "p@ss,word"),
        ("MYSQL_PASS=" + "a", "=a"),
        ("login(password='" + "monkey')", "monkey"),
    ],
    "secret": [
        ("client_secret=" + "abc123", "abc123"),
        ("api-key: " + A36, A36),
        ("https://x.example.com/?access_token=" + "a1b2c3d4&x=1", "a1b2c3d4"),
        ('"encryption_key": "' + HEX + '"', HEX),
    ],
    "email": [
        ("mail bob.o-neil+x@mail.example.co.uk now", "neil"),
        ("<user@example.com>", "user@"),
        ("größe@müller.example", "größe@"),
    ],
    "payment_card": [
        (f"card {CARD}.", CARD),
        ("4111 1111" + " 1111 1111 exp 12/30", "1111 1111"),
        ("5500-0000-" + "0000-0004", "5500"),
        ("3782 822463 " + "10005", "822463"),
        ("17 5 " + CARD + " 9", CARD),
    ],
    "iban": [
        ("DE89" + "370400440532013000", "3704"),
        ("to GB82 WEST 1234 " + "5698 7654 32 NOW PLEASE", "WEST"),
        ("(NL91" + "ABNA0417164300)", "ABNA"),
    ],
    "cookie": [
        ("Cookie: theme=dark; sid=" + "a1b2c3d4e5", "a1b2c3d4e5"),
        ("set-cookie: session=" + "9f8e7d6c5b4a; Path=/", "9f8e7d6c5b4a"),
        ("curl -H 'Cookie: auth=" + "Zz9Zz9Zz9'", "Zz9Zz9Zz9"),
    ],
    "password_hash": [
        ("bob:$2" + "b$12$" + "./Ab9" * 10 + "abc", "./Ab9"),
        ("$6" + "$saltsalt$" + "aB./" * 20, "aB./"),
        ("$argon" + "2id$v=19$m=65536,t=3,p=4$" + "c2FsdA$" + "aB9+" * 8, "aB9+"),
    ],
    "vendor_key": [
        ("datadog_api: " + HEX * 2, HEX),
        ("okta.auth = " + "q7R2w9T4y1U8i3O6", "q7R2w9T4"),
        ("PAGERDUTY_ACCESS=" + "a1B2c3D4e5F6g7H8", "a1B2c3D4"),
    ],
    "national_id": [
        ("SSN: 536-90" + "-4399", "536-90"),
        ("cpf 390.533.447" + "-05", "390.533"),
        ("his social security number is 536-90" + "-4399 he says", "536-90"),
    ],
    "birth_date": [
        ("dob: 1980" + "-01-02", "1980"), ("born on 2.1." + "1980", "2.1."),
        ("date_of_birth=1980" + "-01-02", "1980"),
    ],
    "phone": [
        ("call +49 30 90" + "1820 now", "1820"),
        ("phone: 415-555-" + "2671", "2671"),
        ("(415) 555-" + "2671", "2671"),
        ("tel:+1415" + "5552671", "5552671"),
    ],
}  # fmt: skip

NEGATIVES: dict[str, list[str]] = {
    "private_key": [
        pem("PUBLIC KEY", KEY),
        pem("CERTIFICATE", KEY),
        "-- BEGIN PRIVATE KEY --",
        "no PRIVATE KEY found",
    ],
    "url_password": [
        "https://example.com:8080/path",
        "http://localhost:8080/a@b",
        "https://bob:${PASS}@example.net",
        "https://bob:***@example.net",
        "ssh://git@github.com/a/b.git",
    ],
    "aws_access_key_id": [
        "AKIA" + "QWERTYUIOPASDFG",
        "akia" + "qwertyuiopasdfgh",
        "XAKIA" + "QWERTYUIOPASDFGH",
    ],
    "aws_secret_access_key": [
        "aws_secret_access_key = ${AWS_SECRET_ACCESS_KEY}",
        "aws_secret_access_key = ",
        "sha1 " + "a1b2" * 10,
    ],
    "gcp_api_key": ["AIza" + "B" * 34, "aiza" + "B" * 35, "AIza key"],
    "azure_storage_key": ["AccountKey=<key>", "AccountName=" + "a" * 40, "AccountKey="],
    "azure_sas": ["sig=abc", "sig=" + "a" * 42, "config=" + "A" * 43 + "="],
    "github_token": ["ghp_" + "a1B2" * 8, "ghx_" + A36, "github_pat_short", "ghp_ prefix"],
    "gitlab_token": ["glpat-short", "glpath-" + "a" * 20, "GLPAT"],
    "slack_token": ["xoxb-short", "xoxb-some-words-only", "xoxz-1234567890123"],
    "slack_webhook": [
        "https://hooks.slack.com/services/",
        "https://slack.com/services/" + "x" * 24,
        "https://hooks.slack.com/docs/" + "x" * 24,
    ],
    "stripe_key": ["pk_live_" + "a1" * 12, "sk_live_short", "task_test_" + "a" * 20, "risk_live_" + "a" * 20],
    "anthropic_key": ["sk-ant-short", "desk-ant-" + "a1" * 12, "sk-ant-nothing-but-words-in-here"],
    "openai_key": ["sk-learn-is-a-kebab-case-name", "task-" + A36, "sk-short1A"],
    "npm_token": ["npm_" + "a1B2" * 8, "npm_config_registry", "npm_" + A36 + "x"],
    "pypi_token": ["pypi-AgE", "pypi-publish-action-with-a-very-long-name-that-goes-on-and-on-x", "pypi_AgE"],
    "twilio_key": ["AC" + HEX * 2, "twilio AC" + HEX, "twilio BC" + HEX * 2],
    "sendgrid_key": ["SG.short.short", "MSG." + "a" * 22 + "." + "b" * 43, "SG." + "a" * 22],
    "google_oauth": ["GOCSPX-short", "gocspx-" + "a1B2" * 7, "ya29.short"],
    "telegram_bot_token": ["12:AA" + "a" * 33, "123456789:AB" + "a" * 33, "10:00:AA"],
    "jwt": ["eyJ.eyJ.x", "eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.abcdefgh.x"],
    "http_authorization": [
        "Authorization: Bearer <token>",
        "authorization: required",
        "bearer authentication failed",
        "Authorization: Bearer ${TOKEN}",
        "uses bearer token",
    ],
    "password": [
        "password=",
        "password: ***",
        "password: <password>",
        "PASSWORD=${DB_PASSWORD}",
        "password = None",
        'password: "null"',
        "the password is wrong",
        "password = getpass.getpass()",
        "login(password=password)",
        "Invalid password: required",
        "PWD=/srv/app",
        "12 passed: 3 failed",
        'password = os.environ["DB_PASSWORD"]',
        "self.password = self.config.password",
        "password=[redacted:password]",
    ],
    "secret": [
        "token: expired",
        "max_tokens=4096",
        "token = get_token()",
        "secret_name: db-credentials",
        "dedup_key: deploy-api-3f2a",
        "public_key: abcdefgh12",
        "Unexpected token: <",
        "idempotency_key=" + A36,
    ],
    "email": [
        "git@github.com:org/repo.git",
        "@types/node@20.1.0",
        "logo@2x.png",
        "getty@tty1.service",
        "java.lang.Object@1a2b3c",
        "root@localhost",
    ],
    "payment_card": [
        "4111" + "1111" * 2 + "1112",
        "1741" + "000000000000",
        "0." + CARD,
        "a" + CARD,
        CARD + "11112222",
        "41111111-" + "1111-4111-8111-111111111111",
        "41 11 11 11" + " 11 11 11 11",
        "2026-03-01 2026-03-02 2026-03-03",
    ],
    "iban": [
        "DE89" + "370400440532013001",
        "XX89" + "370400440532013000",
        "DE89" + "37040044053201300",
        "AB12 IS THE NEXT GATE",
    ],
    "cookie": ["Cookie: theme=dark", "set-cookie: consent=accepted-everything", "the cookie is stale"],
    "password_hash": ["costs $2.50 each", "$6$short$abc", "$argon2id$v=19"],
    "vendor_key": [
        "sentry_release=" + HEX * 2,
        "datadog_site: datadoghq.eu",
        "github.com/okta/okta-sdk at main",
    ],
    "national_id": ["ssn: 000-12-3456", "123-45-6789 boxes", "nhs trust 12"],
    "birth_date": ["born to run", "2026-03-01 release", "dob: unknown"],
    "phone": ["+1 -2 in the diff", "call 1772359200 later", "phone: 12", "UTC+1 2026-03-01"],
}

HARMLESS = [
    "commit 3f2a9c1b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a",
    "sha256:" + HEX * 4,
    "id 550e8400-e29b-41d4-a716-446655440000",
    "inc-01hzy8k3v5w7x9y1z3a5b7c9d1 and 01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "2026-03-01T10:00:00.123456Z 1772359200000 1772359200000000 1772359200000000000",
    "v1.2.3-rc.4+build.5678 python 3.11.7 1.1.20251105",
    "File \"/srv/app/tasks.py\", line 4111, in run\n    raise KeyError(key)\nKeyError: 'user'",
    "at com.example.App.main(App.java:42) [app-1.0.jar:1.0]",
    "10.0.0.1:5432 fe80::1ff:fe23:4567:890a 00:1B:44:11:3A:B7",
    "SELECT * FROM tokens WHERE key = 1; 12.5 ms, 99.99999999999999 %",
]


@pytest.mark.parametrize(("kind", "text", "gone"), [(k, *row) for k, rows in POSITIVES.items() for row in rows])
def test_redact_secret_is_replaced_by_its_kind(kind: str, text: str, gone: str) -> None:
    scanned = redact({"body": text})
    assert gone in text
    assert gone not in scanned.document["body"]
    assert f"[redacted:{kind}]" in scanned.document["body"]
    assert [(found.pointer, found.kind) for found in scanned.findings] == [("/body", kind)]


@pytest.mark.parametrize(("kind", "text"), [(k, text) for k, rows in NEGATIVES.items() for text in rows])
def test_redact_near_miss_is_left_alone(kind: str, text: str) -> None:
    assert kind in KINDS
    assert redact_text(text).count(f"[redacted:{kind}]") == text.count(f"[redacted:{kind}]")


@pytest.mark.parametrize("text", HARMLESS)
def test_redact_what_logs_are_made_of_is_left_alone(text: str) -> None:
    assert redact_text(text) == text


def test_table_every_kind_has_three_positives_and_three_near_misses() -> None:
    sure = {row.kind for row in DETECTORS if row.level == "redact"}
    assert set(POSITIVES) == set(NEGATIVES) == sure <= set(KINDS)
    assert min(map(len, POSITIVES.values())) >= 3
    assert min(map(len, NEGATIVES.values())) >= 3
    assert SCAN_VERSION >= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://bob:" + "hunter2@db.example.com/x", "postgres://bob:[redacted:url_password]@db.example.com/x"),
        ("a password=" + "hunter2; user=bob", "a password=[redacted:password]; user=bob"),
        ('{"password": "' + 'hunter2", "x": 1}', '{"password": "[redacted:password]", "x": 1}'),
        ("DE89 3704 0044 " + "0532 0130 00 THANKS", "[redacted:iban] THANKS"),
        (f"{CARD} {CARD}", "[redacted:payment_card] [redacted:payment_card]"),
        ("password=ghp_" + A36, "password=[redacted:github_token]"),
        ("password='x ghp_" + A36 + " y'", "password='[redacted:password]'"),
        ("password=" + "hunter2[redacted:jwt] x", "password=[redacted:password] x"),
        ("\u017fecret=" + "abc123", "\u017fecret=[redacted:secret]"),
        ("f(password=" + "hunter2): x", "f(password=[redacted:password]): x"),
        (pem("PRIVATE KEY", KEY) + "\nafter", "[redacted:private_key]\nafter"),
    ],
)  # fmt: skip
def test_redact_text_around_the_secret_stays(text: str, expected: str) -> None:
    assert redact_text(text) == expected


def test_redact_document_names_places_and_counts_never_values() -> None:
    document = {
        "title": "ok",
        "a/b": {"c~d": ["x", f"{CARD}, {CARD} and a@b.example.com"]},
        "n": 7,
        "none": None,
        "yes": True,
    }
    scanned = redact(document)
    assert scanned.findings == (
        Finding("/a~1b/c~0d/1", "email", 1),
        Finding("/a~1b/c~0d/1", "payment_card", 2),
    )
    assert scanned.document == {
        "title": "ok",
        "a/b": {"c~d": ["x", "[redacted:payment_card], [redacted:payment_card] and [redacted:email]"]},
        "n": 7,
        "none": None,
        "yes": True,
    }
    assert list(scanned.document) == list(document)
    assert CARD in document["a/b"]["c~d"][1]  # type: ignore[index]


@pytest.mark.parametrize(
    "key",
    ["password", "DB_PASSWORD", "userPassword", "pwd", "secret", "clientSecret", "api_key", "x-api-key",
     "apiKey", "token", "access_token", "authorization", "private_key", "pass", "credentials", "passphrase"],
)  # fmt: skip
def test_redact_value_under_a_telling_key_is_taken_out_whole(key: str) -> None:
    scanned = redact({"a": {key: "correct horse battery", "list": [{key: ["hunter2", ""]}]}})
    (word,) = {found.kind for found in scanned.findings}
    assert scanned.document["a"][key] == f"[redacted:{word}]"
    assert scanned.document["a"]["list"][0][key] == [f"[redacted:{word}]", ""]


@pytest.mark.parametrize(
    "key",
    ["dedup_key", "public_key", "token_type", "max_tokens_used", "password_policy", "passed", "compass_id"],
)
def test_redact_value_under_a_like_key_stays(key: str) -> None:
    assert redact({key: "correct horse battery"}).findings == ()


@pytest.mark.parametrize("value", ["", "***", "<password>", "${PASSWORD}", "null", "[redacted:password]", None, 5])
def test_redact_stand_in_under_a_telling_key_stays(value: object) -> None:
    assert redact({"password": value}).document == {"password": value}


def test_redact_card_as_a_number_becomes_text_and_other_numbers_stay() -> None:
    scanned = redact({"card": int(CARD), "at": 1772359200000, "ok": True, "ratio": 0.5, "neg": -int(CARD)})
    assert scanned.document == {
        "card": "[redacted:payment_card]",
        "at": 1772359200000,
        "ok": True,
        "ratio": 0.5,
        "neg": -int(CARD),
    }


@pytest.mark.parametrize("key", ["ghp_" + A36, "password=" + "hunter2", "bob@mail.example.com"])
def test_redact_secret_in_a_key_is_refused_without_naming_it(key: str) -> None:
    with pytest.raises(RecordError) as caught:
        redact({"payload": [{"a": 1, key: "x"}]})
    assert caught.value.code == "secret_in_key"
    assert caught.value.problem.field == "/payload/0"
    assert key not in str(caught.value)


def test_redact_document_nested_too_deep_is_refused() -> None:
    document: dict[str, Any] = {}
    for _ in range(40):
        document = {"a": document}
    with pytest.raises(RecordError) as caught:
        redact(document)
    assert caught.value.code == "too_deep"


def test_redact_lone_surrogate_hides_nothing() -> None:
    scanned = redact({"a": "\ud800 password=" + "hun\udfffter2"})
    assert scanned.document == {"a": "\ufffd password=[redacted:password]"}


def test_redact_text_made_to_lay_bare_one_secret_after_the_other_is_taken_out_whole() -> None:
    # Each token begins at a word boundary only when the one before it has become a placeholder.
    text = ("123456789:AA" + "Q" * 33) * 40
    once = redact_text(text)
    assert once == "[redacted:entangled]"
    assert redact_text(once) == once
    assert redact({"a": text}).findings == (Finding("/a", "entangled", 1),)


PIECES = st.one_of(
    st.sampled_from([text for rows in POSITIVES.values() for text, _ in rows]),
    st.sampled_from([text for rows in NEGATIVES.values() for text in rows]),
    st.sampled_from(["[redacted:", "[redacted:password]", "password=", "token: ", '"', "'", "\\", "://", "@", ":"]),
    st.sampled_from(["\n", " ", "ſecret=", "\u212aey", "]", "=", "-----BEGIN PRIVATE KEY-----"]),
    st.text(max_size=8),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_redact_twice_is_redact_once(first: str, second: str) -> None:
    once = redact({"a": first, "b": [second], "token": second})
    twice = redact(once.document)
    assert twice.document == once.document
    assert twice.taken_out == ()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["ghp_" + A36, "glpat-" + "Zz9_" * 6, JWT]), min_size=1, max_size=4), TEXTS)
def test_redact_strong_shapes_never_come_through(secrets: list[str], around: str) -> None:
    text = around.join(("", *secrets, ""))
    scrubbed = redact_text(text)
    assert not any(secret in scrubbed for secret in secrets)


@pytest.mark.parametrize(
    "unit",
    ["a", "a@", "-----BEGIN PRIVATE KEY-----", 'password="', "token=....", "4111 ", "DE89 3704 ", "a://b:c@",
     "eyJaaaaaaaa.", "twilio", "authorization: ", "password=[redacted:x] ", ";a", "x@y.z1.",
     "AKIA" + "Q" * 16],
)  # fmt: skip
def test_redact_hostile_text_takes_linear_time(unit: str) -> None:
    size = 1 << 18
    check_linear(lambda text: redact({"a": text}), (unit * size)[:size])


def test_redact_word_in_a_placeholder_announces_no_value() -> None:
    text = "[redacted:github_token]: foobar12 and [redacted:password]: hunter2x"
    assert redact_text(text) == text
    assert redact_text("ghp_" + A36 + ": foobar12") == "[redacted:github_token]: foobar12"


def test_redact_letters_that_only_fold_to_ascii_stop_no_search() -> None:
    # RE2 takes the long s for an s where case does not matter, also in a number.
    assert redact({"a": "SSN: 536-90" + "-4399\u017fecret="}).document
    assert redact_text("SSN: 536-90" + "-4399 \u017f") == "SSN: [redacted:national_id] \u017f"
