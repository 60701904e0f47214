/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the kvmgt fixture: main (mdev), vgpu (vfio). */
#ifndef FIXTURE_KVMGT_H
#define FIXTURE_KVMGT_H

#include <linux/mdev.h>
#include <linux/sizes.h>
#include <linux/vfio.h>

#include "gvt_pool.h"

struct gvt;

struct gvt_type {
	struct mdev_type mdev;
	struct gvt *gvt;
	const struct gvt_size *size;
	char name[16];
};

/* One GPU as mdev parent, with the pool which all its types share. */
struct gvt {
	struct list_head link;
	struct gvt_pool pool;
	struct mdev_parent parent;
	struct gvt_type types[GVT_SIZES];
	struct mdev_type *type_list[GVT_SIZES];
	bool leaks;		/* a holder still points here, so it must never be freed */
};

struct vgpu {
	struct vfio_device vdev;
	struct gvt_type *type;
	struct gvt_share share;
	bool open, leaked;
	u8 cfg[PCI_CFG_SPACE_SIZE];
};

extern struct mdev_driver gvt_mdev_driver;

int vgpu_create(struct mdev_device *mdev);
void vgpu_destroy(struct mdev_device *mdev, bool leak_if_open);

#endif
