# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For jobs in Dom0: `source /etc/board/functions.sh`.

# fail WORDS...: ends the job, which says so under its script's name.
fail() {
  echo "$(basename "$0" .sh): $*" >&2
  exit 1
}

# busybox_rootfs DIRECTORY APPLET...: a root file system of busybox and its names.
busybox_rootfs() {
  local rootfs=$1 name
  shift
  mkdir -p "$rootfs"/{bin,dev,proc,sys,tmp,run,etc}
  chmod 1777 "$rootfs/tmp"
  cp /usr/bin/busybox "$rootfs/bin/"
  for name; do ln -sf busybox "$rootfs/bin/$name"; done
}

# Starts containerd unless it runs, and returns when it answers. Its log: /var/log/containerd.log.
start_containerd() {
  local second
  if [[ ! -S /run/containerd/containerd.sock ]]; then
    mkdir -p /var/lib/containerd
    # containerd's overlay snapshots need a file system with extended attributes, which the root (an initramfs) lacks.
    grep -q ' /var/lib/containerd ' /proc/mounts || mount -t tmpfs containerd /var/lib/containerd
    (setsid containerd >/var/log/containerd.log 2>&1 </dev/null &)
  fi
  for ((second = 0; second < 120; second++)); do
    if timeout 20 ctr version >/dev/null 2>&1; then return 0; fi
    sleep 0.5
  done
  echo "containerd does not answer; the end of its log:" >&2
  tail -n 20 /var/log/containerd.log >&2
  return 1
}

# What a container could leave behind in Dom0, one thing a line, in an order that does not change by itself.
inventory() {
  local pid words file
  xl list | awk 'NR > 1 { print "domain " $1 }'
  for file in /sys/kernel/config/device-tree/overlays/* /run/runx-accel/claims/* /run/runx-accel/containers/* \
    /run/containerd/runc/*/* /lib/firmware/runx-accel /lib/firmware/runx-accel/*; do
    [[ ! -e $file ]] || echo "file $file"
  done
  for file in /sys/class/fpga_manager/*/flags; do echo "$file $(<"$file")"; done
  awk '{ print "mount " $2 " " $3 }' /proc/mounts
  for pid in /proc/[0-9]*; do
    [[ $pid != /proc/$BASHPID && $pid != /proc/$$ ]] || continue
    words=$(tr '\0' ' ' 2>/dev/null <"$pid/cmdline") || continue
    # This job's own subshells and what they run come and go; kernel threads have no words.
    # busybox's timeout leaves a watcher that takes a second to see that its program has ended.
    [[ -z $words || $words == "bash $0 "* || $words == "tr "* || $words == "sort "* || $words == "timeout "* ]] ||
      echo "process $words"
  done | sort
}

# same_inventory BEFORE: waits up to 10 s until the inventory is what the file BEFORE has, or shows the difference.
same_inventory() {
  local second
  for ((second = 0; second < 20; second++)); do
    inventory >/tmp/inventory
    if cmp -s "$1" /tmp/inventory; then return 0; fi
    sleep 0.5
  done
  echo "left behind in Dom0 (+), or missing there (-):" >&2
  diff -u "$1" /tmp/inventory >&2
  return 1
}
