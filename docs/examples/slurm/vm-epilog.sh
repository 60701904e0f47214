#!/bin/sh
# Epilog= of slurm.conf: ends what a job has left, as one whose script was killed. slurmd runs it as root and without a PATH. When it
# fails the node is drained.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec vgpuctl destroy "claim:slurm:$SLURM_CLUSTER_NAME:$SLURM_JOB_ID" --grace 15s --allow-missing --yes
