# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The device trees of the board, from the kernel's zynqmp-zcu102-rev1.0:
#   host.dtb  the vendor's tree with what QEMU's model or Xen needs changed, nothing given away yet
#   xen.dtb   host.dtb with the devices for guests marked and /chosen written; Xen boots it (with the sizes of this
#             run's files filled in), and Dom0 keeps it as /boot/xen.dtb, because Xen hides the marks from Dom0

# The window through which a job's output leaves the board: dom0/window.c and lib/run.sh know the same numbers.
readonly window_address=0x7e000000 window_size=0x2000000
readonly kernel_address=0x20000000 ramdisk_address=0x28000000
# Where QEMU puts Xen and its tree; dom0/entry.S starts the one with the other.
readonly xen_address=0x00200000 tree_address=0x08000000
readonly low_memory=0x80000000 high_memory_address=0x800000000 # where devices begin; where memory goes on

fix_for_qemu() { # DTB
  local dtb=$1 gone symbol
  # Xen knows the GIC-400's registers that repeat every 64 KiB by an identification that QEMU's model does not give;
  # told the plain addresses it works, else it hangs while it brings up the processors.
  fdtput -t x "$dtb" /axi/interrupt-controller@f9010000 reg \
    0 f9010000 0 10000 0 f902f000 0 2000 0 f9040000 0 20000 0 f906f000 0 2000
  # Two processors, as QEMU's -smp says.
  fdtput -t x "$dtb" /pmu interrupts 0 8f 4 0 90 4
  fdtput -t x "$dtb" /pmu interrupt-affinity \
    "$(fdtget -t x "$dtb" /cpus/cpu@0 phandle)" "$(fdtget -t x "$dtb" /cpus/cpu@1 phandle)"
  # Xen panics over the R5 nodes ("Unable to retrieve address 0"); the PCIe root only times out.
  for gone in /cpus/cpu@2 /cpus/cpu@3 /reserved-memory /remoteproc@ffe00000 /remoteproc-split@ffe00000; do
    fdtput -r "$dtb" "$gone"
    for symbol in $(fdtget -p "$dtb" /__symbols__); do
      [[ $(fdtget "$dtb" /__symbols__ "$symbol") != "$gone"* ]] || fdtput -d "$dtb" /__symbols__ "$symbol"
    done
  done
  fdtput -t s "$dtb" /axi/pcie@fd0e0000 status disabled
  # What QEMU itself does to a tree that it hands over: there is no firmware that answers, and PSCI is QEMU's.
  fdtput -t s "$dtb" /firmware/zynqmp-firmware status disabled
  fdtput -t s "$dtb" /psci compatible arm,psci-1.0 arm,psci-0.2
  fdtput -t x "$dtb" /memory@0 reg 0 0 0 "$low_memory"

  fdtput -c "$dtb" /reserved-memory
  fdtput -t x "$dtb" /reserved-memory '#address-cells' 2
  fdtput -t x "$dtb" /reserved-memory '#size-cells' 2
  fdtput "$dtb" /reserved-memory ranges
  fdtput -c "$dtb" "/reserved-memory/board-window@${window_address#0x}"
  fdtput "$dtb" "/reserved-memory/board-window@${window_address#0x}" no-map
  fdtput -t x "$dtb" "/reserved-memory/board-window@${window_address#0x}" reg 0 "$window_address" 0 "$window_size"
}

give_to_guests() { # DTB NODE...
  local dtb=$1 node
  shift
  for node; do
    fdtput -t s "$dtb" "$node" status okay
    fdtput "$dtb" "$node" xen,passthrough
  done
}

# Two apertures of programmable logic as the Kria's shell has them, declared before boot, so that Xen knows their pages.
# Nothing stands behind them here.
add_slots() { # DTB
  local dtb=$1 address
  for address in 80000000 81000000; do
    fdtput -c "$dtb" "/axi/slot@$address"
    fdtput -t s "$dtb" "/axi/slot@$address" compatible board,slot
    fdtput -t x "$dtb" "/axi/slot@$address" reg 0 "$address" 0 1000000
  done
}

