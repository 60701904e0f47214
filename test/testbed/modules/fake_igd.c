// SPDX-License-Identifier: GPL-2.0
/*
 * fake_igd - test fixture: puts imaginary Intel display functions on PCI bus
 * 0000:00 of a virtual machine.  There is no hardware behind them: config
 * cycles addressed to the chosen slots are answered from memory, every other
 * cycle goes to the bus's own accessors.  The PCI core does all the rest, so
 * what user space sees in /sys is made by the real kernel.
 *
 * With vfs=N each function carries an SR-IOV capability (VFs at functions
 * 1..N of the same slot, as on integrated Intel graphics).
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#define MAX_IGDS 4
#define MAX_FN 8
#define CAP_PCIE 0x40
#define CAP_MSI 0xac
#define CAP_PM 0xd0
#define CAP_SRIOV 0x100

static unsigned int slot[MAX_IGDS] = { 2 };
static unsigned int nr_slots = 1;
module_param_array(slot, uint, &nr_slots, 0444);
MODULE_PARM_DESC(slot, "PCI slots to populate, one GPU each");

/* The next two take one value per slot; the last one given holds for the rest. */
static unsigned int device_id[MAX_IGDS] = { 0x191b };
static unsigned int nr_device_ids = 1;
module_param_array(device_id, uint, &nr_device_ids, 0444);
MODULE_PARM_DESC(device_id, "PCI device id");
static unsigned int aperture_mb[MAX_IGDS] = { 512 };
static unsigned int nr_apertures = 1;
module_param_array(aperture_mb, uint, &nr_apertures, 0444);
MODULE_PARM_DESC(aperture_mb, "size of BAR2 in MiB, a power of two of 128..4096");

static unsigned int vf_device_id;
module_param(vf_device_id, uint, 0444);
MODULE_PARM_DESC(vf_device_id, "PCI device id of virtual functions; 0 for the function's own");
static unsigned int vfs;
module_param(vfs, uint, 0444);
MODULE_PARM_DESC(vfs, "SR-IOV TotalVFs (0..7); 0 leaves the capability out");

/* The config space of one function, and the bits of it that writes may change. */
struct fn {
	u8 val[PCI_CFG_SPACE_EXP_SIZE];
	u8 rw[PCI_CFG_SPACE_EXP_SIZE];
};

struct igd {
	unsigned int slot, device_id;
	u64 aperture;
	struct pci_dev *pdev;
	struct fn fns[MAX_FN];
};

static struct igd *igds;
static struct pci_bus *bus0;
static struct pci_ops *real_ops;

static void set16(u8 *p, u16 v) { p[0] = v; p[1] = v >> 8; }
static void set32(u8 *p, u32 v) { set16(p, v); set16(p + 2, v >> 16); }
static u16 get16(const u8 *p) { return p[0] | p[1] << 8; }

static void set_bar64(struct fn *f, int off, u64 size, u32 flags)
{
	set32(f->val + off, flags | PCI_BASE_ADDRESS_MEM_TYPE_64);
	set32(f->rw + off, ~(size - 1));
	set32(f->rw + off + 4, ~(size - 1) >> 32);
}

