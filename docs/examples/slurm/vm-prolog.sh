#!/bin/sh
# Prolog= of slurm.conf: makes the virtual machine of a job before the job begins, where the administrator has a request for its
# partition. slurmd runs it as root and without a PATH. When it fails the node is drained and the job held.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
request=/etc/slurm/vm/$SLURM_JOB_PARTITION.yaml
[ -e "$request" ] || exit 0
exec vgpuctl create "vm-$SLURM_JOB_ID" -f "$request" --claim-id "slurm:$SLURM_CLUSTER_NAME:$SLURM_JOB_ID"
