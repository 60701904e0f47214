#!/bin/bash
# A job that is a virtual machine: made when the job begins, gone when it ends, whichever way.
#
#     sbatch vm-job.sh /srv/vm/web.yaml
#
# The file is a request as vgpuctl create -f takes it, without a claim id; --gres has to cover the vGPU that it asks for:
# write the sizes of the type into both, since one that has more than was asked makes Slurm's counts untrue. Whatever it says of processors,
# the machine has as many as the job; its memory and what QEMU needs beside it is for --mem, without which the job may have all of its node's.
#SBATCH --job-name=vm
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --gres=vgpu:1,vgt_low_gm_mb:64,vgt_high_gm_mb:384,vgt_fence:4
#SBATCH --no-requeue
set -u
request=$1
look_every=${LOOK_EVERY:-15}
claim="slurm:$SLURM_CLUSTER_NAME:$SLURM_JOB_ID"

# Whatever runs in the foreground would keep the shell from hearing that the job is to end.
patiently() { "$@" & wait $!; }

said=$(mktemp)
trap 'exit 143' TERM INT
trap 'rm -f "$said"; vgpuctl destroy "claim:$claim" --grace 15s --allow-missing --yes' EXIT

# Slurm gives what a job has to the next while its guest still shuts down: no room (6) is then a matter of seconds. So it is with a
# vgpud, or Slurm, that is restarted and does not answer (8), and with what vgpud answers just before and after, or while what it needs is.
soon='\[(STARTING|STOPPING|LIBVIRT_UNAVAILABLE|LIBVIRT_TIMEOUT|HOSTD_UNAVAILABLE|KERNEL_TIMEOUT|LEDGER_UNAVAILABLE)\]'
end=$((SECONDS + 60))
until patiently vgpuctl create "vm-$SLURM_JOB_ID" -f "$request" --vcpus "$SLURM_CPUS_PER_TASK" --claim-id "$claim" 2>"$said"; do
  code=$?
  cat "$said" >&2
  ((code == 6 || code == 8)) || grep -Eq "$soon" "$said" || exit "$code"
  ((SECONDS < end)) || exit "$code"
  patiently sleep 2
done
cat "$said" >&2

# Until the guest has shut down, or somebody has destroyed it. A vgpud that does not answer is asked again.
over='"(DOMAIN_STATE_(SHUT_OFF|CRASHED)|CLAIM_STATE_(FAILED|GONE))"'
while patiently sleep "$look_every"; do
  shown=$(vgpuctl domains "claim:$claim" -o json) || continue
  grep -Eq "$over" <<<"$shown" && break
done
