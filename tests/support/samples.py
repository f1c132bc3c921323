"""Labelled texts for the scanner, made by chance from a seed: secrets of many kinds in the places where they turn up.

Every secret is put together here, so that no file of the repository holds what looks like one.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

Row = dict[str, Any]
Make = Callable[[random.Random], str]

ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "-_"
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
BASE64 = ALNUM + "+/"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"


def some(chance: random.Random, alphabet: str, size: int) -> str:
    return "".join(chance.choices(alphabet, k=size))


def uuid(chance: random.Random) -> str:
    return "-".join(some(chance, HEX, size) for size in (8, 4, 4, 4, 12))


def made(*parts: str | tuple[str, int]) -> Make:
    """Return what makes a token of literal parts and of (alphabet, size) drawn by chance; "uuid" is one."""

    def make(chance: random.Random) -> str:
        return "".join(
            some(chance, *part) if isinstance(part, tuple) else uuid(chance) if part == "uuid" else part
            for part in parts
        )

    return make


def jwt(chance: random.Random) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": some(chance, ALNUM, 10), "iat": chance.randrange(10**9)})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, some(chance, URLSAFE, 43)))


def pem(chance: random.Random) -> str:
    kind = chance.choice(["RSA ", "EC ", "OPENSSH ", ""]) + "PRIVATE KEY"
    lines = [some(chance, BASE64, 64) for _ in range(chance.randrange(3, 12))]
    return "\n".join(("-" * 5 + f"BEGIN {kind}" + "-" * 5, *lines, "-" * 5 + f"END {kind}" + "-" * 5))


# Kinds whose own shape says what they are.
SHAPES: dict[str, Make] = {
    "private_key": pem,
    "aws_access_key_id": made("AK" + "IA", (UPPER, 16)),
    "gcp_api_key": made("AI" + "za", (URLSAFE, 35)),
    "github_token": made("gh" + "p_", (ALNUM, 36)),
    "gitlab_token": made("gl" + "pat-", (URLSAFE, 20)),
    "slack_token": made("xo" + "xb-", (string.digits, 12), "-", (string.digits, 12), "-", (ALNUM, 24)),
    "slack_webhook": made("https://hooks.sl" + "ack.com/services/T", (UPPER, 8), "/B", (UPPER, 8), "/", (ALNUM, 24)),
    "stripe_key": made("sk_" + "live_", (ALNUM, 24)),
    "anthropic_key": made("sk-" + "ant-api03-", (URLSAFE, 92), "1AA"),
    "openai_key": made("sk-" + "proj-", (ALNUM, 40), "A1"),
    "npm_token": made("np" + "m_", (ALNUM, 36)),
    "pypi_token": made("pypi-" + "AgEIcHlwaS5vcmc", (URLSAFE, 80)),
    "sendgrid_key": made("S" + "G.", (URLSAFE, 22), ".", (URLSAFE, 43)),
    "google_oauth": made("GOC" + "SPX-", (URLSAFE, 28)),
    "telegram_bot_token": made((string.digits, 9), ":A" + "A", (URLSAFE, 33)),
    "jwt": jwt,
    "password_hash": made("$2" + "b$12$", ("./" + ALNUM, 53)),
    "1password_account_key": made("A3-", *[p for n in (6, 6, 5, 5, 5) for p in ((UPPER, n), "-")], (UPPER, 5)),
    "age_secret_key": made("AGE-SECRET-" + "KEY-1", (BECH32, 58)),
    "airtable_token": made("p" + "at", (ALNUM, 14), ".", (HEX, 64)),
    "alibaba_access_key_id": made("LT" + "AI", (ALNUM, 20)),
    "atlassian_token": made("ATA" + "TT3", (URLSAFE, 180)),
    "databricks_token": made("da" + "pi", (HEX, 32)),
    "digitalocean_token": made("do" + "p_v1_", (HEX, 64)),
    "discord_webhook": made("https://disc" + "ord.com/api/webhooks/", (string.digits, 18), "/", (URLSAFE, 68)),
    "docker_token": made("dck" + "r_pat_", (URLSAFE, 27)),
    "doppler_token": made("dp" + ".pt.", (ALNUM, 43)),
    "duffel_token": made("duf" + "fel_live_", (URLSAFE, 43)),
    "dynatrace_token": made("dt" + "0c01.", (UPPER, 24), ".", (UPPER, 64)),
    "easypost_key": made("EZ" + "AK", (ALNUM, 54)),
    "facebook_token": made("EA" + "AC", (ALNUM, 120)),
    "figma_token": made("fi" + "gd_", (URLSAFE, 40)),
    "flutterwave_key": made("FLW" + "SECK_TEST-", (HEX, 32), "-X"),
    "flyio_token": made("fo" + "1_", (URLSAFE, 43)),
    "google_refresh_token": made("1/" + "/0", (URLSAFE, 60)),
    "grafana_cloud_token": made("gl" + "c_", (ALNUM, 80)),
    "grafana_service_account": made("gl" + "sa_", (ALNUM, 32), "_", (HEX, 8)),
    "groq_key": made("gs" + "k_", (ALNUM, 52)),
    "terraform_token": made((ALNUM, 14), ".atl" + "asv1.", (URLSAFE, 67)),
    "vault_token": made("hv" + "s.", (URLSAFE, 90)),
    "heroku_key": made("HR" + "KU-AA", (URLSAFE, 58)),
    "hubspot_token": made("pa" + "t-na1-", "uuid"),
    "huggingface_token": made("h" + "f_", (string.ascii_letters, 34)),
    "infracost_key": made("ic" + "o-", (ALNUM, 32)),
    "linear_key": made("lin_" + "api_", (ALNUM, 40)),
    "mailchimp_key": made((HEX, 32), "-u" + "s12"),
    "mailgun_key": made("ke" + "y-", (HEX, 32)),
    "mapbox_token": made("sk." + "eyJ", (URLSAFE, 60), ".", (ALNUM, 22)),
    "maxmind_key": made((ALNUM, 6), "_", (ALNUM, 29), "_m" + "mk"),
    "netlify_token": made("nf" + "p_", (ALNUM, 36)),
    "newrelic_key": made("NR" + "AK-", (UPPER, 27)),
    "notion_token": made("nt" + "n_", (ALNUM, 46)),
    "nuget_key": made("oy" + "2", (LOWER, 43)),
    "openshift_token": made("sha" + "256~", (URLSAFE, 43)),
    "openrouter_key": made("sk-" + "or-v1-", (HEX, 64)),
    "perplexity_key": made("pp" + "lx-", (ALNUM, 48)),
    "plaid_access_token": made("access-" + "sandbox-", "uuid"),
    "planetscale_token": made("psc" + "ale_tkn_", (URLSAFE, 43)),
    "postman_key": made("PM" + "AK-", (HEX, 24), "-", (HEX, 34)),
    "prefect_key": made("pn" + "u_", (ALNUM, 36)),
    "pulumi_token": made("pu" + "l-", (HEX, 40)),
    "readme_key": made("rd" + "me_", (LOWER, 70)),
    "replicate_token": made("r" + "8_", (ALNUM, 37)),
    "rubygems_key": made("ruby" + "gems_", (HEX, 48)),
    "sendinblue_key": made("xkey" + "sib-", (HEX, 64), "-", (ALNUM, 16)),
    "sentry_token": made("sntr" + "yu_", (HEX, 64)),
    "shippo_token": made("ship" + "po_live_", (HEX, 40)),
    "shopify_token": made("shp" + "at_", (HEX, 32)),
    "sonar_token": made("sq" + "u_", (HEX, 40)),
    "sourcegraph_token": made("sg" + "p_", (HEX, 40)),
    "square_token": made("sq0" + "atp-", (URLSAFE, 22)),
    "supabase_key": made("sb" + "p_", (HEX, 40)),
    "tailscale_key": made("tskey-" + "auth-k", (ALNUM, 12), "-", (ALNUM, 32)),
    "typeform_token": made("tf" + "p_", (ALNUM, 44)),
    "xai_key": made("xa" + "i-", (ALNUM, 80)),
}

# Kinds that are known by the words around: the text says them.
WORDED: dict[str, tuple[Make, tuple[str, ...]]] = {
    "password": (
        made((ALNUM + "!#%*", 12), "9x"),
        (
            "DB_PASSWORD={}", "password: {}", '"password": "{}"', "mysql -u root -p{} shop", "curl -u bob:{} http://h/",
            "Server=db;Uid=sa;Pwd={};", "./deploy --password {} --yes", "password:\n    {}\n",
            "machine example.org login bob password {}",
        ),
    ),
    "secret": (
        made((ALNUM, 32), "9"),
        (
            "client_secret={}", "api_key: {}", 'const apiKey = "{}";', "--token {}", "SECRET_KEY='{}'", "x-api-key: {}",
            "kind: Secret\nmetadata:\n  name: a\ndata:\n  tls.key: {}\n", "_authToken={}", "signing_key:\n  {}\n",
        ),
    ),
    "http_authorization": (
        made((URLSAFE, 40)),
        ("Authorization: Bearer {}", '{{"authorization": "Basic {}"}}', "-H 'Authorization: Token {}'"),
    ),
    "cookie": (made((ALNUM, 32), "7"), ("Cookie: theme=dark; sessionid={}", "set-cookie: sid={}; Path=/; HttpOnly")),
    "url_password": (
        made((ALNUM, 14)),
        ("postgres://app:{}@db.internal:5432/app", "redis://:{}@cache:6379/0", "https://x:{}@git.example.org/r.git"),
    ),
    "aws_secret_access_key": (made((BASE64, 40)), ("aws_secret_access_key = {}", "AWS_SECRET_ACCESS_KEY={}")),
    "azure_storage_key": (made((BASE64, 86), "=="), ("AccountName=x;AccountKey={};EndpointSuffix=core",)),
    "vendor_key": (
        made((HEX, 40)),
        ("DATADOG_API_KEY: {}", "okta_api = {}", "fastly.key={}", "snyk_auth: {}", "PAGERDUTY_API={}"),
    ),
    "discord_bot_token": (
        made("M", (ALNUM, 23), ".", (URLSAFE, 6), ".", (URLSAFE, 27)),
        ("discord client logs in as {}", "bot: {}"),
    ),
    "okta_token": (made("00", (ALNUM, 40)), ("okta says {}", "Authorization: SSWS {}")),
    "twilio_key": (made("SK", (HEX, 32)), ("twilio sid {}", "TWILIO_API={}")),
    "email": (
        made((string.ascii_lowercase, 6), ".", (LOWER, 4), "@", (LOWER, 7), ".org"),
        ("from {} by esmtp", "user={} logged in", "<{}>", '"mail": "{}"'),
    ),
    "payment_card": (
        lambda chance: chance.choice(["4111" + "111111111111", "5500 0000" + " 0000 0004", "3782-822463" + "-10005"]),
        ("card {} declined", "pan={}"),
    ),
    "iban": (
        lambda chance: chance.choice(["DE89" + "370400440532013000", "GB82 WEST" + " 1234 5698 7654 32"]),
        ("refund to {} failed", "iban: {}"),
    ),
    "phone": (
        lambda chance: chance.choice(
            ["+1 415 5" + "55 2671", "+49 30 90" + "1820", "+44 20 79" + "46 0958", "+1415" + "5552671"]
        ),
        ("call {} now", "phone: {}", "tel:{}"),
    ),
    "national_id": (
        lambda chance: chance.choice(["123-45" + "-6789", "536-90" + "-4399"]),
        ("SSN: {}", "ssn={}", "social security number is {}"),
    ),
    "birth_date": (made("19", ("56789", 2), "-0", ("123456789", 1), "-12"), ("dob: {}", "born on {}")),
}  # fmt: skip

AROUND = (
    "2026-03-01T10:00:00Z api[17]: WARN upstream refused {} (retrying)",
    'env:\n  - name: X\n    value: "{}"\n',
    '{{"level": "error", "detail": "{}", "n": 4}}',
    'client = Client("{}", timeout=30)',
    "$ deploy --verbose {}\nexit 1",
    "It broke when I pasted {} into the form.",
)


def _in_views(secret: str) -> Iterator[tuple[str, str]]:
    """Yield the name of a reading and the text in which `secret` stands so."""
    half = len(secret) // 2
    yield "zero-width", f"here: {secret[:half]}\u200b{secret[half:]} ends"
    yield "full-width", "here: " + "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in secret)
    yield (
        "percent",
        "GET /cb?x="
        + "".join(f"%{ord(c):02X}" if not c.isalnum() else c for c in secret[:8])
        + quote(secret[8:], safe=""),
    )
    yield "percent-all", "q=" + "".join(f"%{byte:02x}" for byte in secret.encode())
    yield "base64", "payload " + base64.b64encode(f"user data: {secret} end".encode()).decode()
    yield "base64url", "p=" + base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=") + "&x=1"
    yield "unicode-escapes", "x = '" + "".join(f"\\u{ord(c):04x}" for c in secret) + "'"
    yield "literals", f'key = "{secret[:half]}" + "{secret[half:]}"'
    yield "literals-lines", f"key = ('{secret[:half]}'\n       '{secret[half:]}')"
    yield "continued", f"export X={secret[:half]}\\\n{secret[half:]}"


def dirty(seed: int = 17) -> Iterator[Row]:
    """Yield rows with secrets: id, text or document, kinds, secret."""
    chance = random.Random(seed)
    for kind, make in SHAPES.items():
        for around in AROUND:
            secret = make(chance)
            yield {
                "id": f"{kind}/shape",
                "text": around.format(secret),
                "kinds": [kind],
                "secret": [_core(kind, secret)],
            }
    for kind, (make, texts) in WORDED.items():
        for text in texts:
            for _ in range(3):
                secret = make(chance)
                yield {"id": f"{kind}/worded", "text": text.format(secret), "kinds": [kind], "secret": [secret]}
    for kind in ("github_token", "stripe_key", "digitalocean_token", "shopify_token", "npm_token", "vault_token"):
        secret = SHAPES[kind](chance)
        for view, text in _in_views(secret):
            yield {"id": f"{kind}/{view}", "text": text, "kinds": [kind]}
        half = len(secret) // 2
        parts = [secret[:half], secret[half:]]
        yield {"id": f"{kind}/fields", "document": {"a": parts[0], "b": parts[1]}, "kinds": [kind], "secret": parts}
        yield {"id": f"{kind}/items", "document": {"l": ["x", *parts]}, "kinds": [kind], "secret": parts}
    for name in ("DB_PASSWORD", "API_TOKEN", "client_secret"):
        secret = some(chance, ALNUM, 20)
        kind = "password" if "PASS" in name else "secret"
        yield {"id": f"{kind}/named", "document": {"name": name, "value": secret}, "kinds": [kind], "secret": secret}
        yield {"id": f"{kind}/argv", "document": {"argv": ["x", "--" + name.lower().replace("_", "-"), secret]},
               "kinds": ["secret"], "secret": secret}  # fmt: skip


def _core(kind: str, secret: str) -> str:
    return secret.rsplit("/", 1)[-1] if "://" in secret else secret


def clean(seed: int = 23) -> Iterator[Row]:
    """Yield rows without any secret: what reports and logs are made of."""
    chance = random.Random(seed)
    texts: list[str] = []
    for _ in range(12):
        digest = {size: some(chance, HEX, size) for size in (32, 40, 64)}
        texts += [
            f"commit {digest[40]}\nAuthor: a bot\n    fix: parse dates",
            f"image registry/app@sha256:{digest[64]} pulled",
            f"md5 {digest[32]}  dist/app-1.{chance.randrange(99)}.tar.gz",
            f"request id={uuid(chance)} took {chance.randrange(900)}.{chance.randrange(10)} ms",
            f"inc-01k{some(chance, LOWER, 23)} follows bead-01k{some(chance, LOWER, 23)}",
            f"trace_id={digest[32]} span_id={digest[32][:16]} key=user:{chance.randrange(10**6)}",
            f"npm lock: integrity sha512-{some(chance, BASE64, 86)}==",
            f"v{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(99)}-rc.1+build.{chance.randrange(9999)}",
            f"python 3.11.{chance.randrange(9)}, google-re2 1.1.20251105, node v20.{chance.randrange(20)}.0",
            f"pod api-{some(chance, HEX, 10)}-{some(chance, LOWER, 5)} 1/1 Running 0 {chance.randrange(60)}m 10.1.2.3",
            f"ts={1772359200 + chance.randrange(10**6)} ms=1772359200{chance.randrange(100, 999)}",
            f"ns={chance.randrange(10**18)} started",
            f"data:image/png;base64,iVBORw0KGgo{some(chance, BASE64, 160)}",
            f"listening on 127.0.0.1:{chance.randrange(1024, 65535)} and 192.0.2.{chance.randrange(255)}",
            f"cursor=01{some(chance, UPPER.translate(str.maketrans('', '', 'ILOU')), 24)} next_page_token=",
            f'File "/srv/app/{some(chance, LOWER, 6)}.py", line {chance.randrange(900)}, in f\n    raise KeyError(key)',
            f"etag W/\"{digest[32]}\" cache key app-v2-{digest[40][:12]} hit",
            f"order {chance.randrange(10**11)} shipped, INV-{chance.randrange(10**6):06}-{chance.randrange(99)}",
        ]  # fmt: skip
    texts += [
        "export TOKEN=<your-token>", "token: ${TOKEN}", "password: changeme-please-later".replace("-please-later", ""),
        "api_key = xxxxxxxxxxxxxxxx", "password=********", "Authorization: Bearer <token>",
        "secret: {{ vault_secret }}",
        "password: null", "token = os.environ['TOKEN']", "api_key: ${{ secrets.API_KEY }}", "PASSWORD=$DB_PASSWORD",
        "-H 'Authorization: Bearer $TOKEN'", "token = get_token()", "self.password = config.password",
        "the password was wrong", "invalid token: expired", "key not found in map", "bearer authentication required",
        "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    f()\nValueError: bad token",
        "java.lang.IllegalStateException: no key\n\tat com.example.App.main(App.java:42)\n\tat sun.X.y(Z.java:1)",
        "TypeError: Cannot read properties of undefined (reading 'key')\n    at Object.<anonymous> (/app/i.js:1:7)",
        "E0301 10:00:00.123 reflector.go:140] failed to list *v1.Secret: secrets is forbidden",
        "Back-off restarting failed container in pod api-7d9f8b6c5-x2x4z_prod(9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d)",
        "SELECT key, token FROM sessions WHERE id = 4 LIMIT 10;", "max_tokens: 4096, tokens used: 1234",
        "git@github.com:org/repo.git", "@types/node@20.1.0", "logo@2x.png", "host: command not found",
        "tokenizer: sentencepiece", "primary_key: id", "sort_key: created_at", "partition key = tenant_id",
        "public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "keyboard: qwerty", "monkey patch", "passed: 12, failed: 0",
        "2026-03-01 10:00:00,123 INFO Started", "9f86d081884c7d659a2feaa0c55ad015", "call 1772359200 later", "+1 -2",
        "diff --git a/x b/x\nindex 3f2a9c1..b8d7e6f 100644\n--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n+    return token\n",
        "Cookie policy: see /privacy", "session expired", "kubectl get secret app -o yaml", "passphrase required",
        "https://example.org/a?sig=abc&key=1", "GET /v1/tokens?limit=10 200", "cpu 99.9 mem 4111 MiB disk 3782 GiB",
        "deploy 2026.03.01.4 to eu-west-1", "version 1.2.3.4 of the driver", "mask 255.255.255.0",
        "MAC 00:1B:44:11:3A:B7",
        "see RFC 7519 and ISO 7812-1", "DE is a country; GB82 is a gate", "tel aviv office", "phone rang 3 times",
    ]  # fmt: skip
    for number, text in enumerate(texts):
        yield {"id": f"clean/{number}", "text": text, "kinds": []}
