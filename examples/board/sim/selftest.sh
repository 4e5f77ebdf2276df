#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Checks in Dom0 every statement of README.md about the simulated logic, by reading back what the kernel and the
# module say. Ends with exit 1 and one sentence at the first difference. Run it on a freshly booted board:
#   examples/board/board run examples/board/sim/selftest.sh
# Needs the module loaded, debugfs and configfs mounted; leaves flags, key and firmware files as it found them.
set -euo pipefail
export LC_ALL=C

debug=/sys/kernel/debug/runx-sim
overlays=/sys/kernel/config/device-tree/overlays
folder=runx-sim-selftest
files=/lib/firmware/$folder
compared=0

fail() {
  echo "selftest: $*" >&2
  exit 1
}

headline() { echo "selftest: $*"; }

# same WHAT WANTED FOUND
same() {
  compared=$((compared + 1))
  [[ "$2" == "$3" ]] || fail "$1 should be '$2' and is '$3'"
}

# reads WHAT WANTED FILE
reads() { same "$1 ($3)" "$2" "$(<"$3")"; }

# refused ERROR-TEXT TEXT FILE: writing TEXT to FILE fails with just this error
refused() {
  local said
  compared=$((compared + 1))
  if said=$( (printf '%s' "$2" >"$3") 2>&1); then
    fail "writing '${2:0:80}' to $3 should fail with '$1' and succeeded"
  fi
  [[ "$said" == *": $1" ]] || fail "writing '${2:0:80}' to $3 should fail with '$1' and said '$said'"
}

# accepted TEXT FILE
accepted() {
  local said
  compared=$((compared + 1))
  said=$( (printf '%s' "$1" >"$2") 2>&1) || fail "writing '${1:0:80}' to $2 should succeed and said '$said'"
}

# becomes WHAT WANTED FILE: FILE reads WANTED within ten seconds
becomes() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    [[ -r "$3" && "$(<"$3")" == "$2" ]] && break
    sleep 0.1
  done
  [[ -r "$3" ]] || fail "$1: $3 does not appear"
  reads "$1" "$2" "$3"
}

present() {
  compared=$((compared + 1))
  [[ -e "$1" ]] || fail "$1 should exist"
}

absent() {
  compared=$((compared + 1))
  [[ ! -e "$1" ]] || fail "$1 should not exist"
}

digest() {
  local sum
  sum=$(sha256sum "$1")
  echo "${sum%% *}"
}

size() { stat -c %s "$1"; }

