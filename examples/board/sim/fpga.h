/* SPDX-License-Identifier: GPL-2.0-only */
/* The simulated device that fpga.c and fpga_vendor.c share. */
#ifndef RUNX_SIM_FPGA_H
#define RUNX_SIM_FPGA_H

#include <linux/mutex.h>
#include <linux/sysfs.h>
#include <linux/types.h>

#include "sim.h"

#define SIM_FPGA_KEY_SIZE	64

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
 * @bridges_off: decouplers that were off when the last load's bytes came
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
	u32 bridges_off;
	u32 delay_ms;
	u64 status;
	bool configured;
	bool started;
	struct dentry *dir;
};

extern const struct attribute_group *sim_fpga_vendor_groups[];

#endif
