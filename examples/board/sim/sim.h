/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * runx_sim: the logic of a ZynqMP, simulated under the kernel's own frameworks.
 *
 * The emulated board has no programmable logic, no PMU firmware and no R5
 * cores. This module stands where they would: fpga.c is the device behind the
 * kernel's fpga_manager, bridge.c the decouplers around its regions, rproc.c the
 * two cores behind remoteproc, overlay.c the configfs entrance to device tree
 * overlays that only the vendor's kernel has.
 * Each part keeps a record of the bytes it was given and can be told, through
 * debugfs, to fail its next operation (struct sim_fault).
 *
 * main.c brings the parts up in the order overlay, bridge, fpga, rproc and takes
 * them down the other way round. What a part allocates, that part frees.
 */
#ifndef RUNX_SIM_H
#define RUNX_SIM_H

#include <linux/mutex.h>
#include <linux/types.h>

#include <crypto/sha2.h>

struct dentry;

/**
 * struct sim_fault - one operation that is going to fail, chosen by a test
 * @lock: protects @error and @op
 * @ops: names of the operations that can fail, NULL at the end; the first is
 *	meant when the test names none
 * @error: positive errno, 0 when nothing is pending
 * @op: index into @ops
 */
struct sim_fault {
	struct mutex lock;
	const char *const *ops;
	unsigned int error;
	unsigned int op;
};

/* Adds the file `fail_next` to @dir; @fault must live as long as @dir. */
void sim_fault_init(struct sim_fault *fault, const char *const *ops,
		    struct dentry *dir);

/* Returns 0, or the pending -errno when it was meant for @op (once). */
int sim_fault_take(struct sim_fault *fault, unsigned int op);

/**
 * struct sim_record - what a part was given last
 * @lock: protects the rest
 * @sha: running digest, so that bytes may come in pieces
 * @length: number of bytes
 * @digest: SHA-256 of these bytes, valid when @any
 * @any: something was given since the module was loaded
 */
struct sim_record {
	struct mutex lock;
	struct sha256_state sha;
	u64 length;
	u8 digest[SHA256_DIGEST_SIZE];
	bool any;
};

/* Adds `last_length` and `last_sha256` to @dir. */
void sim_record_init(struct sim_record *record, struct dentry *dir);

/* The next sim_record_add() starts a new record; the old one stays till then. */
void sim_record_restart(struct sim_record *record);
void sim_record_add(struct sim_record *record, const void *data, size_t size);

int sim_overlay_init(struct dentry *root);
void sim_overlay_exit(void);

int sim_bridge_init(struct dentry *root);
void sim_bridge_exit(void);

/* How many of the tree's decouplers are off. */
unsigned int sim_bridges_off(void);

int sim_fpga_init(struct dentry *root);
void sim_fpga_exit(void);

int sim_rproc_init(struct dentry *root);
void sim_rproc_exit(void);

#endif
