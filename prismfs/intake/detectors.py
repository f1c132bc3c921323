"""The package's own table of what must never reach a commit: one row a kind of secret or personal datum.

A row's order is its rank: where two rows catch the same bytes, the upper one names them. Keys with a prefix of one
service each stand in `rules/tokens.toml`, which is read with this table by `pack`.
"""

import re

from prismfs.intake import personal, values
from prismfs.intake.detector import Detector

SCAN_VERSION = 2
"""Raised by one whenever a row or a judgement changes: reports say with which rules a text was scanned."""

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

# `--token VALUE` on a command line; `password:` with its value alone on the next line.
_ARGUMENT = rb"""["']?(?P<secret>[^\s"'`\\-][^\s"'`]{3,})"""
_BELOW = rb"""["']?[ \t]*[:=][ \t]*[|>]?[+-]?[ \t]*\r?\n[ \t]+(?P<secret>[^\s:#-][^\s:]*)[ \t\r]*(?:\n|\z)"""

# Services whose keys have no prefix of their own: the name of what is assigned must name the service and a key.
_VENDORS = tuple(
    """adafruit adobe airtable algolia asana azure beamer bitbucket bittrex clickhouse cloudflare codecov cohere
    coinbase confluent contentful datadog dd_ digitalocean discord droneci drone_ dropbox etsy facebook fastly
    finicity finnhub flickr freshbooks gitter grafana heroku hubspot intercom kraken kucoin launchdarkly
    linear linkedin lob_ looker mailchimp mailgun mapbox mattermost maxmind messagebird meraki netlify
    newrelic new_relic new- relic nytimes okta opsgenie pagerduty plaid posthog privateai rapidapi sauce
    sendbird sentry shopify snyk sonar sourcegraph square squarespace sumo sumologic travis trello twilio
    twitch twitter typeform wandb yandex zendesk""".split()
)
_VENDOR_KEY = (
    rb"(?i)\b[\w.-]{0,30}?(?:" + "|".join(_VENDORS).encode() + rb")[\w .-]{0,30}?"
    rb"(?:key|token|secret|auth|api|access|cred|pat|sid|"
    rb"client|licen[cs]e|signing)[\w.-]{0,20}?"
    + _IS
    + rb"""["'\\]{0,2}(?P<secret>[A-Za-z0-9][A-Za-z0-9_=+/-]{14,150})"""
)

