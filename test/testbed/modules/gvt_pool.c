// SPDX-License-Identifier: GPL-2.0
/*
 * The pool of one GPU, from which the slices of kvmgt or xengt are cut:
 * counted budgets for low (CPU-visible) and high (hidden) graphics memory and
 * fence registers, and behind them real ranges of the global GTT.  As in i915
 * the budgets say what may be given, the ranges what can: a create may find no
 * range although the budget would allow it.
 */
#include <linux/module.h>
#include <linux/sizes.h>

#include "gvt_pool.h"

/* What the host keeps for itself (gvt/gvt.h), and what the hardware has. */
#define HOST_LOW_GM_SIZE (128u * SZ_1M)
#define HOST_HIGH_GM_SIZE (384u * SZ_1M)
#define HOST_FENCES 4
#define HW_FENCES 32
#define MAX_VGPU_ID 7
#define MB(bytes) ((unsigned long)((bytes) >> 20))

const struct gvt_size gvt_sizes[GVT_SIZES] = {
	{ .suffix = "8", .low = 64 * SZ_1M,  .high = 384 * SZ_1M,   .fences = 4, .weight = 2,  .resolution = "1024x768" },
	{ .suffix = "4", .low = 128 * SZ_1M, .high = 512 * SZ_1M,   .fences = 4, .weight = 4,  .resolution = "1920x1200" },
	{ .suffix = "2", .low = 256 * SZ_1M, .high = 1024u * SZ_1M, .fences = 4, .weight = 8,  .resolution = "1920x1200" },
	{ .suffix = "1", .low = 512 * SZ_1M, .high = 2048u * SZ_1M, .fences = 4, .weight = 16, .resolution = "1920x1200" },
};
EXPORT_SYMBOL_GPL(gvt_sizes);

int gvt_pool_init(struct gvt_pool *pool, struct pci_dev *pdev, u64 ggtt_bytes)
{
	pool->pdev = pdev;
	pool->aperture = pci_resource_len(pool->pdev, 2);
	if (!pool->aperture || pool->aperture > ggtt_bytes) {
		pci_err(pool->pdev, "gvt: an aperture of %luMB in a GGTT of %luMB\n",
			MB(pool->aperture), MB(ggtt_bytes));
		return -EINVAL;
	}
	pool->hidden = ggtt_bytes - pool->aperture;
	mutex_init(&pool->lock);
	ida_init(&pool->ids);
	INIT_LIST_HEAD(&pool->pins);
	drm_mm_init(&pool->ggtt, 0, ggtt_bytes);
	return 0;
}
EXPORT_SYMBOL_GPL(gvt_pool_init);

void gvt_pool_fini(struct gvt_pool *pool)
{
	gvt_pool_unpin_all(pool);
	drm_mm_takedown(&pool->ggtt);
	ida_destroy(&pool->ids);
}
EXPORT_SYMBOL_GPL(gvt_pool_fini);

/* i915 looks at the aperture only, and at no more than the host's share of it. */
bool gvt_pool_lists(const struct gvt_pool *pool, const struct gvt_size *size)
{
	return (u32)(pool->aperture - HOST_LOW_GM_SIZE) / size->low >= 1;
}
EXPORT_SYMBOL_GPL(gvt_pool_lists);

/*
 * 32 bits wide and unsigned like i915's: with an aperture of 4 GiB the hidden
 * part is empty, the subtraction wraps and the answer promises what no create
 * can keep.
 */
unsigned int gvt_pool_available(struct gvt_pool *pool, const struct gvt_size *size)
{
	u32 low, high, fences;

	mutex_lock(&pool->lock);
	low = pool->aperture - HOST_LOW_GM_SIZE - pool->used_low;
	high = pool->hidden - HOST_HIGH_GM_SIZE - pool->used_high;
	fences = HW_FENCES - HOST_FENCES - pool->used_fences;
	mutex_unlock(&pool->lock);
	return min3(low / size->low, high / size->high, fences / size->fences);
}
EXPORT_SYMBOL_GPL(gvt_pool_available);

static int check_budget(const char *item, u64 request, u64 max, u64 taken)
{
	if (request <= max - taken)
		return 0;
	gvt_err("fail to allocate resource %s\n", item);
	gvt_err("request %luMB avail %luMB max %luMB taken %luMB\n",
		MB(request), MB(max - taken), MB(max), MB(taken));
	return -ENOSPC;
}

