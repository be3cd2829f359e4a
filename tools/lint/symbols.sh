#!/bin/sh
# The libraries' symbols: every global name carries its folder's prefix, there is no writable global data,
# and the public headers declare exactly the functions of libunseen.symbols (one a line, in the order of `LC_ALL=C sort`),
# which is what the shared library shows. A change of that list is a change of the library's version: RELEASING.md.
. "${top_srcdir:-.}/tools/lint/lint.sh"

for folder in ckks channel service nn train; do
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

# same LIST LIST WHAT WHERE: complains about each line that is in one list only.
same() {
    look
    for name in $1; do
        echo "$2" | grep -qx "$name" || fault "$name is $3 and not in $4"
    done
}

declared=$(declared_functions)
list=$(cat libunseen.symbols)
same "$declared" "$list" "declared in a public header" libunseen.symbols
same "$list" "$declared" "in libunseen.symbols" "a public header"
[ "$(echo "$list" | LC_ALL=C sort -u)" = "$list" ] || fault "libunseen.symbols is not in order"

shared=$top_builddir/.libs/libunseen.so
if [ -f "$shared" ]; then
    shown=$(${NM:-nm} -D --defined-only "$shared" | awk '$2 ~ /[TDRBV]/ { print $3 }' |
        grep -v '^_\(init\|fini\|edata\|end\|_bss_start\)$' | LC_ALL=C sort)
    same "$list" "$shown" "in libunseen.symbols" "$shared"
    same "$shown" "$list" "shown by $shared" libunseen.symbols
else
    echo "no shared library in this build: its list of symbols is not checked"
fi
verdict