# bytes HEX...: as binary on the standard output
bytes() {
  local hex i escaped=
  hex=$(printf '%s' "$@")
  for ((i = 0; i < ${#hex}; i += 2)); do escaped+="\\x${hex:i:2}"; done
  printf '%b' "$escaped"
}

hex_of_text() {
  local i text=$1
  for ((i = 0; i < ${#text}; i++)); do printf '%02x' "'${text:i:1}"; done
}

word() { printf '%08x' "$1"; }
word_le() { printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }

# --- Bitstreams -----------------------------------------------------------------------------------------------------

# stream FILE PADDING-AND-SYNC-IN-HEX PAYLOAD-BYTES
stream() {
  {
    bytes "$2"
    head -c "$3" /dev/urandom
  } >"$files/$1"
}

make_streams() {
  local padding=ffffffffffffffff
  stream plain.bin "${padding}000000bb11220044ffffffffffffffffaa995566" 65536
  stream swapped.bin "${padding}bb00000044002211ffffffffffffffff665599aa" 4100
  stream partial.bin "${padding}000000bb11220044ffffffffffffffffaa995566" 20000
  stream nosync.bin "${padding}000000bb11220044ffffffffffffffff20000000" 4096
  stream padding.bin "${padding}${padding}${padding}" 0
  {
    head -c 12288 /dev/zero | tr '\0' '\377'
    cat "$files/partial.bin"
  } >"$files/late.bin"
  {
    bytes 00090ff00ff00ff00ff00000016100 05 "$(hex_of_text demo)" 00 6500010000
    cat "$files/plain.bin"
  } >"$files/header.bit"
  : >"$files/empty.bin"
}

# --- Flattened device trees: just enough to write an overlay, as Dom0 has no dtc --------------------------------------

fdt_struct=
fdt_strings=

fdt_new() { fdt_struct='' fdt_strings=''; }
fdt_align() { while ((${#fdt_struct} % 8)); do fdt_struct+=00; done; }
fdt_end() { fdt_struct+=00000002; }

fdt_begin() {
  fdt_struct+=00000001$(hex_of_text "$1")00
  fdt_align
}

# fdt_property NAME VALUE-IN-HEX
fdt_property() {
  fdt_struct+=00000003$(word $((${#2} / 2)))$(word $((${#fdt_strings} / 2)))$2
  fdt_align
  fdt_strings+=$(hex_of_text "$1")00
}

fdt_text() { fdt_property "$1" "$(hex_of_text "$2")00"; }

# fdt_write FILE: header, empty reservation map, structure, strings
fdt_write() {
  local structure=${fdt_struct}00000009 at=56
  local structure_size=$((${#structure} / 2)) strings_size=$((${#fdt_strings} / 2))
  bytes d00dfeed "$(word $((at + structure_size + strings_size)))" "$(word $at)" "$(word $((at + structure_size)))" \
    "$(word 40)" "$(word 17)" "$(word 16)" "$(word 0)" "$(word "$strings_size")" "$(word "$structure_size")" \
    "$(word 0)$(word 0)$(word 0)$(word 0)" "$structure" "$fdt_strings" >"$files/$1"
}

# overlay_file FILE TARGET-PATH COMMAND...: COMMAND adds what goes into __overlay__
overlay_file() {
  local file=$1 target=$2
  shift 2
  fdt_new
  fdt_begin ''
  fdt_begin fragment@0
  fdt_text target-path "$target"
  fdt_begin __overlay__
  "$@"
  fdt_end
  fdt_end
  fdt_end
  fdt_write "$file"
}

node_content() {
  fdt_begin "$1"
  fdt_text runx,mark "$1"
  fdt_end
}

# region_content BITSTREAM NODE: a partial programmed by the overlay, and a node beside it
region_content() {
  fdt_text firmware-name "$folder/$1"
  fdt_property partial-fpga-config ''
  node_content "$2"
}

# --- The manager ------------------------------------------------------------------------------------------------------

find_manager() {
  local dir
  for dir in /sys/class/fpga_manager/fpga*; do
    [[ -e "$dir/name" && "$(<"$dir/name")" == "Xilinx ZynqMP FPGA Manager" ]] && manager=$dir && return
  done
  fail "no fpga_manager is named 'Xilinx ZynqMP FPGA Manager'"
}

# counts LOADS ATTEMPTS: how many more than at the last call
counts() {
  local loads attempts
  loads=$(<"$debug/fpga/loads") attempts=$(<"$debug/fpga/attempts")
  same "the number of new successful loads" "$1" $((loads - loads_before))
  same "the number of new attempts" "$2" $((attempts - attempts_before))
  loads_before=$loads attempts_before=$attempts
}

received() {
  reads "the length of what the manager was given" "$(size "$files/$1")" $debug/fpga/last_length
  reads "the digest of what the manager was given" "$(digest "$files/$1")" $debug/fpga/last_sha256
}

check_manager() {
  headline "the manager and its attributes"
  find_manager
  [[ -d $debug/fpga ]] || fail "$debug/fpga is missing: is debugfs mounted and runx_sim.ko loaded?"
  loads_before=$(<$debug/fpga/loads) attempts_before=$(<$debug/fpga/attempts)
  same "the compatible of the manager's node" xlnx,zynqmp-pcap-fpga "$(tr -d '\0' <"$manager/of_node/compatible")"
  same "the mode of firmware" 200 "$(stat -c %a "$manager/firmware")"
  same "the mode of flags" 644 "$(stat -c %a "$manager/flags")"
  if [[ $attempts_before == 0 ]]; then
    reads "the state before any load" unknown "$manager/state"
    reads "the digest before any load" none $debug/fpga/last_sha256
  fi
}

check_flags_and_key() {
  headline "flags are hexadecimal and stay, the key has room for 64 bytes"
  local key
  reads "flags at first" 0 "$manager/flags"
  accepted $'10\n' "$manager/flags"
  reads "flags after 10" 10 "$manager/flags"
  accepted 0x1F "$manager/flags"
  reads "flags after 0x1F" 1f "$manager/flags"
  refused "Invalid argument" zz "$manager/flags"
  refused "Numerical result out of range" 100000000 "$manager/flags"
  reads "flags after refused ones" 1f "$manager/flags"
  accepted 0 "$manager/flags"
  key=$(printf '%064d' 7)
  accepted "$key"$'\n' "$manager/key"
  reads "the key" "$key" "$manager/key"
  refused "Invalid argument" "${key}8" "$manager/key"
  reads "the key after a refused one" "$key" "$manager/key"
  accepted $'\n' "$manager/key"
}

check_programming() {
  headline "programming through the firmware attribute"
  accepted 1 "$manager/flags"
  accepted "$folder/plain.bin"$'\n' "$manager/firmware"
  received plain.bin
  counts 1 1
  reads "the state after a load" operating "$manager/state"
  reads "the flags of the load" 1 $debug/fpga/last_flags
  reads "the flags after the load" 1 "$manager/flags"
  accepted 41 "$manager/flags"
  accepted "$folder/swapped.bin" "$manager/firmware"
  received swapped.bin
  counts 1 1
  reads "the flags of the load" 41 $debug/fpga/last_flags
  accepted 0 "$manager/flags"
}

check_refusals() {
  headline "what is not a configuration stream is refused"
  local name
  for name in nosync.bin padding.bin late.bin header.bit; do
    refused "Invalid argument" "$folder/$name" "$manager/firmware"
    reads "the state after $name" "write error" "$manager/state"
    reads "the status after $name" "reconfig incompatible image" "$manager/status"
    received "$name"
    counts 0 1
  done
  refused "Invalid argument" "$folder/empty.bin" "$manager/firmware"
  refused "No such file or directory" "$folder/missing.bin" "$manager/firmware"
  reads "the state after a missing file" "firmware request error" "$manager/state"
  refused "Invalid argument" $'\n' "$manager/firmware"
  refused "No such file or directory" "$(printf '%0254d' 0)" "$manager/firmware"
  refused "File name too long" "$(printf '%0255d' 0)" "$manager/firmware"
  refused "File name too long" "$(printf '%04000d' 0)" "$manager/firmware"
  received header.bit
  counts 0 0
}

# fails_once TEXT PENDING ERROR-TEXT STATE
fails_once() {
  accepted "$1" $debug/fpga/fail_next
  reads "the pending failure" "$2" $debug/fpga/fail_next
  refused "$3" "$folder/plain.bin" "$manager/firmware"
  reads "the state after an ordered failure" "$4" "$manager/state"
  reads "the pending failure once it happened" 0 $debug/fpga/fail_next
  counts 0 1
  accepted "$folder/plain.bin" "$manager/firmware"
  reads "the state after the next load" operating "$manager/state"
  counts 1 1
}

check_faults() {
  headline "ordered failures happen once, with the errno asked for"
  fails_once 5 "5 write_init" "Input/output error" "write init error"
  fails_once $'16 write_init\n' "16 write_init" "Device or resource busy" "write init error"
  fails_once "110 write" "110 write" "Connection timed out" "write error"
  fails_once "12 write_complete" "12 write_complete" "Cannot allocate memory" "write complete error"
  refused "Invalid argument" "5 reading" $debug/fpga/fail_next
  refused "Invalid argument" EIO $debug/fpga/fail_next
  refused "Invalid argument" 512 $debug/fpga/fail_next
  accepted 5 $debug/fpga/fail_next
  accepted 0 $debug/fpga/fail_next
  reads "the withdrawn failure" 0 $debug/fpga/fail_next
}

check_delay() {
  headline "a slow load: busy for others, and not stopped by SIGKILL"
  local writer
  accepted 3000 $debug/fpga/delay_ms
  bash -c 'printf %s "$1" >"$2"' writer "$folder/partial.bin" "$manager/firmware" &
  writer=$!
  becomes "the state of a running load" write "$manager/state"
  refused "Device or resource busy" "$folder/plain.bin" "$manager/firmware"
  kill -9 "$writer"
  reads "the state after SIGKILL" write "$manager/state"
  wait "$writer" 2>/dev/null && fail "the killed writer ended well"
  becomes "the state when the load is over" operating "$manager/state"
  accepted 0 $debug/fpga/delay_ms
  received partial.bin
  counts 1 1
}

# --- Overlays ---------------------------------------------------------------------------------------------------------

find_region() {
  local tries
  for ((tries = 0; tries < 200; tries++)); do
    [[ -e /sys/class/fpga_region/region0/of_node ]] && break
    sleep 0.1
  done
  [[ -e /sys/class/fpga_region/region0/of_node ]] || fail "the tree's fpga-region did not find its manager"
  region=$(readlink -f /sys/class/fpga_region/region0/of_node)
  region_path=${region#/sys/firmware/devicetree/base}
  same "the compatible of the region's node" fpga-region "$(tr -d '\0' <"$region/compatible")"
}

make_overlays() {
  overlay_file node.dtbo / node_content runx-sim-node
  overlay_file sticky.dtbo / node_content runx-sim-sticky
  overlay_file region.dtbo "$region_path" region_content partial.bin runx-sim-accelerator
  overlay_file region2.dtbo "$region_path" region_content plain.bin runx-sim-second
  overlay_file missing.dtbo "$region_path" region_content missing.bin runx-sim-missing
  printf 'not a device tree' >"$files/broken.dtbo"
}

# blank NAME FILE: a write to path says nothing, and only the read-back shows that it failed
blank() {
  accepted "$folder/$2" "$overlays/$1/path"
  reads "path after a failure" "" "$overlays/$1/path"
  reads "status after a failure" unapplied "$overlays/$1/status"
}

applied() {
  accepted "$folder/$2" "$overlays/$1/path"
  reads "path of an applied overlay" "$folder/$2" "$overlays/$1/path"
  reads "status of an applied overlay" applied "$overlays/$1/status"
}

check_overlay_path() {
  headline "overlays by path, with the vendor's quirks"
  local live=/proc/device-tree/runx-sim-node
  mkdir $overlays/one
  reads "status of a new overlay" unapplied $overlays/one/status
  reads "path of a new overlay" "" $overlays/one/path
  blank one absent.dtbo
  blank one broken.dtbo
  absent $live
  applied one node.dtbo
  same "the applied node's mark" runx-sim-node "$(tr -d '\0' <$live/runx,mark)"
  refused "Operation not permitted" "$folder/node.dtbo" $overlays/one/path
  reads "status after the second write" applied $overlays/one/status
  rmdir $overlays/one
  absent $live
}

check_overlay_dtbo() {
  headline "overlays by dtbo, up to 1 MiB"
  local live=/proc/device-tree/runx-sim-node
  mkdir $overlays/two
  cat "$files/node.dtbo" >$overlays/two/dtbo
  reads "status after dtbo" applied $overlays/two/status
  same "the digest of dtbo read back" "$(digest "$files/node.dtbo")" "$(digest $overlays/two/dtbo)"
  present $live
  refused "Operation not permitted" "$folder/node.dtbo" $overlays/two/path
  rmdir $overlays/two
  absent $live
  mkdir $overlays/three
  head -c 1048577 /dev/zero >"$files/big.dtbo"
  compared=$((compared + 1))
  if dd if="$files/big.dtbo" of=$overlays/three/dtbo bs=1048577 2>/dev/null; then
    fail "a dtbo of 1 MiB and one byte should be refused"
  fi
  reads "status after a dtbo that is too big" unapplied $overlays/three/status
  rmdir $overlays/three
}

check_overlay_region() {
  headline "an overlay that targets the region programs it"
  local live=$region/runx-sim-accelerator
  mkdir $overlays/region
  applied region region.dtbo
  received partial.bin
  counts 1 1
  reads "flags of the load: the manager's 0, not the overlay's partial-fpga-config" 0 $debug/fpga/last_flags
  present "$live"
  rmdir $overlays/region
  absent "$live"
  counts 0 0
  reads "the state after removing the overlay" operating "$manager/state"
  accepted 1 "$manager/flags"
  mkdir $overlays/region
  applied region region.dtbo
  counts 1 1
  reads "flags of the load: the manager's 1" 1 $debug/fpga/last_flags
  mkdir $overlays/second
  blank second region2.dtbo
  absent "$region/runx-sim-second"
  counts 0 0
  rmdir $overlays/second
  present "$live"
  applied_after_refusal
  present "$live"
  rmdir $overlays/region
  absent "$live"
  accepted 0 "$manager/flags"
}

# The kernel's own: undoing a refused overlay makes the region forget the one that it has, and it takes another.
applied_after_refusal() {
  mkdir $overlays/third
  applied third region2.dtbo
  counts 1 1
  present "$region/runx-sim-second"
  rmdir $overlays/third
  absent "$region/runx-sim-second"
}

# find_device CLASS NODE: sets found
find_device() {
  local dir
  for dir in "/sys/class/$1"/*; do
    [[ "$(readlink -f "$dir/of_node")" == "/sys/firmware/devicetree/base$2" ]] && found=$dir && return
  done
  fail "nothing in /sys/class/$1 is $2"
}

check_overlay_bridges() {
  headline "the regions pr0 and pr1, each behind its decoupler"
  local bridge node=$region/pr0
  find_device fpga_region "$region_path/pr1"
  find_device fpga_region "$region_path/pr0"
  find_device fpga_bridge /pr-decoupler-0
  bridge=$found
  reads "the bridge at first" enabled "$bridge/state"
  overlay_file slot.dtbo "$region_path/pr0" region_content partial.bin runx-sim-slot
  mkdir $overlays/slot
  applied slot slot.dtbo
  counts 1 1
  reads "decouplers that were off during the load" 1 $debug/fpga/last_bridges_off
  reads "the bridge after the load" enabled "$bridge/state"
  rmdir $overlays/slot
  absent "$node/runx-sim-slot"
  reads "the bridge after removing the overlay" disabled "$bridge/state"
  mkdir $overlays/slot
  accepted "5 enable" $debug/bridges/pr-decoupler-0/fail_next
  blank slot slot.dtbo
  counts 1 1
  reads "the bridge that could not be enabled" disabled "$bridge/state"
  accepted "16 disable" $debug/bridges/pr-decoupler-0/fail_next
  blank slot slot.dtbo
  counts 0 0
  applied slot slot.dtbo
  counts 1 1
  accepted "$folder/plain.bin" "$manager/firmware"
  reads "decouplers that were off when the manager loaded by itself" 0 $debug/fpga/last_bridges_off
  counts 1 1
  rmdir $overlays/slot
}

check_overlay_region_failures() {
  headline "a load that fails refuses the overlay"
  mkdir $overlays/region
  blank region missing.dtbo
  counts 0 0
  accepted "5 write" $debug/fpga/fail_next
  blank region region.dtbo
  reads "the state after a failed load" "write error" "$manager/state"
  counts 0 1
  absent "$region/runx-sim-accelerator"
  applied region region.dtbo
  counts 1 1
  rmdir $overlays/region
  absent "$region/runx-sim-accelerator"
}

check_overlay_faults() {
  headline "ordered failures of overlays"
  mkdir $overlays/fault
  accepted 12 $debug/overlay/fail_next
  reads "the pending failure" "12 apply" $debug/overlay/fail_next
  blank fault sticky.dtbo
  reads "the pending failure once it happened" 0 $debug/overlay/fail_next
  absent /proc/device-tree/runx-sim-sticky
  applied fault sticky.dtbo
  accepted "16 remove" $debug/overlay/fail_next
  rmdir $overlays/fault
  reads "the pending failure once it happened" 0 $debug/overlay/fail_next
  absent $overlays/fault
  present /proc/device-tree/runx-sim-sticky
}

# --- Remote processors ------------------------------------------------------------------------------------------------

# elf FILE BANK-0-ADDRESS BANK-1-ADDRESS: two segments of eight bytes, 52 + 2 * 32 bytes of headers before them
elf() {
  bytes 7f454c46010101000000000000000000 02002800 "$(word_le 1)" "$(word_le 0)" "$(word_le 52)" "$(word_le 0)" \
    "$(word_le 0)" 34002000 02002800 00000000 "$(segment 116 "$2")" "$(segment 124 "$3")" \
    "$(hex_of_text firstseg)" "$(hex_of_text otherseg)" >"$files/$1"
}

# segment OFFSET ADDRESS: a PT_LOAD of eight bytes in the file and sixteen in memory
segment() {
  local field
  for field in 1 "$1" "$2" "$2" 8 16 7 4; do word_le "$field"; done
}

# find_core NAME: sets core
find_core() {
  local dir
  for dir in /sys/class/remoteproc/remoteproc*; do
    [[ -e "$dir/name" && "$(<"$dir/name")" == "$1" ]] && core=$dir && return
  done
  fail "no remoteproc is named '$1'"
}

# at FILE OFFSET: eight bytes as text
at() { dd if="$1" bs=1 skip="$2" count=8 2>/dev/null | tr -d '\0'; }

# check_core NUMBER NAME DDR-ADDRESS
check_core() {
  local own=$debug/rproc$1
  headline "the core $2: load, start, stop"
  find_core "$2"
  reads "the state at first" offline "$core/state"
  elf "core$1.elf" 16 "$3"
  accepted "$folder/core$1.elf" "$core/firmware"
  refused "Invalid argument" stop "$core/state"
  accepted start "$core/state"
  reads "the state after start" running "$core/state"
  reads "the length of the firmware" "$(size "$files/core$1.elf")" "$own/last_length"
  reads "the digest of the firmware" "$(digest "$files/core$1.elf")" "$own/last_sha256"
  same "the segment in the TCM" firstseg "$(at "$own/atcm" 16)"
  same "the segment in the DDR" otherseg "$(at "$own/ddr" 0)"
  accepted start "$core/state"
  accepted stop "$core/state"
  reads "the state after two starts and one stop: starts are counted" running "$core/state"
  accepted stop "$core/state"
  reads "the state after the second stop" offline "$core/state"
}

# check_core_failures NUMBER
check_core_failures() {
  local own=$debug/rproc$1
  headline "the core $(<"$core/name"): failures and a crash"
  accepted "110 start" "$own/fail_next"
  refused "Connection timed out" start "$core/state"
  reads "the state after a failed start" offline "$core/state"
  accepted "5 load" "$own/fail_next"
  refused "Input/output error" start "$core/state"
  elf outside.elf 65532 0
  accepted "$folder/outside.elf" "$core/firmware"
  refused "Invalid argument" start "$core/state"
  reads "the digest of the refused firmware" "$(digest "$files/outside.elf")" "$own/last_sha256"
  accepted "$folder/core$1.elf" "$core/firmware"
  elf elsewhere.elf 32 64
  accepted "$folder/elsewhere.elf" "$core/firmware"
  accepted start "$core/state"
  same "the TCM of a start that loads elsewhere" "" "$(at "$own/atcm" 16)"
  accepted stop "$core/state"
  accepted "$folder/core$1.elf" "$core/firmware"
  refused "Invalid argument" 1 "$own/crash"
  accepted disabled "$core/recovery"
  accepted start "$core/state"
  accepted 1 "$own/crash"
  becomes "the state after a crash" crashed "$core/state"
  accepted recover "$core/recovery"
  becomes "the state after recovery" running "$core/state"
  accepted "5 stop" "$own/fail_next"
  refused "Input/output error" stop "$core/state"
  reads "the state after a failed stop" running "$core/state"
  accepted stop "$core/state"
  accepted enabled "$core/recovery"
}

# ----------------------------------------------------------------------------------------------------------------------

restore() {
  rm -rf "$files"
  if [[ -n "${manager:-}" ]]; then
    echo 0 >"$manager/flags"
    echo >"$manager/key"
    echo 0 >$debug/fpga/delay_ms
  fi
}

main() {
  [[ -d $overlays ]] || fail "$overlays is missing: is configfs mounted and runx_sim.ko loaded?"
  trap restore EXIT
  mkdir -p "$files"
  make_streams
  check_manager
  check_flags_and_key
  check_programming
  check_refusals
  check_faults
  check_delay
  find_region
  make_overlays
  check_overlay_path
  check_overlay_dtbo
  check_overlay_region
  check_overlay_bridges
  check_overlay_region_failures
  check_overlay_faults
  check_core 0 ffe00000.r5f $((0x3ed00000))
  check_core_failures 0
  check_core 1 ffe90000.r5f $((0x3ef00000))
  check_core_failures 1
  headline "$compared comparisons, no difference"
}

main "$@"
