#!/bin/sh
# HealthCheckProgram= of slurm.conf: drains the node while its vgpud does not answer, so that no job is sent there to fail, and ends that
# drain, and no other, when it does. slurmd of every node runs it, as root and without a PATH.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
own='vgpu|vgt_low_gm_mb|vgt_high_gm_mb|vgt_fence|vgpu_vf|gpu_whole|vgpu_seat'
scontrol show node "$SLURMD_NODENAME" | grep -Eq "^ +Gres=(.*,)?($own):" || exit 0

why="vgpud: it does not answer"
# Asked last: somebody may drain the node while vgpud is waited for.
reason() { scontrol show node "$SLURMD_NODENAME" | sed -n 's/^ *Reason=\(.*\) \[.*/\1/p'; }

if vgpuctl host --timeout 10s >/dev/null 2>&1; then
  [ "$(reason)" != "$why" ] || scontrol update nodename="$SLURMD_NODENAME" state=undrain
elif [ -z "$(reason)" ]; then
  scontrol update nodename="$SLURMD_NODENAME" state=drain reason="$why"
fi
