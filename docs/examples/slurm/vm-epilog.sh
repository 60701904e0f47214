#!/bin/sh
# Epilog= of slurm.conf: ends what a job has left, as one whose script was killed. slurmd runs it as root and without a PATH, drains the
# node when it fails, and drops what it says. It never fails: of what stays, as while vgpud is away, vgpud gives nothing to others.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
claim=slurm:$SLURM_CLUSTER_NAME:$SLURM_JOB_ID
said=$(vgpuctl destroy "claim:$claim" --grace 15s --allow-missing --yes 2>&1) && exit 0
logger -t vm-epilog -p daemon.err "what job $SLURM_JOB_ID may have left is not destroyed (exit code $?): $said"
exit 0