static void build_common(struct fn *f)
{
	f->val[PCI_REVISION_ID] = 6;
	set16(f->val + PCI_CLASS_DEVICE, PCI_CLASS_DISPLAY_VGA);
	set16(f->val + PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_INTEL);
	set16(f->val + PCI_SUBSYSTEM_ID, 0x2212);

	set16(f->val + PCI_STATUS, PCI_STATUS_CAP_LIST);
	set16(f->rw + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
				   PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	f->rw[PCI_CACHE_LINE_SIZE] = 0xff;
	f->rw[PCI_LATENCY_TIMER] = 0xff;
	f->rw[PCI_INTERRUPT_LINE] = 0xff;
	f->val[PCI_CAPABILITY_LIST] = CAP_PCIE;

	f->val[CAP_PCIE] = PCI_CAP_ID_EXP;
	f->val[CAP_PCIE + PCI_CAP_LIST_NEXT] = CAP_MSI;
	set16(f->val + CAP_PCIE + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_RC_END << 4);
	set32(f->val + CAP_PCIE + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER);
	set16(f->rw + CAP_PCIE + PCI_EXP_DEVCTL, 0x7fff);

	f->val[CAP_MSI] = PCI_CAP_ID_MSI;
	f->val[CAP_MSI + PCI_CAP_LIST_NEXT] = CAP_PM;
	set16(f->rw + CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	set32(f->rw + CAP_MSI + PCI_MSI_ADDRESS_LO, ~3u);
	set16(f->rw + CAP_MSI + PCI_MSI_DATA_32, 0xffff);

	f->val[CAP_PM] = PCI_CAP_ID_PM;
	set16(f->val + CAP_PM + PCI_PM_PMC, 2);
	set16(f->rw + CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE);
}

static void build_sriov(struct fn *f, unsigned int vf_id)
{
	u8 *c = f->val + CAP_SRIOV, *w = f->rw + CAP_SRIOV;

	set32(c, PCI_EXT_CAP_ID_SRIOV | 1 << 16);
	set16(w + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	set16(c + PCI_SRIOV_INITIAL_VF, vfs);
	set16(c + PCI_SRIOV_TOTAL_VF, vfs);
	set16(w + PCI_SRIOV_NUM_VF, 0xffff);
	set16(c + PCI_SRIOV_VF_OFFSET, 1);
	set16(c + PCI_SRIOV_VF_STRIDE, 1);
	set16(c + PCI_SRIOV_VF_DID, vf_id);
	set32(c + PCI_SRIOV_SUP_PGSIZE, 0x553);
	set32(c + PCI_SRIOV_SYS_PGSIZE, 1);
	set32(w + PCI_SRIOV_SYS_PGSIZE, 0x553);
	set_bar64(f, CAP_SRIOV + PCI_SRIOV_BAR, SZ_1M, 0);
}

static void build_igd(struct igd *igd)
{
	struct fn *pf = &igd->fns[0];
	int i;

	build_common(pf);
	set16(pf->val + PCI_VENDOR_ID, PCI_VENDOR_ID_INTEL);
	set16(pf->val + PCI_DEVICE_ID, igd->device_id);
	set_bar64(pf, PCI_BASE_ADDRESS_0, SZ_16M, 0);
	set_bar64(pf, PCI_BASE_ADDRESS_2, igd->aperture, PCI_BASE_ADDRESS_MEM_PREFETCH);
	set32(pf->val + PCI_BASE_ADDRESS_4, PCI_BASE_ADDRESS_SPACE_IO);
	set32(pf->rw + PCI_BASE_ADDRESS_4, 0xffc0);
	if (vfs)
		build_sriov(pf, vf_device_id ?: igd->device_id);

	for (i = 1; i < MAX_FN; i++) {
		build_common(&igd->fns[i]);
		/* a VF's vendor and device id read as all ones (SR-IOV 3.4.1) */
		set32(igd->fns[i].val + PCI_VENDOR_ID, ~0u);
	}
}

static struct fn *lookup(struct pci_bus *bus, unsigned int devfn)
{
	unsigned int i, n = PCI_FUNC(devfn);

	if (bus != bus0)
		return NULL;
	for (i = 0; i < nr_slots; i++) {
		struct igd *igd = &igds[i];
		const u8 *c = igd->fns[0].val + CAP_SRIOV;

		if (igd->slot != PCI_SLOT(devfn))
			continue;
		if (!n)
			return &igd->fns[0];
		if (vfs && (c[PCI_SRIOV_CTRL] & PCI_SRIOV_CTRL_VFE) && n <= get16(c + PCI_SRIOV_NUM_VF))
			return &igd->fns[n];
	}
	return NULL;
}

static int igd_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	struct fn *f = lookup(bus, devfn);
	int i;

	if (!f)
		return real_ops->read(bus, devfn, where, size, val);
	for (*val = 0, i = 0; i < size; i++)
		*val |= (u32)f->val[where + i] << (8 * i);
	return PCIBIOS_SUCCESSFUL;
}

static int igd_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	struct fn *f = lookup(bus, devfn);
	int i;

	if (!f)
		return real_ops->write(bus, devfn, where, size, val);
	for (i = 0; i < size; i++) {
		u8 *p = &f->val[where + i], m = f->rw[where + i];

		*p = (*p & ~m) | ((val >> (8 * i)) & m);
	}
	/* "initiate function level reset" reads as zero */
	f->val[CAP_PCIE + PCI_EXP_DEVCTL + 1] &= ~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops igd_ops = { .read = igd_read, .write = igd_write };

/*
 * The IOMMU tables made at power-on cover only slots that were populated then,
 * so the bed's QEMU puts a placeholder there, which has to give way.
 */
static void evict_placeholder(struct igd *igd)
{
	struct pci_dev *pdev = pci_get_slot(bus0, PCI_DEVFN(igd->slot, 0));

	if (!pdev)
		return;
	pci_info(pdev, "fake_igd: taking the place of %04x:%04x\n", pdev->vendor, pdev->device);
	pci_stop_and_remove_bus_device(pdev);
	pci_dev_put(pdev);
}

static int add_igd(struct igd *igd)
{
	int i;

	pci_scan_slot(bus0, PCI_DEVFN(igd->slot, 0));
	igd->pdev = pci_get_slot(bus0, PCI_DEVFN(igd->slot, 0));
	if (!igd->pdev)
		return -ENODEV;
	for (i = 0; i < PCI_BRIDGE_RESOURCES; i++) {
		struct resource *r = &igd->pdev->resource[i];

		if (i == PCI_ROM_RESOURCE || !r->flags || r->parent || !resource_size(r))
			continue;
		if (pci_assign_resource(igd->pdev, i))
			pci_warn(igd->pdev, "fake_igd: no room for resource %d\n", i);
	}
	pci_bus_add_device(igd->pdev);
	return 0;
}

static void remove_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_slots; i++) {
		if (!igds[i].pdev)
			continue;
		pci_stop_and_remove_bus_device(igds[i].pdev);
		pci_dev_put(igds[i].pdev);
	}
	pci_bus_set_ops(bus0, real_ops);
}

