"""The entry point of `prismfs` and `python -m prismfs`."""

import sys


def main() -> None:
    """Run the command line. `--version` alone is answered before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        from prismfs import __version__

        print(f"prismfs {__version__}")
        return
    from prismfs.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
