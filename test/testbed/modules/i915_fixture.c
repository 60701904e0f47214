// SPDX-License-Identifier: GPL-2.0
/*
 * Test fixture: a PCI driver by the name of i915 which drives nothing.  It
 * binds fake_igd's functions, gives each a DRM card and render node, carries
 * the module parameters an agent reads and the SR-IOV switch, and tells kvmgt
 * or xengt of the cards that may do GVT-g.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_print.h>

#include "i915_gvt.h"
#include "i915_iov.h"

#define ENABLE_GUC_SUBMISSION 1

static bool enable_gvt;
module_param(enable_gvt, bool, 0400);
static int enable_guc = -1;
module_param(enable_guc, int, 0400);
static unsigned int max_vfs;
module_param(max_vfs, uint, 0400);

struct card {
	struct list_head link;
	struct pci_dev *pdev;
	struct drm_device *drm;
	struct iov *iov;	/* of one that may be cut into functions */
	bool gvt;	/* kvmgt or xengt has taken it */
};

static LIST_HEAD(cards);
static DEFINE_MUTEX(cards_lock);
static const struct i915_gvt_ops *gvt_ops;

/*
 * High bytes of the ids of Broadwell, Skylake, Broxton, Kaby Lake, Coffee Lake
 * and Comet Lake, the platforms i915 allows GVT-g on.
 */
static bool platform_has_gvt(const struct pci_dev *pdev)
{
	switch (pdev->device >> 8) {
	case 0x16: case 0x19: case 0x0a: case 0x1a: case 0x5a:
	case 0x59: case 0x87: case 0x3e: case 0x9b:
		return true;
	}
	return false;
}

static bool may_gvt(struct card *card)
{
	if (!enable_gvt || card->pdev->is_virtfn)
		return false;
	if (!platform_has_gvt(card->pdev)) {
		drm_info(card->drm, "Unsupported device. GVT-g is disabled\n");
		return false;
	}
	if (enable_guc > 0 && (enable_guc & ENABLE_GUC_SUBMISSION)) {
		drm_err(card->drm, "Graphics virtualization is not yet supported with GuC submission\n");
		return false;
	}
	return true;
}

static void start_gvt(struct card *card)
{
	if (gvt_ops && !card->gvt && may_gvt(card))
		card->gvt = !gvt_ops->init_device(card->pdev);
}

static void stop_gvt(struct card *card)
{
	if (card->gvt)
		gvt_ops->clean_device(card->pdev);
	card->gvt = false;
}

int i915_set_gvt_ops(const struct i915_gvt_ops *ops)
{
	struct card *card;
	int ret = 0;

	mutex_lock(&cards_lock);
	if (gvt_ops) {
		ret = -EBUSY;
	} else {
		gvt_ops = ops;
		list_for_each_entry(card, &cards, link)
			start_gvt(card);
	}
	mutex_unlock(&cards_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(i915_set_gvt_ops);

void i915_clear_gvt_ops(void)
{
	struct card *card;

	mutex_lock(&cards_lock);
	list_for_each_entry(card, &cards, link)
		stop_gvt(card);
	gvt_ops = NULL;
	mutex_unlock(&cards_lock);
}
EXPORT_SYMBOL_GPL(i915_clear_gvt_ops);

DEFINE_DRM_GEM_FOPS(fixture_fops);

static const struct drm_driver fixture_drm = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER,
	.fops = &fixture_fops,
	.name = "i915",
	.desc = "Intel Graphics (test fixture)",
	.date = "20201103",
	.major = 1,
	.minor = 6,
};

static int i915_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);
	int ret;

	if (!card)
		return -ENOMEM;
	card->pdev = pdev;
	card->drm = drm_dev_alloc(&fixture_drm, &pdev->dev);
	if (IS_ERR(card->drm))
		return PTR_ERR(card->drm);
	ret = drm_dev_register(card->drm, 0);
	if (ret) {
		drm_dev_put(card->drm);
		return ret;
	}
	if (max_vfs && !pdev->is_virtfn && pci_sriov_get_totalvfs(pdev))
		card->iov = iov_add(&card->drm->primary->kdev->kobj, pci_sriov_get_totalvfs(pdev));
	pci_set_drvdata(pdev, card);
	mutex_lock(&cards_lock);
	list_add_tail(&card->link, &cards);
	start_gvt(card);
	mutex_unlock(&cards_lock);
	return 0;
}

static void i915_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	mutex_lock(&cards_lock);
	stop_gvt(card);
	list_del(&card->link);
	mutex_unlock(&cards_lock);
	if (!pdev->is_virtfn)
		pci_disable_sriov(pdev);
	iov_remove(card->iov);
	drm_dev_unplug(card->drm);
	drm_dev_put(card->drm);
}

static int i915_sriov_configure(struct pci_dev *pdev, int n)
{
	int ret;

	if (!n) {
		if (pci_vfs_assigned(pdev))
			return -EBUSY;
		pci_disable_sriov(pdev);
		return 0;
	}
	ret = pci_enable_sriov(pdev, n);
	return ret ?: n;
}

static const struct pci_device_id pci_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_ANY_ID),
	  .class = PCI_BASE_CLASS_DISPLAY << 16, .class_mask = 0xff0000 },
	{ }
};
MODULE_DEVICE_TABLE(pci, pci_ids);

static struct pci_driver i915_driver = {
	.name = "i915",
	.id_table = pci_ids,
	.probe = i915_probe,
	.remove = i915_remove,
	.sriov_configure = i915_sriov_configure,
};
module_pci_driver(i915_driver);
MODULE_DESCRIPTION("stand-in for i915 (test fixture)");
MODULE_LICENSE("GPL");
