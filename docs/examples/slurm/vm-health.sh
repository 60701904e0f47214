#!/bin/sh
# HealthCheckProgram= of slurm.conf: drains the node while its vgpud does not answer, so that no job is sent there to fail, and ends that
# drain, and no other, when it does. slurmd of every node runs it, as root and without a PATH.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
own='vgpu|vgt_low_gm_mb|vgt_high_gm_mb|vgt_fence|vgpu_vf|gpu_whole|vgpu_seat'
why="vgpud: it does not answer"

# Anew after each wait for vgpud: somebody may drain the node meanwhile. Nothing is done on what slurmctld does not say.
look() { node=$(scontrol show node "$SLURMD_NODENAME") || exit 0; }
is() { echo "$node" | grep -Eq "$1"; }
update() { scontrol update nodename="$SLURMD_NODENAME" "$@"; }

look
if ! is "^ +Gres=(.*,)?($own):" || vgpuctl host --timeout 10s >/dev/null 2>&1; then
  look
  if is "^ *Reason=$why \["; then update state=undrain; fi
else
  look
  is '^ *State=[^ ]*(DRAIN|DOWN|FAIL)' || update state=drain reason="$why"
fi
