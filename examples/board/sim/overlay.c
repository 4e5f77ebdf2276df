// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device tree overlays through configfs, as the vendor's kernel offers them:
 * /sys/kernel/config/device-tree/overlays/NAME/{path,status,dtbo}. Applying and
 * removing is the kernel's own of_overlay_fdt_apply() and of_overlay_remove();
 * programming a region that an overlay targets is of-fpga-region's work, inside
 * the first of these.
 *
 * The vendor's quirks are kept, since programs must live with them:
 *  - a write to `path` that fails says nothing about it; `path` reads empty
 *    afterwards, and that and `status` are the only signs
 *  - `path` and `dtbo` can be set once; a second write to `path` gives EPERM,
 *    a second `dtbo` is dropped silently (configfs hands it over at close())
 *  - rmdir removes the overlay and forgets how that went
 */

#include <linux/configfs.h>
#include <linux/debugfs.h>
#include <linux/firmware.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "sim.h"

#define SIM_OVERLAY_DTBO_MAX SZ_1M

enum { SIM_OVERLAY_APPLY, SIM_OVERLAY_REMOVE };
static const char *const sim_overlay_ops[] = { "apply", "remove", NULL };
static struct sim_fault sim_overlay_fault;

/**
 * struct sim_overlay - one directory in overlays/
 * @item: configfs' part
 * @lock: one writer at a time; readers look while an overlay is being applied,
 *	as they do at the vendor's
 * @path: name of the firmware file, empty when unset
 * @dtbo: the blob given through `dtbo`, NULL when unset
 * @dtbo_size: its size in bytes
 * @id: the kernel's number of the overlay, valid when @applied
 * @applied: the overlay is in the live tree
 */
struct sim_overlay {
	struct config_item item;
	struct mutex lock;
	char path[PATH_MAX];
	void *dtbo;
	size_t dtbo_size;
	int id;
	bool applied;
};

static struct sim_overlay *to_sim_overlay(struct config_item *item)
{
	return container_of(item, struct sim_overlay, item);
}

static int sim_overlay_apply(struct sim_overlay *overlay, const void *blob,
			     size_t size)
{
	int id = 0;
	int ret;

	ret = sim_fault_take(&sim_overlay_fault, SIM_OVERLAY_APPLY);
	if (!ret)
		ret = of_overlay_fdt_apply(blob, size, &id, NULL);
	if (ret) {
		/*
		 * With an id, a part may already be in the tree. What this does
		 * besides: of-fpga-region, told that an overlay of its region
		 * goes, turns the bridges off and forgets the overlay that the
		 * region had before the refused one.
		 */
		if (id)
			of_overlay_remove(&id);
		pr_err("runx_sim: overlay %s: not applied: %d\n",
		       config_item_name(&overlay->item), ret);
		return ret;
	}
	overlay->id = id;
	WRITE_ONCE(overlay->applied, true);
	return 0;
}

static ssize_t sim_overlay_path_show(struct config_item *item, char *page)
{
	return scnprintf(page, PAGE_SIZE, "%s\n", to_sim_overlay(item)->path);
}

static int sim_overlay_apply_file(struct sim_overlay *overlay)
{
	const struct firmware *firmware;
	int ret;

	ret = request_firmware(&firmware, overlay->path, NULL);
	if (ret)
		return ret;
	ret = sim_overlay_apply(overlay, firmware->data, firmware->size);
	release_firmware(firmware);
	return ret;
}

static ssize_t sim_overlay_path_store(struct config_item *item,
				      const char *page, size_t count)
{
	struct sim_overlay *overlay = to_sim_overlay(item);

	mutex_lock(&overlay->lock);
	if (overlay->path[0] || overlay->dtbo) {
		mutex_unlock(&overlay->lock);
		return -EPERM;
	}
	strscpy(overlay->path, page, sizeof(overlay->path));
	strim(overlay->path);
	if (sim_overlay_apply_file(overlay))
		overlay->path[0] = '\0';
	mutex_unlock(&overlay->lock);
	return count;
}

static ssize_t sim_overlay_status_show(struct config_item *item, char *page)
{
	bool applied = READ_ONCE(to_sim_overlay(item)->applied);

	return scnprintf(page, PAGE_SIZE, "%s\n",
			 applied ? "applied" : "unapplied");
}

