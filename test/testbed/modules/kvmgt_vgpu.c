// SPDX-License-Identifier: GPL-2.0
/*
 * One vGPU: a vfio-pci device good enough for QEMU to start with.  Its BARs
 * hold nothing and it never raises an interrupt.
 */
#include <linux/uaccess.h>

#include "kvmgt.h"

#define OFFSET_SHIFT 40
#define OFFSET_INDEX(pos) ((u64)(pos) >> OFFSET_SHIFT)
#define OFFSET_IN_REGION(pos) ((pos) & ((1ull << OFFSET_SHIFT) - 1))
#define CAP_MSI 0xac
#define CAP_MSI_END 0xb6

static struct vgpu *to_vgpu(struct vfio_device *vdev)
{
	return container_of(vdev, struct vgpu, vdev);
}

static void build_cfg(struct vgpu *vgpu, const struct pci_dev *igd)
{
	u8 *cfg = vgpu->cfg;

	*(__le16 *)(cfg + PCI_VENDOR_ID) = cpu_to_le16(igd->vendor);
	*(__le16 *)(cfg + PCI_DEVICE_ID) = cpu_to_le16(igd->device);
	cfg[PCI_REVISION_ID] = igd->revision;
	*(__le16 *)(cfg + PCI_CLASS_DEVICE) = cpu_to_le16(PCI_CLASS_DISPLAY_VGA);
	*(__le16 *)(cfg + PCI_SUBSYSTEM_VENDOR_ID) = cpu_to_le16(igd->subsystem_vendor);
	*(__le16 *)(cfg + PCI_SUBSYSTEM_ID) = cpu_to_le16(igd->subsystem_device);
	*(__le32 *)(cfg + PCI_BASE_ADDRESS_0) = cpu_to_le32(PCI_BASE_ADDRESS_MEM_TYPE_64);
	*(__le32 *)(cfg + PCI_BASE_ADDRESS_2) =
		cpu_to_le32(PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH);
	*(__le16 *)(cfg + PCI_STATUS) = cpu_to_le16(PCI_STATUS_CAP_LIST);
	cfg[PCI_CAPABILITY_LIST] = CAP_MSI;
	cfg[CAP_MSI] = PCI_CAP_ID_MSI;
	cfg[PCI_INTERRUPT_PIN] = 1;
}

static int vgpu_init(struct vfio_device *vdev)
{
	struct vgpu *vgpu = to_vgpu(vdev);
	struct mdev_device *mdev = to_mdev_device(vdev->dev);
	int ret;

	vgpu->type = container_of(mdev->type, struct gvt_type, mdev);
	ret = gvt_pool_take(&vgpu->type->gvt->pool, vgpu->type->size, &vgpu->share);
	if (!ret)
		build_cfg(vgpu, vgpu->type->gvt->pool.pdev);
	return ret;
}

static void vgpu_release(struct vfio_device *vdev)
{
	struct vgpu *vgpu = to_vgpu(vdev);

	gvt_pool_give(&vgpu->type->gvt->pool, vgpu->type->size, &vgpu->share);
	vfio_free_device(vdev);
}

static int vgpu_open(struct vfio_device *vdev)
{
	WRITE_ONCE(to_vgpu(vdev)->open, true);
	return 0;
}

static void vgpu_close(struct vfio_device *vdev)
{
	struct vgpu *vgpu = to_vgpu(vdev);

	WRITE_ONCE(vgpu->open, false);
	/*
	 * After us vfio drops its reference to the module by way of the
	 * device's driver, which a leaking remove has already unbound.
	 */
	if (vgpu->leaked)
		vdev->dev->driver = &gvt_mdev_driver.driver;
}

static u64 region_size(const struct vgpu *vgpu, u64 index)
{
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return sizeof(vgpu->cfg);
	case VFIO_PCI_BAR0_REGION_INDEX:
		return SZ_16M;
	case VFIO_PCI_BAR2_REGION_INDEX:
		return vgpu->type->size->low;
	}
	return 0;
}

static void cfg_write(struct vgpu *vgpu, unsigned int off, u8 val)
{
	unsigned int bar, shift;
	u8 mask;

	switch (off) {
	case PCI_BASE_ADDRESS_0 ... PCI_BASE_ADDRESS_3 + 3:
		bar = off < PCI_BASE_ADDRESS_2 ? 0 : 2;
		shift = 8 * (off - (PCI_BASE_ADDRESS_0 + 4 * bar));
		mask = ~(region_size(vgpu, bar) - 1) >> shift;
		vgpu->cfg[off] = (vgpu->cfg[off] & ~mask) | (val & mask);
		break;
	case PCI_COMMAND ... PCI_COMMAND + 1:
	case PCI_INTERRUPT_LINE:
	case CAP_MSI + PCI_MSI_FLAGS ... CAP_MSI_END - 1:
		vgpu->cfg[off] = val;
	}
}

