#!/bin/sh
# Prolog= of slurm.conf: makes the virtual machine of a job before the job begins, where the administrator has a request for its
# partition and the job has any of vgpud's GRES. slurmd runs it as root and without a PATH, and drops what it says. When it fails the node
# is drained and the job held.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
request=/etc/slurm/vm/$SLURM_JOB_PARTITION.yaml
[ -e "$request" ] || exit 0

own='vgpu|vgt_low_gm_mb|vgt_high_gm_mb|vgt_fence|vgpu_vf|gpu_whole|vgpu_seat'
job=$(scontrol show job -d "$SLURM_JOB_ID") || exit
echo "$job" | grep -Eq "^ +Nodes=.* GRES=(.*,)?($own)[(:]" || exit 0

said=$(vgpuctl create "vm-$SLURM_JOB_ID" -f "$request" --claim-id "slurm:$SLURM_CLUSTER_NAME:$SLURM_JOB_ID" 2>&1) && exit 0
code=$?
logger -t vm-prolog -p daemon.err "job $SLURM_JOB_ID has no machine (exit code $code): $said"
# For want of room (6), or of what the job was given, it is the job that has to wait or to go, and not the node.
case "$code $said" in
  "6 "* | *"[CLAIM_NOT_"*) scontrol requeuehold "$SLURM_JOB_ID" || scancel "$SLURM_JOB_ID" ;;
  *) exit "$code" ;;
esac
