import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from prismfs.errors import ConfigError, RecordError
from prismfs.intake import pack, walk
from prismfs.intake.finding import KEY_FILE, mac_of, scan_key
from prismfs.intake.pack import default_pack
from prismfs.intake.scan import Finding, redact, redact_text, scan_text
from prismfs.kinds.core.settings.redaction import RedactionRules

TOKEN = "ghp_" + "a1B2" * 9
RULES = """
[allowlist]
stopwords = ["example"]

[[rules]]
id = "Acme Key"
regex = '''(?i)acme[ =]{1,3}([a-z0-9]{12})'''
keywords = ["ACME"]
entropy = 2.5
[[rules.allowlists]]
regexTarget = "line"
regexes = ["# sample"]

[[rules]]
id = "second"
regex = '''(pre)-(secret-[0-9]+)'''
secretGroup = 2
keywords = []

[[rules]]
id = "looks-around"
regex = '''(?<=a)b'''
[[rules]]
id = "of-a-path"
path = '''\\.p12$'''
"""


def found(text: str) -> list[bytes]:
    from prismfs.intake.detector import find

    return [hit.value for hit in find(text.encode(), pack.parsed(RULES, version="x-1").detectors)]


def test_ruleset_reads_the_format_of_gitleaks() -> None:
    rules = pack.parsed(RULES, version="x-1", suspect=["second"])
    assert [(row.kind, row.literals, row.level) for row in rules.detectors] == [
        ("acme_key", ("acme",), "redact"),
        ("second", (), "suspect"),
    ]
    assert rules.left_out == ("looks-around", "of-a-path")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("acme = q1w2e3r4t5y6", [b"q1w2e3r4t5y6"]),
        ("acme = aaaaaaaaaaaa", []),  # entropy
        ("acme = example12345", []),  # stop word of the file
        ("acme = q1w2e3r4t5y6 # sample", []),  # allowed by its line
        ("pre-secret-77", [b"secret-77"]),  # secretGroup
    ],
)
def test_ruleset_entropy_groups_and_allowlists_are_honoured(text: str, values: list[bytes]) -> None:
    assert found(text) == values


def test_ruleset_that_ships_is_understood_whole() -> None:
    for rules in pack.packaged():
        assert rules.left_out == ()
        for row in rules.detectors:
            assert row.group <= row.regex.groups
            assert row.literals
    assert default_pack().version == "own-2+tokens-1"


def test_names_of_the_project_are_taken_out_in_any_case_and_reading() -> None:
    rules = RedactionRules.model_validate(
        {"names": [{"name": "Acme Corp", "kind": "customer"}, {"name": "Zoë"}, {"name": "C++ (x)"}]}
    )
    text = "ACME  corp, acme%20corp; Zoë zoë Zoëy c++ (X). Acmecorp"
    scanned = redact({"a": text}, rules=rules)
    assert scanned.document["a"] == (
        "[redacted:customer], [redacted:customer]; [redacted:name] [redacted:name] Zoëy [redacted:name]. Acmecorp"
    )
    assert redact(scanned.document, rules=rules).findings == ()
    assert redact({"a": text}).findings == ()


def test_levels_of_the_project_hold() -> None:
    rules = RedactionRules.model_validate(
        {"levels": {"email": "ignore", "github_token": "suspect", "ip_address": "redact", "password": "suspect"}}
    )
    text = f"bob@mail.example.org {TOKEN} from 5.6.7.8"
    scanned = redact({"a": text, "password": "hunter2"}, rules=rules)
    assert scanned.document == {"a": f"bob@mail.example.org {TOKEN} from [redacted:ip_address]", "password": "hunter2"}
    assert {(finding.kind, finding.level) for finding in scanned.findings} == {
        ("github_token", "suspect"),
        ("ip_address", "redact"),
        ("password", "suspect"),
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("from 5.6.7.8:443", "ip_address"),
        ("from 2a00:1450:4001:82a::200e", "ip_address"),
        ("x-token-seed kU7vQ2mZ9pLr4TnXw8EaYc3Bd6Hs", "possible_secret"),
    ],
)
def test_suspect_stays_and_is_reported(text: str, kind: str) -> None:
    scanned = redact({"a": text})
    assert scanned.document == {"a": text}
    assert scanned.findings == (Finding("/a", kind, 1, "suspect"),)
    assert scanned.redactions == [
        {"pointer": "/a", "kind": kind, "count": 1, "level": "suspect", "rules": scanned.rules}
    ]


@pytest.mark.parametrize("text", ["10.0.0.1 127.0.0.1 192.0.2.7 8.8.8.8 fe80::1", "v5.6.7.8 version 5.6.7.8 5.6.7.8.9"])
def test_suspect_harmless_addresses_and_versions_are_not_reported(text: str) -> None:
    assert redact({"a": text}).findings == ()


