import json
import sys

signal = json.load(sys.stdin)
print(
    json.dumps(
        {
            "lane": "incident",
            "confidence": 0.9,
            "rank": 0,
            "nature": "outage",
            "reason": f"{len(signal['body'])} characters read",
        }
    )
)
