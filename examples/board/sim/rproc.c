// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two R5 cores behind the kernel's remoteproc, in split mode.
 *
 * The names are those of a board in split mode: the core's device is named by
 * the bus address of its first TCM bank. The board's tree has no node for them
 * (Xen does not take remoteproc@ffe00000), so the devices are made here.
 *
 * A core has its two TCM banks and a piece of DDR, all plain memory of this
 * module. Loading is the framework's own ELF loader, which asks da_to_va() for
 * every segment; nothing executes. The contents are in debugfs, for tests.
 */

#include <linux/debugfs.h>
#include <linux/firmware.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/platform_device.h>
#include <linux/remoteproc.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "sim.h"

#define SIM_RPROC_CORES	2
#define SIM_RPROC_BANKS	3

enum { SIM_RPROC_START, SIM_RPROC_STOP, SIM_RPROC_LOAD };
static const char *const sim_rproc_ops_names[] = {
	"start", "stop", "load", NULL
};

/* A piece of memory as the core sees it. */
struct sim_rproc_bank {
	const char *name;
	u64 address;
	size_t size;
};

struct sim_rproc_core {
	const char *device;
	const char *dir;
	struct sim_rproc_bank banks[SIM_RPROC_BANKS];
};

/* TCM: 64 KiB a bank in split mode. DDR: as in AMD's openamp device trees. */
static const struct sim_rproc_core sim_rproc_cores[SIM_RPROC_CORES] = {
	{ "ffe00000.r5f", "rproc0",
	  { { "atcm", 0x0, SZ_64K },
	    { "btcm", 0x20000, SZ_64K },
	    { "ddr", 0x3ed00000, SZ_256K } } },
	{ "ffe90000.r5f", "rproc1",
	  { { "atcm", 0x0, SZ_64K },
	    { "btcm", 0x20000, SZ_64K },
	    { "ddr", 0x3ef00000, SZ_256K } } },
};

/**
 * struct sim_rproc - one core
 * @rproc: the framework's part
 * @core: what it is made of
 * @memory: contents of its banks, @memory[i].data is ours
 * @record: the firmware file that was given last
 * @fault: the operation that is to fail
 * @sanity_check: the framework's check of a firmware file
 * @parse_fw: the framework's search for a resource table
 * @dir: in debugfs
 */
struct sim_rproc {
	struct rproc *rproc;
	const struct sim_rproc_core *core;
	struct debugfs_blob_wrapper memory[SIM_RPROC_BANKS];
	struct sim_record record;
	struct sim_fault fault;
	int (*sanity_check)(struct rproc *rproc, const struct firmware *fw);
	int (*parse_fw)(struct rproc *rproc, const struct firmware *fw);
	struct dentry *dir;
};

static struct dentry *sim_rproc_root;
static struct platform_device *sim_rproc_devices[SIM_RPROC_CORES];

/* Powering the banks up clears them, as mapping the TCM does on a board. */
static int sim_rproc_prepare(struct rproc *rproc)
{
	struct sim_rproc *sim = rproc->priv;
	int i;

	for (i = 0; i < SIM_RPROC_BANKS; i++)
		memset(sim->memory[i].data, 0, sim->memory[i].size);
	return 0;
}

static int sim_rproc_start(struct rproc *rproc)
{
	struct sim_rproc *sim = rproc->priv;

	return sim_fault_take(&sim->fault, SIM_RPROC_START);
}

static int sim_rproc_stop(struct rproc *rproc)
{
	struct sim_rproc *sim = rproc->priv;

	return sim_fault_take(&sim->fault, SIM_RPROC_STOP);
}

/* Nobody listens on the other side. */
static void sim_rproc_kick(struct rproc *rproc, int vqid)
{
}

static void *sim_rproc_da_to_va(struct rproc *rproc, u64 da, size_t len,
				bool *is_iomem)
{
	struct sim_rproc *sim = rproc->priv;
	const struct sim_rproc_bank *bank;
	u64 end;
	int i;

	if (check_add_overflow(da, (u64)len, &end))
		return NULL;
	for (i = 0; i < SIM_RPROC_BANKS; i++) {
		bank = &sim->core->banks[i];
		if (da >= bank->address && end <= bank->address + bank->size)
			return sim->memory[i].data + (da - bank->address);
	}
	return NULL;
}

/* The first to see a firmware file, good or bad. */
static int sim_rproc_sanity_check(struct rproc *rproc, const struct firmware *fw)
{
	struct sim_rproc *sim = rproc->priv;
	int ret;

	sim_record_restart(&sim->record);
	sim_record_add(&sim->record, fw->data, fw->size);
	ret = sim_fault_take(&sim->fault, SIM_RPROC_LOAD);
	if (ret)
		return ret;
	return sim->sanity_check(rproc, fw);
}

