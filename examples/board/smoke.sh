#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The board's own test, for Dom0: board run examples/board/smoke.sh
# Xen answers, containerd answers, a guest boots and powers off, the boot tree is there and its marks took effect.
set -euo pipefail
# shellcheck source=examples/board/dom0/functions.sh
source /etc/board/functions.sh

fail() {
  echo "smoke: $*" >&2
  exit 1
}

check_xen() {
  xl list | grep -q '^Domain-0 ' || fail "xl list does not show Domain-0: $(xl list 2>&1)"
  echo "xen: $(xl info | sed -n 's/^xen_version *: //p') runs $(uname -r)"
}

check_boot_tree() {
  local node=/proc/device-tree/axi/timer@ff110000
  [[ -s /boot/xen.dtb ]] || fail "/boot/xen.dtb is not there"
  grep -q xen,passthrough /boot/xen.dtb || fail "/boot/xen.dtb marks nothing xen,passthrough"
  # What Xen was booted with marks it, so Xen hides it from Dom0; the unmarked one stays Dom0's.
  [[ $(tr -d '\0' <$node/status) == disabled ]] || fail "Xen was not booted with the marks of /boot/xen.dtb"
  [[ $(tr -d '\0' </proc/device-tree/axi/timer@ff120000/status) == okay ]] || fail "Dom0 lost timer@ff120000"
  [[ -d /proc/device-tree/fpga-region ]] || fail "Dom0's tree has no /fpga-region"
  [[ -e /proc/device-tree/__symbols__/fpga_full ]] || fail "Dom0's tree has no labels for overlays"
  echo "boot tree: $(stat -c %s /boot/xen.dtb) bytes, the marked timer is hidden from Dom0"
}

check_containerd() {
  start_containerd
  echo "containerd: $(ctr version | sed -n '/Server/,$ s/ *Version: *//p')"
}

make_initrd() { # FILE
  local tree
  tree=$(mktemp -d)
  mkdir -p "$tree/bin"
  cp /usr/bin/busybox "$tree/bin/"
  cat >"$tree/init" <<'EOF'
#!/bin/busybox sh
echo "guest: $((6 * 7)) in $(/bin/busybox uname -r)"
/bin/busybox poweroff -f
EOF
  chmod +x "$tree/init"
  (cd "$tree" && find . | cpio -o -H newc 2>/dev/null) >"$1"
}

check_guest() {
  local said
  make_initrd /tmp/initrd.cpio
  cat >/tmp/guest.cfg <<'EOF'
name = "smoke"
kernel = "/usr/lib/runx-accel/guest-kernel"
ramdisk = "/tmp/initrd.cpio"
extra = "console=hvc0 rdinit=/init quiet"
memory = 64
vcpus = 1
on_poweroff = "destroy"
EOF
  said=$(timeout 120 xl create -q -c /tmp/guest.cfg </dev/null 2>&1) || true
  [[ $said == *"guest: 42 in $(uname -r)"* ]] || fail "the guest did not print its line, but: $said"
  echo "guest: booted and printed its line"
  local attempt
  for ((attempt = 0; attempt < 100; attempt++)); do
    xl list smoke >/dev/null 2>&1 || break
    sleep 0.2
  done
  ! xl list smoke >/dev/null 2>&1 || fail "the guest did not power off: $(xl list)"
  echo "guest: powered off, gone"
}

check_xen
check_boot_tree
check_guest
check_containerd
echo "smoke: all is well" | tee /job/out/smoke.txt