def test_mac_tells_equal_values_and_no_others() -> None:
    other = "ghp_" + "Zz9Y" * 9
    document = {"a": TOKEN, "b": f"{other} {TOKEN} {TOKEN}"}
    findings = redact(document, key=b"k" * 32).findings
    macs = {(finding.pointer, finding.mac): finding.count for finding in findings}
    one, two = mac_of(TOKEN.encode(), b"k" * 32), mac_of(other.encode(), b"k" * 32)
    assert macs == {("/a", one): 1, ("/b", one): 2, ("/b", two): 1}
    assert len(str(one)) == 32
    assert mac_of(TOKEN.encode(), b"x" * 32) != one
    assert {finding.mac for finding in redact(document).findings} == {None}


def test_mac_of_many_values_at_one_place_stay_few_rows() -> None:
    text = " ".join(f"user{number}@mail.example.org" for number in range(100))
    findings = redact({"a": text}, key=b"k" * 32).findings
    assert len(findings) == 33
    assert sum(finding.count for finding in findings) == 100


def test_scan_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    key = scan_key(environ)
    path = tmp_path / "prismfs" / "scan.key"
    assert key == path.read_bytes()
    assert len(key or b"") == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert scan_key({KEY_FILE: str(path)}) == key
    assert [entry.name for entry in path.parent.iterdir()] == ["scan.key"]


@pytest.mark.parametrize("umask", [0, 0o777])
def test_scan_key_and_its_folders_are_its_owners_alone_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    path = tmp_path / "state" / "prismfs" / "scan.key"
    old = os.umask(umask)
    try:
        assert scan_key({KEY_FILE: str(path)}) is not None
    finally:
        os.umask(old)
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent, path.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


def test_scan_key_that_cannot_be_had_is_none(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.write_bytes(b"x" * 32)
    open_to_all.chmod(0o644)
    (tmp_path / "file").write_text("")
    assert scan_key({KEY_FILE: str(open_to_all)}) is None
    assert scan_key({KEY_FILE: str(tmp_path / "file" / "below")}) is None
    assert scan_key({}) is None


def test_scan_over_its_time_is_refused() -> None:
    ticks = iter(range(1000))
    with pytest.raises(RecordError) as caught:
        redact({"a": TOKEN}, rules=RedactionRules(timeout=timedelta(seconds=3)), clock=lambda: next(ticks))
    assert caught.value.code == "scan_failed"


def test_scan_with_an_error_is_refused_and_says_nothing_of_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(value: bytes) -> None:
        raise ValueError(value.decode())

    row = next(row for row in default_pack().detectors if row.kind == "github_token")
    monkeypatch.setitem(row.__dict__, "judge", broken)
    with pytest.raises(RecordError) as caught:
        redact({"a": TOKEN})
    assert caught.value.code == "scan_failed"
    assert TOKEN not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert redact_text(TOKEN) == "[redacted:unscanned]"
    assert scan_text({"a": TOKEN}).status == "failed"


def test_report_of_what_may_leave_names_texts_hashes_and_findings() -> None:
    texts = {"title": "fails", "body": f"token {TOKEN} from 5.6.7.8"}
    report = scan_text(texts, key=b"k" * 32)
    assert (report.status, report.scanner, report.version) == ("passed", "prismfs", default_pack().version)
    assert report.redacted == {"title": "fails", "body": "token [redacted:github_token] from 5.6.7.8"}
    assert [(finding.pointer, finding.kind, finding.level) for finding in report.findings] == [
        ("/body", "github_token", "redact"),
        ("/body", "ip_address", "suspect"),
    ]
    again = scan_text(report.redacted)
    assert again.input_hash == again.output_hash == report.output_hash != report.input_hash
    assert TOKEN not in repr(report)


def test_report_over_its_time_has_failed_and_holds_no_text() -> None:
    report = scan_text({"a": TOKEN}, deadline=1.0, clock=lambda: 2.0)
    assert (report.status, report.redacted, report.output_hash) == ("failed", {}, None)
    assert report.detail == "scan_failed: the search for secrets took too long"


def test_presidio_asked_for_and_not_installed_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_PRESIDIO", "no_such_presidio")
    walk._analyzer.cache_clear()
    with pytest.raises(ConfigError) as caught:
        redact({"a": "Bob was here"}, rules=RedactionRules(presidio=True))
    assert caught.value.code == "presidio_missing"
    assert scan_text({"a": "x"}, RedactionRules(presidio=True)).status == "failed"
