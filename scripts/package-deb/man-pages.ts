// Which manual pages there are, and what they say beside the usage.
import type { ManPage } from "./man-page.ts";

/** What each program's help prints. */
interface Usages {
  readonly vgpud: string;
  readonly hostd: string;
  readonly vgpuctl: string;
}

export function manPages(usages: Usages): readonly ManPage[] {
  return [
    {
      name: "vgpud",
      section: 8,
      summary: "vGPU node agent for Xen and KVM hosts with Intel graphics",
      description: [
        "vgpud finds the Intel GPUs of this host and what they can share, keeps account of every vGPU slice in a ledger, exports Prometheus metrics, and offers a local gRPC API that creates and destroys libvirt domains with a slice.",
        "It runs without privileges, as user vgpud in group libvirt. What must be written to the kernel it asks of vgpud-hostd(8). It is started by systemd as vgpud.service; SIGTERM stops it in order. Domains and slices outlive it.",
      ],
      usage: usages.vgpud,
      files: {
        "/etc/vgpud/": "settings of this host; none is needed",
        "/var/lib/vgpud/": "the ledger: one record for each claim",
        "/run/vgpud/": "the sockets",
        "/usr/share/vgpud/proto/": "the contract of the gRPC API",
      },
      seeAlso: ["vgpuctl(1)", "vgpud-hostd(8)", "virsh(1)"],
    },
    {
      name: "vgpud-hostd",
      section: 8,
      summary: "the privileged part of vgpud",
      description: [
        "vgpud-hostd is the only part of vgpud that runs as root. It writes the kernel's files from a fixed list and names the holders of a slice, each operation in a child process of its own, so that a removal that hangs in the kernel costs that child alone. It has no network and no configuration.",
        "It is started by systemd when vgpud first connects to its socket.",
      ],
      usage: usages.hostd,
      files: { "/usr/share/doc/vgpud/reference/hostd.md": "the complete list of what it may touch" },
      seeAlso: ["vgpud(8)"],
    },
    {
      name: "vgpuctl",
      section: 1,
      summary: "show and change the vGPUs and domains of this host",
      description: [
        "vgpuctl is the command line of vgpud(8) and speaks its gRPC API over the UNIX socket.",
        "Data goes to standard output, everything else to standard error. With -o json or yaml a document has a schema_version; while that is 1, keys are only added. On a terminal destroy asks first, and a change that takes long is told about; without a terminal neither happens.",
        "vgpuctl help COMMAND explains one command with examples; all of them stand below.",
      ],
      usage: usages.vgpuctl,
      files: {
        "/run/vgpud/vgpud.sock": "the socket of vgpud that is asked unless another is named",
        "/usr/share/doc/vgpud/examples/": "files for create -f",
      },
      seeAlso: ["vgpud(8)", "virsh(1)"],
    },
  ];
}
