// What of the files that the checks look at goes into a bundle: nothing that names the host, of long files only the lines that
// a check reads, and of a file that no rule names nothing. docs/reference/diagnosis.md lists this table.
import { troubleForms } from "../diagnosis/checks/gvt-kernel.ts";

export interface Redaction {
  /** Which files, by their path below the root. */
  readonly files: RegExp;
  /** In words, for the page. */
  readonly keeps: string;
  /** Undefined: only that there is such a file. */
  readonly kept: (text: string) => string | undefined;
}

/** Words of the kernel's command line that are about graphics and virtualization. */
const WORDS =
  /^(i915|xe|kvm|kvm_intel|vfio|vfio_pci|vfio-pci|vfio_iommu_type1|intel_iommu|amd_iommu|iommu|module_blacklist|modprobe\.blacklist|nomodeset|pci|pcie_acs_override|video|xen[-_]pciback|lockdown)([.=]|$)/;
const CONFIGURED = /DRM_I915|DRM_XE|VFIO|MDEV|INTEL_IOMMU|CONFIG_KVM|XEN_PCIDEV/;
const MODULES =
  /^\s*(options|blacklist|install)\s+(i915|xe|kvm|kvm_intel|kvmgt|mdev|vfio\S*|xen[-_]pciback)\b/;

const lines =
  (wanted: Pick<RegExp, "test">) =>
  (text: string): string =>
    text
      .split("\n")
      .filter((line) => wanted.test(line))
      .join("\n");

/** More than an attribute that a check reads has: sysfs gives at most a page. */
const MAX_ATTRIBUTE_BYTES = 4096;

/** The first that fits holds. */
export const redactions: readonly Redaction[] = [
  {
    files: /^proc\/sys\/kernel\/(hostname|random\/boot_id)$/,
    keeps: "nothing",
    kept: () => "redacted",
  },
  { files: /^proc\/sys\/kernel\/osrelease$/, keeps: "the release", kept: lines(/^[\w.+~-]{1,64}$/) },
  {
    files: /^sys\/hypervisor\/uuid$/,
    keeps: "whether it is dom0's, which is all zeros",
    kept: (text) => (/^[0-]+$/.test(text) ? text : "redacted"),
  },
  { files: /^proc\/xen\/capabilities$/, keeps: "control_d", kept: lines(/^control_d$/) },
  {
    files: /^proc\/cmdline$/,
    keeps: "the words about graphics and virtualization",
    kept: (text) =>
      text
        .split(/\s+/)
        .filter((word) => WORDS.test(word))
        .join(" "),
  },
  {
    files: /^proc\/cpuinfo$/,
    keeps: "model and flags of the first processor",
    kept: (text) => lines(/^(processor|vendor_id|model name|flags)\s*:/)(text.split("\n\n")[0] ?? ""),
  },
  { files: /^proc\/\d+\/status$/, keeps: "the line CapEff", kept: lines(/^CapEff:/) },
  { files: /^proc\/\d+\/limits$/, keeps: "the line Max locked memory", kept: lines(/^Max locked memory/) },
  {
    files: /^boot\/config-/,
    keeps: "the lines about i915, xe, vfio, mdev, KVM, xen-pciback and the IOMMU",
    kept: lines(CONFIGURED),
  },
  {
    files: /^(etc|run|lib|usr\/lib)\/modprobe\.d\//,
    keeps: "options, blacklist and install of graphics and virtualization modules",
    kept: lines(MODULES),
  },
  {
    files: /^etc\/(default|sysconfig)\/libvirt-guests$/,
    keeps: "the line ON_SHUTDOWN",
    kept: lines(/^\s*ON_SHUTDOWN=/),
  },
  {
    files: /^etc\/(default|sysconfig)\/xendomains$/,
    keeps: "the line XENDOMAINS_SAVE",
    kept: lines(/^\s*XENDOMAINS_SAVE=/),
  },
  { files: /^etc\/apparmor\.d\//, keeps: "the rules for /dev/vfio", kept: lines(/^\s*\/dev\/vfio\//) },
  { files: /^run\/(libvirt\/)?\w+\.pid$/, keeps: "the process id", kept: lines(/^\d+$/) },
  {
    files: /^var\/log\/dmesg$/,
    keeps: "the lines that GVT_TROUBLE_IN_LOG looks for",
    kept: lines({ test: (line) => troubleForms.some((form) => form.test(line)) }),
  },
  {
    files: /^sys\//,
    keeps: `all, of at most ${MAX_ATTRIBUTE_BYTES} bytes; nothing of a longer one`,
    kept: (text) => (Buffer.byteLength(text) <= MAX_ATTRIBUTE_BYTES ? text : undefined),
  },
];

/** Undefined: only that there is such a file. */
export function redacted(path: string, text: string): string | undefined {
  return redactions.find(({ files }) => files.test(path))?.kept(text);
}
