// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programmable logic behind the kernel's fpga_manager.
 *
 * A platform driver for the device tree's `xlnx,zynqmp-pcap-fpga` node: the
 * tree's own fpga-region names that node as its manager, so that overlays are
 * programmed through the kernel's of-fpga-region without any help from here.
 * On a board the node's device is made by the driver of the PMU firmware. Here
 * that driver finds no firmware, and the device is made by sim_fpga_init().
 *
 * On top of what the framework offers, the manager's directory carries the
 * vendor's attributes: `firmware` (write a file's name to program it), `flags`
 * (hexadecimal, kept from one load to the next) and `key`.
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fpga/fpga-mgr.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "sim.h"

#define SIM_FPGA_COMPATIBLE	"xlnx,zynqmp-pcap-fpga"
#define SIM_FPGA_KEY_SIZE	64
#define SIM_FPGA_DELAY_MAX_MS	60000U

#define SIM_FPGA_SYNC		0xAA995566U
#define SIM_FPGA_SYNC_SWAPPED	0x665599AAU
/* How far the PMU firmware looks for the start of a stream. */
#define SIM_FPGA_PADDING_MAX	0x2800

enum { SIM_FPGA_WRITE_INIT, SIM_FPGA_WRITE, SIM_FPGA_WRITE_COMPLETE };
static const char *const sim_fpga_ops[] = {
	"write_init", "write", "write_complete", NULL
};

/**
 * struct sim_fpga - the device
 * @lock: protects @flags, @last_flags and @key
 * @flags: the vendor's flags, as they were written
 * @last_flags: the flags that the last load was begun with
 * @key: the vendor's key, not interpreted
 * @record: the bytes of the last load, accepted or not
 * @fault: the operation that is to fail
 * @attempts: loads begun
 * @loads: loads ended well
 * @delay_ms: time that each write takes, in milliseconds
 * @status: what went wrong last, FPGA_MGR_STATUS_*
 * @configured: a load ended well and none failed since
 * @started: the first bytes of this load have come and were looked at
 * @dir: in debugfs
 */
struct sim_fpga {
	struct mutex lock;
	u32 flags;
	u32 last_flags;
	char key[SIM_FPGA_KEY_SIZE + 1];
	struct sim_record record;
	struct sim_fault fault;
	u32 attempts;
	u32 loads;
	u32 delay_ms;
	u64 status;
	bool configured;
	bool started;
	struct dentry *dir;
};

static struct dentry *sim_fpga_root;
static struct platform_device *sim_fpga_created;

static enum fpga_mgr_states sim_fpga_state(struct fpga_manager *mgr)
{
	struct sim_fpga *fpga = mgr->priv;

	return fpga->configured ? FPGA_MGR_STATE_OPERATING :
				  FPGA_MGR_STATE_UNKNOWN;
}

static u64 sim_fpga_status(struct fpga_manager *mgr)
{
	struct sim_fpga *fpga = mgr->priv;

	return fpga->status;
}

static int sim_fpga_write_init(struct fpga_manager *mgr,
			       struct fpga_image_info *info,
			       const char *buf, size_t count)
{
	struct sim_fpga *fpga = mgr->priv;
	int ret;

	mutex_lock(&fpga->lock);
	/*
	 * The vendor's fpga_mgr_firmware_load() puts the manager's flags in the
	 * place of whatever the caller asked for, an overlay's
	 * partial-fpga-config included.
	 */
	info->flags = fpga->flags;
	fpga->last_flags = info->flags;
	mutex_unlock(&fpga->lock);

	fpga->attempts++;
	fpga->started = false;
	fpga->configured = false;
	fpga->status = 0;
	sim_record_restart(&fpga->record);

	ret = sim_fault_take(&fpga->fault, SIM_FPGA_WRITE_INIT);
	if (ret)
		fpga->status = FPGA_MGR_STATUS_OPERATION_ERR;
	return ret;
}

/*
 * True when @buf is a configuration stream: padding, bus width words and then
 * the sync word, in the order of Vivado's .bin or in bootgen's swapped one.
 *
 * Neither the vendor's nor the upstream zynqmp-fpga driver looks at the bytes;
 * the PMU firmware does. It answers a stream without a sync word with an error.
 * Its later versions step over what stands before the padding, a .bit file's
 * header for one; its earlier ones send that into the device. What works on
 * every board is a stream that begins with its padding, so only that is taken.
 */
