#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# In Dom0 of the emulated board: processes of the runtime are killed at bad moments, and `delete --force` gives
# everything back.
# Needs timer.tar and timer.board.json (examples/timer/make-image) beside it.
set -euo pipefail
# shellcheck source=examples/board/dom0/functions.sh
source /etc/board/functions.sh

runtime=(/usr/bin/runx-accel --root /run/runx-accel/containers --log /tmp/log.json --log-format json)
sim=/sys/kernel/debug/runx-sim/fpga
bundle=/tmp/bundle

fail() {
  echo "crash: $*" >&2
  [[ ! -e /tmp/log.json ]] || tail -n 5 /tmp/log.json >&2
  exit 1
}

# Runs the runtime as an engine does: with the container's streams, from the bundle.
create() { (cd $bundle && exec "${runtime[@]}" create --bundle $bundle --pid-file /tmp/pid "$1" </dev/null >/tmp/output 2>&1); }

gives_back() { # ID WHAT
  "${runtime[@]}" delete --force "$1" || fail "delete --force after $2 failed"
  same_inventory /tmp/before || fail "something is left after $2"
  echo "ok: $2"
}

make_bundle() {
  mkdir -p $bundle
  ctr image import --base-name localhost/timer timer.tar >/dev/null
  ctr run --detach --runc-binary /usr/bin/runx-accel localhost/timer:good model
  cp /run/containerd/io.containerd.runtime.v2.task/default/model/config.json $bundle/
  cp -a /run/containerd/io.containerd.runtime.v2.task/default/model/rootfs $bundle/
  ctr task kill -s KILL model || true
  ctr task rm --force model >/dev/null || true
  ctr container rm model
}

status_of() { "${runtime[@]}" state "$1" | sed -n 's/.*"status": "\(.*\)".*/\1/p'; }

is_stopped() { [[ $(status_of "$1") == stopped ]]; }

# Waits up to 20 s for a condition.
until_true() {
  local try
  for ((try = 0; try < 200; try++)); do
    if "$@"; then return 0; fi
    sleep 0.1
  done
  return 1
}

monitor_killed_while_created() {
  create a || fail "create failed"
  kill -9 "$(</tmp/pid)"
  until_true is_stopped a || fail "a container without its monitor is $(status_of a)"
  gives_back a "kill -9 of the monitor of a created container"
}

monitor_killed_while_running() {
  create b || fail "create failed"
  "${runtime[@]}" start b || fail "start failed"
  kill -9 "$(</tmp/pid)"
  gives_back b "kill -9 of the monitor of a running container"
}

# So that the next container is programmed, and not left what the region holds.
forget_contents() { rm -rf /run/runx-accel/regions; }

programming() { [[ $(<$sim/attempts) -gt $attempts ]]; }

create_killed_while_programming() {
  local pid
  forget_contents
  attempts=$(<$sim/attempts)
  echo 3000 >$sim/delay_ms
  (cd $bundle && exec "${runtime[@]}" create --bundle $bundle --pid-file /tmp/pid c </dev/null >/tmp/output 2>&1) &
  pid=$!
  until_true programming || fail "create never got to programming"
  kill -9 $pid
  wait $pid 2>/dev/null || true
  echo 0 >$sim/delay_ms
  [[ -n $(ls -A /lib/firmware/runx-accel) ]] || fail "the test came too late: nothing was left to give back"
  gives_back c "kill -9 of create while it programs"
}

domain_made() { [[ $(xl list | wc -l) -gt 2 ]]; }

create_killed_while_launching() {
  local pid
  (cd $bundle && exec "${runtime[@]}" create --bundle $bundle --pid-file /tmp/pid d </dev/null >/tmp/output 2>&1) &
  pid=$!
  until_true domain_made || fail "create never got to its domain"
  kill -9 $pid
  wait $pid 2>/dev/null || true
  gives_back d "kill -9 of create while xl makes the domain"
}

# Each errno that the device can answer with: create says it, and leaves nothing, by itself.
device_errors() {
  local name
  forget_contents
  while read -r number where name; do
    echo "$number $where" >$sim/fail_next
    if create e; then fail "create succeeded although the device failed with $name"; fi
    grep -q "$name" /tmp/output || fail "create does not say \"$name\": $(</tmp/output)"
    same_inventory /tmp/before || fail "something is left after $name"
    echo "ok: the device fails in $where: $name"
  done <<'TABLE'
5 write Input/output error
12 write_init Cannot allocate memory
110 write_complete Connection timed out
TABLE
}

second_is_refused() {
  create f || fail "create failed"
  if create g; then fail "two containers own one region"; fi
  grep -q 'is held by container f' /tmp/output || fail "the refusal does not name the holder: $(</tmp/output)"
  gives_back f "a second container for the same hardware is refused"
}

signals_reach_the_program() {
  create h || fail "create failed"
  "${runtime[@]}" kill h KILL || fail "kill of a created container failed"
  until_true is_stopped h || fail "it is still $(status_of h)"
  "${runtime[@]}" delete h || fail "delete of a stopped container failed"
  same_inventory /tmp/before || fail "something is left after kill"
  echo "ok: kill KILL ends a domain that never ran"
}

cp timer.board.json /etc/runx-accel/board.json
start_containerd
inventory >/tmp/before
make_bundle
same_inventory /tmp/before || fail "the model container left something"
monitor_killed_while_created
monitor_killed_while_running
create_killed_while_programming
create_killed_while_launching
device_errors
second_is_refused
signals_reach_the_program
