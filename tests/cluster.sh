#!/bin/sh
# Runs the commands of doc/cluster.md but those of Slurm (cluster_slurm.sh) and of Kubernetes, whose Job is read; then
# what a worker does that is killed, and what a scheduler sees of requests that are damaged.
. "${top_srcdir:-.}/tests/cluster_parts.sh"
skipped=

section Requests
section Shares
# The pictures are the ten digits, twice.
labels=$(build/unseen decrypt digits.plan secret.key --manifest manifest --output-dir responses | cut -f 2 | tr '\n' ' ')
[ "$labels" = '0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 ' ] || fail "labels: $labels"
[ "$(wc -l <all.log)" -eq 21 ] || fail "all.log has not 21 lines"

if command -v parallel >/dev/null; then
    section 'GNU parallel'
    same responses by-parallel
    # A damaged request: its share fails for good and is not tried again, the others are done.
    cp -r requests damaged && sed 's/^requests/damaged/' manifest >damaged.manifest
    printf 'x' | dd of=damaged/000003.request bs=1 seek=5000 conv=notrunc 2>/dev/null
    status=0
    examples/cluster/parallel.sh 2 data/mnist/cryptonets.onnx eval.keys damaged.manifest damaged.out || status=$?
    [ $status -eq 1 ] || fail "one of two shares should fail, not $status"
    [ "$(find damaged.out -name '*.response' | wc -l)" -eq 19 ] || fail "19 of 20 should be done"
    grep -q '"shard": 2, .*"failed_permanently": 1, .*"code": 3' damaged.out/2.log || fail "$(tail -n 1 damaged.out/2.log)"
else
    skipped="$skipped parallel"
fi

# again.sh tries again what may pass, and nothing else, and says what came of it.
cat >flaky <<'END'
echo x >>tries
[ "$(wc -l <tries)" -ge "$1" ] || exit "$2"
END
try() {
    rm -f tries
    status=0
    examples/cluster/again.sh 2 sh flaky "$1" "$2" || status=$?
    [ "$status" -eq "$3" ] && [ "$(wc -l <tries)" -eq "$4" ] || fail "again.sh: $* gave $status in $(wc -l <tries) tries"
}
try 2 74 0 2
try 3 70 70 2
try 2 3 3 1
try 1 0 0 1

# Killed in the middle, at once and without a chance to clean up: what has a name is whole.
build/unseen infer data/mnist/cryptonets.onnx eval.keys --manifest manifest --output-dir killed --threads 1 >killed.log &
worker=$!
until [ -e killed/000001.response ]; do
    kill -0 $worker || fail "the worker ended by itself"
    sleep 0.01
done
kill -9 $worker
wait $worker 2>/dev/null || true
build/unseen collect manifest --output-dir killed --json >killed.json || true
grep -q '"damaged": 0' killed.json && grep -q '"foreign": 0' killed.json || fail "$(cat killed.json)"
build/unseen infer data/mnist/cryptonets.onnx eval.keys --manifest manifest --output-dir killed >again.log
[ "$(grep -c '"status": "skipped"' again.log)" -ge 1 ] || fail "nothing of the killed worker's was kept"
build/unseen collect manifest again.log --output-dir killed
same responses killed

# The Job: its fields, and that its rules and shares are those of the program.
job=$top_srcdir/examples/cluster/kubernetes.yaml
if /usr/bin/env python3 -c 'import yaml' 2>/dev/null; then
    python=python3
elif /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
    python=/usr/bin/python3
else
    python=
    skipped="$skipped python3-yaml"
fi
if [ -n "$python" ]; then
    permanent=$(build/unseen --help | sed -n '/^Exit status/,$s/^ *\([0-9]*\)  .*/\1/p' | awk '$1 > 0 && $1 < 64' | tr '\n' ' ')
    $python - "$job" "$permanent" <<'END'
import sys, yaml
job = yaml.safe_load(open(sys.argv[1]))
assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
spec = job["spec"]
pod = spec["template"]["spec"]
assert spec["completionMode"] == "Indexed" and spec["backoffLimitPerIndex"] > 0 and pod["restartPolicy"] == "Never"
rules = {rule["action"]: rule for rule in spec["podFailurePolicy"]["rules"]}
codes = rules["FailIndex"]["onExitCodes"]
assert codes["operator"] == "In" and codes["values"] == [int(code) for code in sys.argv[2].split()]
assert rules["Ignore"]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
container, = pod["containers"]
assert container["name"] == codes["containerName"]
assert f"--shard kubernetes/{spec['completions']} " in container["args"][0]
volumes = {volume["name"] for volume in pod["volumes"]}
assert all(mount["name"] in volumes for mount in container["volumeMounts"])
open("job.sh", "w").write(container["args"][0])
END
    # What a pod runs, here.
    ln -s data/mnist/cryptonets.onnx model.onnx
    mkdir bin && ln -s "$work/build/unseen" bin/unseen
    for index in 0 1 2 3; do
        PATH=$work/bin:$PATH JOB_COMPLETION_INDEX=$index sh -c "$(sed 's/--output-dir responses/--output-dir pods/;s|"responses/|"pods/|' job.sh)"
    done
    build/unseen collect manifest pods/*.log --output-dir pods
    same responses pods
fi
[ -z "$skipped" ] || { echo "cluster: missing here:$skipped"; exit 77; }
