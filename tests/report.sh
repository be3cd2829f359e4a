#!/bin/sh
# `unseen report` from end to end: results of the program on the shipped digits, made into pages, and the pages looked at
# in a real browser. In a copy of each page a script, which the page itself would not run, asks the browser how large it
# has drawn every chart and every picture.
. "${top_srcdir:-.}/tests/documents.sh"

fail() {
    echo "report: $*" >&2
    exit 1
}

cd "$work"
unseen=build/unseen
images='--images mnist/t10k-images-idx3-ubyte.gz --labels labels'

# Ten digits, of which the last is said to be a 1: one wrong image.
{ big_endian 2049 && big_endian 100 && printf '\000\001\002\003\004\005\006\007\010\001'
    gzip -dc mnist/t10k-labels-idx1-ubyte.gz | tail -c 90; } >labels

# shellcheck disable=SC2086
{
    $unseen plan data/mnist/cryptonets.onnx --json --explain >plan.json
    $unseen plan data/mnist/cnn2.onnx --json >other.json
    $unseen plan data/mnist/cryptonets.onnx --json --images 2 >packing.json
    $unseen plan data/mnist/cryptonets.onnx --json --ablate >passes.json
    $unseen check data/mnist/cryptonets.onnx $images --count 2 --json >check.json
    $unseen eval data/mnist/cryptonets.onnx $images --count 10 --json --pictures 24 >eval.json
}
layers=$(grep -c '"weight_bytes"' plan.json)
[ "$layers" -gt 2 ] || fail "the plan has $layers layers"

$unseen report plan.json packing.json passes.json check.json eval.json data/../bench/baseline.csv -o all.html
$unseen report plan.json other.json -o two.html
$unseen report - <eval.json | grep -q 'standard input</h3>' || fail "no page from standard input"
cp plan.json again.json
$unseen report plan.json again.json -o same.html

browser=
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && browser=$name && break
done
[ -n "$browser" ] || { echo "no chromium here (Debian package: chromium): pages were made but not looked at"; exit 77; }

cat >probe.js <<'EOS'
<script>
addEventListener("load", () => {
  const facts = [];
  for (const d of document.querySelectorAll("details")) d.open = true;
  for (const s of document.querySelectorAll("svg")) {
    const b = s.getBBox(), v = s.viewBox.baseVal, r = s.getBoundingClientRect();
    const inside = b.x >= -1 && b.y >= -1 && b.x + b.width <= v.width + 1 && b.y + b.height <= v.height + 1;
    facts.push(`chart ${s.id} ${b.width > 50 && b.height > 20 && r.width > 100 ? "drawn" : "empty"} ` +
      `${inside ? "inside" : "cut"} bars ${s.querySelectorAll("rect>title").length} ${s.querySelector("title").textContent}`);
  }
  for (const i of document.images) facts.push(`picture ${i.complete && i.naturalWidth}x${i.naturalHeight} ${i.alt}`);
  facts.push(`width ${document.documentElement.scrollWidth - innerWidth <= 0 ? "fits" : "overflows"}`);
  facts.push(`tables ${document.querySelectorAll("table").length}`);
  document.body.innerHTML = "<pre>" + facts.map(f => "=" + f.replace(/[<&]/g, "?")).join("\n") + "</pre>";
});
</script>
EOS

# look PAGE WIDTH: what the browser says of a page in a window of that width, into "seen".
look() {
    sed -e '/http-equiv="Content-Security-Policy"/d' -e "/^<\/head>/{r probe.js
    }" "$1" >probed.html
    grep -q Content-Security "$1" || fail "$1 has no policy"
    HOME=$work "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
        --user-data-dir="$work/profile" --window-size="$2",2000 --virtual-time-budget=5000 \
        --dump-dom "file://$work/probed.html" >dom 2>browser.err || { cat browser.err; fail "the browser failed"; }
    sed -n 's/^.*=\(chart\|picture\|width\|tables\) /\1 /p' dom | sed 's/<\/pre>.*//' >seen
    [ -s seen ] || { cat browser.err; fail "$1: nothing is drawn"; }
    ! grep -E '^chart .* (empty|cut) bars' seen || fail "$1: charts that are not to be seen whole"
    grep -qx 'width fits' seen || fail "$1: wider than a window of $2"
}

has() {
    grep -q -e "$1" seen || { cat seen; fail "the browser does not show: $1"; }
}

look all.html 1200
for chart in 'Expected time' Levels Error Bytes; do
    has "^chart plan-[0-9]* drawn inside bars [0-9]* $chart$"
done
has "^chart plan-1 drawn inside bars $layers Expected time$"
has '^chart check-[0-9]* .* Bits of precision$'
has '^chart check-[0-9]* .* Time on the server$'
has '^chart check-[0-9]* .* Limbs left$'
has '^chart eval-[0-9]* drawn inside bars 100 Confusion matrix$'
has '^chart eval-[0-9]* .* Time of each step$'
has '^chart packing-1 .* Server, an image$'
has '^chart ablation-1 .* Time of the cheapest plan$'
has '^chart bench-1 .* Time$'
has '^picture 28x28 image 9, label 1, taken for 9$'
[ "$(grep -c '^picture' seen)" -eq 1 ] || fail "not one wrong image"
charts=$(grep -c '^chart' seen)
# A phone.
look all.html 500
[ "$(grep -c '^chart' seen)" -eq "$charts" ] || fail "a phone has other charts"
# Two plans of the same layers are compared bar by bar, those of other layers beside each other.
look same.html 1200
has "^chart plan-1 .* bars $((2 * layers)) Expected time$"
look two.html 1200
has "^chart plan-1 .* bars $layers Expected time: plan.json$"
has '^chart plan-2 .* Expected time: other.json$'
echo "$charts charts drawn"
