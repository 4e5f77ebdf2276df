#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# In Dom0 of the emulated board: what a program in a container sees of what its configuration says, and what its caller
# sees of the program: streams, exit codes, signals. The image is busybox and asks for no hardware.
set -euo pipefail
# shellcheck source=examples/board/dom0/functions.sh
source /etc/board/functions.sh

rootfs=/tmp/rootfs
make_rootfs() { busybox_rootfs $rootfs sh echo id hostname pwd env cat sleep seq ls mount grep md5sum; }

# in_domain [ctr's flags...] -- COMMAND...: standard output to /tmp/out, standard error to /tmp/err, the code to $code.
number=0
in_domain() {
  local flags=()
  while [[ $1 != -- ]]; do
    flags+=("$1")
    shift
  done
  shift
  code=0
  number=$((number + 1))
  ctr run --rm --runc-binary /usr/bin/runx-accel "${flags[@]}" --rootfs $rootfs "p$number" "$@" >/tmp/out 2>/tmp/err || code=$?
}

expect() { # WHAT WANTED GOT
  [[ $2 == "$3" ]] || fail "$1: expected \"$2\", got \"$3\"; standard error: $(</tmp/err)"
  echo "ok: $1"
}

what_it_sees() {
  # shellcheck disable=SC2016  # expanded in the guest
  in_domain --env 'A=with space; $HOME "quoted"' --cwd /tmp --user 1000:100 --hostname guest -- \
    /bin/sh -c 'echo "$A|$(pwd)|$(id -u):$(id -g)|$(hostname)|$0|$1"' 'name' 'XLCONF = "a\b'
  # shellcheck disable=SC2016
  expect "args, env, cwd, user and hostname" 'with space; $HOME "quoted"|/tmp|1000:100|guest|name|XLCONF = "a\b' "$(</tmp/out)"
  expect "… and its exit code" 0 "$code"
}

streams_apart() {
  in_domain -- /bin/sh -c 'echo to-out; echo to-err >&2; exit 42'
  expect "standard output" to-out "$(</tmp/out)"
  grep -qx to-err /tmp/err || fail "standard error is lost: $(</tmp/err)"
  ! grep -q to-err /tmp/out || fail "standard error is in standard output"
  expect "exit code" 42 "$code"
}

nothing_is_lost() {
  in_domain -- /bin/sh -c 'seq 1 150000'
  expect "1 MB of output, complete and in order" "$(seq 1 150000 | md5sum)" "$(md5sum </tmp/out)"
}

is_running() { ctr task ls | grep -qE "^$1 .*RUNNING"; }

input_arrives() {
  local try
  code=0
  seq 1 20000 >/tmp/in
  # The input stays open until the task runs: ctr forgets to pass on an end that it sees before.
  {
    cat /tmp/in
    for ((try = 0; try < 200; try++)); do
      if is_running input; then break; fi
      sleep 0.1
    done
  } | ctr run --rm --runc-binary /usr/bin/runx-accel --rootfs $rootfs input /bin/md5sum >/tmp/out 2>/tmp/err || code=$?
  expect "standard input, and its end" "$(md5sum </tmp/in)" "$(</tmp/out)"
}

missing_program() {
  in_domain -- /bin/nothing
  expect "a program that is not there" 127 "$code"
  grep -q /bin/nothing /tmp/err || fail "the reason does not name it: $(</tmp/err)"
}

# signalled SIGNAL COMMAND WANTED: the program gets the signal after it has said "ready".
signalled() {
  local signal=$1 command=$2 wanted=$3 try task
  number=$((number + 1))
  task=p$number code=0
  ctr run --rm --runc-binary /usr/bin/runx-accel --rootfs $rootfs "$task" /bin/sh -c "$command" >/tmp/out 2>/tmp/err &
  for ((try = 0; try < 200; try++)); do
    if grep -q ready /tmp/out; then break; fi
    sleep 0.1
  done
  ctr task kill -s "$signal" "$task"
  wait $! || code=$?
  expect "$signal to \"$command\"" "$wanted" "$code"
}

small_monitor() {
  local pid memory
  ctr run --detach --runc-binary /usr/bin/runx-accel --rootfs $rootfs small /bin/sleep 100
  pid=$(ctr task ls | awk '$1 == "small" { print $2 }')
  memory=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")
  echo "the monitor's own memory: $memory KiB; with its program's pages: $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status") KiB"
  ((memory < 1024)) || fail "the monitor takes $memory KiB"
  ctr task kill -s KILL small
  ctr task rm small >/dev/null 2>&1 || true
  ctr container rm small
}

start_containerd
inventory >/tmp/before
make_rootfs
what_it_sees
streams_apart
nothing_is_lost
input_arrives
missing_program
signalled TERM 'trap "exit 9" TERM; echo ready; while true; do sleep 1; done' 9
signalled USR1 'trap "exit 8" USR1; echo ready; while true; do sleep 1; done' 8
signalled KILL 'echo ready; sleep 100' 137
small_monitor
same_inventory /tmp/before || fail "something is left"
