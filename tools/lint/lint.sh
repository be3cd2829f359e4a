# shellcheck shell=sh
# Read by the other scripts of this folder. A check goes to the source tree, counts what it looked at
# with `look`, complains with `fault`, and ends with `verdict`; it fails when it had nothing to check.
set -eu
cd "${top_srcdir:-$(dirname "$0")/../..}"
top_builddir=${top_builddir:-$PWD/build}

looked=0 faults=0

look() {
    looked=$((looked + 1))
}

fault() {
    echo "$*"
    faults=$((faults + 1))
}

# The files of a folder that are C, and of the folders in it.
sources() {
    find "$1" -name '*.[ch]' | LC_ALL=C sort
}

# The headers that the make files behind the first argument list as of that kind: public, shared.
listed_headers() {
    kind=$1
    shift
    sed -e ':join' -e '/\\$/{N;s/\\\n/ /;b join' -e '}' "$@" |
        sed -n 's/^[a-z]*_'"$kind"'_headers *= *//p' | tr -s ' \t\n' ' '
}

# The headers that are installed.
public_headers() {
    listed_headers public ckks/Makefile.inc channel/Makefile.inc service/Makefile.inc nn/Makefile.inc
    listed_headers client nn/Makefile.inc
}

# The functions that public headers declare.
declared_functions() {
    # shellcheck disable=SC2046
    sed -n '/^#/d; /_API/,/;/p' $(public_headers) | tr '\n' ' ' | tr ';' '\n' |
        sed -n 's/.*_API[^(]*[ *]\([a-z0-9_]*\)(.*/\1/p' | LC_ALL=C sort
}

verdict() {
    [ "$looked" -gt 0 ] || fault "${0##*/}: nothing to check"
    echo "${0##*/}: $looked looked at, $faults faults"
    [ "$faults" -eq 0 ]
}
