// SPDX-License-Identifier: GPL-2.0
/*
 * Test fixture: registers i915's cards as mdev parents with the GVT-g types
 * that fit their aperture, and offers knobs for what goes wrong on real hosts.
 */
#include <linux/delay.h>
#include <linux/module.h>

#include "i915_gvt.h"
#include "kvmgt.h"

enum remove_behaviour {
	REMOVE_BLOCKS,	/* as Linux 6.12: until the holder lets go */
	REMOVE_LEAKS,	/* as before: the node goes, the resources stay taken */
	REMOVE_WAITS,	/* also where nobody holds it: a GPU that does not come to rest */
};

static unsigned int gen;
module_param(gen, uint, 0444);
MODULE_PARM_DESC(gen, "number in the types' names (4 or 5); 0: 4 for Broadwell, else 5");
static unsigned int ggtt_mb = 4096;
module_param(ggtt_mb, uint, 0444);
MODULE_PARM_DESC(ggtt_mb, "size of the global GTT in MiB, the aperture included");

static int fail_create;
module_param(fail_create, int, 0644);
MODULE_PARM_DESC(fail_create, "errno that creates fail with; 0: none");
static unsigned int create_delay_ms;
module_param(create_delay_ms, uint, 0644);
MODULE_PARM_DESC(create_delay_ms, "time that creates take");
static unsigned int remove_behaviour = REMOVE_BLOCKS;
module_param(remove_behaviour, uint, 0644);
MODULE_PARM_DESC(remove_behaviour, "remove of a held vGPU: 0 blocks, 1 leaks; of any: 2 blocks until set to 0");

static LIST_HEAD(gvts);
static DEFINE_MUTEX(gvts_lock);

static int fragment_set(const char *text, const struct kernel_param *kp)
{
	unsigned int offset_mb, size_mb;
	struct gvt *gvt;
	char where[5];
	bool none = sysfs_streq(text, "none");
	int ret = 0;

	if (!none && (sscanf(text, "%4s %u %u", where, &offset_mb, &size_mb) != 3 ||
		      (strcmp(where, "low") && strcmp(where, "high"))))
		return -EINVAL;
	mutex_lock(&gvts_lock);
	list_for_each_entry(gvt, &gvts, link) {
		if (none)
			gvt_pool_unpin_all(&gvt->pool);
		else if (!ret)
			ret = gvt_pool_pin(&gvt->pool, !strcmp(where, "high"), (u64)offset_mb * SZ_1M,
					   (u64)size_mb * SZ_1M);
	}
	mutex_unlock(&gvts_lock);
	return ret;
}

static int fragment_get(char *buf, const struct kernel_param *kp)
{
	struct gvt *gvt;
	int n = 0;

	mutex_lock(&gvts_lock);
	list_for_each_entry(gvt, &gvts, link)
		if (!n)
			n = gvt_pool_print_pins(&gvt->pool, buf);
	mutex_unlock(&gvts_lock);
	return n ?: scnprintf(buf, PAGE_SIZE, "none\n");
}

static const struct kernel_param_ops fragment_ops = { .set = fragment_set, .get = fragment_get };
module_param_cb(fragment, &fragment_ops, NULL, 0644);
MODULE_PARM_DESC(fragment, "\"low|high OFFSET SIZE\" (MiB) pins a range on every GPU, \"none\" frees all of them");

static struct gvt_type *to_gvt_type(struct mdev_type *mdev)
{
	return container_of(mdev, struct gvt_type, mdev);
}

static unsigned int get_available(struct mdev_type *mdev)
{
	struct gvt_type *type = to_gvt_type(mdev);

	return gvt_pool_available(&type->gvt->pool, type->size);
}

static ssize_t show_description(struct mdev_type *mdev, char *buf)
{
	const struct gvt_size *size = to_gvt_type(mdev)->size;

	return sysfs_emit(buf, "low_gm_size: %uMB\nhigh_gm_size: %uMB\nfence: %u\nresolution: %s\nweight: %u\n",
			  size->low / SZ_1M, size->high / SZ_1M, size->fences, size->resolution,
			  size->weight);
}

