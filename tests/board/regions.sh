#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# In Dom0 of the emulated board: an image with a bitstream for each of two regions. It runs twice at the same time, and
# not a third time; what a region holds already is not programmed again; what is built for the other region never reaches
# the manager. Needs timer.board.json, timer.pr0.bit and timer.pr1.bit (examples/timer/make-image) beside it.
set -euo pipefail
# shellcheck source=examples/board/dom0/functions.sh
source /etc/board/functions.sh

sim=/sys/kernel/debug/runx-sim/fpga
rootfs=/tmp/rootfs

expect() { # WHAT WANTED GOT
  [[ $2 == "$3" ]] || fail "$1: expected \"$2\", got \"$3\""
  echo "ok: $1"
}

# bitstreams PR0 PR1: the image, with these files for the two regions.
bitstreams() {
  busybox_rootfs $rootfs
  mkdir -p $rootfs/boot
  cp "$1" $rootfs/boot/pr0.bit
  cp "$2" $rootfs/boot/pr1.bit
  cat >$rootfs/.runx-accel.json <<'JSON'
{ "io.runx-accel.fpga.aes.bitstream.pr0": "/boot/pr0.bit", "io.runx-accel.fpga.aes.bitstream.pr1": "/boot/pr1.bit" }
JSON
}

# run ID [ctr's flags...]: detached, sleeping. What is said goes to /tmp/said.
run() {
  local id=$1
  shift
  ctr run --detach --runc-binary /usr/bin/runx-accel "$@" --rootfs $rootfs "$id" /bin/busybox sleep 1000 >/tmp/said 2>&1
}
stop() {
  ctr task kill --signal KILL "$1"
  ctr task rm "$1" >/dev/null 2>&1 || true
  ctr container rm "$1"
}
attempts() { cat $sim/attempts; }
received() { cat $sim/last_sha256; }
# What the manager gets of a .bit: the stream without the header, which is the file's end.
stream_sha256() {
  local length
  length=$(cat $sim/last_length)
  tail -c "$length" "$1" | sha256sum | cut -d ' ' -f 1
}
holder() { runx-accel list --resources | awk -v region="$1" '$1 == "region" && $2 == region { print $3 }'; }

cp timer.board.json /etc/runx-accel/board.json
start_containerd
bitstreams timer.pr0.bit timer.pr1.bit
inventory >/tmp/before

run one || fail "one did not start: $(</tmp/said)"
expect "pr0's bitstream reached the manager" "$(stream_sha256 timer.pr0.bit)" "$(received)"
run two || fail "two did not start: $(</tmp/said)"
expect "pr1's bitstream reached the manager" "$(stream_sha256 timer.pr1.bit)" "$(received)"
expect "pr0 is held by" one "$(holder pr0)"
expect "pr1 is held by" two "$(holder pr1)"

loads=$(attempts)
! run three || fail "a third container got a region"
grep -q 'pr0 is held by container one, pr1 is held by container two' /tmp/said || fail "who holds them is not said: $(</tmp/said)"
ctr container rm three 2>/dev/null || true
stop one
stop two
expect "pr0 is free" - "$(holder pr0)"
expect "pr1 is free" - "$(holder pr1)"
runx-accel list --resources

run again || fail "again did not start: $(</tmp/said)"
expect "loads, when the region holds the design already" "$loads" "$(attempts)"
stop again

# Mislabelled: the file for pr1 is called that of pr0.
bitstreams timer.pr1.bit timer.pr1.bit
! run wrong --annotation io.runx-accel.fpga.aes.region=pr0 || fail "a bitstream of another region was taken"
grep -q 'writes outside region pr0: the first such frame is block 0' /tmp/said || fail "the frame is not named: $(</tmp/said)"
ctr container rm wrong 2>/dev/null || true
expect "loads, when a bitstream is for another region" "$loads" "$(attempts)"
same_inventory /tmp/before || fail "something is left"
