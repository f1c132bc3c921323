"""To build a model, pydantic looks at no other package that is installed."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from prismfs.records.base import Value

class One(Value):
    name: str

One.from_document({"name": "x"})
print("importlib.metadata" in sys.modules)
"""


def test_no_installed_package_is_looked_at_for_plugins() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
