#!/bin/sh
# The libraries' symbols: every global name carries its folder's prefix, there is no writable global data,
# and the shared library shows exactly the functions that the public headers declare.
. "${top_srcdir:-.}/tools/lint/lint.sh"

for folder in ckks channel nn train; do
    archive=$top_builddir/.libs/lib$folder.a
    [ -f "$archive" ] || { fault "$archive is missing"; continue; }
    # Lines of nm -g: value, kind, name. Undefined ones have no value.
    listing=$(${NM:-nm} -g "$archive" | awk 'NF == 3 { print $2 " " $3 }')
    look
    for name in $(echo "$listing" | awk '{ print $2 }'); do
        look
        case $name in
            "${folder}_"* | __asan_* | __odr_asan* | __ubsan_* | .*) ;;
            *) fault "$archive: $name does not begin with ${folder}_" ;;
        esac
    done
    # Columns of nm -f sysv: name, value, class, type, size, line, section. Constant tables of addresses
    # are class d too, in a section that is read-only once the program is loaded.
    writable=$(${NM:-nm} -f sysv "$archive" | tr -d ' \t' |
        awk -F '|' '$3 ~ /^[BbDdCGgSs]$/ && $7 !~ /^\.data\.rel\.ro/ && $1 !~ /^(__|\.)/ { print $1 }')
    [ -z "$writable" ] || fault "$archive: writable data: $(echo "$writable" | tr "\n" " ")"
done

shared=$top_builddir/.libs/libunseen.so
if [ -f "$shared" ]; then
    declared=$(declared_functions)
    shown=$(${NM:-nm} -D --defined-only "$shared" | awk '$2 ~ /[TDRBV]/ { print $3 }' |
        grep -v '^_\(init\|fini\|edata\|end\|_bss_start\)$' | sort)
    for name in $declared; do
        look
        echo "$shown" | grep -qx "$name" || fault "$name is declared in a public header and not in $shared"
    done
    for name in $shown; do
        look
        echo "$declared" | grep -qx "$name" || fault "$name is shown by $shared and in no public header"
    done
else
    echo "no shared library in this build: its list of symbols is not checked"
fi
verdict
