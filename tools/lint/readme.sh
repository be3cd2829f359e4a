#!/bin/sh
# The commands that the documents show exist: each `unseen SUBCOMMAND` is known to the program, each of
# its long options is in that subcommand's --help, each `make TARGET` and `./quickstart JOB` is real.
. "${top_srcdir:-.}/tools/lint/lint.sh"

program=$top_builddir/unseen

# Lines of code blocks (indented by four, the tutorial's after a "$ ") that hold the command,
# joined where they end in a backslash.
commands() {
    sed -n 's/^    \([$] \)\{0,1\}//p' README.md CONTRIBUTING.md SECURITY.md ARCHITECTURE.md data/README.md \
        data/*/README.md doc/*.md 2>/dev/null | sed -e ':join' -e '/\\$/{N;s/\\\n */ /;b join' -e '}' | grep -E "$1" || true
}

[ -x "$program" ] || fault "$program is missing"

while read -r line; do
    [ -n "$line" ] || continue
    look
    subcommand=$(echo "$line" | sed -n 's/^.*unseen \([a-z-]*\).*/\1/p')
    case $subcommand in -*) help=$("$program" --help) ;; *)
        help=$("$program" "$subcommand" --help 2>&1) || { fault "README: no command: $line"; continue; } ;;
    esac
    for option in $(echo "$line" | tr ' =' '\n' | grep -E '^--[a-z]' || true); do
        echo "$help" | grep -q -e "$option" || fault "unseen $subcommand has no $option: $line"
    done
done <<END
$(commands '(^|/)unseen [a-z-]' | grep -vE '^#|pkg-config')
END

for target in $(commands '^make ' | sed -n 's/^make \(-j[0-9]* \)\{0,1\}\([a-z][a-z0-9-]*\).*/\2/p'); do
    look
    case $target in
        all | install | check | dist | distcheck | clean | uninstall) ;;
        *) grep -q "^$target:" Makefile.am || fault "no target: make $target" ;;
    esac
done
for job in $(commands '^\./quickstart ' | sed 's/^\.\/quickstart \([a-z]*\).*/\1/'); do
    look
    grep -q "$job" quickstart || fault "no job: quickstart $job"
done
verdict
