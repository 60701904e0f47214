// SPDX-License-Identifier: GPL-2.0
/*
 * Test fixture: the files below /sys/kernel/vgt by which XenGT of 2017 and
 * later gives slices of i915's first card to domains of Xen, and knobs for what
 * goes wrong.  Like the kernel it takes a domid as a number: whether there is
 * such a domain, and when it ends, it does not know.
 */
#include <linux/delay.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "gvt_pool.h"
#include "i915_gvt.h"

#define GGTT_BYTES (4096ull * SZ_1M)
/* The longest line that create_vgt_instance takes, and the most state that a slice has here. */
#define MAX_LINE 63
#define STATE_BYTES SZ_4K

enum at { AT_NEVER, AT_CREATE, AT_DESTROY };

static int fail_create;
module_param(fail_create, int, 0644);
MODULE_PARM_DESC(fail_create, "errno that creates fail with; 0: none");
static int refuse_after = -1;
module_param(refuse_after, int, 0644);
MODULE_PARM_DESC(refuse_after, "creates are refused while so many slices exist; -1: only by what there is");
static unsigned int hang;
module_param(hang, uint, 0644);
MODULE_PARM_DESC(hang, "1 creates, 2 destroys wait beyond signals until set to 0");
static unsigned int ignore;
module_param(ignore, uint, 0644);
MODULE_PARM_DESC(ignore, "1 creates, 2 destroys are answered with success and not done");
static int stack_cap;
module_param(stack_cap, int, 0644);
MODULE_PARM_DESC(stack_cap, "the cap that a line of five fields has, which the kernel takes from its stack as it finds it");

/* One slice, shown as vm<domid>. */
struct instance {
	struct kobject kobj;
	struct list_head link;
	const struct gvt_size *size;
	struct gvt_share share;
	int domid;
	u8 state[STATE_BYTES];
};

/* The card, as long as there is one. */
struct vgt {
	struct gvt_pool pool;
	struct kobject *root, *control;
	struct mutex lock;	/* guards what follows */
	struct list_head instances;
	int count;
};

static struct vgt *vgt;	/* changed under i915's lock of cards only */

static struct instance *to_instance(struct kobject *kobj)
{
	return container_of(kobj, struct instance, kobj);
}

static ssize_t vgpu_id_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", to_instance(kobj)->share.id);
}
static struct kobj_attribute vgpu_id_attr = __ATTR(vgpu_id, 0440, vgpu_id_show, NULL);

static ssize_t schedule_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			      size_t count)
{
	bool on;

	if (kstrtobool(buf, &on))
		return -EINVAL;
	pr_info("gvt: vgpu%d is scheduled: %d\n", to_instance(kobj)->share.id, on);
	return count;
}
static struct kobj_attribute schedule_attr = __ATTR(schedule, 0220, NULL, schedule_store);

static ssize_t device_state_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr,
				 char *buf, loff_t off, size_t count)
{
	return memory_read_from_buffer(buf, count, &off, to_instance(kobj)->state, STATE_BYTES);
}

static ssize_t device_state_write(struct file *file, struct kobject *kobj, struct bin_attribute *attr,
				  char *buf, loff_t off, size_t count)
{
	/* sysfs keeps both within the attribute's size */
	memcpy(to_instance(kobj)->state + off, buf, count);
	return count;
}
static BIN_ATTR_RW(device_state, STATE_BYTES);

static struct attribute *instance_attrs[] = { &vgpu_id_attr.attr, &schedule_attr.attr, NULL };
static struct bin_attribute *instance_bin_attrs[] = { &bin_attr_device_state, NULL };
static const struct attribute_group instance_group = {
	.attrs = instance_attrs,
	.bin_attrs = instance_bin_attrs,
};
static const struct attribute_group *instance_groups[] = { &instance_group, NULL };

static void instance_release(struct kobject *kobj)
{
	kfree(to_instance(kobj));
}

static const struct kobj_type instance_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = instance_groups,
	.release = instance_release,
};

static struct instance *find(int domid)
{
	struct instance *instance;

	list_for_each_entry(instance, &vgt->instances, link)
		if (instance->domid == domid)
			return instance;
	return NULL;
}

static const struct gvt_size *size_of(int low_mb)
{
	int n;

	for (n = 0; n < GVT_SIZES; n++)
		if (gvt_sizes[n].low / SZ_1M == low_mb)
			return &gvt_sizes[n];
	gvt_err("specify a wrong low_gm_sz in hvm.cfg: %d\n", low_mb);
	return NULL;
}

/* Whatever it is refused for, the caller is told -EINVAL. */
static struct instance *make(int domid, int low_mb)
{
	const struct gvt_size *size = size_of(low_mb);
	struct instance *instance;

