// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the vendor's kernel adds to the directory of an fpga_manager: `firmware`
 * (write a file's name to program it), `flags` (hexadecimal, kept from one load
 * to the next) and `key`. The framework puts them there with the manager, as a
 * group of its driver's operations.
 */

#include <linux/device.h>
#include <linux/fpga/fpga-mgr.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "fpga.h"

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

static struct attribute *sim_fpga_vendor_attrs[] = {
	&dev_attr_firmware.attr,
	&dev_attr_flags.attr,
	&dev_attr_key.attr,
	NULL,
};

static const struct attribute_group sim_fpga_vendor_group = {
	.attrs = sim_fpga_vendor_attrs,
};

const struct attribute_group *sim_fpga_vendor_groups[] = {
	&sim_fpga_vendor_group,
	NULL,
};
