# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion of accelkit's command lines for bash. accelkit itself knows its commands and options; where it offers
# nothing, a file's name is meant.

_accelkit() {
  mapfile -t COMPREPLY < <("$1" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _accelkit accelkit
