"""The table of what must never reach a commit: one row a kind of secret or personal datum.

A row's order is its rank: where two rows catch the same bytes, the upper one names them. All patterns are
matched by RE2, so that no text, however made, takes more than linear time; RE2 has no look-around, hence
the named group `secret` where context is needed to find what to take out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prismfs.intake import values

SCAN_VERSION = 1
"""Raised by one whenever a row or a judgement changes: reports say with which rules a text was scanned."""


@dataclass(frozen=True)
class Detector:
    """One row: the kind it names, the literals of which a text must hold one, the pattern, the judgement.

    `literals` are in lower case and looked for in the case-folded text; none means that every text is
    searched. `judge` is given the bytes of the group `secret` (of the whole match where there is none) and
    returns the parts of them to take out.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: bytes
    judge: Callable[[bytes], values.Parts] = values.whole

    @cached_property
    def regex(self) -> Any:
        """The pattern, compiled when it is first needed: most texts need none."""
        import re2

        options = re2.Options()
        options.max_mem = 32 << 20  # bytes; below it RE2 leaves its fast automaton for the slow one
        return re2.compile(self.pattern, options)

    @cached_property
    def group(self) -> int:
        """The number of the group to judge; 0 is the whole match."""
        return int(self.regex.groupindex.get(b"secret", 0))


# An assignment as source code, YAML, JSON (also inside a JSON string), a shell or a query string write it.
_IS = rb"""["'\\\]]{0,4}[ \t]*(?:=>|:=|={1,2}|:)[ \t]*"""
_VALUE = rb"""(?P<secret>\\+"[^"\\\n]*|"(?:[^"\\\n]|\\.)*|'(?:[^'\\\n]|\\.)*|[^\s"'`\\][^\s"'`]*)"""
_PASSWORDS = rb"(?:password|passwd|passphrase|passcode|_pass|passwort)"
_TOKENS = (
    rb"(?:secret|credential|token|(?:api|access|secret|private|account|auth|encryption|signing|master|"
    rb"session|shared)[_-]?key)"
)

# What follows BEGIN up to END must hold no five dashes: so a search never runs past the next marker, and
# text full of BEGINs stays linear. A block that was cut off has no END: then base64 lines are taken.
_PEM_BEGIN = rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_PEM_GAP = rb"""(?:\\[nrt]|[\s"'+>|,])"""
_PEM_CUT = (
    rb"(?:" + _PEM_GAP + rb"*(?:(?:Proc-Type|DEK-Info|Version|Comment):[^\n]*|[A-Za-z0-9+/=]{16,}))*"
    rb"(?:" + _PEM_GAP + rb"*[A-Za-z0-9+/=]+\z)?"
)

