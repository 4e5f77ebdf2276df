# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Boots the board and runs a job in its Dom0. Files go in as a second archive behind Dom0's; output, results and exit
# status come out through a window in the board's memory (dom0/window.c), which is a file of this machine's.

readonly boot_limit=${RUNX_BOARD_BOOT_LIMIT:-120} # seconds; a boot takes about 8 on an idle machine
readonly status_hung=124 status_broken=125
readonly least_memory=2048 most_memory=4095 # MiB; QEMU starts no kernel without a tree of its own in 4 GiB and more

# Lays out what this run adds to Dom0's file system: the simulated logic, the stage, the job.
make_extra() { # CPIO STAGE [SCRIPT FILE...]
  local cpio=$1 stage=$2 tree=$work/extra
  shift 2
  mkdir -p "$tree"
  [[ -z $sim_path ]] || cp -r "$sim_path/." "$tree/"
  [[ -z $stage ]] || cp -r "$stage/." "$tree/"
  if (($#)); then
    mkdir -p "$tree/job/in"
    cp -rL "$@" "$tree/job/in/"
    basename "$1" >"$tree/job/script"
  fi
  make_archive "$tree" "$cpio"
  rm -rf "$tree"
}

# The SD card in the board's slot: 1 MiB of one line.
make_card() { # FILE
  awk 'BEGIN { for (i = 0; i < 32768; i++) print "the card of the emulated board " }' >"$1"
}

# Sets qemu_command for a machine with this run's files in it, all but its serial lines.
prepare_machine() { # MEMORY_MIB STAGE [SCRIPT FILE...]
  local mebibytes=$1
  shift
  local base=$base_path/base.cpio extra=$work/extra.cpio image=$kernel_path/Image extra_address end
  make_extra "$extra" "$@"
  extra_address=$((ramdisk_address + ($(stat -c %s "$base") + 4095) / 4096 * 4096))
  end=$((extra_address + $(stat -c %s "$extra")))
  if ((end > 0x40000000)); then
    echo "board: the stage and the job's files are too big: $((($(stat -c %s "$extra") + 999999) / 1000000)) MB," \
      "and $(((0x40000000 - extra_address) / 1000000)) MB fit" >&2
    return 1
  fi
  make_card "$work/card"
  mkfifo "$work/uart1.in" "$work/uart1.out" # QEMU reads the one and writes the other
  cp "$dtb_path/xen.dtb" "$work/boot.dtb"
  set_memory "$work/boot.dtb" "$mebibytes"
  set_module_sizes "$work/boot.dtb" "$(stat -c %s "$image")" $((end - ramdisk_address))
  # shellcheck disable=SC2054  # QEMU's own commas. Without -audiodev the DisplayPort's model looks for a sound card.
  qemu_command=(qemu-system-aarch64 -M xlnx-zcu102,virtualization=on,memory-backend=ram -smp 2 -m "$mebibytes"
    -object "memory-backend-memfd,id=ram,size=${mebibytes}M,share=on" -accel tcg,thread=multi -display none -no-reboot
    -audiodev driver=none,id=silent -object can-bus,id=can -machine canbus0=can,canbus1=can
    -drive "if=sd,index=1,format=raw,file=$work/card"
    -kernel "$base_path/entry"
    -device "loader,file=$work/boot.dtb,addr=$tree_address,force-raw=on"
    -device "loader,file=$base_path/xen,addr=$xen_address,force-raw=on"
    -device "loader,file=$image,addr=$kernel_address,force-raw=on"
    -device "loader,file=$base,addr=$ramdisk_address,force-raw=on"
    -device "loader,file=$extra,addr=$extra_address,force-raw=on")
}

# Opens the machine's memory. It stays readable after QEMU has ended.
open_memory() {
  local fd attempt
  for ((attempt = 0; attempt < 100; attempt++)); do
    for fd in "/proc/$qemu"/fd/*; do
      if [[ $(readlink "$fd") == /memfd:* ]]; then
        exec {memory}<"$fd"
        return
      fi
    done
    kill -0 "$qemu" 2>/dev/null || break
    sleep 0.1
  done
  echo "board: QEMU did not start; what it said:" >&2
  cat "$logs/qemu.log" >&2
  return 1
}

read_memory() { # OFFSET_IN_WINDOW LENGTH
  dd if="/proc/self/fd/$memory" bs=1M iflag=skip_bytes,count_bytes skip=$((window_address + $1)) count="$2" status=none
}

# Reads the window's header into phase, length, results, status, lost.
read_header() {
  local magic words
  words=$(od -An -v -t u8 -w48 -j $((window_address)) -N 48 "/proc/self/fd/$memory")
  read -r magic phase length results status lost <<<"$words"
  # Before Dom0 wrote it, the window is all zeroes; Xen or firmware could have left anything there.
  if [[ $magic != 8606207838304827474 ]]; then phase=0 length=0 results=0 status=0 lost=0; fi
}

print_stream() { # prints what came since the last call
  if ((length > printed)); then
    read_memory $((0x1000 + printed)) $((length - printed))
    printed=$length
  fi
}

# Prints why the board panicked, if it did: Linux says so in one line, Xen in the line after its first.
panic_line() {
  tr -d '\r' <"$logs/console.log" |
    awk '/Kernel panic - not syncing/ { sub(/^\[[^]]*\] */, ""); print; exit }
         xen { sub(/^\(XEN\) */, ""); print "Xen: " $0; exit }
         /Panic on CPU [0-9]/ { xen = 1 }'
}