static int probe(struct mdev_device *mdev)
{
	int ret;

	if (create_delay_ms)
		msleep(create_delay_ms);
	ret = fail_create ? -abs(fail_create) : vgpu_create(mdev);
	if (ret)
		gvt_err("failed to create intel vgpu: %d\n", ret);
	return ret;
}

static void remove(struct mdev_device *mdev)
{
	while (READ_ONCE(remove_behaviour) == REMOVE_WAITS)
		msleep(20); /* beyond signals */
	vgpu_destroy(mdev, remove_behaviour == REMOVE_LEAKS);
}

static ssize_t vgpu_id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vgpu *vgpu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", vgpu->share.id);
}
static DEVICE_ATTR_RO(vgpu_id);

static struct attribute *vgpu_attrs[] = { &dev_attr_vgpu_id.attr, NULL };
static const struct attribute_group vgpu_group = { .name = "intel_vgpu", .attrs = vgpu_attrs };
static const struct attribute_group *vgpu_groups[] = { &vgpu_group, NULL };

struct mdev_driver gvt_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.driver = { .name = "intel_vgpu_mdev", .owner = THIS_MODULE, .dev_groups = vgpu_groups },
	.probe = probe,
	.remove = remove,
	.get_available = get_available,
	.show_description = show_description,
};

/* i915 stops at the first size that does not fit, so "no types" is a normal answer. */
static unsigned int list_types(struct gvt *gvt)
{
	unsigned int n, name_gen = gen ?: ((gvt->pool.pdev->device >> 8) == 0x16 ? 4 : 5);

	for (n = 0; n < GVT_SIZES && gvt_pool_lists(&gvt->pool, &gvt_sizes[n]); n++) {
		struct gvt_type *type = &gvt->types[n];

		type->gvt = gvt;
		type->size = &gvt_sizes[n];
		snprintf(type->name, sizeof(type->name), "GVTg_V%u_%s", name_gen, gvt_sizes[n].suffix);
		type->mdev.sysfs_name = type->name;
		gvt->type_list[n] = &type->mdev;
	}
	return n;
}

static int init_device(struct pci_dev *pdev)
{
	struct gvt *gvt = kzalloc(sizeof(*gvt), GFP_KERNEL);
	int ret;

	if (!gvt)
		return -ENOMEM;
	ret = gvt_pool_init(&gvt->pool, pdev, (u64)ggtt_mb * SZ_1M);
	if (ret)
		goto free;
	ret = mdev_register_parent(&gvt->parent, &pdev->dev, &gvt_mdev_driver, gvt->type_list,
				   list_types(gvt));
	if (ret)
		goto fini;
	mutex_lock(&gvts_lock);
	list_add_tail(&gvt->link, &gvts);
	mutex_unlock(&gvts_lock);
	return 0;
fini:
	gvt_pool_fini(&gvt->pool);
free:
	kfree(gvt);
	return ret;
}

static void clean_device(struct pci_dev *pdev)
{
	struct gvt *gvt, *found = NULL;

	mutex_lock(&gvts_lock);
	list_for_each_entry(gvt, &gvts, link)
		if (gvt->pool.pdev == pdev)
			found = gvt;
	if (found)
		list_del(&found->link);
	mutex_unlock(&gvts_lock);
	if (!found)
		return;
	mdev_unregister_parent(&found->parent);
	if (found->leaks)
		return;
	gvt_pool_fini(&found->pool);
	kfree(found);
}

static const struct i915_gvt_ops gvt_ops = { .init_device = init_device, .clean_device = clean_device };

static int __init kvmgt_init(void)
{
	int ret = mdev_register_driver(&gvt_mdev_driver);

	if (ret)
		return ret;
	ret = i915_set_gvt_ops(&gvt_ops);
	if (ret)
		mdev_unregister_driver(&gvt_mdev_driver);
	return ret;
}

static void __exit kvmgt_exit(void)
{
	i915_clear_gvt_ops();
	mdev_unregister_driver(&gvt_mdev_driver);
}

module_init(kvmgt_init);
module_exit(kvmgt_exit);
MODULE_DESCRIPTION("GVT-g shaped mdev parent (test fixture)");
MODULE_LICENSE("GPL");
