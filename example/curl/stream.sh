#!/usr/bin/env bash
# Streams a file: the request's body is the file, and memory stays flat however big it is.
#
#   stream.sh FILE [URL]       URL is http://127.0.0.1:8080 when left out
#
# Prints the response. Exit status: 0 stored, 22 rejected by the server, another one of curl's own.
set -euo pipefail
# shellcheck source=common.bash
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1 || $# > 2)); then
  printf 'usage: %s FILE [URL]\n' "${0##*/}" >&2
  exit 64
fi
file=$1
url=${2:-http://127.0.0.1:8080}
require_file "$file"

# --upload-file reads the file in chunks; --data-binary @FILE would first load all of it into memory.
# --globoff: braces and brackets in names are meant as they stand.
exec curl --silent --show-error --fail-with-body --globoff --header @<(authorization) \
  --request POST --upload-file "$file" \
  "${url%/}/stream-upload?name=$(escape "${file##*/}")"
