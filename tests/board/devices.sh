#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# In Dom0 of the emulated board: devices given to guests work there with their Linux drivers, two guests at once have
# different ones, nobody gets a second time what somebody has, and the final tree that libxl makes has them where they
# should be. Needs `devices` (examples/devices) beside it, and a board with 3 GiB and more for a guest with 2.
set -euo pipefail
# shellcheck source=examples/board/dom0/functions.sh
source /etc/board/functions.sh

rootfs=/tmp/rootfs
make_rootfs() {
  busybox_rootfs $rootfs sh echo cat ls stty ip grep sleep devmem uniq
  cp devices $rootfs/bin/
}

# Every xl that the runtime starts leaves the guest's final tree, and the configuration, behind.
keep_final_trees() {
  local xl
  xl=$(readlink -f /usr/sbin/xl)
  rm /usr/sbin/xl
  cat >/usr/sbin/xl <<END
#!/bin/bash
for word; do [[ \$word != *.cfg ]] || cp "\$word" /tmp/final.cfg; done
LIBXL_DEBUG_DUMP_DTB=/tmp/final.dtb exec $xl "\$@"
END
  chmod 755 /usr/sbin/xl
}

# guest ID KEY=VALUE... -- SCRIPT: runs SCRIPT in a domain; what it says goes to /tmp/ID.
guest() {
  local id=$1 keys=()
  shift
  while [[ $1 != -- ]]; do
    keys+=(--annotation "io.runx-accel.$1")
    shift
  done
  ctr run --rm --runc-binary /usr/bin/runx-accel --annotation io.runx-accel.schema=1 "${keys[@]}" --rootfs $rootfs \
    "$id" /bin/sh -ec "$2" >"/tmp/$id" 2>&1
}

works() { # ID ...: as guest, and the script must succeed
  guest "$@" || fail "$1: exit code $?: $(</tmp/"$1")"
}

refused() { # CAUSE ID ...: as guest, and there must be no guest
  local cause=$1 id=$2
  shift
  if guest "$@"; then fail "$id was not refused"; fi
  grep -q "$cause" "/tmp/$id" || fail "$id: the reason is not \"$cause\" but: $(</tmp/"$id")"
  echo "ok: refused: $cause"
}

says() { # ID LINE
  grep -qxF "$2" "/tmp/$1" || fail "$1 does not say \"$2\" but: $(</tmp/"$1")"
  echo "ok: $1: $2"
}

# The board's far end of the second serial line answers pings.
serial_and_gpio() {
  # shellcheck disable=SC2016  # expanded in the guest
  works serial device.uart.alias=serial1 device.gpio.path=/axi/gpio@ff0a0000 device.memory.path=/axi/gpio@fffc0000 -- '
    stty -F /dev/ttyPS1 115200 raw -echo
    exec 3<>/dev/ttyPS1
    echo "ping from a guest" >&3
    read -r line <&3
    echo "heard: $line"
    chip() { cd /sys/bus/platform/devices/$1; echo gpiochip*; }
    devices gpio /dev/$(chip ff0a0000.gpio) 9
    devices gpio /dev/$(chip fffc0000.gpio) 10 fffc0000'
  says serial "heard: pong from a guest"
  says serial "/dev/gpiochip0 is zynqmp_gpio with 174 lines"
  says serial "line 9 was an input, is an output, reads 0"
  says serial "line 10 was an input, is an output, reads 1"
}

# The two controllers are on one bus. The second guest has the GPIO that the first one left: the pages are the machine's.
two_guests_on_a_bus() {
  local answering try
  works answer device.can.path=/axi/can@ff060000 -- '
    ip link set can0 type can bitrate 500000
    ip link set can0 up
    devices can-answer can0 123' &
  answering=$!
  for ((try = 0; try < 600; try++)); do
    if grep -q ready /tmp/answer || ! kill -0 $answering 2>/dev/null; then break; fi
    sleep 0.1
  done
  refused 'device /axi/can@ff060000 is held by container answer' second device.can.path=/axi/can@ff060000 -- true
  works ask device.can.path=/axi/can@ff070000 device.memory.path=/axi/gpio@fffc0000 -- '
    ip link set can0 type can bitrate 500000
    ip link set can0 up
    devices can-ask can0 123 reversed
    devices gpio /dev/gpiochip0 10 fffc0000'
  wait $answering || fail "the guest with the first CAN controller failed"
  says answer "can0 heard reversed"
  says ask "can0 said reversed and heard desrever"
  says ask "line 10 was an output, is an output, reads 1"
}

# slots MEMORY GUEST-ADDRESS: two apertures of 16 MiB, as the Kria's shell has them, in the final tree and in the guest.
slots() {
  local memory=$1 first=$2 second node
  second=$(printf %x $((0x$first + 0x1000000)))
  works "slots-$memory" domain.memory="$memory" device.a.path=/axi/slot@80000000 device.b.path=/axi/slot@81000000 -- "
    ls /proc/device-tree/passthrough
    devmem 0x$first
    devmem 0x$second"
  node=/passthrough/slot
  for address in "$first" "$second"; do
    [[ $(fdtget -t x /tmp/final.dtb "$node@$address" reg) == "0 $address 0 1000000" ]] ||
      fail "the final tree has $(fdtget -t x /tmp/final.dtb "$node@$address" reg) for $node@$address"
    says "slots-$memory" "slot@$address"
  done
  [[ $(fdtget -l /tmp/final.dtb /passthrough | sort | tr '\n' ' ') == "slot@$first slot@$second " ]] ||
    fail "the final tree has other nodes as well: $(fdtget -l /tmp/final.dtb /passthrough)"
  grep -qF "\"80000,1000@${first%000}\", \"81000,1000@${second%000}\"" /tmp/final.cfg ||
    fail "xl was asked for other pages: $(grep iomem /tmp/final.cfg)"
  cp /tmp/final.dtb "/job/out/slots-$memory.dtb"
  echo "ok: with $memory the apertures stand at $first and $second in the final tree"
}

# The owner's word is needed for a device that could reach all memory. Its driver copies by itself (board.json).
dma() {
  refused 'device /axi/mmc@ff170000 does DMA (.*) and no IOMMU stands in front of it' card \
    device.card.path=/axi/mmc@ff170000 -- true
  echo '{"schema": 1, "rules": [{"give": ["device *"], "dmaWithoutIommu": ["device /axi/mmc@*"]}]}' \
    >/etc/runx-accel/policy.json
  works card device.card.path=/axi/mmc@ff170000 -- '
    until [ -b /dev/mmcblk0 ]; do sleep 0.1; done
    uniq -c /dev/mmcblk0'
  says card '  32768 the card of the emulated board '
  rm /etc/runx-accel/policy.json
}

touch /tmp/answer
start_containerd
keep_final_trees
inventory >/tmp/before
make_rootfs
serial_and_gpio
two_guests_on_a_bus
dma
slots 512MiB 80000000
slots 2GiB c0000000
same_inventory /tmp/before || fail "something is left"
