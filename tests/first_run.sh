#!/bin/sh
# The first minutes: what the program says to someone who types its name, a subcommand without a word more, or something
# that is not quite right. The examples it gives are run in their order, and every sentence about a mistake names a way out.
. "${top_srcdir:-.}/tests/documents.sh"

fail() {
    echo "first run: $*" >&2
    exit 1
}

cp "$work"/mnist/*.gz "$work"
cp "$top_srcdir/doc/tutorial.onnx" "$work/mine.onnx"
cd "$work"
unseen=build/unseen

# says STATUS TEXT COMMAND...: the status that it leaves with, and a part of what it says on standard error.
says() {
    wanted=$1 text=$2 status=0
    shift 2
    "$@" >said.out 2>said </dev/null || status=$?
    [ $status -eq "$wanted" ] || { cat said; fail "status $status, not $wanted: $*"; }
    grep -qF -e "$text" said || { cat said; fail "does not say '$text': $*"; }
}

says 2 'To begin:' $unseen
[ "$(sed -n 's/^    //p' said)" = "$unseen demo
$unseen plan $(cd "$top_srcdir" && pwd)/data/mnist/cryptonets.onnx
$unseen --help" ] || { cat said; fail "other commands to begin with"; }
sed -n '/--help\|demo/d;s/^    //p' said >commands

# Every subcommand either needs no arguments or says what to type.
subcommands=$($unseen --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')
for name in $subcommands; do
    case $name in
        demo | calibrate) continue ;;
    esac
    says 2 "unseen $name: arguments are needed: " $unseen "$name"
    grep -qx 'For example:' said || fail "unseen $name: no example"
    grep -q '^    ' said || fail "unseen $name: no command in its example"
    # Those that need another host are run by tests of their own.
    case $name in
        serve | ask | stat) continue ;;
    esac
    sed -n 's/^    //p' said >>commands
    "$unseen" "$name" --help | grep -qxF -e "$(sed -n '/^    /{p;q;}' said)" || fail "unseen $name --help has not its example"
done

examples=0
while read -r command; do
    echo "$command"
    status=0
    case $command in
        *" train "*) command="$command --epochs 1 --quiet" ;; # the default is for the real images
    esac
    sh -c "$command" >out 2>&1 </dev/null || status=$?
    # A network fitted on so few images may give other labels, and check says so.
    case $status/$command in
        0/* | 1/*" fit "* | 1/*" check "*) ;;
        *) cat out; fail "status $status of: $command" ;;
    esac
    examples=$((examples + 1))
done <commands
[ $examples -ge 13 ] || fail "only $examples examples"

# Words that are nearly right.
says 2 "did you mean 'plan'?" $unseen plna
says 2 "did you mean 'decrypt'?" $unseen decript
says 2 "there is no subcommand 'frobnicate'" $unseen frobnicate
says 2 "did you mean '--json'?" $unseen plan --jsn x
says 2 "did you mean '--security'?" $unseen plan --securty=128 x

# Files that are not what they should be.
gzip -k digits.plan request
cp "$top_srcdir/data/mnist/cryptonets.onnx" .
gzip -k cryptonets.onnx
says 8 'this is a folder, not a file' $unseen plan .
says 8 'No such file' $unseen plan nothing.onnx
says 3 'unpack it first (gunzip)' $unseen plan cryptonets.onnx.gz
says 3 'unpack it first (gunzip)' $unseen keygen digits.plan.gz -s x -e y
says 3 'unpack it first (gunzip)' $unseen infer cryptonets.onnx eval.keys request.gz -o x
says 3 'this is a file of evaluation keys where a plan belongs; the usage is: unseen encrypt PLAN SECRET IMAGE' \
    $unseen encrypt eval.keys secret.key data/digits/7.pgm -o x
says 3 'this is a request where a file of evaluation keys belongs; the usage is: unseen infer MODEL.onnx EVALKEYS' \
    $unseen infer cryptonets.onnx request eval.keys -o x
says 3 'this is a request where a network (ONNX) belongs; the usage is: unseen infer MODEL.onnx' \
    $unseen infer request eval.keys cryptonets.onnx -o x
says 3 'this is a plan where a file of evaluation keys belongs' $unseen infer cryptonets.onnx digits.plan request -o x
says 3 'this is a plan where a network (ONNX) belongs' $unseen plan digits.plan
says 7 'this is a secret key where a plan belongs' $unseen encrypt secret.key digits.plan data/digits/7.pgm -o x
says 2 'the usage is: unseen encrypt PLAN SECRET IMAGE' $unseen encrypt digits.plan secret.key
$unseen plan "$top_srcdir/data/mnist/cnn2.onnx" -o other.plan >out
says 4 'takes files that come from the same model' $unseen decrypt other.plan secret.key response
says 4 "planning options that 'unseen plan' was given" \
    $unseen infer cryptonets.onnx eval.keys request --security 192 -o x
[ ! -e x ] && [ ! -e y ] || fail "a mistake left a file"
echo "$examples examples ran"
