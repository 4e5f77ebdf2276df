// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the simulated parts were given, and what they are told to fail: the two
 * things that a test reads and writes in debugfs.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "sim.h"

/* From ERESTARTSYS on, numbers are the kernel's own and no program sees them. */
#define SIM_FAULT_MAX_ERRNO 511

static int fail_next_show(struct seq_file *file, void *unused)
{
	struct sim_fault *fault = file->private;

	mutex_lock(&fault->lock);
	if (fault->error)
		seq_printf(file, "%u %s\n", fault->error, fault->ops[fault->op]);
	else
		seq_puts(file, "0\n");
	mutex_unlock(&fault->lock);
	return 0;
}

static int fail_next_open(struct inode *inode, struct file *file)
{
	return single_open(file, fail_next_show, inode->i_private);
}

static ssize_t fail_next_write(struct file *file, const char __user *from,
			       size_t count, loff_t *pos)
{
	struct sim_fault *fault = file_inode(file)->i_private;
	unsigned int error;
	char text[48];
	char *rest = text;
	char *number;
	int op = 0;
	int ret;

	if (*pos || count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	text[count] = '\0';

	rest = strim(text);
	number = strsep(&rest, " ");
	ret = kstrtouint(number, 10, &error);
	if (ret)
		return ret;
	if (error > SIM_FAULT_MAX_ERRNO)
		return -EINVAL;
	if (rest) {
		op = match_string(fault->ops, -1, strim(rest));
		if (op < 0)
			return -EINVAL;
	}

	mutex_lock(&fault->lock);
	fault->error = error;
	fault->op = op;
	mutex_unlock(&fault->lock);
	*pos += count;
	return count;
}

static const struct file_operations fail_next_fops = {
	.owner = THIS_MODULE,
	.open = fail_next_open,
	.read = seq_read,
	.write = fail_next_write,
	.llseek = seq_lseek,
	.release = single_release,
};

void sim_fault_init(struct sim_fault *fault, const char *const *ops,
		    struct dentry *dir)
{
	mutex_init(&fault->lock);
	fault->ops = ops;
	fault->error = 0;
	fault->op = 0;
	debugfs_create_file("fail_next", 0600, dir, fault, &fail_next_fops);
}

int sim_fault_take(struct sim_fault *fault, unsigned int op)
{
	int ret = 0;

	mutex_lock(&fault->lock);
	if (fault->error && fault->op == op) {
		ret = -(int)fault->error;
		fault->error = 0;
	}
	mutex_unlock(&fault->lock);
	return ret;
}

static int last_length_show(struct seq_file *file, void *unused)
{
	struct sim_record *record = file->private;

	mutex_lock(&record->lock);
	seq_printf(file, "%llu\n", record->length);
	mutex_unlock(&record->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(last_length);

/* "none" before anything came, as the digest of nothing is a digest as well. */
static int last_sha256_show(struct seq_file *file, void *unused)
{
	struct sim_record *record = file->private;

	mutex_lock(&record->lock);
	if (record->any)
		seq_printf(file, "%*phN\n", SHA256_DIGEST_SIZE, record->digest);
	else
		seq_puts(file, "none\n");
	mutex_unlock(&record->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(last_sha256);

void sim_record_init(struct sim_record *record, struct dentry *dir)
{
	mutex_init(&record->lock);
	record->any = false;
	record->length = 0;
	sha256_init(&record->sha);
	debugfs_create_file("last_length", 0400, dir, record, &last_length_fops);
	debugfs_create_file("last_sha256", 0400, dir, record, &last_sha256_fops);
}

void sim_record_restart(struct sim_record *record)
{
	mutex_lock(&record->lock);
	sha256_init(&record->sha);
	mutex_unlock(&record->lock);
}

void sim_record_add(struct sim_record *record, const void *data, size_t size)
{
	struct sha256_state sum;

	mutex_lock(&record->lock);
	if (!record->sha.count)
		record->length = 0;
	sha256_update(&record->sha, data, size);
	record->length += size;
	sum = record->sha;
	sha256_final(&sum, record->digest);
	record->any = true;
	mutex_unlock(&record->lock);
}
