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
 * The vendor's additions to the manager's directory are in fpga_vendor.c.
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fpga/fpga-mgr.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "fpga.h"
#include "sim.h"

#define SIM_FPGA_COMPATIBLE	"xlnx,zynqmp-pcap-fpga"
#define SIM_FPGA_DELAY_MAX_MS	60000U

#define SIM_FPGA_SYNC		0xAA995566U
#define SIM_FPGA_SYNC_SWAPPED	0x665599AAU
/* How far the PMU firmware looks for the start of a stream. */
#define SIM_FPGA_PADDING_MAX	0x2800

enum { SIM_FPGA_WRITE_INIT, SIM_FPGA_WRITE, SIM_FPGA_WRITE_COMPLETE };
static const char *const sim_fpga_ops[] = {
	"write_init", "write", "write_complete", NULL
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
	fpga->bridges_off = sim_bridges_off();
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

static const struct fpga_manager_ops sim_fpga_manager_ops = {
	.state = sim_fpga_state,
	.status = sim_fpga_status,
	.write_init = sim_fpga_write_init,
	.write = sim_fpga_write,
	.write_complete = sim_fpga_write_complete,
	.groups = sim_fpga_vendor_groups,
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
	debugfs_create_u32("last_bridges_off", 0400, fpga->dir,
			   &fpga->bridges_off);
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
