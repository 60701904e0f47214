#!/bin/sh
# Prolog= of slurm.conf: makes the virtual machine of a job before the job begins, where the administrator has a request for its
# partition and the job has any of vgpud's GRES. slurmd runs it as root and without a PATH, and drops what it says. When it fails the node
# is drained and the job held: that is for a vgpud that is away, or a host that cannot, and for nothing that jobs bring about.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
request=/etc/slurm/vm/$SLURM_JOB_PARTITION.yaml
[ -e "$request" ] || exit 0

# Seconds: vgpud, libvirt or slurmctld may be just restarting.
patience=60
log() { logger -t vm-prolog -p daemon.err "job $SLURM_JOB_ID $*"; }
say() { log "has no machine $*"; }
# Once slurmctld answers: while it is restarted no other job begins here either. PrologEpilogTimeout is the end of it.
ask() {
  if ! scontrol ping >/dev/null 2>&1; then
    log "waits for slurmctld, which does not answer (scontrol ping)"
    until scontrol ping >/dev/null 2>&1; do sleep 2; done
  fi
  "$@"
}
hold() {
  # One that was cancelled meanwhile is not to come back: where squeue does not say whether it was, Slurm holds it, and drains the node.
  last=
  until jobs=$(ask squeue --noheader --jobs="$SLURM_JOB_ID" --states=CONFIGURING,RUNNING --format=%A 2>&1); do
    case $jobs in *"Invalid job id"*) exit 0 ;; esac
    # From its first failure on, before which slurmctld may have been away for long.
    last=${last:-$(($(date +%s) + patience))}
    if [ "$(date +%s)" -ge "$last" ]; then
      log "may be cancelled, which squeue does not say: $jobs"
      exit 1
    fi
    sleep 2
  done
  echo "$jobs" | grep -qx "$SLURM_JOB_ID" || exit 0
  ask scontrol requeuehold "$SLURM_JOB_ID" || ask scancel "$SLURM_JOB_ID"
  exit 0
}

own='vgpu|vgt_low_gm_mb|vgt_high_gm_mb|vgt_fence|vgpu_vf|gpu_whole|vgpu_seat'
if ! job=$(ask scontrol show job -d "$SLURM_JOB_ID" 2>&1); then
  say "since Slurm does not say what it has: $job"
  hold
fi
echo "$job" | grep -Eq "^ +Nodes=.* GRES=(.*,)?($own)[(:]" || exit 0

end=$(($(date +%s) + patience))
until said=$(vgpuctl create "vm-$SLURM_JOB_ID" -f "$request" --claim-id "slurm:$SLURM_CLUSTER_NAME:$SLURM_JOB_ID" 2>&1); do
  code=$?
  why="(exit code $code): $said"
  case "$code $said" in
    # It was queued again, had its machine here before, and gets none any more.
    *"[CLAIM_ENDED]"*)
      say "$why"
      ask scancel "$SLURM_JOB_ID"
      exit 0
      ;;
    # For want of room, or of what the job was given, for a request that is wrong, or a name or disk that another has.
    "2 "* | "6 "* | "7 "* | *"[CLAIM_NOT_"*)
      say "$why"
      hold
      ;;
  esac
  if [ "$(date +%s)" -lt "$end" ]; then
    sleep 2
    continue
  fi
  say "$why"
  case $said in *"[SCHEDULER_UNAVAILABLE]"*) hold ;; esac
  exit "$code"
done
