# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Long steps that say what they do, and packages that are asked for once. Sourced by ./demo, ./check and the board.
#
#   step "what is done" COMMAND [ARGUMENT...]
#       Runs the command (a program or a shell function, in a child shell of its own with `set -e`), its output in a
#       log file. Shows what, how far, and how long: in place on a terminal, else as a new line every 15 s. How far is
#       read from the log: "[N/M]" (ninja), "12% [" (apt's downloads), or, when STEP_TOTAL is set to the expected
#       number, the count of lines that match STEP_PATTERN (unless set: kbuild's "  CC file.o"), shown with the word
#       STEP_UNIT (unless set: CC). A failure prints the log's last 20 lines and where the log is, and returns the
#       command's status. Call it plainly, not in an `if` or before `||`: bash would then run the command without
#       `set -e`.
#   need_packages PACKAGE...
#       Installs the Debian packages that are missing, after saying how much will be downloaded. When nothing is
#       missing it prints nothing and never reaches the network.
#
# Everything cached lives in one directory: $RUNX_ACCEL_CACHE, else $XDG_CACHE_HOME/runx-accel, else ~/.cache/runx-accel.

RUNX_ACCEL_CACHE=${RUNX_ACCEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/runx-accel}
export RUNX_ACCEL_CACHE

_step_child=
_step_seconds() { # SECONDS -> "1 min 5 s"
  if (($1 >= 60)); then echo "$(($1 / 60)) min $(($1 % 60)) s"; else echo "$1 s"; fi
}

# Prints how far the log says that the command is; nothing where it does not say.
_step_progress() {
  local end count
  end=$(tail -c 4096 "$1" 2>/dev/null | tr '\r' '\n' | grep -aoE '^ *\[ *[0-9]+/[0-9]+\]|^[0-9]+% \[' | tail -n 1 || true)
  if [[ $end =~ ([0-9]+)/([0-9]+)\] ]] && ((10#${BASH_REMATCH[2]} > 0)); then
    echo "$((10#${BASH_REMATCH[1]}))/$((10#${BASH_REMATCH[2]})), $((10#${BASH_REMATCH[1]} * 100 / 10#${BASH_REMATCH[2]})) %"
  elif [[ $end == *%* ]]; then
    echo "${end%%%*} %"
  elif ((${STEP_TOTAL:-0} > 0)); then
    count=$(grep -acE "${STEP_PATTERN:-^  [A-Z0-9]+ }" "$1" || true)
    ((count <= STEP_TOTAL)) || count=$STEP_TOTAL
    echo "${STEP_UNIT:-CC} $count/$STEP_TOTAL, $((count * 100 / STEP_TOTAL)) %"
  fi
}

_step_stop() { # ends the running step's whole process group, then the caller
  trap - INT TERM
  [[ -z $_step_child ]] || kill -- "-$_step_child" 2>/dev/null || true
  exit 130
}

step() {
  local what=$1 log started now shown=0 status=0 far old_int old_term
  shift
  mkdir -p "$RUNX_ACCEL_CACHE/logs"
  log=$(mktemp "$RUNX_ACCEL_CACHE/logs/$(tr -cs 'A-Za-z0-9' - <<<"$what" | cut -c 1-40)XXXXXX.log")
  started=$SECONDS
  [[ -t 1 ]] && printf '%s ...' "$what" || printf '%s ...\n' "$what"

  # A process group of its own, so that an interrupt ends make's children too.
  old_int=$(trap -p INT) old_term=$(trap -p TERM)
  set -m
  (set -e; set +m; "$@") >"$log" 2>&1 </dev/null &
  _step_child=$!
  set +m
  trap _step_stop INT TERM
  while kill -0 "$_step_child" 2>/dev/null; do
    sleep 0.2
    now=$((SECONDS - started))
    if [[ -t 1 ]] && ((now > shown)); then
      shown=$now far=$(_step_progress "$log")
      printf '\r\033[K%s ... %s%s' "$what" "${far:+$far, }" "$(_step_seconds "$now")"
    elif [[ ! -t 1 ]] && ((now >= shown + 15)); then
      shown=$now far=$(_step_progress "$log")
      printf '  %s: %s%s\n' "$what" "${far:+$far, }" "$(_step_seconds "$now")"
    fi
  done
  wait "$_step_child" || status=$?
  _step_child=
  trap - INT TERM
  eval "$old_int"
  eval "$old_term"

  now=$(_step_seconds $((SECONDS - started)))
  [[ -t 1 ]] && printf '\r\033[K'
  if ((status == 0)); then
    echo "$what: done, $now"
    rm -f "$log"
  else
    echo "$what: failed with status $status after $now; the end of its log:"
    tail -n 20 "$log" | sed 's/^/    /'
    echo "the whole log: $log"
  fi
  return "$status"
}

_megabytes() { awk -v bytes="$1" 'BEGIN { printf (bytes < 1e6 ? "%.2f MB" : "%.0f MB"), bytes / 1e6 }'; }

_as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

_apt() { # apt-get that waits for another's lock, asks nothing, and shows percentages
  _as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o quiet=0 -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
    --no-install-recommends "$@"
}

need_packages() {
  local missing=() package plan files
  for package; do
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) == ?i* ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
    echo "these packages are missing, and there is no sudo to install them with; as root, run:" >&2
    echo "    apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "missing packages: ${missing[*]}"
  # A mirror keeps only the newest versions, so lists of last month name files that are gone.
  step "fetch apt's package lists (about 10 MB)" _apt update
  plan=$(apt-get install --print-uris -qq -y --no-install-recommends "${missing[@]}")
  files=$(grep -c "^'" <<<"$plan" || true)
  echo "to download: $files packages, $(_megabytes "$(awk "/^'/ { bytes += \$3 } END { print bytes + 0 }" <<<"$plan")")"
  step "download $files packages" _apt --download-only install "${missing[@]}"
  STEP_TOTAL=$((2 * files)) STEP_PATTERN='^(Unpacking|Setting up) ' STEP_UNIT=package \
    step "install $files packages" _apt install "${missing[@]}"
}
