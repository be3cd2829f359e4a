#!/bin/sh
# Runs the Slurm part of doc/cluster.md on a cluster of one node that is started for it in a folder of its own, on ports
# of its own, and stopped at the end. Skipped (77) where Slurm and munge are not installed or do not start.
. "${top_srcdir:-.}/tests/cluster_parts.sh"
PATH=$PATH:/usr/sbin:/sbin
export PATH

for tool in munged slurmctld slurmd sbatch sinfo; do
    command -v $tool >/dev/null || { echo "cluster: no $tool here"; exit 77; }
done

stop() {
    for daemon in slurmd slurmctld munge; do
        [ ! -s "$work/$daemon.pid" ] || kill "$(cat "$work/$daemon.pid")" 2>/dev/null || true
    done
}
trap 'stop; sleep 1; rm -rf "$work"' EXIT

# Munge and Slurm want folders that others may enter but not write to.
chmod 755 "$work"
mkdir state spool
user=$(id -un)
host=$(hostname -s)
port=$((20000 + $$ % 40000))
head -c 1024 /dev/urandom >munge.key
chmod 600 munge.key
cat >slurm.conf <<END
ClusterName=unseen
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.out
SlurmdLogFile=$work/slurmd.out
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES State=UP
END
SLURM_CONF=$work/slurm.conf
export SLURM_CONF

start() {
    munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munge.pid" \
        --log-file="$work/munge.out" --seed-file="$work/munge.seed" &&
        slurmctld -f slurm.conf && slurmd -f slurm.conf
}
start >start.out 2>&1 || { cat start.out; echo "cluster: Slurm does not start here"; exit 77; }
tries=0
until sinfo -h -o %T 2>/dev/null | grep -q idle; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat slurmctld.out slurmd.out; echo "cluster: no node comes up here"; exit 77; }
    sleep 0.1
done

section Requests
section Slurm
build/unseen infer data/mnist/cryptonets.onnx eval.keys --manifest manifest --output-dir here >here.log
same here by-slurm
cat by-slurm/*.log | grep -q '"shard": 2, "shards": 2, "items": 10, "done": 10, ' || fail "share 2 did not do ten"

# A single task of the array again: nothing is left to do for it, and it is still share 2 of 2.
sbatch --wait --array=2 examples/cluster/slurm.sh 2 data/mnist/cryptonets.onnx eval.keys manifest by-slurm
grep -q '"shard": 2, "shards": 2, "items": 10, "done": 0, "skipped": 10' by-slurm/2.log || fail "$(tail -n 1 by-slurm/2.log)"

# What fails for good is not queued again, and Slurm has its status.
status=0
printf 'gone\n' >missing
sbatch --wait --array=1 examples/cluster/slurm.sh 1 data/mnist/cryptonets.onnx eval.keys missing by-slurm || status=$?
[ $status -eq 8 ] || fail "a missing request gave $status"
