#!/usr/bin/env bash
# Stores a file under its own name with PUT, for machines that have wget and no curl.
#
#   put.sh FILE [URL]       URL is http://127.0.0.1:8080 when left out
#
# Prints the response. Exit status: 0 stored, 8 rejected by the server, another one of wget's own.
set -euo pipefail
# shellcheck source=../curl/common.bash
source "$(dirname "${BASH_SOURCE[0]}")/../curl/common.bash"

if (($# < 1 || $# > 2)); then
  printf 'usage: %s FILE [URL]\n' "${0##*/}" >&2
  exit 64
fi
file=$1
url=${2:-http://127.0.0.1:8080}
require_file "$file"

options=()
if [[ -n ${SLUICE_TOKEN-} ]]; then
  # wget takes a header from its command line, which all users of the machine can read, or from its settings, which must
  # be a file and no pipe: one that is gone as soon as it is open.
  settings=$(mktemp)
  exec {descriptor}<"$settings"
  cat "${WGETRC:-$HOME/.wgetrc}" >"$settings" 2>/dev/null || true
  printf '\nheader = %s\n' "$(authorization)" >>"$settings"
  rm "$settings"
  options=(--config="/dev/fd/$descriptor")
fi

# One attempt: to send a file again because a response was lost would store it twice.
exec wget "${options[@]}" --no-verbose --tries=1 --content-on-error --output-document=- \
  --method=PUT --body-file="$file" --header='Content-Type: application/octet-stream' \
  "${url%/}/$(escape "${file##*/}")"
