// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decouplers around the regions, under the kernel's own fpga_bridge.
 *
 * A platform driver for the tree's `xlnx,pr-decoupler` nodes, which on a board
 * keep the outputs of a region still while it is programmed. Here a decoupler
 * is a boolean; of-fpga-region switches it. How many were off during a load is
 * what fpga.c asks for with sim_bridges_off().
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fpga/fpga-bridge.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "sim.h"

enum { SIM_BRIDGE_ENABLE, SIM_BRIDGE_DISABLE };
static const char *const sim_bridge_ops_names[] = { "enable", "disable", NULL };

/**
 * struct sim_bridge - one decoupler
 * @fault: the operation that is to fail
 * @enabled: the region is connected
 * @dir: in debugfs
 */
struct sim_bridge {
	struct sim_fault fault;
	bool enabled;
	struct dentry *dir;
};

static struct dentry *sim_bridge_root;
static atomic_t sim_bridge_off = ATOMIC_INIT(0);

unsigned int sim_bridges_off(void)
{
	return atomic_read(&sim_bridge_off);
}

static int sim_bridge_enable_set(struct fpga_bridge *bridge, bool enable)
{
	struct sim_bridge *sim = bridge->priv;
	int ret;

	ret = sim_fault_take(&sim->fault,
			     enable ? SIM_BRIDGE_ENABLE : SIM_BRIDGE_DISABLE);
	if (ret)
		return ret;
	if (sim->enabled != enable)
		atomic_add(enable ? -1 : 1, &sim_bridge_off);
	sim->enabled = enable;
	return 0;
}

static int sim_bridge_enable_show(struct fpga_bridge *bridge)
{
	struct sim_bridge *sim = bridge->priv;

	return sim->enabled;
}

static const struct fpga_bridge_ops sim_bridge_ops = {
	.enable_set = sim_bridge_enable_set,
	.enable_show = sim_bridge_enable_show,
};

static int sim_bridge_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct fpga_bridge *bridge;
	struct sim_bridge *sim;

	sim = devm_kzalloc(dev, sizeof(*sim), GFP_KERNEL);
	if (!sim)
		return -ENOMEM;
	sim->enabled = true;
	sim->dir = debugfs_create_dir(dev_name(dev), sim_bridge_root);
	sim_fault_init(&sim->fault, sim_bridge_ops_names, sim->dir);
	bridge = fpga_bridge_register(dev, dev_name(dev), &sim_bridge_ops, sim);
	if (IS_ERR(bridge)) {
		debugfs_remove(sim->dir);
		return PTR_ERR(bridge);
	}
	platform_set_drvdata(pdev, bridge);
	return 0;
}

static void sim_bridge_remove(struct platform_device *pdev)
{
	struct fpga_bridge *bridge = platform_get_drvdata(pdev);
	struct sim_bridge *sim = bridge->priv;

	fpga_bridge_unregister(bridge);
	if (!sim->enabled)
		atomic_dec(&sim_bridge_off);
	debugfs_remove(sim->dir);
}

static const struct of_device_id sim_bridge_of_match[] = {
	{ .compatible = "xlnx,pr-decoupler" },
	{ }
};
MODULE_DEVICE_TABLE(of, sim_bridge_of_match);

static struct platform_driver sim_bridge_driver = {
	.probe = sim_bridge_probe,
	.remove = sim_bridge_remove,
	.driver = {
		.name = "runx_sim_bridge",
		.of_match_table = sim_bridge_of_match,
	},
};

int sim_bridge_init(struct dentry *root)
{
	int ret;

	sim_bridge_root = debugfs_create_dir("bridges", root);
	ret = platform_driver_register(&sim_bridge_driver);
	if (ret)
		debugfs_remove(sim_bridge_root);
	return ret;
}

void sim_bridge_exit(void)
{
	platform_driver_unregister(&sim_bridge_driver);
	debugfs_remove(sim_bridge_root);
}
