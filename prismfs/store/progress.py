"""A word to somebody who waits at a terminal while the projection is made anew."""

import sys

_TOLD = 16
"""Batches between two words on how far it is: a desk of some thousand files is made anew before anybody asks."""


def tell(batches: int, size: int, *, done: bool) -> None:
    """Tell how many files have been read, in batches of `size`; the line goes once it is `done`."""
    if batches >= _TOLD and (done or batches % _TOLD == 0) and sys.stderr.isatty():
        said = "\33[2K" if done else f"reading the records anew: {batches * size:,} files"
        print(f"\r{said}", end="\r" if done else "", file=sys.stderr, flush=True)
