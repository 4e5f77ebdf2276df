#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The demo's part in Dom0: containerd runs the image through runx-accel, once as it should be and three times as a board
# must refuse it, and Dom0 is compared with what it was before.
# Needs timer.tar, timer.sha256 and timer.board.json (examples/timer/make-image) beside it.
set -euo pipefail
# shellcheck source=examples/board/dom0/functions.sh
source /etc/board/functions.sh

sim=/sys/kernel/debug/runx-sim/fpga

fail() {
  echo "demo: $*" >&2
  exit 1
}

say() { printf '\n== %s\n' "$*"; }

# run TAG: what containerd says goes to /tmp/said; prints the exit code.
run() {
  local code=0
  ctr run --rm --runc-binary /usr/bin/runx-accel "localhost/timer:$1" "demo-$1" >/tmp/said 2>&1 || code=$?
  echo "$code"
}

good_image() {
  local code expected received
  say "ctr run localhost/timer:good"
  code=$(run good)
  cat /tmp/said
  echo "ctr's exit code: $code"
  [[ $code == 7 ]] || fail "the program exits with 7, but ctr says $code"
  [[ $(</tmp/said) =~ counter\ read\ ([0-9]+),\ then\ ([0-9]+)\;\ ([0-9]+)\ interrupts ]] || fail "the program said something else"
  ((BASH_REMATCH[1] != BASH_REMATCH[2] && BASH_REMATCH[3] > 0)) || fail "the timer does not count"
  expected=$(<timer.sha256)
  received=$(<$sim/last_sha256)
  echo "bitstream in the image:      sha256 $expected"
  echo "received by the manager:     sha256 $received ($(<$sim/last_length) bytes, flags $(<$sim/last_flags))"
  [[ $expected == "$received" ]] || fail "the manager received something else than what the image holds"
}

# refused TAG CAUSE: the run fails, says CAUSE, and the manager is not touched.
refused() {
  local tag=$1 cause=$2 before code
  say "ctr run localhost/timer:$tag"
  before=$(cat $sim/attempts $sim/last_sha256)
  code=$(run "$tag")
  cat /tmp/said
  echo "ctr's exit code: $code"
  ((code != 0)) || fail "$tag was not refused"
  grep -q "$cause" /tmp/said || fail "the reason is not \"$cause\""
  [[ $(cat $sim/attempts $sim/last_sha256) == "$before" ]] || fail "the manager was touched"
  same_inventory /tmp/before || fail "something is left of $tag"
}

say "Dom0 before"
cp timer.board.json /etc/runx-accel/board.json
start_containerd
ctr image import --base-name localhost/timer timer.tar >/dev/null
inventory >/tmp/before
cat /tmp/before

good_image
same_inventory /tmp/before || fail "something is left"

refused other-part 'is for the part with IDCODE 04738093'
refused wrong-digest 'has digest'
refused unmarked-device 'is not marked xen,passthrough'

say "Dom0 after"
cat /tmp/inventory
echo "the same as before: no domain, overlay, claim, state, firmware file, mount or process is left"
