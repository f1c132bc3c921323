#!/bin/sh
# A patrol: looks at one thing, again and again, such as from cron. It says the same each time; prismfs counts
# repeats on the escalation that is open. At 95 % it speaks louder, which raises that one at once.
# Usage: patrol-disk.sh PROJECT FOLDER [PERCENT]
set -u
project=$1
folder=$2
limit=${3:-85}
used=$(df -P -- "$folder" | awk 'NR == 2 { sub("%", "", $5); print $5 }')
[ "$used" -lt "$limit" ] && exit 0

severity=MEDIUM
[ "$used" -ge 95 ] && severity=HIGH
prismfs -C "$project" --as disk-patrol escalate -s "$severity" "Disk of $folder is filling up" \
  -m "$used % used" --source patrol:disk:space --signature "disk:$folder" --label "folder=$folder"
