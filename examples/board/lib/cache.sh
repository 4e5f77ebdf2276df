# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The board's built pieces. Each lies in $RUNX_ACCEL_CACHE/<piece>-<key>, the key a hash of everything that it is made
# from; it appears there by one rename, so a piece that is there is whole. A piece in use is held by a shared lock, so
# that a build with other inputs does not prune it away.

key_of() { # prints the key of the bytes on stdin
  sha256sum | cut -c 1-16
}

# Keeps the piece from being pruned as long as this shell and what it starts live.
hold() { # PIECE_DIRECTORY
  local held
  exec {held}<"$1"
  flock -s "$held"
}

_prune() { # NAME KEY: removes the piece's other keys that nobody holds
  local old lock
  for old in "$RUNX_ACCEL_CACHE/$1"-????????????????; do
    [[ -d $old && $old != "$RUNX_ACCEL_CACHE/$1-$2" ]] || continue
    exec {lock}<"$old"
    if flock -n -x "$lock"; then rm -rf "$old"; fi
    exec {lock}<&-
  done
}

# Builds the piece unless it is there: FUNCTION is called with the directory to fill. Sets piece_path.
piece() { # NAME KEY WHAT FUNCTION
  local name=$1 key=$2 what=$3 make=$4 partial lock
  piece_path=$RUNX_ACCEL_CACHE/$name-$key
  mkdir -p "$RUNX_ACCEL_CACHE"
  exec {lock}>"$RUNX_ACCEL_CACHE/$name.lock"
  if ! flock -n "$lock"; then
    echo "$what: another run is at it, waiting"
    flock "$lock"
  fi
  if [[ ! -d $piece_path ]]; then
    # Whatever an interrupted run left: the lock says that nobody is at it now.
    rm -rf "$RUNX_ACCEL_CACHE/.$name".partial.*
    partial=$(mktemp -d "$RUNX_ACCEL_CACHE/.$name.partial.XXXXXX")
    chmod 755 "$partial"
    step "$what" "$make" "$partial"
    mv -T "$partial" "$piece_path"
  fi
  hold "$piece_path"
  _prune "$name" "$key"
  exec {lock}>&-
}
