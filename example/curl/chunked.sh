#!/usr/bin/env bash
# Streams standard input, whose length is not known beforehand: it is sent in chunks, the last one empty.
#
#   tar -c photos | chunked.sh photos.tar [URL]       URL is http://127.0.0.1:8080 when left out
#
# An interrupted input (for example, tar fails) looks complete to curl; check the pipe's first program.
# Prints the response. Exit status: 0 stored, 22 rejected by the server, another one of curl's own.
set -euo pipefail
# shellcheck source=common.bash
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1 || $# > 2)); then
  printf 'usage: %s NAME [URL] < DATA\n' "${0##*/}" >&2
  exit 64
fi
name=$1
url=${2:-http://127.0.0.1:8080}

# "-" is standard input; without a length curl chooses the chunked transfer coding itself.
exec curl --silent --show-error --fail-with-body --globoff --header @<(authorization) \
  --request POST --upload-file - \
  "${url%/}/stream-upload?name=$(escape "$name")"