# The far end of the second serial line: to a line "ping WORDS" it answers "pong WORDS".
answer_pings() {
  local line from to
  exec {from}<>"$work/uart1.out" {to}<>"$work/uart1.in"
  while IFS= read -r line <&"$from"; do
    line=${line%$'\r'}
    [[ $line != "ping "* ]] || printf 'pong %s\n' "${line#ping }" >&"$to"
  done
}

stop_machine() {
  [[ -n ${qemu:-} ]] || return 0
  kill "$qemu" 2>/dev/null || true
  wait "$qemu" 2>/dev/null || true
  qemu=
  kill "$far_end" 2>/dev/null || true
  wait "$far_end" 2>/dev/null || true
}

# One boot with the job. Returns the script's status, status_hung or status_broken; boot_stalled is set to "yes" when
# it hung before the job began.
attempt() { # SECONDS
  local limit=$1 began=$SECONDS ended=no now panic
  local phase=0 length=0 results=0 status=0 lost=0 printed=0
  boot_stalled=no
  answer_pings &
  far_end=$!
  "${qemu_command[@]}" -monitor none -serial "file:$logs/console.log" \
    -chardev "pipe,id=uart1,path=$work/uart1,logfile=$logs/uart1.txt" -serial chardev:uart1 \
    </dev/null >"$logs/qemu.log" 2>&1 &
  qemu=$!
  open_memory || return "$status_broken"
  while :; do
    # In this order: what QEMU wrote before it ended is read after it ended.
    kill -0 "$qemu" 2>/dev/null || ended=yes
    now=$phase
    read_header
    print_stream
    if ((now < 2 && phase >= 2)); then began=$SECONDS; fi
    if ((status > 0)); then break; fi
    panic=$(panic_line)
    if [[ -n $panic ]]; then
      stop_machine
      echo "board: the board panicked: $panic; its console: $logs/console.log" >&2
      return "$status_broken"
    fi
    if [[ $ended == yes ]]; then
      echo "board: the board stopped before the script ended; its console's last line: $(tail -n 1 \
        "$logs/console.log" | tr -d '\r'); logs: $logs/console.log, $logs/qemu.log" >&2
      return "$status_broken"
    fi
    if ((phase < 2 && SECONDS - began >= boot_limit)); then
      boot_stalled=yes
      stop_machine
      return "$status_hung"
    fi
    if ((phase >= 2 && SECONDS - began >= limit)); then
      stop_machine
      echo "board: the script was ended by the time limit of $limit s (--timeout); the board's console:" \
        "$logs/console.log" >&2
      return "$status_hung"
    fi
    sleep 0.2
  done
  stop_machine
  ((lost == 0)) || echo "board: the script printed more than fits; $lost bytes at its end are lost" >&2
  if ((results > 0)) && [[ -n $out ]]; then
    read_memory 0x1000000 "$results" | tar -x --no-same-owner -C "$out"
  fi
  exec {memory}<&-
  return $((status - 1))
}

run_job() { # SECONDS: boots, and once more when the boot stalled
  local result=0
  attempt "$1" || result=$?
  if [[ $boot_stalled == yes ]]; then
    echo "board: Dom0 did not start within $boot_limit s; once more" >&2
    cp "$logs/console.log" "$logs/console-stalled.log"
    result=0
    attempt "$1" || result=$?
    if [[ $boot_stalled == yes ]]; then
      echo "board: Dom0 did not start within $boot_limit s, twice; the board's console: $logs/console.log" >&2
    fi
  fi
  return "$result"
}

run_shell() { # STAGE
  prepare_machine "$least_memory" "$1"
  "${qemu_command[@]}" -serial mon:stdio -serial "file:$work/uart1.txt"
}
