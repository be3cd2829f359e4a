#!/bin/sh
# Bash's completion: every subcommand and every option of each, files by their kinds, words that options take. The script
# is sourced by bash as it will be, and asked for what it would offer.
set -eu
: "${top_srcdir:=.}" "${top_builddir:=.}"
command -v bash >/dev/null 2>&1 || { echo "no bash here"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/ask.bash" <<'EOS'
source "$1"
cd "$2" || exit 1
unseen=$3
faults=0

# offers EXPECTED WORD...: what is offered for the last of the words, sorted.
offers() {
    local expected=$1 got
    shift
    COMP_WORDS=("$unseen" "$@")
    COMP_CWORD=$#
    _unseen
    got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')
    if [[ ${got% } != "$expected" ]]; then
        echo "unseen $*: offers '${got% }', not '$expected'"
        faults=$((faults + 1))
    fi
}

names=$("$unseen" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')
offers "$(printf '%s\nhelp\n' "$names" | sort | tr '\n' ' ' | sed 's/ $//')" ""
offers "plan" "pl"
offers "decrypt demo" "de"
offers "calibrate check collect" help c
offers "--help --version" --
for name in $names; do
    offers "$("$unseen" "$name" --help | grep '^ *-' | grep -oE -e '--[a-z][a-z0-9-]*' | sort -u | tr '\n' ' ' | sed 's/ $//')" \
        "$name" --
done
offers "--json" plan model.onnx --js

touch a.onnx b.onnx.gz c.plan d.pgm e.html f-images-idx3-ubyte.gz
mkdir nets
offers "a.onnx b.onnx.gz nets" plan ""
offers "a.onnx b.onnx.gz nets" infer ""
offers "a.onnx b.onnx.gz c.plan d.pgm e.html f-images-idx3-ubyte.gz nets" infer a.onnx ""
offers "d.pgm f-images-idx3-ubyte.gz nets" encrypt c.plan a.onnx ""
offers "d.pgm f-images-idx3-ubyte.gz nets" encrypt -o request c.plan --index 3 a.onnx ""
offers "nets" train --data ""
offers "e.html nets" report x.json -o ""
offers "c.plan" inspect a.onnx c.p
offers "c.plan" plan --costs = c.p
offers "" eval a.onnx --count ""
offers "" eval a.onnx ""
offers "" train ""
offers "always auto" plan --color a
offers "json" plan --progress j
offers "auto" fit x --method au
offers "poly sign" fit x --relu ""
offers "192" plan --security 19

# Words that stand in the script are words that the program takes: what it then complains of is something else.
for case in "plan --color auto always never" "plan --progress auto always never json" \
    "fit --method auto ls chebyshev minimax" "fit --relu poly sign" "plan --security 128 192 256"; do
    read -r name option words <<<"$case"
    offers "$(printf '%s\n' $words | sort | tr '\n' ' ' | sed 's/ $//')" "$name" "$option" ""
    for word in $words; do
        if "$unseen" "$name" "$option" "$word" 2>&1 | grep -q -e "$option takes"; then
            echo "unseen $name $option does not take $word"
            faults=$((faults + 1))
        fi
    done
done
complete -p unseen >/dev/null || faults=$((faults + 1))
[[ $faults -eq 0 ]]
EOS
mkdir "$work/here"
bash "$work/ask.bash" "$(cd "$top_srcdir" && pwd)/completion/unseen.bash" "$work/here" "$(cd "$top_builddir" && pwd)/unseen"
