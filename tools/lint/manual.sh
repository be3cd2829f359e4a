#!/bin/sh
# The manual pages tell of exactly what the program's --help has: a page man/unseen-SUB.1 for every subcommand and
# none more, with its one line, its usage and its long options; unseen(1) lists the subcommands, the options of all of
# them and the exit statuses. Every page has its sections and is of this version. Of the pages that are made from headers
# (man/Makefile.inc), every function that a public header declares has one. Groff takes all without a warning.
. "${top_srcdir:-.}/tools/lint/lint.sh"

program=$top_builddir/unseen
version=$(sed -n 's/^AC_INIT(\[unseen\], \[\([^]]*\)\].*/\1/p' configure.ac)

options_of() {
    grep -oE -e '--[a-z][a-z0-9-]*' | LC_ALL=C sort -u
}

# section FILE NAME: the text of a section, without macros and fonts.
section() {
    awk -v name=".SH $2" '/^\.SH/ { inside = $0 == name; next } inside' "$1" |
        sed -e 's/\\-/-/g' -e 's/\\f[BIR]//g' -e 's/^\.[A-Z]\{1,2\} *//'
}

# same FILE WHAT TOLD REAL: complains about each line that is in one list only.
same() {
    look
    for word in $4; do
        echo "$3" | grep -qx -e "$word" || fault "$1: $2 $word is not told"
    done
    for word in $3; do
        echo "$4" | grep -qx -e "$word" || fault "$1: $2 $word does not exist"
    done
}

# sections FILE NAME...: complains unless the page has these sections, in this order, and its head and list.
sections() {
    page=$1
    shift
    look
    found=$(sed -n 's/^\.SH //p' "$page")
    [ "$found" = "$(printf '%s\n' "$@")" ] || fault "$page: sections should be: $*"
    grep -q "^\.TH [A-Z\\-]* [0-9] \"20[0-9][0-9]\" \"unseen $version\" " "$page" || fault "$page: .TH: not of unseen $version"
    formatted "$page"
}

# formatted FILE...: complains of what groff warns of.
formatted() {
    look
    command -v groff >/dev/null 2>&1 || return 0
    warnings=$(groff -man -ww -z -T utf8 "$@" 2>&1) || true
    [ -z "$warnings" ] || fault "$warnings"
}

if [ ! -x "$program" ]; then
    fault "$program is missing"
    verdict
fi

names=$("$program" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')
same man "the page of unseen" "$(find man -name 'unseen-*.1' | sed 's|^man/unseen-\(.*\)\.1$|\1|')" "$names"
sections man/unseen.1 NAME SYNOPSIS DESCRIPTION 'FIRST STEPS' SUBCOMMANDS 'COMMON OPTIONS' 'EXIT STATUS' FILES \
    ENVIRONMENT SECURITY 'SEE ALSO'
same man/unseen.1 subcommand "$(section man/unseen.1 SUBCOMMANDS | sed -n 's/^unseen-\([a-z-]*\) (1)$/\1/p')" "$names"
same man/unseen.1 "exit status" "$(section man/unseen.1 'EXIT STATUS' | grep -x '[0-9]*')" \
    "$("$program" --help | sed -n '/^Exit status/,$s/^ *\([0-9][0-9]*\)  .*/\1/p')"

common=$(section man/unseen.1 'COMMON OPTIONS' | options_of)
for name in $names; do
    page=man/unseen-$name.1
    [ -f "$page" ] || continue
    sections "$page" NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES 'EXIT STATUS' 'SEE ALSO'
    help=$("$program" "$name" --help)
    same "$page" option "$(section "$page" OPTIONS | options_of; echo "$common")" "$(echo "$help" | grep '^ *-' | options_of)"
    look
    summary=$("$program" --help | sed -n "s/^  $name  *//p" | sed 's/  *(\(client\|server\))$//')
    [ "$(section "$page" NAME)" = "unseen-$name - $summary" ] || fault "$page: NAME should be: $summary"
    usage=$(echo "$help" | sed -n 's/^Usage: //p')
    [ "$(section "$page" SYNOPSIS | tr '\n' ' ')" = "$usage " ] || fault "$page: SYNOPSIS should be: $usage"
    [ "$("$program" help "$name")" = "$help" ] || fault "unseen help $name is not unseen $name --help"
    [ "$(echo "$help" | tail -n 1)" = "Manual: unseen-$name(1)" ] || fault "unseen $name --help does not name its page"
    grep -q '^\.EX$' "$page" || fault "$page: no example"
done

for name in $(declared_functions); do
    look
    grep -q "^$name " "$top_builddir/man/man3/$name.3" 2>/dev/null || fault "no page of $name"
done
formatted "$top_builddir"/man/man3/*.3 "$top_builddir/man/unseen-formats.5"
command -v groff >/dev/null 2>&1 || echo "no groff: pages are not tried"
verdict
