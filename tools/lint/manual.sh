#!/bin/sh
# The manual tells of exactly the subcommands and long options that the program's --help has.
. "${top_srcdir:-.}/tools/lint/lint.sh"

program=$top_builddir/unseen
manual=$(sed 's/\\-/-/g' man/unseen.1)

options_of() {
    grep -oE -e '--[a-z][a-z0-9-]*' | sort -u
}

# The part of the manual on subcommand $1: from its .SS line to the next heading.
part() {
    echo "$manual" | awk -v name="$1" '/^\.S[SH]/ { inside = ($0 == ".SS unseen " name) } inside'
}

if [ -x "$program" ]; then
    common=$(echo "$manual" | awk '/^\.S[SH]/ { inside = ($0 == ".SS Options of every subcommand") } inside' |
        options_of)
    for name in $("$program" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'); do
        look
        text=$(part "$name")
        [ -n "$text" ] || { fault "man/unseen.1: nothing on unseen $name"; continue; }
        real=$("$program" "$name" --help | options_of)
        told=$(printf '%s\n%s\n' "$(echo "$text" | options_of)" "$common" | sort -u)
        for option in $real; do
            look
            echo "$told" | grep -qx -e "$option" || fault "man/unseen.1: unseen $name lacks $option"
        done
        for option in $(echo "$text" | options_of); do
            look
            echo "$real" | grep -qx -e "$option" || fault "man/unseen.1: unseen $name has no $option"
        done
    done
else
    fault "$program is missing"
fi
verdict
