// SPDX-License-Identifier: Apache-2.0
//
// The board's first instructions: starts Xen with its device tree. QEMU's own boot code would write the memory into
// the tree as one block from 0, which is wrong above 2 GiB: there the devices are.
// lib/dom0.sh passes the addresses; registers as Linux's arm64 boot protocol has them, which is Xen's too.
  ldr x0, =TREE_ADDRESS
  mov x1, xzr
  mov x2, xzr
  mov x3, xzr
  ldr x4, =XEN_ADDRESS
  br x4
