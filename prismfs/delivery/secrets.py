"""Settings that may name a secret, `env:NAME` and `file:/absolute/path`, and the line of a receipt that must tell none.

They are looked up when a message is sent, so that no commit, record or log holds a secret, and a changed one is used
at once (R-004-04).
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from prismfs.errors import ConfigError
from prismfs.kinds.escalation.settings.routing import Target
from prismfs.records.api import Receipt

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_BYTES = 64 * 1024


def resolve(text: str, *, field: str, root: Path) -> str:
    """Return what the setting `field` of the project at `root` says: `text` itself, or what it refers to.

    Raises:
        ConfigError: `missing_setting` or `bad_secret`; it names the setting and the variable or path, and
            never a value.
    """
    if text.startswith("env:"):
        value = _of_environment(text.removeprefix("env:"), field)
    elif text.startswith("file:"):
        value = _of_file(text.removeprefix("file:"), field, root)
    else:
        value = text
    if not value:
        what = f"{text} is empty" if text else "is empty"
        raise ConfigError("missing_setting", what, field=field)
    return value


_MOST = 200


def one_line(text: str, *, without: Iterable[str] = ()) -> str:
    """Return `text` as one printable line of at most 200 characters.

    A text in which one of the secrets `without` occurs is left out altogether: what is next to a secret
    may be another form of it.
    """
    if any(secret and secret.casefold() in text.casefold() for secret in without):
        return "(left out, it holds a secret)"
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


def not_configured(error: ConfigError) -> Receipt:
    """Return the receipt of a message that lacks a setting; the error names it."""
    return Receipt(outcome="not_configured", detail=one_line(str(error)))


def find_target(targets: Mapping[str, Target], name: str, *, channel: str) -> Target:
    """Return the target called `name` in the routing settings, if it is one of `channel`.

    Raises:
        ConfigError: `missing_setting`, there is none.
    """
    target = targets.get(name)
    if target is None:
        raise ConfigError(
            "missing_setting", "no such target", field=f"targets.{name}", hint="settings/routing.yaml names it"
        )
    if target.channel != channel:
        raise ConfigError("missing_setting", f"is of channel {target.channel}, not {channel}", field=f"targets.{name}")
    return target


def resolve_target(target: Target, *, name: str, root: Path) -> Target:
    """Return `target` with its URL and its options looked up; raises as `resolve` does."""
    url = resolve(target.url, field=f"targets.{name}.url", root=root) if target.url else ""
    options = {
        key: resolve(value, field=f"targets.{name}.options.{key}", root=root) for key, value in target.options.items()
    }
    return target.model_copy(update={"url": url, "options": options})


def _of_environment(name: str, field: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError("bad_secret", "what follows env: is no name of a variable", field=field)
    value = os.environ.get(name)
    if value is None:
        raise ConfigError("bad_secret", f"the environment variable {name} is not set", field=field)
    return value


def _of_file(path: str, field: str, root: Path) -> str:
    if not path.startswith("/"):
        raise ConfigError("bad_secret", "what follows file: must be an absolute path", field=field)
    place = Path(os.path.realpath(path))
    if place.is_relative_to(os.path.realpath(root)):
        raise ConfigError("bad_secret", f"{path} lies in the project; a secret must lie outside of it", field=field)
    try:
        with open(place, "rb", opener=_open) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError("bad_secret", f"{path} is no regular file", field=field)
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError("bad_secret", f"{path}: {error.strerror}", field=field) from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ConfigError("bad_secret", f"{path} is not UTF-8", field=field) from None
    if len(data) > _MOST_BYTES:
        raise ConfigError("bad_secret", f"{path} is larger than {_MOST_BYTES} bytes", field=field)
    return text.removesuffix("\n").removesuffix("\r")


def _open(path: str, flags: int) -> int:
    # Without blocking: opening a named pipe would wait for its writer.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
