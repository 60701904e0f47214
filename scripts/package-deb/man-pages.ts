// Which manual pages there are, and what those of the daemons say.
import type { Command } from "../../agent/cli/command.ts";
import { EXIT } from "../../agent/main/exit-codes.ts";
import type { ManPage } from "./man-page.ts";
import { usageTerms } from "./usage-terms.ts";
import { vgpuctlPage } from "./vgpuctl-page.ts";

/** What each daemon's help prints. */
interface Usages {
  readonly vgpud: string;
  readonly hostd: string;
}

export function manPages(usages: Usages, commands: readonly Command[]): readonly ManPage[] {
  return [vgpudPage(usages.vgpud), hostdPage(usages.hostd), vgpuctlPage(commands)];
}

function vgpudPage(usage: string): ManPage {
  return {
    name: "vgpud",
    section: 8,
    summary: "vGPU node agent for Xen and KVM hosts with Intel graphics",
    sections: [
      { title: "SYNOPSIS", body: [{ kind: "lines", lines: ["vgpud [OPTIONS]"] }] },
      {
        title: "DESCRIPTION",
        body: [
          {
            kind: "paragraph",
            text: "vgpud finds the Intel GPUs of this host and what they can share, keeps account of every vGPU slice in a ledger, exports Prometheus metrics, and offers a local gRPC API that creates and destroys libvirt domains with a slice.",
          },
          {
            kind: "paragraph",
            text: "It runs without privileges, as user vgpud in group libvirt. What must be written to the kernel it asks of vgpud-hostd(8). It is started by systemd as vgpud.service. Domains and slices outlive it.",
          },
          {
            kind: "paragraph",
            text: 'When it serves it prints one line that begins with "ready", with its addresses. It logs to standard error.',
          },
        ],
      },
      { title: "OPTIONS", body: [{ kind: "terms", terms: usageTerms(usage) }] },
      {
        title: "SIGNALS",
        body: [
          {
            kind: "terms",
            terms: [
              ["SIGTERM, SIGINT", "stops it in order"],
              ["SIGHUP", "has it read its configuration again; a file that is wrong changes nothing"],
            ],
          },
        ],
      },
      {
        title: "EXIT STATUS",
        body: [
          {
            kind: "terms",
            terms: [
              ["0", "stopped, or done with what was asked"],
              [String(EXIT.usage), "a word of the command line is wrong"],
              [String(EXIT.unavailable), "cannot serve; the log says why"],
              [String(EXIT.software), "a fault in vgpud"],
              [String(EXIT.config), "the configuration is wrong; --check-config says all that is"],
            ],
          },
        ],
      },
      {
        title: "FILES",
        body: [
          {
            kind: "terms",
            terms: [
              [
                "/etc/vgpud/config.yaml, /etc/vgpud/config.yaml.d/*.yaml",
                "settings of this host; none is needed",
              ],
              ["/var/lib/vgpud/", "the ledger: one record for each claim"],
              ["/run/vgpud/", "the sockets"],
              ["/usr/share/doc/vgpud/configuration.md", "how vgpud is configured"],
              ["/usr/share/doc/vgpud/reference/configuration-keys.md", "each setting, with its default"],
              ["/usr/share/doc/vgpud/examples/config.yaml", "a configuration with all settings"],
              ["/usr/share/vgpud/proto/", "the contract of the gRPC API"],
            ],
          },
        ],
      },
    ],
    seeAlso: ["vgpuctl(1)", "vgpud-hostd(8)", "virsh(1)"],
  };
}

function hostdPage(usage: string): ManPage {
  return {
    name: "vgpud-hostd",
    section: 8,
    summary: "the privileged part of vgpud",
    sections: [
      { title: "SYNOPSIS", body: [{ kind: "lines", lines: ["vgpud-hostd [--socket PATH] [--root DIR]"] }] },
      {
        title: "DESCRIPTION",
        body: [
          {
            kind: "paragraph",
            text: "vgpud-hostd is the only part of vgpud that runs as root. It writes the kernel's files from a fixed list, names the holders of a slice and asks xenstore for the guests of a Xen host, each operation in a child process, so that a removal that hangs in the kernel costs that child alone. It has no network and no configuration.",
          },
          {
            kind: "paragraph",
            text: "It is started by systemd when vgpud first connects to its socket.",
          },
        ],
      },
      { title: "OPTIONS", body: [{ kind: "terms", terms: usageTerms(usage) }] },
      {
        title: "FILES",
        body: [
          {
            kind: "terms",
            terms: [["/usr/share/doc/vgpud/reference/hostd.md", "the complete list of what it may touch"]],
          },
        ],
      },
    ],
    seeAlso: ["vgpud(8)"],
  };
}