static int __init fake_igd_init(void)
{
	unsigned int i;
	int ret = 0;

	if (vfs > MAX_FN - 1 || !nr_slots)
		return -EINVAL;
	bus0 = pci_find_bus(0, 0);
	if (!bus0)
		return -ENODEV;
	igds = kvcalloc(nr_slots, sizeof(*igds), GFP_KERNEL);
	if (!igds)
		return -ENOMEM;

	pci_lock_rescan_remove();
	for (i = 0; i < nr_slots; i++) {
		igds[i].slot = slot[i];
		igds[i].device_id = device_id[min(i, nr_device_ids - 1)];
		igds[i].aperture = (u64)aperture_mb[min(i, nr_apertures - 1)] * SZ_1M;
		build_igd(&igds[i]);
		evict_placeholder(&igds[i]);
	}
	real_ops = bus0->ops;
	igd_ops.add_bus = real_ops->add_bus;
	igd_ops.remove_bus = real_ops->remove_bus;
	igd_ops.map_bus = real_ops->map_bus;
	pci_bus_set_ops(bus0, &igd_ops);
	for (i = 0; i < nr_slots && !ret; i++)
		ret = add_igd(&igds[i]);
	if (ret)
		remove_all();
	pci_unlock_rescan_remove();
	if (ret)
		kvfree(igds);
	return ret;
}

static void __exit fake_igd_exit(void)
{
	pci_lock_rescan_remove();
	remove_all();
	pci_unlock_rescan_remove();
	kvfree(igds);
}

module_init(fake_igd_init);
module_exit(fake_igd_exit);
MODULE_DESCRIPTION("Imaginary Intel display functions (test fixture)");
MODULE_LICENSE("GPL");