# QEMU's model has no GPIO controller; at the vendor's address all reads are 0. The registers of this one are a page of
# the on-chip memory: it keeps what the driver writes, and no line changes by itself. Interrupt: the logic's first.
add_gpio() { # DTB
  local dtb=$1 node=/axi/gpio@fffc0000 clocks parent
  read -ra clocks <<<"$(fdtget -t x "$dtb" /axi/gpio@ff0a0000 clocks)"
  parent=$(fdtget -t x "$dtb" /axi/gpio@ff0a0000 interrupt-parent)
  fdtput -c "$dtb" "$node"
  fdtput -t s "$dtb" "$node" compatible xlnx,zynqmp-gpio-1.0
  fdtput -t x "$dtb" "$node" reg 0 fffc0000 0 1000
  fdtput -t x "$dtb" "$node" interrupts 0 59 4
  fdtput -t x "$dtb" "$node" interrupt-parent "$parent"
  fdtput -t x "$dtb" "$node" clocks "${clocks[@]}"
  fdtput -t x "$dtb" "$node" '#gpio-cells' 2
  fdtput -t x "$dtb" "$node" '#interrupt-cells' 2
  fdtput "$dtb" "$node" gpio-controller
  fdtput "$dtb" "$node" interrupt-controller
}

add_module() { # DTB ADDRESS KIND
  local node=/chosen/module@${2#0x}
  fdtput -c "$1" "$node"
  fdtput -t s "$1" "$node" compatible "multiboot,$3" multiboot,module
  fdtput -t x "$1" "$node" reg 0 "$2" 0 0
}

write_chosen() { # DTB
  local dtb=$1
  fdtput -d "$dtb" /chosen bootargs
  fdtput -t x "$dtb" /chosen '#address-cells' 2
  fdtput -t x "$dtb" /chosen '#size-cells' 2
  fdtput -t s "$dtb" /chosen xen,xen-bootargs "console=dtuart dtuart=serial0 dom0_mem=1024M bootscrub=0"
  fdtput -t s "$dtb" /chosen xen,dom0-bootargs "console=hvc0 rdinit=/init quiet panic=-1"
  add_module "$dtb" "$kernel_address" kernel
  add_module "$dtb" "$ramdisk_address" ramdisk
}

make_dtb() { # DIRECTORY
  local dir=$1
  cp "$kernel_path/dtb/zynqmp-zcu102-rev1.0.dtb" "$dir/host.dtb"
  add_regions "$dir/host.dtb"
  fix_for_qemu "$dir/host.dtb"
  add_slots "$dir/host.dtb"
  add_gpio "$dir/host.dtb"
  cp "$dir/host.dtb" "$dir/xen.dtb"
  give_to_guests "$dir/xen.dtb" /axi/timer@ff110000 /axi/serial@ff010000 /axi/can@ff060000 /axi/can@ff070000 \
    /axi/gpio@ff0a0000 /axi/gpio@fffc0000 /axi/mmc@ff170000 /axi/slot@80000000 /axi/slot@81000000
  # In use by Dom0 and not given away: what a test asks for in vain.
  fdtput -t s "$dir/xen.dtb" /axi/timer@ff120000 status okay
  write_chosen "$dir/xen.dtb"
}

# Fills in what only a run knows.
set_memory() { # DTB MIB
  local high=$(($2 * 0x100000 - low_memory))
  ((high > 0)) || return 0
  fdtput -t x "$1" /memory@0 reg 0 0 0 "$low_memory" $((high_memory_address >> 32)) 0 \
    "$(printf %x $((high >> 32)))" "$(printf %x $((high & 0xffffffff)))"
}

set_module_sizes() { # DTB KERNEL_BYTES RAMDISK_BYTES
  fdtput -t x "$1" "/chosen/module@${kernel_address#0x}" reg 0 "$kernel_address" 0 "$(printf %x "$2")"
  fdtput -t x "$1" "/chosen/module@${ramdisk_address#0x}" reg 0 "$ramdisk_address" 0 "$(printf %x "$3")"
}

# Two regions of the fabric, each with a decoupler, as a shell with two slots describes them; sim/ has the decouplers.
add_regions() { # DTB
  local slot region bridge
  for slot in 1 0; do
    region=/fpga-region/pr$slot bridge=/pr-decoupler-$slot
    fdtput -c "$1" "$bridge"
    fdtput -t s "$1" "$bridge" compatible xlnx,pr-decoupler-1.00 xlnx,pr-decoupler
    fdtput -t x "$1" "$bridge" phandle $((7000 + slot))
    fdtput -c "$1" "$region"
    fdtput -t s "$1" "$region" compatible fpga-region
    fdtput -t x "$1" "$region" fpga-bridges $((7000 + slot))
    fdtput -t x "$1" "$region" '#address-cells' 2
    fdtput -t x "$1" "$region" '#size-cells' 2
    fdtput "$1" "$region" ranges
  done
}