DETECTORS: tuple[Detector, ...] = (
    Detector(
        "private_key",
        ("private key",),
        _PEM_BEGIN + rb"(?:(?:-{0,4}[^-])*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|" + _PEM_CUT + rb")",
    ),
    Detector(
        "url_password",
        ("://",),
        rb"""[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:"'<>]*:(?P<secret>[^\s/"'<>]+)@""",
        values.credential,
    ),
    Detector(
        "aws_access_key_id",
        ("akia", "asia", "aroa", "aida", "abia", "acca"),
        rb"(?:\b|_)(?P<secret>(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16})\b",
    ),
    Detector(
        "aws_secret_access_key",
        ("secret",),
        rb"(?i)secret[_ -]?(?:access[_ -]?)?key"
        + _IS
        + rb"""["']?(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+]|\z)""",
    ),
    Detector("gcp_api_key", ("aiza",), rb"AIza[A-Za-z0-9_-]{35}"),
    Detector(
        "azure_storage_key",
        ("accountkey", "sharedaccesskey"),
        rb"(?i)(?:Account|SharedAccess)Key\s*=\s*(?P<secret>[A-Za-z0-9+/]{42,86}={1,2})",
    ),
    Detector(
        "azure_sas",
        ("sig=",),
        rb"(?i)\bsig=(?P<secret>(?:[A-Za-z0-9+/]|%2[BF]){43}(?:=|%3D))",
    ),
    Detector(
        "github_token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        rb"gh[pousr]_[A-Za-z0-9]{36}[A-Za-z0-9_]*|github_pat_[A-Za-z0-9]{22}[A-Za-z0-9_]*",
    ),
    Detector(
        "gitlab_token",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-"),
        rb"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[A-Za-z0-9_-]{20}[A-Za-z0-9_.-]*",
    ),
    Detector(
        "slack_token",
        ("xox", "xapp-"),
        rb"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9]+-[0-9]+-[A-Za-z0-9]+",
        values.digits,
    ),
    Detector(
        "slack_webhook",
        ("hooks.slack",),
        rb"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/_-]{20,})",
    ),
    Detector(
        "stripe_key",
        ("_live_", "_test_", "whsec_"),
        rb"\b(?:(?:sk|rk)_(?:live|test)|whsec)_[A-Za-z0-9]{16,}",
    ),
    Detector("anthropic_key", ("sk-ant-",), rb"\bsk-ant-[A-Za-z0-9_-]{20,}", values.digits),
    Detector("openai_key", ("sk-",), rb"\bsk-(?:(?:proj|svcacct|admin)-)?[A-Za-z0-9_-]{20,}", values.mixed),
    Detector("npm_token", ("npm_",), rb"npm_[A-Za-z0-9]{36}\b"),
    Detector("pypi_token", ("pypi-age",), rb"pypi-AgE[A-Za-z0-9_-]{50,}"),
    Detector(
        "twilio_key",
        ("twilio", "account_sid", "accountsid", "key_sid"),
        rb"(?i:twilio|account_?sid|key_sid)[^\n]{0,80}?\b(?P<secret>(?:SK|AC)[0-9a-f]{32})\b",
    ),
    Detector("sendgrid_key", ("sg.",), rb"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    Detector(
        "google_oauth",
        ("gocspx-", "ya29."),
        rb"GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{20,}",
    ),
    Detector("telegram_bot_token", (":aa",), rb"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    Detector("jwt", ("eyj",), rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    Detector(
        "http_authorization",
        ("authorization", "bearer"),
        rb"""(?i)(?:authorization["'\\\]]{0,4}\s*(?:=>|[:=,])\s*["'\\]{0,3}"""
        rb"""(?:(?:bearer|basic|token|negotiate|digest|apikey)\s+)?|\bbearer\s+)(?P<secret>[^\s"'`\\,;]{8,})""",
        values.header,
    ),
    Detector("password", ("pass",), rb"(?i)" + _PASSWORDS + _IS + _VALUE, values.assigned),
    Detector("password", ("pwd",), rb"(?i)pwd" + _IS + _VALUE, values.assigned_path),
    Detector(
        "secret",
        ("secret", "token", "key", "credential"),
        rb"(?i)" + _TOKENS + _IS + _VALUE,
        values.assigned_token,
    ),
    Detector(
        "email",
        ("@",),
        rb"[\pL\pN._%+-]+@(?:[\pL\pN-]+\.)+(?:xn--[A-Za-z0-9-]+|\pL{2,})",
        values.email,
    ),
    Detector(
        "payment_card",
        (),
        rb"(?:^|[^0-9A-Za-z_.])(?P<secret>[0-9](?:[ -]?[0-9]){12,})\b",
        values.cards,
    ),
    Detector("iban", (), rb"\b(?P<secret>[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,38})\b", values.iban),
)

KINDS: tuple[str, ...] = tuple(dict.fromkeys(detector.kind for detector in DETECTORS))
"""Every kind that a finding may name, in the order of the table."""

SECRET_KEY = re.compile(
    r"(?i)(?:^pass$|pass(?:word|wd|phrase|code)s?$|_pass$|pwd$|secrets?$|tokens?$|credentials?$|authorization$"
    r"|^(?:set-)?cookie$|(?:api|access|secret|private|account|auth|encryption|signing|master|session|shared)"
    r"[_-]?keys?$)"
)
"""A mapping key whose string value is a secret as a whole, whatever it looks like."""