static ssize_t sim_overlay_dtbo_read(struct config_item *item, void *to,
				     size_t size)
{
	struct sim_overlay *overlay = to_sim_overlay(item);
	ssize_t ret;

	mutex_lock(&overlay->lock);
	ret = overlay->dtbo_size;
	/* configfs asks for the size first, with no buffer. */
	if (to && overlay->dtbo_size > size)
		ret = -ENOSPC;
	else if (to && overlay->dtbo)
		memcpy(to, overlay->dtbo, overlay->dtbo_size);
	mutex_unlock(&overlay->lock);
	return ret;
}

static ssize_t sim_overlay_dtbo_write(struct config_item *item,
				      const void *from, size_t size)
{
	struct sim_overlay *overlay = to_sim_overlay(item);
	ssize_t ret = size;
	void *blob;
	int err;

	mutex_lock(&overlay->lock);
	if (overlay->path[0] || overlay->dtbo) {
		ret = -EPERM;
		goto out;
	}
	blob = kvmemdup(from, size, GFP_KERNEL);
	if (!blob) {
		ret = -ENOMEM;
		goto out;
	}
	err = sim_overlay_apply(overlay, blob, size);
	if (err) {
		kvfree(blob);
		ret = err;
		goto out;
	}
	overlay->dtbo = blob;
	overlay->dtbo_size = size;
out:
	mutex_unlock(&overlay->lock);
	return ret;
}

CONFIGFS_ATTR(sim_overlay_, path);
CONFIGFS_ATTR_RO(sim_overlay_, status);
CONFIGFS_BIN_ATTR(sim_overlay_, dtbo, NULL, SIM_OVERLAY_DTBO_MAX);

static struct configfs_attribute *sim_overlay_attrs[] = {
	&sim_overlay_attr_path,
	&sim_overlay_attr_status,
	NULL,
};

static struct configfs_bin_attribute *sim_overlay_bin_attrs[] = {
	&sim_overlay_attr_dtbo,
	NULL,
};

static void sim_overlay_release(struct config_item *item)
{
	struct sim_overlay *overlay = to_sim_overlay(item);
	int id = overlay->id;
	int ret;

	if (overlay->applied) {
		ret = sim_fault_take(&sim_overlay_fault, SIM_OVERLAY_REMOVE);
		if (!ret)
			ret = of_overlay_remove(&overlay->id);
		if (ret)
			pr_err("runx_sim: overlay #%d: not removed: %d\n",
			       id, ret);
	}
	kvfree(overlay->dtbo);
	kfree(overlay);
}

static struct configfs_item_operations sim_overlay_item_ops = {
	.release = sim_overlay_release,
};

static const struct config_item_type sim_overlay_type = {
	.ct_item_ops = &sim_overlay_item_ops,
	.ct_attrs = sim_overlay_attrs,
	.ct_bin_attrs = sim_overlay_bin_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_item *sim_overlays_make_item(struct config_group *group,
						  const char *name)
{
	struct sim_overlay *overlay;

	overlay = kzalloc(sizeof(*overlay), GFP_KERNEL);
	if (!overlay)
		return ERR_PTR(-ENOMEM);
	mutex_init(&overlay->lock);
	config_item_init_type_name(&overlay->item, name, &sim_overlay_type);
	return &overlay->item;
}

static struct configfs_group_operations sim_overlays_group_ops = {
	.make_item = sim_overlays_make_item,
};

static const struct config_item_type sim_overlays_type = {
	.ct_group_ops = &sim_overlays_group_ops,
	.ct_owner = THIS_MODULE,
};

static const struct config_item_type sim_device_tree_type = {
	.ct_owner = THIS_MODULE,
};

static struct config_group sim_overlays_group;

static struct configfs_subsystem sim_device_tree = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "device-tree",
			.ci_type = &sim_device_tree_type,
		},
	},
	.su_mutex = __MUTEX_INITIALIZER(sim_device_tree.su_mutex),
};

int sim_overlay_init(struct dentry *root)
{
	sim_fault_init(&sim_overlay_fault, sim_overlay_ops,
		       debugfs_create_dir("overlay", root));

	config_group_init(&sim_device_tree.su_group);
	config_group_init_type_name(&sim_overlays_group, "overlays",
				    &sim_overlays_type);
	configfs_add_default_group(&sim_overlays_group,
				   &sim_device_tree.su_group);
	return configfs_register_subsystem(&sim_device_tree);
}

void sim_overlay_exit(void)
{
	configfs_unregister_subsystem(&sim_device_tree);
}
