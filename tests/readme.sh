#!/bin/sh
# Runs every `unseen` command that README.md shows, in its order, and compiles and runs its C example. The
# images are those of documents.sh.
. "${top_srcdir:-.}/tests/documents.sh"
cc=${CC:-cc}

HOME=$work/home
export HOME
unset XDG_STATE_HOME
mkdir "$HOME"

# A server goes on while the commands behind it run; they begin when it has printed its key.
servers=
trap 'for server in $servers; do kill "$server"; wait "$server" || true; done; rm -rf "$work"' EXIT
serve() {
    : >"$work/served"
    (cd "$work" && exec $1 </dev/null >served) &
    servers="$servers $!"
    until grep -q "^key " "$work/served"; do
        kill -0 $! || exit 1
        sleep 0.1
    done
}

# README.md has the test images where the reader stands.
cp "$work"/mnist/*.gz "$work"

commands=0
sed -n 's/^    \(build\/unseen .*\)$/\1/p' "$top_srcdir/README.md" | ports >"$work/commands"
while read -r command; do
    echo "$command"
    case $command in
        *" train "*) command="$command --epochs 2 --quiet" ;; # the default is for the real images
    esac
    case $command in
        *" serve "*) serve "$command" && commands=$((commands + 1)) && continue ;;
    esac
    (cd "$work" && sh -c "$command" </dev/null)
    commands=$((commands + 1))
done <"$work/commands"
[ "$commands" -ge 7 ] || { echo "only $commands commands found in README.md" >&2; exit 1; }

# The example: from its first #include to the end of the indented block.
awk '/^    #include <stdio.h>/ { on = 1 } on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' \
    "$top_srcdir/README.md" >"$work/example.c"
# Its headers are installed below a folder that pkg-config names; in the tree that is the source folder.
# shellcheck disable=SC2086
$cc -std=c11 -Wall -Werror -I"$top_srcdir" -o "$work/example" "$work/example.c" \
    "$top_builddir/.libs/libnn.a" "$top_builddir/.libs/libckks.a" ${LIBS-} -lm ${SANITIZE-}
(cd "$work" && ./example)
echo "$commands commands and one example ran"
