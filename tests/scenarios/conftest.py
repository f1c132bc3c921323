from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# The folder is no package (tests are imported by path), so the stage beside this file is loaded by path, too.
_spec = importlib.util.spec_from_file_location("scenario_desk", Path(__file__).with_name("desk.py"))
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["scenario_desk"] = _module
_spec.loader.exec_module(_module)
