import fcntl
import json
import sys
from pathlib import Path

told = json.load(sys.stdin)
security = "token" in told["signal"]["body"]
(lock,) = Path(".git").rglob("writer.lock")
with lock.open("r+") as file:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        writer = "nobody writes"
    except BlockingIOError:
        writer = "somebody writes"
print(
    json.dumps(
        {
            "severity": "P3",
            "scope": "prism-product",
            "nature": "docs" if security else "regression",
            "reason": f"{told['incident']['title']}, triaged by {told['triage_record']['triager']}, {writer}",
        }
    )
)
