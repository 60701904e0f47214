// SPDX-License-Identifier: GPL-2.0
/*
 * The pool of one GPU: counted budgets for low (CPU-visible) and high (hidden)
 * graphics memory and fence registers, and behind them real ranges of the
 * global GTT.  As in i915 the budgets say what may be given, the ranges what
 * can: a create may find no range although the budget would allow it.
 */
#include "kvmgt.h"

/* What the host keeps for itself (gvt/gvt.h), and what the hardware has. */
#define HOST_LOW_GM_SIZE (128u * SZ_1M)
#define HOST_HIGH_GM_SIZE (384u * SZ_1M)
#define HOST_FENCES 4
#define HW_FENCES 32
#define MAX_VGPU_ID 7
#define MB(bytes) ((unsigned long)((bytes) >> 20))

int gvt_pool_init(struct gvt *gvt, u64 ggtt_bytes)
{
	gvt->aperture = pci_resource_len(gvt->pdev, 2);
	if (!gvt->aperture || gvt->aperture > ggtt_bytes) {
		pci_err(gvt->pdev, "gvt: an aperture of %luMB in a GGTT of %luMB\n",
			MB(gvt->aperture), MB(ggtt_bytes));
		return -EINVAL;
	}
	gvt->hidden = ggtt_bytes - gvt->aperture;
	mutex_init(&gvt->lock);
	ida_init(&gvt->ids);
	INIT_LIST_HEAD(&gvt->pins);
	drm_mm_init(&gvt->ggtt, 0, ggtt_bytes);
	return 0;
}

void gvt_pool_fini(struct gvt *gvt)
{
	gvt_pool_unpin_all(gvt);
	drm_mm_takedown(&gvt->ggtt);
	ida_destroy(&gvt->ids);
}

/* i915 looks at the aperture only, and at no more than the host's share of it. */
bool gvt_pool_lists(const struct gvt *gvt, const struct gvt_size *size)
{
	return (u32)(gvt->aperture - HOST_LOW_GM_SIZE) / size->low >= 1;
}

/*
 * 32 bits wide and unsigned like i915's: with an aperture of 4 GiB the hidden
 * part is empty, the subtraction wraps and the answer promises what no create
 * can keep.
 */
unsigned int gvt_pool_available(struct gvt *gvt, const struct gvt_size *size)
{
	u32 low, high, fences;

	mutex_lock(&gvt->lock);
	low = gvt->aperture - HOST_LOW_GM_SIZE - gvt->used_low;
	high = gvt->hidden - HOST_HIGH_GM_SIZE - gvt->used_high;
	fences = HW_FENCES - HOST_FENCES - gvt->used_fences;
	mutex_unlock(&gvt->lock);
	return min3(low / size->low, high / size->high, fences / size->fences);
}

static int check_budget(const char *item, u64 request, u64 max, u64 taken)
{
	if (request <= max - taken)
		return 0;
	gvt_err("fail to allocate resource %s\n", item);
	gvt_err("request %luMB avail %luMB max %luMB taken %luMB\n",
		MB(request), MB(max - taken), MB(max), MB(taken));
	return -ENOSPC;
}

static int take_range(struct gvt *gvt, struct drm_mm_node *node, u64 bytes, bool high)
{
	u64 start = high ? gvt->aperture : 0;
	u64 end = high ? gvt->aperture + gvt->hidden : gvt->aperture;
	int ret = drm_mm_insert_node_in_range(&gvt->ggtt, node, bytes, SZ_4K, 0, start, end,
					      DRM_MM_INSERT_LOW);

	if (ret)
		gvt_err("fail to alloc %s gm space from host\n", high ? "high" : "low");
	return ret;
}

static int take_locked(struct gvt *gvt, const struct gvt_size *size, struct gvt_share *share)
{
	int ret;

	ret = check_budget("low GM space", size->low, gvt->aperture - HOST_LOW_GM_SIZE, gvt->used_low);
	if (ret)
		return ret;
	ret = check_budget("high GM space", size->high, gvt->hidden - HOST_HIGH_GM_SIZE, gvt->used_high);
	if (ret)
		return ret;
	ret = check_budget("fence", size->fences, HW_FENCES - HOST_FENCES, gvt->used_fences);
	if (ret)
		return ret;
	ret = take_range(gvt, &share->low, size->low, false);
	if (ret)
		return ret;
	ret = take_range(gvt, &share->high, size->high, true);
	if (ret) {
		drm_mm_remove_node(&share->low);
		return ret;
	}
	gvt->used_low += size->low;
	gvt->used_high += size->high;
	gvt->used_fences += size->fences;
	return 0;
}

/* -ENOSPC when ids, a budget or a range are exhausted; then nothing was taken. */
int gvt_pool_take(struct gvt *gvt, const struct gvt_size *size, struct gvt_share *share)
{
	int ret, id = ida_alloc_range(&gvt->ids, 1, MAX_VGPU_ID, GFP_KERNEL);

	if (id < 0)
		return id;
	mutex_lock(&gvt->lock);
	ret = take_locked(gvt, size, share);
	mutex_unlock(&gvt->lock);
	if (ret) {
		ida_free(&gvt->ids, id);
		return ret;
	}
	share->id = id;
	return 0;
}

void gvt_pool_give(struct gvt *gvt, const struct gvt_size *size, struct gvt_share *share)
{
	mutex_lock(&gvt->lock);
	drm_mm_remove_node(&share->low);
	drm_mm_remove_node(&share->high);
	gvt->used_low -= size->low;
	gvt->used_high -= size->high;
	gvt->used_fences -= size->fences;
	mutex_unlock(&gvt->lock);
	ida_free(&gvt->ids, share->id);
}

/* Takes a range out of the GGTT without taking it from the budget, as a display of the host does. */
int gvt_pool_pin(struct gvt *gvt, bool high, u64 offset, u64 bytes)
{
	struct gvt_pin *pin;
	int ret;

	if (!bytes || offset + bytes > (high ? gvt->hidden : gvt->aperture))
		return -ERANGE;
	pin = kzalloc(sizeof(*pin), GFP_KERNEL);
	if (!pin)
		return -ENOMEM;
	pin->node.start = offset + (high ? gvt->aperture : 0);
	pin->node.size = bytes;
	mutex_lock(&gvt->lock);
	ret = drm_mm_reserve_node(&gvt->ggtt, &pin->node);
	if (!ret)
		list_add_tail(&pin->link, &gvt->pins);
	mutex_unlock(&gvt->lock);
	if (ret)
		kfree(pin);
	return ret;
}

void gvt_pool_unpin_all(struct gvt *gvt)
{
	struct gvt_pin *pin, *next;

	mutex_lock(&gvt->lock);
	list_for_each_entry_safe(pin, next, &gvt->pins, link) {
		drm_mm_remove_node(&pin->node);
		list_del(&pin->link);
		kfree(pin);
	}
	mutex_unlock(&gvt->lock);
}

int gvt_pool_print_pins(struct gvt *gvt, char *buf)
{
	struct gvt_pin *pin;
	int n = 0;

	mutex_lock(&gvt->lock);
	list_for_each_entry(pin, &gvt->pins, link) {
		bool high = pin->node.start >= gvt->aperture;

		n += scnprintf(buf + n, PAGE_SIZE - n, "%s %s %lu %lu\n", pci_name(gvt->pdev),
			       high ? "high" : "low",
			       MB(pin->node.start - (high ? gvt->aperture : 0)), MB(pin->node.size));
	}
	mutex_unlock(&gvt->lock);
	return n;
}
