#!/bin/sh
# Runs every command of doc/tutorial.md in its order and holds what it prints against what the tutorial shows.
#
# A command is a line of an indented block that begins with "$ "; where it ends in a backslash the next line goes on.
# What follows in the block is its output, abbreviated: "..." stands for any number of lines, and at the end of a line
# for its rest. The lines shown must come in their order in the real output, with any numbers: the tutorial's are of
# MNIST, the images here those of documents.sh. The answers are then tested by themselves.
#
# PyTorch's part is run where it is installed (Debian package: python3-torch); the network of all the other commands
# is its export that the tutorial ships.
. "${top_srcdir:-.}/tests/documents.sh"
ln -s "$top_srcdir/doc" "$work/doc"
cd "$work"

fail() {
    echo "tutorial: $*" >&2
    exit 1
}

# Splits the tutorial into N.command and N.shown, for N from 1.
awk '
    !/^    / { if (/[^ ]/) open = 0; next }
    { sub(/^    /, "") }
    sub(/^\$ /, "") { n++; command = n ".command"; shown = n ".shown"; printf "" >shown; go = open = 1 }
    go { print >command; go = /\\$/; next }
    open { print >shown }
' doc/tutorial.md

# Numbers as #, quoted names as '*', blanks as one.
shape() {
    sed -E "s/'[^']*'/'*'/g"';s/-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?/#/g; s/# [KMG]iB/# bytes/g; s/[[:space:]]+/ /g; s/^ | $//g' "$1"
}

# same_shape SHOWN REAL: whether the lines shown are among the real ones, in order; prints the first that is not.
same_shape() {
    shape "$1" >shown.shape
    shape "$2" >real.shape
    awk '
        NR == FNR { real[++count] = $0; next }
        $0 == "" || $0 == "..." { next }
        {
            line = $0
            open = sub(/ ?\.\.\.$/, "", line)
            for (at++; at <= count; at++)
                if (open ? index(real[at], line) == 1 : real[at] == line) break
            if (at > count) { print "not printed, or not in this place: " $0; exit 1 }
        }
    ' real.shape shown.shape
}

# PyTorch on the few images here: enough epochs to learn them, and the export is good for something.
run_torch() {
    if [ -z "${PYTHON_ONNX-}" ] || ! "$PYTHON_ONNX" -c 'import torch' 2>/dev/null; then
        echo "no PyTorch here: not run: $1"
        return 1
    fi
    sh -c "$(echo "$1" | sed "s|^python3|$PYTHON_ONNX|") 30" || fail "status $? of $1"
    build/unseen fit digits.onnx --images mnist/train-images-idx3-ubyte.gz --degree 7 -q -o own.onnx >own.out || true
    build/unseen plan own.onnx | grep -q 'Chebyshev polynomial of degree 7' || fail "the export made here has no plan"
}

# The status that a command must have: 1 for answers that are not good, 5 and 6 for refusals.
status_of() {
    case $1 in
        *" guess.onnx"*) echo 1 ;;
        *" plan digits.onnx"*) echo 5 ;;
        *" plan fitted.onnx --log-n 13"*) echo 6 ;;
        *" infer "*" secret.key "*) echo 7 ;;
        *) echo 0 ;;
    esac
}

n=0
while [ -f "$((n + 1)).command" ]; do
    n=$((n + 1))
    command=$(sed -e ':join' -e '/\\$/{N;s/\\\n */ /;b join' -e '}' $n.command | tr -s ' ')
    echo "$command"
    case $command in
        python3\ *) run_torch "$command" >$n.real || continue ;;
        *)
            status=0
            sh -c "$command" >$n.real 2>&1 </dev/null || status=$?
            [ "$status" -eq "$(status_of "$command")" ] || { cat $n.real; fail "status $status of: $command"; }
            ;;
    esac
    same_shape $n.shown $n.real || { cat $n.real; fail "other output of: $command"; }
    case $command in
        *" fit digits.onnx "*" fitted.onnx") grep -q 'labels kept: *100 of 100 ' $n.real || fail "fit loses labels" ;;
        *" check fitted.onnx "*) grep -q 'encrypted 10 of 10$' $n.real || fail "check: another label, encrypted" ;;
        *" decrypt "*) grep -qx 'label  *7' $n.real || fail "the label should be 7" ;;
        *" eval "*)
            for share in 'right, plain' 'right, encrypted' 'same label'; do
                grep -q "^$share  *100 of 100" $n.real || fail "eval: $share: not all"
            done
            ;;
    esac
done
[ $n -ge 15 ] || fail "only $n commands found in doc/tutorial.md"

# What is secret is its owner's; what the client may have holds no weights.
[ -n "$(find secret.key -perm 600)" ] || fail "others may read secret.key"
for file in fitted.onnx digits.plan eval.keys request response trained.onnx check.svg; do
    [ -s $file ] || fail "$file was not made"
done
[ ! -e stolen ] || fail "infer took a secret key"
[ "$(wc -c <digits.plan)" -lt 100000 ] || fail "digits.plan is larger than a plan without weights"
echo "$n commands ran"
