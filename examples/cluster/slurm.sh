#!/bin/sh
#SBATCH --job-name=unseen
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --output=slurm-%A_%a.out
# sbatch --array=1-N slurm.sh N MODEL.onnx EVALKEYS MANIFEST RESPONSES: one share of N for each task of the array. UNSEEN
# names the program when it is not in the PATH. A task that leaves with 64 or more, which means that the same command may
# succeed later, goes back into the queue, three times at most; so does one whose node fails. A task with another status
# failed for good: some of its requests are damaged, say. Its other requests are done all the same.
set -eu
n=$1 model=$2 keys=$3 manifest=$4 responses=$5
mkdir -p "$responses"
status=0
"${UNSEEN:-unseen}" infer "$model" "$keys" --manifest "$manifest" --output-dir "$responses" \
    --shard "slurm/$n" --threads "${SLURM_CPUS_PER_TASK:-1}" --log "$responses/$SLURM_ARRAY_TASK_ID.log" || status=$?
if [ "$status" -ge 64 ] && [ "$status" -lt 128 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit "$status"
