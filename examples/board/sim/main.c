// SPDX-License-Identifier: GPL-2.0-only
/* runx_sim: brings the simulated parts up and down; see sim.h. */

#include <linux/debugfs.h>
#include <linux/module.h>

#include "sim.h"

static struct dentry *root;

static int __init runx_sim_init(void)
{
	int ret;

	root = debugfs_create_dir("runx-sim", NULL);

	ret = sim_overlay_init(root);
	if (ret)
		goto err_root;
	ret = sim_bridge_init(root);
	if (ret)
		goto err_overlay;
	ret = sim_fpga_init(root);
	if (ret)
		goto err_bridge;
	ret = sim_rproc_init(root);
	if (ret)
		goto err_fpga;
	return 0;

err_fpga:
	sim_fpga_exit();
err_bridge:
	sim_bridge_exit();
err_overlay:
	sim_overlay_exit();
err_root:
	debugfs_remove(root);
	return ret;
}
module_init(runx_sim_init);

static void __exit runx_sim_exit(void)
{
	sim_rproc_exit();
	sim_fpga_exit();
	sim_bridge_exit();
	sim_overlay_exit();
	debugfs_remove(root);
}
module_exit(runx_sim_exit);

MODULE_DESCRIPTION("Simulated FPGA, overlays and R5 cores of a ZynqMP board");
MODULE_LICENSE("GPL");
