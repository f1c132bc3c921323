# A pager that is out of order until run/healed is there; it keeps what it is given, a line each.
[ -e run/healed ] || exit 75
cat >> run/pager.log
echo >> run/pager.log
