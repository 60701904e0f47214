/* SPDX-License-Identifier: GPL-2.0 */
/* What the i915 fixture and what shares its cards out (kvmgt, xengt) say to each other. */
#ifndef FIXTURE_I915_GVT_H
#define FIXTURE_I915_GVT_H

struct pci_dev;

/* Called with i915's list of cards locked, for each card that may do GVT-g. */
struct i915_gvt_ops {
	int (*init_device)(struct pci_dev *pdev);
	void (*clean_device)(struct pci_dev *pdev);
};

/* -EBUSY when another has them. */
int i915_set_gvt_ops(const struct i915_gvt_ops *ops);
void i915_clear_gvt_ops(void);

#endif
