#!/bin/sh
# HealthCheckProgram= of slurm.conf: drains the node while its vgpud does not answer, so that no job is sent there to fail, and ends that
# drain, and no other, when it does. slurmd of every node runs it, as root and without a PATH.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
own='vgpu|vgt_low_gm_mb|vgt_high_gm_mb|vgt_fence|vgpu_vf|gpu_whole|vgpu_seat'
why="vgpud: it does not answer"

# Asked anew each time: somebody may drain the node while vgpud is waited for.
is() { scontrol show node "$SLURMD_NODENAME" | grep -Eq "$1"; }
update() { scontrol update nodename="$SLURMD_NODENAME" "$@"; }

if ! is "^ +Gres=(.*,)?($own):" || vgpuctl host --timeout 10s >/dev/null 2>&1; then
  if is "^ *Reason=$why \["; then update state=undrain; fi
elif ! is '^ *State=[^ ]*(DRAIN|DOWN|FAIL)'; then
  update state=drain reason="$why"
fi