DETECTORS: tuple[Detector, ...] = (
    Detector(
        "private_key",
        ("private key",),
        _PEM_BEGIN + rb"(?:(?:-{0,4}[^-])*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|" + _PEM_CUT + rb")",
        strong=True,
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
        strong=True,
    ),
    Detector(
        "aws_secret_access_key",
        ("secret",),
        rb"(?i)secret[_ -]?(?:access[_ -]?)?key"
        + _IS
        + rb"""["']?(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+]|\z)""",
    ),
    Detector("gcp_api_key", ("aiza",), rb"AIza[A-Za-z0-9_-]{35}", strong=True),
    Detector(
        "azure_storage_key",
        ("accountkey", "sharedaccesskey"),
        rb"(?i)(?:Account|SharedAccess)Key\s*=\s*(?P<secret>[A-Za-z0-9+/]{42,86}={1,2})",
    ),
    Detector("azure_sas", ("sig=",), rb"(?i)\bsig=(?P<secret>(?:[A-Za-z0-9+/]|%2[BF]){43}(?:=|%3D))"),
    Detector(
        "github_token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        rb"gh[pousr]_[A-Za-z0-9]{36}[A-Za-z0-9_]*|github_pat_[A-Za-z0-9]{22}[A-Za-z0-9_]*",
        strong=True,
    ),
    Detector(
        "gitlab_token",
        ("glpat-", "gldt-", "glrt", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-", "glffct-", "glimt-", "gloas-"),
        rb"gl(?:pat|dt|rt|rtr|cbt|ptt|ft|soat|agent|ffct|imt|oas)-[A-Za-z0-9_-]{20}[A-Za-z0-9_.-]*",
        strong=True,
    ),
    Detector(
        "slack_token",
        ("xox", "xapp-"),
        rb"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9]+-[0-9]+-[A-Za-z0-9]+",
        values.digits,
        strong=True,
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
        strong=True,
    ),
    Detector("anthropic_key", ("sk-ant-",), rb"\bsk-ant-[A-Za-z0-9_-]{20,}", values.digits, strong=True),
    Detector(
        "openai_key", ("sk-",), rb"\bsk-(?:(?:proj|svcacct|admin)-)?[A-Za-z0-9_-]{20,}", values.mixed, strong=True
    ),
    Detector("npm_token", ("npm_",), rb"npm_[A-Za-z0-9]{36}\b", strong=True),
    Detector("pypi_token", ("pypi-age",), rb"pypi-AgE[A-Za-z0-9_-]{50,}", strong=True),
    Detector(
        "twilio_key",
        ("twilio", "account_sid", "accountsid", "key_sid"),
        rb"(?i:twilio|account_?sid|key_sid)[^\n]{0,80}?\b(?P<secret>(?:SK|AC)[0-9a-f]{32})\b",
    ),
    Detector("sendgrid_key", ("sg.",), rb"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", strong=True),
    Detector("google_oauth", ("gocspx-", "ya29."), rb"GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{20,}", strong=True),
    Detector("telegram_bot_token", (":aa",), rb"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}", strong=True),
    Detector("jwt", ("eyj",), rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", strong=True),
    Detector(
        "http_authorization",
        ("authorization", "bearer"),
        rb"""(?i)(?:authorization["'\\\]]{0,4}\s*(?:=>|[:=,])\s*["'\\]{0,3}"""
        rb"""(?:(?:bearer|basic|token|negotiate|digest|apikey|ssws|key|splunk|bot)\s+)?|\bbearer\s+)(?P<secret>[^\s"'`\\,;]{8,})""",
        values.header,
    ),
    Detector(
        "cookie",
        ("cookie",),
        rb"""(?i)\b(?:set-)?cookie["'\\]{0,3}\s*[:=]\s*["'\\]{0,3}(?P<secret>[^\n"']{8,1000})""",
        values.cookies,
    ),
    Detector(
        "password_hash",
        ("$2", "$5$", "$6$", "$y$", "$argon2", "$apr1$", "$1$"),
        rb"\$(?:2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}|(?:[156y]|apr1)\$[./A-Za-z0-9=,$]{1,40}\$[./A-Za-z0-9]{22,100}"
        rb"|argon2(?:id|i|d)\$[A-Za-z0-9=,$+/]{20,200})",
        strong=True,
    ),
    Detector(
        "password",
        ("curl", "wget"),
        rb"""(?i)\b(?:curl|wget)\b[^\n]{0,300}?\s(?:-u|--user|--proxy-user|-U)[ =]?["']?"""
        rb"""[^\s:"']{1,100}:(?P<secret>[^\s"']{2,})""",
        values.credential,
    ),
    Detector(
        "password",
        ("mysql", "sshpass"),
        rb"""\b(?:mysql(?:dump|admin)?|sshpass)\b[^\n]{0,200}?\s-p[ ]?["']?(?P<secret>[^\s"'-][^\s"']{3,})""",
        values.credential,
    ),
    Detector(
        "password",
        ("password",),
        rb"(?i)\bmachine\s+\S{1,200}\s+login\s+\S{1,200}\s+password\s+(?P<secret>\S+)",
        values.credential,
    ),
    Detector("password", ("cleartextpassword",), rb"""(?i)ClearTextPassword["']\s+value=["'](?P<secret>[^"'\n]+)"""),
    Detector(
        "password", ("--",), rb"(?i)--[a-z-]{0,30}(?:password|passwd|passphrase)[ \t]+" + _ARGUMENT, values.argument
    ),
    Detector(
        "secret",
        ("--",),
        rb"(?i)--[a-z-]{0,30}(?:secret|token|api-?key|access-?key|credentials?)[ \t]+" + _ARGUMENT,
        values.argument,
    ),
    Detector(
        "secret",
        ("kind: secret", '"secret"'),
        rb"""(?i)\bkind["']?:[ \t]*["']?Secret\b[^\0]*?\n(?:string)?data:[ \t]*\r?(?P<secret>(?:\n[ \t]+[^\n]*)+)""",
        values.members,
    ),
    Detector("password", ("pass",), rb"(?i)" + _PASSWORDS + _IS + _VALUE, values.assigned),
    Detector("password", ("pwd",), rb"(?i)pwd" + _IS + _VALUE, values.assigned_path),
    Detector(
        "secret", ("secret", "token", "key", "credential"), rb"(?i)" + _TOKENS + _IS + _VALUE, values.assigned_token
    ),
    Detector("password", ("pass", "pwd"), rb"(?i)(?:" + _PASSWORDS + rb"|\bpwd)" + _BELOW, values.next_line),
    Detector("secret", ("secret", "token", "key", "credential"), rb"(?i)" + _TOKENS + _BELOW, values.next_line),
    Detector("vendor_key", _VENDORS, _VENDOR_KEY, values.vendor_key),
    *personal.DETECTORS,
    Detector(
        "possible_secret",
        ("key", "token", "secret", "passw", "cred", "auth", "cookie", "session", "signature"),
        rb"(?i)(?:key|token|secret|passw|cred|auth|cookie|session|signature)[^\n]{0,40}?\b"
        rb"(?P<secret>[A-Za-z0-9+/_-]{24,128}={0,2})",
        values.random_text,
        level="suspect",
    ),
)

KINDS: tuple[str, ...] = tuple(dict.fromkeys(detector.kind for detector in DETECTORS))
"""Every kind of this table, in its order."""

SECRET_KEY = re.compile(
    r"(?i)(?:^pass$|pass(?:word|wd|phrase|code)s?$|_pass$|pwd$|secrets?$|tokens?$|credentials?$|authorization$"
    r"|^(?:set-)?cookie$|(?:api|access|secret|private|account|auth|encryption|signing|master|session|shared)"
    r"[_-]?keys?$)"
)
"""A mapping key whose string value is a secret as a whole, in any form."""
