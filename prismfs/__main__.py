"""The entry point of `prismfs` and `python -m prismfs`."""

import gc
import sys


def main() -> None:
    """Run the command line. `--version` alone is answered before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        from prismfs import __version__

        print(f"prismfs {__version__}")
        return
    gc.set_threshold(100_000)  # what a command makes lives about as long as it does; `watch` sets it back
    from prismfs.cli import run

    code = run(sys.argv[1:])
    gc.freeze()  # else all of it is looked through once more at the end
    sys.exit(code)


if __name__ == "__main__":
    main()