static int take_range(struct gvt_pool *pool, struct drm_mm_node *node, u64 bytes, bool high)
{
	u64 start = high ? pool->aperture : 0;
	u64 end = high ? pool->aperture + pool->hidden : pool->aperture;
	int ret = drm_mm_insert_node_in_range(&pool->ggtt, node, bytes, SZ_4K, 0, start, end,
					      DRM_MM_INSERT_LOW);

	if (ret)
		gvt_err("fail to alloc %s gm space from host\n", high ? "high" : "low");
	return ret;
}

static int take_locked(struct gvt_pool *pool, const struct gvt_size *size, struct gvt_share *share)
{
	int ret;

	ret = check_budget("low GM space", size->low, pool->aperture - HOST_LOW_GM_SIZE, pool->used_low);
	if (ret)
		return ret;
	ret = check_budget("high GM space", size->high, pool->hidden - HOST_HIGH_GM_SIZE, pool->used_high);
	if (ret)
		return ret;
	ret = check_budget("fence", size->fences, HW_FENCES - HOST_FENCES, pool->used_fences);
	if (ret)
		return ret;
	ret = take_range(pool, &share->low, size->low, false);
	if (ret)
		return ret;
	ret = take_range(pool, &share->high, size->high, true);
	if (ret) {
		drm_mm_remove_node(&share->low);
		return ret;
	}
	pool->used_low += size->low;
	pool->used_high += size->high;
	pool->used_fences += size->fences;
	return 0;
}

/* -ENOSPC when ids, a budget or a range are exhausted; then nothing was taken. */
int gvt_pool_take(struct gvt_pool *pool, const struct gvt_size *size, struct gvt_share *share)
{
	int ret, id = ida_alloc_range(&pool->ids, 1, MAX_VGPU_ID, GFP_KERNEL);

	if (id < 0)
		return id;
	mutex_lock(&pool->lock);
	ret = take_locked(pool, size, share);
	mutex_unlock(&pool->lock);
	if (ret) {
		ida_free(&pool->ids, id);
		return ret;
	}
	share->id = id;
	return 0;
}
EXPORT_SYMBOL_GPL(gvt_pool_take);

void gvt_pool_give(struct gvt_pool *pool, const struct gvt_size *size, struct gvt_share *share)
{
	mutex_lock(&pool->lock);
	drm_mm_remove_node(&share->low);
	drm_mm_remove_node(&share->high);
	pool->used_low -= size->low;
	pool->used_high -= size->high;
	pool->used_fences -= size->fences;
	mutex_unlock(&pool->lock);
	ida_free(&pool->ids, share->id);
}
EXPORT_SYMBOL_GPL(gvt_pool_give);

/* Takes a range out of the GGTT without taking it from the budget, as a display of the host does. */
int gvt_pool_pin(struct gvt_pool *pool, bool high, u64 offset, u64 bytes)
{
	struct gvt_pin *pin;
	int ret;

	if (!bytes || offset + bytes > (high ? pool->hidden : pool->aperture))
		return -ERANGE;
	pin = kzalloc(sizeof(*pin), GFP_KERNEL);
	if (!pin)
		return -ENOMEM;
	pin->node.start = offset + (high ? pool->aperture : 0);
	pin->node.size = bytes;
	mutex_lock(&pool->lock);
	ret = drm_mm_reserve_node(&pool->ggtt, &pin->node);
	if (!ret)
		list_add_tail(&pin->link, &pool->pins);
	mutex_unlock(&pool->lock);
	if (ret)
		kfree(pin);
	return ret;
}
EXPORT_SYMBOL_GPL(gvt_pool_pin);

void gvt_pool_unpin_all(struct gvt_pool *pool)
{
	struct gvt_pin *pin, *next;

	mutex_lock(&pool->lock);
	list_for_each_entry_safe(pin, next, &pool->pins, link) {
		drm_mm_remove_node(&pin->node);
		list_del(&pin->link);
		kfree(pin);
	}
	mutex_unlock(&pool->lock);
}
EXPORT_SYMBOL_GPL(gvt_pool_unpin_all);

int gvt_pool_print_pins(struct gvt_pool *pool, char *buf)
{
	struct gvt_pin *pin;
	int n = 0;

	mutex_lock(&pool->lock);
	list_for_each_entry(pin, &pool->pins, link) {
		bool high = pin->node.start >= pool->aperture;

		n += scnprintf(buf + n, PAGE_SIZE - n, "%s %s %lu %lu\n", pci_name(pool->pdev),
			       high ? "high" : "low",
			       MB(pin->node.start - (high ? pool->aperture : 0)), MB(pin->node.size));
	}
	mutex_unlock(&pool->lock);
	return n;
}
EXPORT_SYMBOL_GPL(gvt_pool_print_pins);
