# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Dom0's file system, as an uncompressed cpio archive: unpacking gzip under emulation costs more than the bytes do.

readonly xen_programs=(xl xenstored xenconsoled xenconsole xen-init-dom0 libxl-save-helper)
readonly dom0_programs=(bin/bash bin/busybox bin/containerd bin/containerd-shim-runc-v2 bin/ctr bin/fdtget sbin/runc)

needed_by() { # prints the names of the libraries that the files in DIRECTORY ask for
  find "$1" -type f -exec aarch64-linux-gnu-readelf -d {} + 2>/dev/null |
    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u
}

# Copies the libraries that the tree's programs need, and what these need, until nothing is missing.
copy_libraries() { # TREE
  local from=$packages_path/root/usr/lib/aarch64-linux-gnu to=$1/usr/lib/aarch64-linux-gnu library missing=yes
  mkdir -p "$to"
  # Loaded by name when first needed: by xl, and by every program that cancels a thread.
  cp "$from/libfdt.so.1" "$from/libgcc_s.so.1" "$to/"
  while [[ $missing == yes ]]; do
    missing=no
    for library in $(needed_by "$1/usr"); do
      [[ ! -e $to/$library ]] || continue
      if [[ ! -e $from/$library ]]; then
        echo "a program in Dom0 needs $library, which no package of the board has: add it to board_packages"
        return 1
      fi
      cp "$from/$library" "$to/"
      missing=yes
    done
  done
  ln -s aarch64-linux-gnu/ld-linux-aarch64.so.1 "$1/usr/lib/ld-linux-aarch64.so.1"
}

copy_programs() { # TREE
  local tree=$1 from=$packages_path/root program
  for program in "${dom0_programs[@]}"; do
    cp "$from/usr/$program" "$tree/usr/$program"
  done
  cp -P "$from"/usr/bin/xenstore* "$tree/usr/bin/"
  rm "$tree/usr/bin/xenstore-control"
  # Debian's wrapper asks which Xen runs and starts that one's tool; there is only one here.
  mkdir -p "$tree/usr/lib/xen-4.20/bin"
  for program in "${xen_programs[@]}"; do
    cp "$from/usr/lib/xen-4.20/bin/$program" "$tree/usr/lib/xen-4.20/bin/"
    ln -s "../lib/xen-4.20/bin/$program" "$tree/usr/sbin/$program"
  done
  cp -r "$from/etc/xen" "$tree/etc/"
}

make_base() { # DIRECTORY
  local dir=$1 tree=$1/root
  mkdir -p "$tree"/{boot,dev,etc/board,etc/containerd,job,mnt,proc,root,run,sys,tmp,var/{lib,log}}
  mkdir -p "$tree"/usr/{bin,sbin,lib/board,lib/runx-accel}
  ln -s usr/bin usr/sbin usr/lib "$tree/"
  ln -s ../run "$tree/var/run"
  ln -s ../run/lock "$tree/var/lock"
  copy_programs "$tree"
  copy_libraries "$tree"
  aarch64-linux-gnu-gcc -O2 -static -Wall -Wextra -Werror -o "$tree/usr/lib/board/window" "$board/dom0/window.c"
  install -m 755 "$board/dom0/init" "$tree/init"
  # busybox's own asks an init of busybox's.
  printf '#!/bin/bash\nexec /usr/bin/busybox poweroff -f\n' >"$tree/usr/sbin/poweroff"
  chmod 755 "$tree/usr/sbin/poweroff"
  install -m 644 "$board/dom0/functions.sh" "$tree/etc/board/"
  install -m 644 "$board/dom0/containerd.toml" "$tree/etc/containerd/config.toml"
  echo 'root:x:0:0:root:/root:/bin/bash' >"$tree/etc/passwd"
  echo 'root:x:0:' >"$tree/etc/group"
  echo board >"$tree/etc/hostname"
  cp "$dtb_path/xen.dtb" "$tree/boot/xen.dtb"
  cp "$kernel_path/Image" "$tree/usr/lib/runx-accel/guest-kernel"
  make_archive "$tree" "$dir/base.cpio"
  cp "$packages_path/root/boot/xen-4.20-arm64" "$dir/xen"
  aarch64-linux-gnu-gcc -c -DTREE_ADDRESS="$tree_address" -DXEN_ADDRESS="$xen_address" -o "$dir/entry.o" "$board/dom0/entry.S"
  aarch64-linux-gnu-objcopy -O binary "$dir/entry.o" "$dir/entry"
  rm "$dir/entry.o"
  rm -rf "$tree"
}

# Everything in it belongs to root, whoever makes it.
make_archive() { # TREE CPIO
  (cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z | cpio --quiet -o -H newc -0 -R 0:0) >"$2"
}
