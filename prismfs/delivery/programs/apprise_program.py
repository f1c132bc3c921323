"""Run as a program: sends one message through Apprise. Reads JSON (url, title, body), answers by its exit code.

0: sent; 64 (EX_USAGE): no URL that Apprise knows; 75 (EX_TEMPFAIL): not sent. It imports
nothing of prismfs, so that it starts quickly.
"""

import json
import os
import sys

from apprise import Apprise, AppriseAsset


def main() -> int:
    """Send the message on standard input."""
    message = json.load(sys.stdin)
    asset = AppriseAsset()
    asset.http_redirects = False
    service = Apprise.instantiate(message["url"], asset=asset)
    if service is None:
        return os.EX_USAGE
    notifier = Apprise(asset=asset)
    notifier.add(service)
    sent = notifier.notify(title=message["title"], body=message["body"], body_format="text")
    return os.EX_OK if sent else os.EX_TEMPFAIL


if __name__ == "__main__":
    sys.exit(main())