static bool sim_fpga_is_stream(const u8 *buf, size_t count)
{
	size_t end = min_t(size_t, count, SIM_FPGA_PADDING_MAX);
	size_t at;

	for (at = 0; at + sizeof(u32) <= end; at += sizeof(u32)) {
		switch (get_unaligned_be32(buf + at)) {
		case SIM_FPGA_SYNC:
		case SIM_FPGA_SYNC_SWAPPED:
			return true;
		case 0xFFFFFFFF:
		case 0x000000BB:
		case 0xBB000000:
		case 0x11220044:
		case 0x44002211:
			break;
		default:
			return false;
		}
	}
	return false;
}

static int sim_fpga_write(struct fpga_manager *mgr, const char *buf,
			  size_t count)
{
	struct sim_fpga *fpga = mgr->priv;
	int ret;

	sim_record_add(&fpga->record, buf, count);
	/*
	 * On a board the writer is inside the firmware call and a signal waits
	 * for its end, SIGKILL as well.
	 */
	msleep(min(fpga->delay_ms, SIM_FPGA_DELAY_MAX_MS));

	ret = sim_fault_take(&fpga->fault, SIM_FPGA_WRITE);
	if (ret) {
		fpga->status = FPGA_MGR_STATUS_OPERATION_ERR;
		return ret;
	}
	if (!fpga->started && !sim_fpga_is_stream(buf, count)) {
		fpga->status = FPGA_MGR_STATUS_INCOMPATIBLE_IMAGE_ERR;
		return -EINVAL;
	}
	fpga->started = true;
	return 0;
}

static int sim_fpga_write_complete(struct fpga_manager *mgr,
				   struct fpga_image_info *info)
{
	struct sim_fpga *fpga = mgr->priv;
	int ret;

	ret = sim_fault_take(&fpga->fault, SIM_FPGA_WRITE_COMPLETE);
	if (ret) {
		fpga->status = FPGA_MGR_STATUS_OPERATION_ERR;
		return ret;
	}
	fpga->configured = true;
	fpga->loads++;
	return 0;
}

static ssize_t firmware_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct fpga_manager *mgr = to_fpga_manager(dev);
	struct fpga_image_info *info;
	size_t length = strnlen(buf, count);
	int ret;

	if (length && buf[length - 1] == '\n')
		length--;
	if (!length)
		return -EINVAL;
	/*
	 * The vendor copies into NAME_MAX bytes and overflows; the longest name
	 * that is safe there is the longest one that is taken here.
	 */
	if (length >= NAME_MAX)
		return -ENAMETOOLONG;

	info = fpga_image_info_alloc(dev);
	if (!info)
		return -ENOMEM;
	info->firmware_name = devm_kasprintf(dev, GFP_KERNEL, "%.*s",
					     (int)length, buf);
	if (!info->firmware_name) {
		ret = -ENOMEM;
		goto out_free;
	}
	/* EBUSY where the vendor, who takes no lock, would mix two streams. */
	ret = fpga_mgr_lock(mgr);
	if (ret)
		goto out_free;
	ret = fpga_mgr_load(mgr, info);
	fpga_mgr_unlock(mgr);
out_free:
	fpga_image_info_free(info);
	return ret ? ret : count;
}
static DEVICE_ATTR_WO(firmware);

static ssize_t flags_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct sim_fpga *fpga = to_fpga_manager(dev)->priv;
	u32 flags;

	mutex_lock(&fpga->lock);
	flags = fpga->flags;
	mutex_unlock(&fpga->lock);
	return sysfs_emit(buf, "%x\n", flags);
}

static ssize_t flags_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct sim_fpga *fpga = to_fpga_manager(dev)->priv;
	u32 flags;
	int ret;

	ret = kstrtou32(buf, 16, &flags);
	if (ret)
		return ret;
	mutex_lock(&fpga->lock);
	fpga->flags = flags;
	mutex_unlock(&fpga->lock);
	return count;
}
static DEVICE_ATTR_RW(flags);

static ssize_t key_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct sim_fpga *fpga = to_fpga_manager(dev)->priv;
	ssize_t ret;

	mutex_lock(&fpga->lock);
	ret = sysfs_emit(buf, "%s\n", fpga->key);
	mutex_unlock(&fpga->lock);
	return ret;
}

