import json
import sys
import time

told = json.load(sys.stdin)
if told["signal"]["from"] == "opal":
    time.sleep(3600)
print('{"severity": "P9", "scope": "prism-product", "reason": "x"}')