/* A firmware without a resource table is a good one: it uses no rpmsg. */
static int sim_rproc_parse_fw(struct rproc *rproc, const struct firmware *fw)
{
	struct sim_rproc *sim = rproc->priv;
	int ret;

	ret = sim->parse_fw(rproc, fw);
	return ret == -EINVAL ? 0 : ret;
}

static const struct rproc_ops sim_rproc_ops = {
	.prepare = sim_rproc_prepare,
	.start = sim_rproc_start,
	.stop = sim_rproc_stop,
	.kick = sim_rproc_kick,
	.da_to_va = sim_rproc_da_to_va,
};

static ssize_t crash_write(struct file *file, const char __user *from,
			   size_t count, loff_t *pos)
{
	struct sim_rproc *sim = file_inode(file)->i_private;
	bool crash;
	int ret;

	ret = kstrtobool_from_user(from, count, &crash);
	if (ret)
		return ret;
	if (!crash || sim->rproc->state != RPROC_RUNNING)
		return -EINVAL;
	rproc_report_crash(sim->rproc, RPROC_FATAL_ERROR);
	return count;
}

static const struct file_operations crash_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = crash_write,
	.llseek = noop_llseek,
};

static void sim_rproc_free_memory(void *data)
{
	struct sim_rproc *sim = data;
	int i;

	debugfs_remove(sim->dir);
	for (i = 0; i < SIM_RPROC_BANKS; i++)
		vfree(sim->memory[i].data);
}

static int sim_rproc_alloc_memory(struct sim_rproc *sim)
{
	const struct sim_rproc_bank *bank;
	int i;

	for (i = 0; i < SIM_RPROC_BANKS; i++) {
		bank = &sim->core->banks[i];
		sim->memory[i].data = vzalloc(bank->size);
		if (!sim->memory[i].data)
			return -ENOMEM;
		sim->memory[i].size = bank->size;
		debugfs_create_blob(bank->name, 0400, sim->dir,
				    &sim->memory[i]);
	}
	return 0;
}

static int sim_rproc_probe(struct platform_device *pdev)
{
	const struct platform_device_id *id = platform_get_device_id(pdev);
	struct device *dev = &pdev->dev;
	struct sim_rproc *sim;
	struct rproc *rproc;
	int ret;

	rproc = devm_rproc_alloc(dev, dev_name(dev), &sim_rproc_ops, NULL,
				 sizeof(*sim));
	if (!rproc)
		return -ENOMEM;
	rproc->auto_boot = false;

	sim = rproc->priv;
	sim->rproc = rproc;
	sim->core = &sim_rproc_cores[id->driver_data];
	/*
	 * The ELF loader's functions are not exported, but rproc_alloc() has
	 * put them where a driver leaves its own out; two are wrapped.
	 */
	sim->sanity_check = rproc->ops->sanity_check;
	sim->parse_fw = rproc->ops->parse_fw;
	rproc->ops->sanity_check = sim_rproc_sanity_check;
	rproc->ops->parse_fw = sim_rproc_parse_fw;

	sim->dir = debugfs_create_dir(sim->core->dir, sim_rproc_root);
	ret = devm_add_action_or_reset(dev, sim_rproc_free_memory, sim);
	if (ret)
		return ret;
	ret = sim_rproc_alloc_memory(sim);
	if (ret)
		return ret;
	sim_fault_init(&sim->fault, sim_rproc_ops_names, sim->dir);
	sim_record_init(&sim->record, sim->dir);
	debugfs_create_file("crash", 0200, sim->dir, sim, &crash_fops);

	return devm_rproc_add(dev, rproc);
}

static const struct platform_device_id sim_rproc_ids[] = {
	{ "ffe00000.r5f", 0 },
	{ "ffe90000.r5f", 1 },
	{ }
};

static struct platform_driver sim_rproc_driver = {
	.probe = sim_rproc_probe,
	.id_table = sim_rproc_ids,
	.driver = {
		.name = "runx_sim_rproc",
	},
};

static void sim_rproc_remove_devices(void)
{
	int i;

	for (i = 0; i < SIM_RPROC_CORES; i++) {
		platform_device_unregister(sim_rproc_devices[i]);
		sim_rproc_devices[i] = NULL;
	}
}

int sim_rproc_init(struct dentry *root)
{
	struct platform_device *pdev;
	int ret;
	int i;

	sim_rproc_root = root;
	ret = platform_driver_register(&sim_rproc_driver);
	if (ret)
		return ret;
	for (i = 0; i < SIM_RPROC_CORES; i++) {
		pdev = platform_device_register_simple(sim_rproc_cores[i].device,
						       PLATFORM_DEVID_NONE,
						       NULL, 0);
		if (IS_ERR(pdev)) {
			sim_rproc_exit();
			return PTR_ERR(pdev);
		}
		sim_rproc_devices[i] = pdev;
	}
	return 0;
}

void sim_rproc_exit(void)
{
	sim_rproc_remove_devices();
	platform_driver_unregister(&sim_rproc_driver);
}
