/* SPDX-License-Identifier: GPL-2.0 */
/* The graphics memory of one GPU; part of the i915 fixture, used by what makes slices of it. */
#ifndef FIXTURE_GVT_POOL_H
#define FIXTURE_GVT_POOL_H

#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <drm/drm_mm.h>

#define gvt_err(fmt, ...) pr_err("gvt: " fmt, ##__VA_ARGS__)

/* One size of vGPU, as gvt/vgpu.c of Linux has them. */
struct gvt_size {
	const char *suffix, *resolution;
	u32 low, high;		/* bytes */
	u32 fences, weight;
};

#define GVT_SIZES 4
extern const struct gvt_size gvt_sizes[GVT_SIZES];

/* A range the host itself holds, see kvmgt's parameter "fragment". */
struct gvt_pin {
	struct list_head link;
	struct drm_mm_node node;
};

/* One GPU: the pool which all its slices share. */
struct gvt_pool {
	struct pci_dev *pdev;
	u64 aperture, hidden;	/* bytes that the CPU sees in BAR2, and the rest of the GGTT */
	struct ida ids;

	struct mutex lock;	/* guards what follows */
	u64 used_low, used_high;
	u32 used_fences;
	struct drm_mm ggtt;
	struct list_head pins;
};

/* What one vGPU holds of its GPU's pool. */
struct gvt_share {
	int id;
	struct drm_mm_node low, high;
};

int gvt_pool_init(struct gvt_pool *pool, struct pci_dev *pdev, u64 ggtt_bytes);
void gvt_pool_fini(struct gvt_pool *pool);
unsigned int gvt_pool_available(struct gvt_pool *pool, const struct gvt_size *size);
int gvt_pool_take(struct gvt_pool *pool, const struct gvt_size *size, struct gvt_share *share);
void gvt_pool_give(struct gvt_pool *pool, const struct gvt_size *size, struct gvt_share *share);
bool gvt_pool_lists(const struct gvt_pool *pool, const struct gvt_size *size);
int gvt_pool_pin(struct gvt_pool *pool, bool high, u64 offset, u64 bytes);
void gvt_pool_unpin_all(struct gvt_pool *pool);
int gvt_pool_print_pins(struct gvt_pool *pool, char *buf);

#endif
