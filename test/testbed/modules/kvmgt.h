/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the kvmgt fixture: main (mdev), pool (graphics memory), vgpu (vfio). */
#ifndef FIXTURE_KVMGT_H
#define FIXTURE_KVMGT_H

#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/vfio.h>
#include <drm/drm_mm.h>

#define GVT_TYPES 4
#define gvt_err(fmt, ...) pr_err("gvt: " fmt, ##__VA_ARGS__)

struct gvt;

/* One size of vGPU, as gvt/vgpu.c of Linux has them. */
struct gvt_size {
	const char *suffix, *resolution;
	u32 low, high;		/* bytes */
	u32 fences, weight;
};

struct gvt_type {
	struct mdev_type mdev;
	struct gvt *gvt;
	const struct gvt_size *size;
	char name[16];
};

/* A range the host itself holds, see the parameter "fragment". */
struct gvt_pin {
	struct list_head link;
	struct drm_mm_node node;
};

/* One GPU: the pool which all its types share. */
struct gvt {
	struct list_head link;
	struct pci_dev *pdev;
	struct mdev_parent parent;
	struct gvt_type types[GVT_TYPES];
	struct mdev_type *type_list[GVT_TYPES];
	bool leaks;		/* a holder still points here, so it must never be freed */

	struct mutex lock;	/* guards what follows */
	u64 aperture, hidden;	/* bytes that the CPU sees in BAR2, and the rest of the GGTT */
	u64 used_low, used_high;
	u32 used_fences;
	struct ida ids;
	struct drm_mm ggtt;
	struct list_head pins;
};

/* What one vGPU holds of its GPU's pool. */
struct gvt_share {
	int id;
	struct drm_mm_node low, high;
};

struct vgpu {
	struct vfio_device vdev;
	struct gvt_type *type;
	struct gvt_share share;
	bool open, leaked;
	u8 cfg[PCI_CFG_SPACE_SIZE];
};

extern struct mdev_driver gvt_mdev_driver;

int gvt_pool_init(struct gvt *gvt, u64 ggtt_bytes);
void gvt_pool_fini(struct gvt *gvt);
unsigned int gvt_pool_available(struct gvt *gvt, const struct gvt_size *size);
int gvt_pool_take(struct gvt *gvt, const struct gvt_size *size, struct gvt_share *share);
void gvt_pool_give(struct gvt *gvt, const struct gvt_size *size, struct gvt_share *share);
bool gvt_pool_lists(const struct gvt *gvt, const struct gvt_size *size);
int gvt_pool_pin(struct gvt *gvt, bool high, u64 offset, u64 bytes);
void gvt_pool_unpin_all(struct gvt *gvt);
int gvt_pool_print_pins(struct gvt *gvt, char *buf);

int vgpu_create(struct mdev_device *mdev);
void vgpu_destroy(struct mdev_device *mdev, bool leak_if_open);

#endif
