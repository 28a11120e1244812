#!/bin/bash
# size.sh: no function of more than 100 lines or COMPLEXITY branches, no file of more than 1,000 lines.
# There is no list of exceptions.
cd "$(dirname "$0")/.." || exit 2
COMPLEXITY=25
status=0
mapfile -t files < <(find src -name '*.c' | sort)

# It takes some structs for classes of C++ and says so; their functions are measured all the same.
pmccabe "${files[@]}" 2>/dev/null | awk -F'\t' -v most=$COMPLEXITY '
    $1 > most || $5 > 100 { print $6 ": " $7 ": complexity " $1 ", " $5 " lines"; bad = 1 }
    { n++; if ($5 > long) long = $5 }
    END { print "sizes: " n " functions, the longest has " long " lines"; exit bad || !n }' || status=1
wc -l "${files[@]}" | awk '$2 != "total" && $1 > 1000 { print $2 ": " $1 " lines"; bad = 1 } END { exit bad }' ||
    status=1
exit $status
