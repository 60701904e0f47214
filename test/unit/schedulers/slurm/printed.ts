// What Debian 12's Slurm 22.05 printed on a cluster of two nodes, whole.

export const NODE = `NodeName=node1 Arch=x86_64 CoresPerSocket=1 
   CPUAlloc=2 CPUEfctv=64 CPUTot=64 CPULoad=4.82
   AvailableFeatures=(null)
   ActiveFeatures=(null)
   Gres=vgpu:7,vgt_low_gm_mb:448,vgt_high_gm_mb:2K,vgt_fence:28,gpu:tesla:2(S:0-1)
   GresDrain=N/A
   GresUsed=vgpu:1,vgt_low_gm_mb:0,vgt_fence:0,gpu:tesla:1(IDX:0)
   NodeAddr=127.0.0.1 NodeHostName=vm Port=41829 Version=22.05.8
   OS=Linux 6.18.44-fc-v669 #1 SMP PREEMPT_DYNAMIC @0 
   RealMemory=8000 AllocMem=0 FreeMem=19431 Sockets=64 Boards=1
   State=MIXED+DRAIN+INVALID_REG ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A
   Partitions=gpu 
   BootTime=2026-11-29T15:22:28 SlurmdStartTime=2026-11-29T16:14:12
   LastBusyTime=2026-11-29T16:14:13
   CfgTRES=cpu=64,mem=8000M,billing=64
   AllocTRES=
   CapWatts=n/a
   CurrentWatts=0 AveWatts=0
   ExtSensorsJoules=n/s ExtSensorsWatts=0 ExtSensorsTemp=n/s
   Reason=gres/vgpu count reported lower than configured (7 < 8) [root@2026-11-29T16:14:35]

`;

const job = (head: string, detail: string): string => `${head}
   UserId=root(0) GroupId=root(0) MCS_label=N/A
   Priority=4294901758 Nice=0 Account=(null) QOS=(null)
   JobState=RUNNING Reason=None Dependency=(null)
   Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0
   DerivedExitCode=0:0
   RunTime=00:00:01 TimeLimit=UNLIMITED TimeMin=N/A
   SubmitTime=2026-11-29T16:14:33 EligibleTime=2026-11-29T16:14:33
   AccrueTime=2026-11-29T16:14:33
   StartTime=2026-11-29T16:14:33 EndTime=Unknown Deadline=N/A
   SuspendTime=None SecsPreSuspend=0 LastSchedEval=2026-11-29T16:14:33 Scheduler=Main
   Partition=gpu AllocNode:Sid=localhost:15976
   ReqNodeList=(null) ExcNodeList=(null)
   NodeList=node[1-2]
   BatchHost=node1
   NumNodes=2 NumCPUs=2 NumTasks=2 CPUs/Task=1 ReqB:S:C:T=0:0:*:*
   TRES=cpu=2,node=2,billing=2
   Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=*
${detail}
   MinCPUsNode=1 MinMemoryNode=0 MinTmpDiskNode=0
   Features=(null) DelayBoot=00:00:00
   OverSubscribe=OK Contiguous=0 Licenses=(null) Network=(null)
   Command=(null)
   WorkDir=/tmp/slurm-x
   StdErr=/dev/null
   StdIn=/dev/null
   StdOut=/dev/null
   Power=
   TresPerNode=gres:vgpu:1,gres:vgt_low_gm_mb:64,gres:vgt_high_gm_mb:384,gres:vgt_fence:4
   

`;

/** On two nodes, with something else on each. */
export const ON_TWO_NODES = job(
  "JobId=2 JobName=wrap",
  `   JOB_GRES=vgpu:2,vgt_low_gm_mb:192,vgt_high_gm_mb:768,vgt_fence:8
     Nodes=node1 CPU_IDs=1 Mem=0 GRES=vgpu(CNT:1),vgt_low_gm_mb(CNT:64),vgt_high_gm_mb(CNT:384),vgt_fence(CNT:4)
     Nodes=node2 CPU_IDs=0 Mem=0 GRES=vgpu(CNT:1),vgt_low_gm_mb(CNT:128),vgt_high_gm_mb(CNT:384),vgt_fence(CNT:4)`,
);

/** While it ends: the same on both, which is one line, and nothing. */
export const ENDING = job(
  "JobId=10 JobName=wrap",
  `   JOB_GRES=vgpu:2
     Nodes=node[1-2] CPU_IDs=0-63 Mem=0 GRES=`,
);

const ONE = `   JOB_GRES=vgpu:gvtg_v5_4:1
     Nodes=node1 CPU_IDs=2 Mem=0 GRES=vgpu:gvtg_v5_4(CNT:1)`;

/** The answer to the number of an array, of which the last task has that number, too. */
export const ARRAY =
  job("JobId=7 ArrayJobId=7 ArrayTaskId=3 JobName=wrap", ONE) +
  job("JobId=9 ArrayJobId=7 ArrayTaskId=2 JobName=wrap", ONE) +
  job("JobId=8 ArrayJobId=7 ArrayTaskId=1 JobName=wrap", ONE);

/** Submitted with a name that has line breaks: what begins at the second line is the submitter's. */
export const forged = (name: string): string => job(`JobId=2 JobName=${name}`, "   JOB_GRES=(null)");
