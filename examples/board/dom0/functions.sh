# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For jobs in Dom0: `source /etc/board/functions.sh`.

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
