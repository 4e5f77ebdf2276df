# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the board is made of, in the order of the making: Debian's packages, the kernel with its device trees, the
# board's device tree, Dom0's file system, the simulated logic. Each build_* sets *_path to the piece's directory.

readonly suite=trixie
readonly kernel_source=linux-source-6.12
# Xen and its tools, what Dom0 runs, and their libraries. No dependencies: apt would add Python, Perl and systemd;
# lay_out_dom0 refuses a program whose libraries are not all here.
readonly board_packages=(
  xen-hypervisor-4.20-arm64 xen-utils-4.20 xen-utils-common xenstore-utils
  libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1 libxenmisc4.20
  libxenstore4 libxentoolcore1 libxentoollog1 libyajl2 libfdt1 libuuid1 libext2fs2t64 libncurses6 libnl-3-200
  libnl-route-3-200 zlib1g liblzma5 libzstd1 libbz2-1.0 liblz4-1 liblzo2-2
  libc6 libgcc-s1 libtinfo6 bash busybox-static containerd runc libseccomp2 device-tree-compiler)
readonly host_packages=(
  qemu-system-arm device-tree-compiler gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc libc6-dev make ccache flex bison
  bc cpio kmod xz-utils libssl-dev libelf-dev)

apt_foreign() { "$root/packaging/apt-foreign" "$@"; }

# --- packages ---------------------------------------------------------------------------------------------------------
make_packages() { # DIRECTORY
  apt_foreign "$suite" arm64 "$1/root" --no-deps "${board_packages[@]}"
  apt_foreign --names "$suite" arm64 --no-deps "${board_packages[@]}" >"$1/versions"
}

build_packages() {
  local names
  names=$(apt_foreign --names "$suite" arm64 --no-deps "${board_packages[@]}")
  packages_key=$(key_of <<<"$names")
  if [[ ! -d $RUNX_ACCEL_CACHE/packages-$packages_key ]]; then
    # Downloads outside the piece's step, which would hide how much they are.
    apt_foreign "$suite" arm64 "$scratch/packages" --no-deps "${board_packages[@]}"
  fi
  piece packages "$packages_key" "unpack the board's Debian packages" make_packages
  packages_path=$piece_path
}

# --- kernel -----------------------------------------------------------------------------------------------------------
# Module builds need headers, kbuild's files and its host tools; the sources and objects (1.6 GB) do not stay.
prune_kernel_tree() { # TREE
  (
    cd "$1"
    rm -rf Documentation tools sound samples .git*
    find arch -mindepth 1 -maxdepth 1 -type d ! -name arm64 -exec rm -rf {} +
    find drivers -mindepth 1 -maxdepth 1 -type d ! -name fpga ! -name remoteproc -exec rm -rf {} +
    find . -type f \( -name '*.[cSo]' -o -name '*.a' -o -name '*.dts*' -o -name '*.dtb' -o -name '.*.cmd' -o \
      -name '*.rst' -o -name '*.txt' \) ! -path './scripts/*' -delete
    rm -f vmlinux .tmp_vmlinux* arch/arm64/boot/Image*
    find . -type d -empty -delete
  )
}

make_kernel() { # DIRECTORY
  local dir=$1 tree=$1/tree
  apt_foreign "$suite" all "$dir/source" --no-deps "$kernel_source"
  apt_foreign --names "$suite" all --no-deps "$kernel_source" >"$dir/versions"
  mkdir "$tree"
  xz -dc -T0 "$dir/source/usr/src/$kernel_source.tar.xz" | tar -x -C "$tree" --strip-components=1
  rm -rf "$dir/source"
  (
    cd "$tree"
    # Fixed, so that the same inputs give the same bytes.
    export KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_USER=board KBUILD_BUILD_HOST=board KBUILD_BUILD_VERSION=1
    kernel_make() {
      make ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- CC="ccache aarch64-linux-gnu-gcc" HOSTCC="ccache gcc" "$@"
    }
    kernel_make tinyconfig
    ARCH=arm64 scripts/kconfig/merge_config.sh -m .config "$board/kernel.config"
    kernel_make olddefconfig
    require_options .config
    kernel_make -j"$(nproc)" Image modules
    # "-@": overlays name their targets by label.
    kernel_make -j"$(nproc)" DTC_FLAGS=-@ dtbs
    cp arch/arm64/boot/Image ../Image
    mkdir ../dtb
    cp arch/arm64/boot/dts/xilinx/*.dtb ../dtb/
  )
  prune_kernel_tree "$tree"
}

require_options() { # CONFIG: every option of kernel.config took, else kbuild would have dropped it silently
  local option missing=()
  while read -r option; do
    grep -qxF "$option" "$1" || missing+=("$option")
  done < <(grep '=' "$board/kernel.config" | grep '^CONFIG_' | grep -v '=n$')
  if ((${#missing[@]})); then
    echo "kernel.config asks for options that the kernel did not take: ${missing[*]}"
    return 1
  fi
}

build_kernel() {
  local names
  names=$(apt_foreign --names "$suite" all --no-deps "$kernel_source")
  kernel_key=$({ echo "$names" && cat "$board/kernel.config" && declare -f make_kernel prune_kernel_tree; } | key_of)
  if [[ ! -d $RUNX_ACCEL_CACHE/kernel-$kernel_key ]]; then
    apt_foreign "$suite" all "$scratch/source" --no-deps "$kernel_source"
    rm -rf "$scratch/source"
  fi
  # About as many lines does a whole build print; only the percentage shown depends on it.
  STEP_TOTAL=1790 piece kernel "$kernel_key" "build the kernel for Dom0 and the guests" make_kernel
  kernel_path=$piece_path
}

# --- device trees -----------------------------------------------------------------------------------------------------
build_dtb() {
  dtb_key=$({ echo "$kernel_key" && cat "$board/lib/dtb.sh"; } | key_of)
  piece dtb "$dtb_key" "make the board's device trees" make_dtb
  dtb_path=$piece_path
}

# --- Dom0's file system -----------------------------------------------------------------------------------------------
build_base() {
  base_key=$({
    echo "$packages_key $kernel_key $dtb_key"
    cat "$board/lib/dom0.sh" "$board"/dom0/*
  } | key_of)
  piece base "$base_key" "put Dom0's file system together" make_base
  base_path=$piece_path
}

# --- the simulated logic ----------------------------------------------------------------------------------------------
make_sim() { # DIRECTORY
  make -C "$board/sim" KDIR="$kernel_path/tree" BUILD="$scratch/sim"
  mkdir -p "$1/usr/lib/board/modules"
  cp "$scratch"/sim/*.ko "$1/usr/lib/board/modules/"
}

build_sim() {
  sim_path=
  compgen -G "$board/sim/*.c" >/dev/null || return 0
  local key
  key=$({ echo "$kernel_key" && cat "$board"/sim/{Makefile,*.[ch]}; } | key_of)
  piece sim "$key" "build the simulated logic's kernel module" make_sim
  sim_path=$piece_path
}

build_all() {
  need_packages "${host_packages[@]}"
  scratch=$(mktemp -d)
  build_packages
  build_kernel
  build_dtb
  build_base
  build_sim
  rm -rf "$scratch"
}
