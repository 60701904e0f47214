// SPDX-License-Identifier: GPL-2.0
/*
 * Test fixture: prelim_iov below a card, with the shares of each virtual
 * function that says how it takes turns.  What is written is kept and, above
 * a bound, clamped; nothing is scheduled by it.
 */
#include <linux/kobject.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "i915_iov.h"

#define MAX_EXEC_QUANTUM_MS 100000
#define MAX_PREEMPT_TIMEOUT_US 100000000

struct unit {
	struct kobject kobj;
	u32 exec_quantum_ms;
	u32 preempt_timeout_us;
};

struct iov {
	struct kobject *dir, *pf, *pf_unit;
	struct kobject **vf;
	struct unit **unit;
	unsigned int vfs;
};

struct share {
	struct attribute attr;
	size_t offset;
	u32 most;
};

#define SHARE(name_, most_) \
	static struct share name_ = { \
		.attr = { .name = #name_, .mode = 0644 }, \
		.offset = offsetof(struct unit, name_), .most = most_ }

SHARE(exec_quantum_ms, MAX_EXEC_QUANTUM_MS);
SHARE(preempt_timeout_us, MAX_PREEMPT_TIMEOUT_US);

static struct attribute *unit_attrs[] = { &exec_quantum_ms.attr, &preempt_timeout_us.attr, NULL };
ATTRIBUTE_GROUPS(unit);

static u32 *value_of(struct kobject *kobj, struct share *share)
{
	return (void *)container_of(kobj, struct unit, kobj) + share->offset;
}

static ssize_t unit_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", *value_of(kobj, container_of(attr, struct share, attr)));
}

static ssize_t unit_store(struct kobject *kobj, struct attribute *attr, const char *buf, size_t len)
{
	struct share *share = container_of(attr, struct share, attr);
	u32 value;
	int ret = kstrtou32(buf, 0, &value);

	if (ret)
		return ret;
	*value_of(kobj, share) = min(value, share->most);
	return len;
}

static const struct sysfs_ops unit_ops = { .show = unit_show, .store = unit_store };

static void unit_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct unit, kobj));
}

static const struct kobj_type unit_type = {
	.sysfs_ops = &unit_ops,
	.default_groups = unit_groups,
	.release = unit_release,
};

static struct unit *add_unit(struct kobject *vf)
{
	struct unit *unit = kzalloc(sizeof(*unit), GFP_KERNEL);

	if (!unit)
		return NULL;
	if (kobject_init_and_add(&unit->kobj, (struct kobj_type *)&unit_type, vf, "gt0")) {
		kobject_put(&unit->kobj);
		return NULL;
	}
	return unit;
}

static bool fill(struct iov *iov, struct kobject *card)
{
	unsigned int n;
	char name[8];

	iov->dir = kobject_create_and_add("prelim_iov", card);
	iov->pf = iov->dir ? kobject_create_and_add("pf", iov->dir) : NULL;
	iov->pf_unit = iov->pf ? kobject_create_and_add("gt0", iov->pf) : NULL;
	if (!iov->pf_unit)
		return false;
	for (n = 0; n < iov->vfs; n++) {
		snprintf(name, sizeof(name), "vf%u", n + 1);
		iov->vf[n] = kobject_create_and_add(name, iov->dir);
		iov->unit[n] = iov->vf[n] ? add_unit(iov->vf[n]) : NULL;
		if (!iov->unit[n])
			return false;
	}
	return true;
}

/* NULL where there is no memory for it. */
struct iov *iov_add(struct kobject *card, unsigned int vfs)
{
	struct iov *iov = kzalloc(sizeof(*iov), GFP_KERNEL);

	if (!iov)
		return NULL;
	iov->vfs = vfs;
	iov->vf = kcalloc(vfs, sizeof(*iov->vf), GFP_KERNEL);
	iov->unit = kcalloc(vfs, sizeof(*iov->unit), GFP_KERNEL);
	if (iov->vf && iov->unit && fill(iov, card))
		return iov;
	iov_remove(iov);
	return NULL;
}

void iov_remove(struct iov *iov)
{
	unsigned int n;

	if (!iov)
		return;
	for (n = 0; iov->vf && iov->unit && n < iov->vfs; n++) {
		if (iov->unit[n])
			kobject_put(&iov->unit[n]->kobj);
		kobject_put(iov->vf[n]);
	}
	kobject_put(iov->pf_unit);
	kobject_put(iov->pf);
	kobject_put(iov->dir);
	kfree(iov->unit);
	kfree(iov->vf);
	kfree(iov);
}
