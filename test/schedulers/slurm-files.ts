// What Slurm's daemons read. Pure: text from what a cluster has.
import { hostname } from "node:os";

/** Something that nodes have a number of and jobs take some of. */
export interface Gres {
  readonly name: string;
  readonly type?: string;
  readonly count: number;
}

/** A GVT-g GPU with an aperture of 512 MiB, without what its host uses: seven of the smallest type. */
export const GVT_G: readonly Gres[] = [
  { name: "vgpu", type: "gvtg_v5_4", count: 7 },
  { name: "vgt_low_gm_mb", count: 448 },
  { name: "vgt_high_gm_mb", count: 3456 },
  { name: "vgt_fence", count: 28 },
];

export interface ClusterLayout {
  readonly folder: string;
  readonly controllerPort: number;
  readonly nodes: readonly { readonly name: string; readonly port: number }[];
  readonly gres: readonly Gres[];
  /** Other than those of the cluster that tests have as a rule. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** slurm.conf(5): everything in the folder and on loopback, and jobs are scheduled as they come. */
export function slurmFile({ folder, controllerPort, nodes, gres, ...layout }: ClusterLayout): string {
  const [host = ""] = hostname().split(".");
  const each = gres.map(({ name, type, count }) => [name, type, count].filter(Boolean).join(":")).join(",");
  const settings = {
    ClusterName: "vgpud",
    // slurmctld compares the name with this machine's.
    SlurmctldHost: `${host}(127.0.0.1)`,
    SlurmctldPort: controllerPort,
    CommunicationParameters: "NoCtldInAddrAny,NoInAddrAny",
    SlurmUser: "root",
    SlurmdUser: "root",
    AuthType: "auth/munge",
    CredType: "cred/munge",
    AuthInfo: `socket=${folder}/munge.sock`,
    SlurmctldPidFile: `${folder}/slurmctld.pid`,
    SlurmdPidFile: `${folder}/slurmd.%n.pid`,
    SlurmdSpoolDir: `${folder}/spool/%n`,
    StateSaveLocation: `${folder}/state`,
    // Neither control groups nor accounting: the machine's are not ours.
    ProctrackType: "proctrack/pgid",
    TaskPlugin: "task/none",
    JobAcctGatherType: "jobacct_gather/none",
    SwitchType: "switch/none",
    MpiDefault: "none",
    ReturnToService: 2,
    // A node has room for jobs whatever this machine's processors and memory are.
    SlurmdParameters: "config_overrides",
    SelectType: "select/cons_tres",
    SelectTypeParameters: "CR_Core",
    SchedulerType: "sched/backfill",
    SchedulerParameters: "batch_sched_delay=0,sched_min_interval=0,bf_interval=1,defer_batch=0",
    GresTypes: [...new Set(gres.map(({ name }) => name))].join(","),
    PrologFlags: "Alloc",
    Prolog: `${folder}/prolog`,
    Epilog: `${folder}/epilog`,
    PrologEpilogTimeout: 30,
    KillWait: 5,
    ...layout.settings,
  };
  const lines = [
    ...Object.entries(settings).map(([key, value]) => `${key}=${value}`),
    ...nodes.map(
      ({ name, port }) =>
        `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=64 RealMemory=8000 Gres=${each}`,
    ),
    "PartitionName=gpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
  ];
  return `${lines.join("\n")}\n`;
}

/** gres.conf(5). By Count and not by File: only so `scontrol update` may change how many a node has. */
export function gresFile(gres: readonly Gres[]): string {
  return gres
    .map(
      ({ name, type, count }) => `Name=${name}${type === undefined ? "" : ` Type=${type}`} Count=${count}\n`,
    )
    .join("");
}