	if (!size || find(domid))
		return NULL;
	if (refuse_after >= 0 && vgt->count >= refuse_after)
		return NULL;
	instance = kzalloc(sizeof(*instance), GFP_KERNEL);
	if (!instance)
		return NULL;
	if (gvt_pool_take(&vgt->pool, size, &instance->share)) {
		kfree(instance);
		return NULL;
	}
	instance->size = size;
	instance->domid = domid;
	if (kobject_init_and_add(&instance->kobj, &instance_type, vgt->root, "vm%d", domid)) {
		gvt_pool_give(&vgt->pool, size, &instance->share);
		kobject_put(&instance->kobj);
		return NULL;
	}
	return instance;
}

static int create(const char *line)
{
	int domid, low, high, fences, primary = -1, cap = 0;
	int fields = sscanf(line, "%d,%d,%d,%d,%d,%d", &domid, &low, &high, &fences, &primary, &cap);
	struct instance *instance;

	while (READ_ONCE(hang) == AT_CREATE)
		msleep(20);
	if (fail_create)
		return -abs(fail_create);
	if (fields == 5)
		cap = stack_cap;
	if (fields < 4 || domid <= 0 || low <= 0 || high < 0 || fences <= 0 || primary < -1 ||
	    primary > 1 || cap < 0 || cap > 100)
		return -EINVAL;
	if (ignore == AT_CREATE)
		return 0;
	mutex_lock(&vgt->lock);
	instance = make(domid, low);
	if (instance) {
		list_add_tail(&instance->link, &vgt->instances);
		vgt->count++;
	}
	mutex_unlock(&vgt->lock);
	if (!instance)
		gvt_err("failed to create a vgpu for vm%d\n", domid);
	return instance ? 0 : -EINVAL;
}

static void unmake(struct instance *instance)
{
	list_del(&instance->link);
	vgt->count--;
	gvt_pool_give(&vgt->pool, instance->size, &instance->share);
	kobject_del(&instance->kobj);
	kobject_put(&instance->kobj);
}

/* Of a domain without a slice it is no error. */
static int destroy(int domid)
{
	struct instance *instance;

	while (READ_ONCE(hang) == AT_DESTROY)
		msleep(20);
	if (ignore == AT_DESTROY)
		return 0;
	mutex_lock(&vgt->lock);
	instance = find(domid);
	if (instance)
		unmake(instance);
	mutex_unlock(&vgt->lock);
	return 0;
}

static ssize_t create_vgt_instance_store(struct kobject *kobj, struct kobj_attribute *attr,
					 const char *buf, size_t count)
{
	char line[MAX_LINE + 1];
	int domid, ret;

	if (sscanf(buf, "%63s", line) != 1)
		return -EINVAL;
	pr_info("xengt: line \"%s\"\n", line);
	if (line[0] != '-')
		ret = create(line);
	else if (kstrtoint(line + 1, 10, &domid) || domid <= 0)
		ret = -EINVAL;
	else
		ret = destroy(domid);
	return ret ?: count;
}
static struct kobj_attribute create_attr = __ATTR(create_vgt_instance, 0220, NULL, create_vgt_instance_store);

/* All or nothing. */
static int show_files(void)
{
	vgt->root = kobject_create_and_add("vgt", kernel_kobj);
	if (!vgt->root)
		return -ENOMEM;
	vgt->control = kobject_create_and_add("control", vgt->root);
	if (vgt->control && !sysfs_create_file(vgt->control, &create_attr.attr))
		return 0;
	kobject_put(vgt->control);
	kobject_put(vgt->root);
	return -ENOMEM;
}

static int init_device(struct pci_dev *pdev)
{
	int ret;

	if (vgt)
		return -EBUSY;
	vgt = kzalloc(sizeof(*vgt), GFP_KERNEL);
	if (!vgt)
		return -ENOMEM;
	mutex_init(&vgt->lock);
	INIT_LIST_HEAD(&vgt->instances);
	ret = gvt_pool_init(&vgt->pool, pdev, GGTT_BYTES);
	if (ret)
		goto free;
	ret = show_files();
	if (ret)
		goto fini;
	return 0;
fini:
	gvt_pool_fini(&vgt->pool);
free:
	kfree(vgt);
	vgt = NULL;
	return ret;
}

static void clean_device(struct pci_dev *pdev)
{
	struct instance *instance, *next;

	if (!vgt || vgt->pool.pdev != pdev)
		return;
	/* Returns when nobody is in there any more. */
	sysfs_remove_file(vgt->control, &create_attr.attr);
	list_for_each_entry_safe(instance, next, &vgt->instances, link)
		unmake(instance);
	kobject_put(vgt->control);
	kobject_put(vgt->root);
	gvt_pool_fini(&vgt->pool);
	kfree(vgt);
	vgt = NULL;
}

static const struct i915_gvt_ops gvt_ops = { .init_device = init_device, .clean_device = clean_device };

static int __init xengt_init(void)
{
	return i915_set_gvt_ops(&gvt_ops);
}

static void __exit xengt_exit(void)
{
	i915_clear_gvt_ops();
}

module_init(xengt_init);
module_exit(xengt_exit);
MODULE_DESCRIPTION("XenGT's files for instances (test fixture)");
MODULE_LICENSE("GPL");
