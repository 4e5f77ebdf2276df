#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: tests/tools/oci/image_tools.sh ACCELKIT FAKE-BITSTREAM
#
# The tools that authors and engines really use: an image of umoci's making and one of buildah's are annotated, then
# copied by skopeo, unpacked by umoci, and imported by containerd (as root only: it must mount). What the runtime's
# reader sees is the same each time. Exit code 77, aloud, where a tool is missing.
set -euo pipefail

accelkit=$1 fake_bitstream=$2
work=$(mktemp -d)
containerd=
leave() {
  ! mountpoint -q "$work/mounted" || umount "$work/mounted"
  if [[ -n $containerd ]]; then
    kill "$containerd" || true
    wait "$containerd" || true
  fi
  rm -rf "$work"
}
trap leave EXIT
cd "$work"

for tool in umoci skopeo buildah jq; do
  if ! command -v "$tool" >/dev/null; then
    echo "SKIPPED: $tool is missing; ./check installs it" >&2
    exit 77
  fi
done

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

from_umoci() {
  umoci init --layout umoci
  umoci new --image umoci:app
  umoci unpack --rootless --image umoci:app bundle 2>/dev/null
  mkdir -p bundle/rootfs/{bin,boot}
  echo program >bundle/rootfs/bin/app
  umoci repack --image umoci:app bundle
  umoci config --image umoci:app --config.label com.example.mine=1 --architecture arm64 --os linux
}

from_buildah() {
  local container
  export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
  buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }
  container=$(buildah from scratch)
  mkdir -p files/bin
  echo program >files/bin/app
  buildah copy --quiet "$container" files / >/dev/null
  buildah config --arch arm64 --os linux --label com.example.mine=1 --entrypoint '["/bin/app"]' "$container"
  buildah commit --quiet "$container" "oci:$work/buildah:app" >/dev/null
}

# asks IMAGE: what the runtime's reader sees
asks() { "$accelkit" image show "$1"; }

# imported LAYOUT: its root file system by containerd, at $work/mounted
imported() {
  local address=$work/containerd.sock name=localhost/$1:app
  if [[ -z $containerd ]]; then
    cat >containerd.toml <<EOF
version = 2
root = "$work/containerd/root"
state = "$work/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "$address"
EOF
    containerd --config containerd.toml >containerd.log 2>&1 &
    containerd=$!
    for _ in {1..100}; do
      ctr --address "$address" version >/dev/null 2>&1 && break
      sleep 0.1
    done
  fi
  skopeo copy --quiet "oci:$1:app" "oci-archive:$1.import.tar:$name"
  ctr --address "$address" images import --all-platforms --snapshotter native --no-unpack "$1.import.tar" >/dev/null
  mkdir -p mounted
  ctr --address "$address" images mount --platform linux/arm64 --snapshotter native "$name" "$work/mounted" >/dev/null
}

check_image() { # LAYOUT
  local layout=$1 first digest
  first=$("$accelkit" image annotate "$layout:app" --from accel.json)
  [[ $first == "$("$accelkit" image annotate "$layout:app" --from accel.json)" ]] || fail "$layout: annotated twice, another digest"
  "$accelkit" image attach "$layout:app" --bitstream aes=aes.bit --region pr0 >/dev/null
  "$accelkit" image lint "$layout:app" || fail "$layout: lint"
  asks "$layout:app" >"$layout.asks"
  grep -q '^io.runx-accel.fpga.aes.region = pr0$' "$layout.asks" || fail "$layout: no region"

  skopeo copy --quiet "oci:$layout:app" "oci:$layout.copy:app"
  asks "$layout.copy:app" | diff "$layout.asks" - || fail "$layout: copied by skopeo, another request"
  skopeo copy --quiet "oci:$layout:app" "oci-archive:$layout.tar:app"
  asks "$layout.tar" | diff "$layout.asks" - || fail "$layout: archived by skopeo, another request"

  umoci unpack --rootless --image "$layout.copy:app" "$layout.bundle" 2>/dev/null
  asks "$layout.bundle/rootfs" | diff "$layout.asks" - || fail "$layout: unpacked by umoci, another request"
  jq -r '.annotations | to_entries[] | select(.key | startswith("io.runx-accel.")) | "\(.key) = \(.value)"' \
    "$layout.bundle/config.json" | sort >"$layout.labels"
  diff "$layout.asks" "$layout.labels" || fail "$layout: the labels did not arrive as annotations"
  jq -e '.annotations["com.example.mine"] == "1"' "$layout.bundle/config.json" >/dev/null || fail "$layout: a foreign label is gone"
  digest=$(sha256sum <"$layout.bundle/rootfs/boot/aes.bit")
  [[ $digest == "$(sha256sum <aes.bit)" ]] || fail "$layout: another bitstream"
  [[ -f $layout.bundle/rootfs/bin/app ]] || fail "$layout: the image's own file is gone"

  if [[ $(id -u) != 0 ]] || ! command -v containerd >/dev/null || ! command -v ctr >/dev/null; then
    echo "SKIPPED in part: containerd is missing, or nobody is root" >&2
    return
  fi
  imported "$layout"
  asks "$work/mounted" | diff "$layout.asks" - || fail "$layout: imported by containerd, another request"
  umount "$work/mounted"
}

"$fake_bitstream" --part xck26-sfvc784-2LV-c --idcode 04A49093 --design aes --frames 8 -o aes.bit
cat >accel.json <<'EOF'
{
  "io.runx-accel.schema": "1",
  "io.runx-accel.device.timer.path": "/axi/timer@ff110000",
  "io.runx-accel.domain.memory": "256MiB"
}
EOF
from_umoci
from_buildah
check_image umoci
check_image buildah
echo "umoci, buildah, skopeo and containerd: one request"
