"""A second opinion on persons, places and numbers, by Microsoft Presidio, where the settings ask for it.

What it finds is only suspected: a model that reads prose is often wrong about logs. It is an extra of the package.
"""

import importlib
from functools import cache
from typing import Any

from prismfs.errors import ConfigError
from prismfs.intake.spans import Hit

_MODULE = "presidio_analyzer"
_SURE = 0.6
"""From this score on (0 to 1) a finding counts; a pattern without context has 0.5 or less."""


def opinion(text: str) -> list[Hit]:
    """Return what Presidio takes for personal data in `text`, which stays as it is.

    Raises:
        ConfigError: `presidio_missing`; it is not installed.
    """
    found = _analyzer().analyze(text=text, language="en", score_threshold=_SURE)
    return [
        Hit(one.start, one.end, f"presidio_{one.entity_type.lower()}", "suspect", text[one.start : one.end].encode())
        for one in found
        if "[redacted:" not in text[max(0, one.start - 10) : one.end]
    ]


@cache
def _analyzer() -> Any:
    try:
        module = importlib.import_module(_MODULE)
    except ImportError:
        raise ConfigError(
            "presidio_missing",
            "the settings ask for Presidio, which is not installed",
            path="settings/redaction.yaml",
            field="/presidio",
            hint="pip install 'prismfs[presidio]', or set presidio to false",
        ) from None
    return module.AnalyzerEngine()