static ssize_t vgpu_read(struct vfio_device *vdev, char __user *buf, size_t n, loff_t *pos)
{
	struct vgpu *vgpu = to_vgpu(vdev);
	u64 index = OFFSET_INDEX(*pos), off = OFFSET_IN_REGION(*pos);
	u64 size = region_size(vgpu, index);
	unsigned long left;

	if (off >= size)
		return -EINVAL;
	n = min_t(u64, n, size - off);
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		left = copy_to_user(buf, vgpu->cfg + off, n);
	else
		left = clear_user(buf, n);
	if (left)
		return -EFAULT;
	*pos += n;
	return n;
}

static ssize_t vgpu_write(struct vfio_device *vdev, const char __user *buf, size_t n, loff_t *pos)
{
	struct vgpu *vgpu = to_vgpu(vdev);
	u64 index = OFFSET_INDEX(*pos), off = OFFSET_IN_REGION(*pos);
	u64 size = region_size(vgpu, index);
	size_t i;
	u8 byte;

	if (off >= size)
		return -EINVAL;
	n = min_t(u64, n, size - off);
	for (i = 0; index == VFIO_PCI_CONFIG_REGION_INDEX && i < n; i++) {
		if (get_user(byte, buf + i))
			return -EFAULT;
		cfg_write(vgpu, off + i, byte);
	}
	*pos += n;
	return n;
}

static long get_info(void __user *arg)
{
	struct vfio_device_info info;
	size_t size = offsetofend(struct vfio_device_info, num_irqs);

	if (copy_from_user(&info, arg, size) || info.argsz < size)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

static long get_region_info(struct vgpu *vgpu, void __user *arg)
{
	struct vfio_region_info info;
	size_t size = offsetofend(struct vfio_region_info, offset);

	if (copy_from_user(&info, arg, size) || info.argsz < size || info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info.size = region_size(vgpu, info.index);
	info.offset = (u64)info.index << OFFSET_SHIFT;
	info.cap_offset = 0;
	info.flags = info.size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

static long get_irq_info(void __user *arg)
{
	struct vfio_irq_info info;
	size_t size = offsetofend(struct vfio_irq_info, count);

	if (copy_from_user(&info, arg, size) || info.argsz < size || info.index > VFIO_PCI_MSI_IRQ_INDEX)
		return -EINVAL;
	info.count = 1;
	info.flags = VFIO_IRQ_INFO_EVENTFD;
	if (info.index == VFIO_PCI_INTX_IRQ_INDEX)
		info.flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else
		info.flags |= VFIO_IRQ_INFO_NORESIZE;
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

/* No interrupt is ever raised, so any trigger will do. */
static long set_irqs(void __user *arg)
{
	struct vfio_irq_set set;

	if (copy_from_user(&set, arg, offsetofend(struct vfio_irq_set, count)))
		return -EFAULT;
	return set.index <= VFIO_PCI_MSI_IRQ_INDEX ? 0 : -EINVAL;
}

static long vgpu_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(user);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(to_vgpu(vdev), user);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(user);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(user);
	case VFIO_DEVICE_RESET:
		return 0;
	}
	return -ENOTTY;
}

static const struct vfio_device_ops vgpu_ops = {
	.name = "intel-vgpu",
	.init = vgpu_init,
	.release = vgpu_release,
	.open_device = vgpu_open,
	.close_device = vgpu_close,
	.read = vgpu_read,
	.write = vgpu_write,
	.ioctl = vgpu_ioctl,
};

int vgpu_create(struct mdev_device *mdev)
{
	struct vgpu *vgpu = vfio_alloc_device(vgpu, vdev, &mdev->dev, &vgpu_ops);
	int ret;

	if (IS_ERR(vgpu))
		return PTR_ERR(vgpu);
	dev_set_drvdata(&mdev->dev, vgpu);
	ret = vfio_register_emulated_iommu_dev(&vgpu->vdev);
	if (ret)
		vfio_put_device(&vgpu->vdev);
	return ret;
}

void vgpu_destroy(struct mdev_device *mdev, bool leak_if_open)
{
	struct vgpu *vgpu = dev_get_drvdata(&mdev->dev);

	if (leak_if_open && READ_ONCE(vgpu->open)) {
		/* The vfio device stays registered and its holder goes on using it: both must outlive the node. */
		get_device(&mdev->dev);
		__module_get(THIS_MODULE);
		vgpu->leaked = vgpu->type->gvt->leaks = true;
		dev_err(&mdev->dev, "Remove failed: err=%d\n", -EBUSY);
		return;
	}
	vfio_unregister_group_dev(&vgpu->vdev);
	vfio_put_device(&vgpu->vdev);
}
