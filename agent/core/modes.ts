// How a GPU can be shared: the words of the contract, the command line, metrics and pages.

export const modes = ["gvt-g", "gvt-d", "gvt-s", "sriov"] as const;

/**
 * `gvt-g`: mediated slices; `gvt-d`: the whole GPU passed through; `gvt-s`: guests render through the host's render node;
 * `sriov`: virtual functions.
 */
export type Mode = (typeof modes)[number];
