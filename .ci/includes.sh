#!/bin/bash
# includes.sh: fails on an #include of our own that points upward.  One row a folder of src: the folders
# that it may include besides itself.  A folder without a row fails too: decide where it stands.
cd "$(dirname "$0")/.." || exit 2
rows='base
spec       base
config     base spec
store      base spec config
net        base spec config store
oci        base spec
image      base spec config store
quadlet    base
supervise  base spec
monitor    base spec oci
engine     base spec config store net image quadlet supervise
build      base spec config store image engine
api        base spec config engine build
cli        base spec config engine build api
hello
init       base'

find src -name '*.[ch]' | sort | xargs grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' |
    awk -v rows="$rows" '
    BEGIN {
        n = split(rows, row, "\n")
        for (i = 1; i <= n; i++) {
            m = split(row[i], word, " ")
            known[word[1]] = 1
            for (j = 1; j <= m; j++)
                allowed[word[1], word[j]] = 1
        }
    }
    {
        split($0, at, ":")
        split(at[1], path, "/")
        match($0, /"[^"]*"/)
        target = substr($0, RSTART + 1, RLENGTH - 2)
        from = path[2]
        checked++
        if (!(from in known)) {
            print at[1] ": the folder " from " has no row in .ci/includes.sh"
            bad = 1
        }
        # A name without a folder is generated into the build tree.
        if (!index(target, "/"))
            next
        split(target, to, "/")
        if (!((from, to[1]) in allowed)) {
            print at[1] ":" at[2] ": " from " must not include " target
            bad = 1
        }
    }
    END {
        if (!bad) print "includes: " checked " point down"
        exit bad || !checked
    }'
