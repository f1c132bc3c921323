#!/bin/sh
# A plugin: runs its job, and escalates when the job fails. What it printed last becomes the body.
# Usage: plugin-rebuild.sh PROJECT COMMAND [ARGUMENT…]
# The details go through standard input, so that no character of them is ever read as an option or by a shell.
set -u
project=$1
shift
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

"$@" >"$log" 2>&1 && exit 0
code=$?
# Exit 6 means: kept, but a notice of it has not been delivered yet. The watcher goes on trying.
tail -c 60000 "$log" | iconv -c -f UTF-8 -t UTF-8 | tr -d '\000' |
  prismfs -C "$project" --as rebuild escalate -s MEDIUM "Plugin failed: rebuild (exit $code)" -m - \
    --source plugin:rebuild --category failed
exit "$code"