static ssize_t key_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct sim_fpga *fpga = to_fpga_manager(dev)->priv;
	size_t length = strnlen(buf, count);

	if (length && buf[length - 1] == '\n')
		length--;
	/* The vendor copies more than it has room for. */
	if (length > SIM_FPGA_KEY_SIZE)
		return -EINVAL;
	mutex_lock(&fpga->lock);
	memcpy(fpga->key, buf, length);
	fpga->key[length] = '\0';
	mutex_unlock(&fpga->lock);
	return count;
}
static DEVICE_ATTR_RW(key);

static struct attribute *sim_fpga_attrs[] = {
	&dev_attr_firmware.attr,
	&dev_attr_flags.attr,
	&dev_attr_key.attr,
	NULL,
};
ATTRIBUTE_GROUPS(sim_fpga);

static const struct fpga_manager_ops sim_fpga_manager_ops = {
	.state = sim_fpga_state,
	.status = sim_fpga_status,
	.write_init = sim_fpga_write_init,
	.write = sim_fpga_write,
	.write_complete = sim_fpga_write_complete,
	.groups = sim_fpga_groups,
};

static int last_flags_show(struct seq_file *file, void *unused)
{
	struct sim_fpga *fpga = file->private;

	mutex_lock(&fpga->lock);
	seq_printf(file, "%x\n", fpga->last_flags);
	mutex_unlock(&fpga->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(last_flags);

static void sim_fpga_remove_dir(void *dir)
{
	debugfs_remove(dir);
}

static int sim_fpga_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct fpga_manager *mgr;
	struct sim_fpga *fpga;
	int ret;

	fpga = devm_kzalloc(dev, sizeof(*fpga), GFP_KERNEL);
	if (!fpga)
		return -ENOMEM;
	mutex_init(&fpga->lock);

	fpga->dir = debugfs_create_dir("fpga", sim_fpga_root);
	ret = devm_add_action_or_reset(dev, sim_fpga_remove_dir, fpga->dir);
	if (ret)
		return ret;
	sim_fault_init(&fpga->fault, sim_fpga_ops, fpga->dir);
	sim_record_init(&fpga->record, fpga->dir);
	debugfs_create_file("last_flags", 0400, fpga->dir, fpga,
			    &last_flags_fops);
	debugfs_create_u32("attempts", 0400, fpga->dir, &fpga->attempts);
	debugfs_create_u32("loads", 0400, fpga->dir, &fpga->loads);
	debugfs_create_u32("delay_ms", 0600, fpga->dir, &fpga->delay_ms);

	mgr = devm_fpga_mgr_register(dev, "Xilinx ZynqMP FPGA Manager",
				     &sim_fpga_manager_ops, fpga);
	return PTR_ERR_OR_ZERO(mgr);
}

static const struct of_device_id sim_fpga_of_match[] = {
	{ .compatible = SIM_FPGA_COMPATIBLE },
	{ }
};
MODULE_DEVICE_TABLE(of, sim_fpga_of_match);

static struct platform_driver sim_fpga_driver = {
	.probe = sim_fpga_probe,
	.driver = {
		.name = "runx_sim_fpga",
		.of_match_table = sim_fpga_of_match,
	},
};

/* Makes the manager's device unless the firmware's driver has. */
static int sim_fpga_create_device(void)
{
	struct platform_device *pdev;
	struct device_node *np;
	int ret = 0;

	np = of_find_compatible_node(NULL, NULL, SIM_FPGA_COMPATIBLE);
	if (!np) {
		pr_err("runx_sim: no " SIM_FPGA_COMPATIBLE " node in the device tree\n");
		return -ENODEV;
	}
	pdev = of_find_device_by_node(np);
	if (pdev) {
		put_device(&pdev->dev);
		goto out;
	}
	sim_fpga_created = of_platform_device_create(np, NULL, NULL);
	if (!sim_fpga_created) {
		pr_err("runx_sim: no device for %pOF, is it disabled?\n", np);
		ret = -ENODEV;
	}
out:
	of_node_put(np);
	return ret;
}

static void sim_fpga_destroy_device(void)
{
	if (sim_fpga_created)
		of_platform_device_destroy(&sim_fpga_created->dev, NULL);
	sim_fpga_created = NULL;
}

int sim_fpga_init(struct dentry *root)
{
	int ret;

	sim_fpga_root = root;
	ret = sim_fpga_create_device();
	if (ret)
		return ret;
	ret = platform_driver_register(&sim_fpga_driver);
	if (ret)
		sim_fpga_destroy_device();
	return ret;
}

void sim_fpga_exit(void)
{
	platform_driver_unregister(&sim_fpga_driver);
	sim_fpga_destroy_device();
}
