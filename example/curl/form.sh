#!/usr/bin/env bash
# Sends files together in one form, as a browser does: all of them are stored, or none.
#
#   form.sh FILE... [URL]       URL is http://127.0.0.1:8080 when left out; it begins with http:// or https://
#
# Prints the response. Exit status: 0 stored, 22 rejected by the server, another one of curl's own.
set -euo pipefail
# shellcheck source=common.bash
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"

url=http://127.0.0.1:8080
if (($# > 0)) && [[ ${!#} =~ ^https?:// ]]; then
  url=${!#}
  set -- "${@:1:$#-1}"
fi
if (($# == 0)); then
  printf 'usage: %s FILE... [URL]\n' "${0##*/}" >&2
  exit 64
fi

fields=()
for file in "$@"; do
  require_file "$file"
  # In quotes, because a comma or a semicolon would end the path.
  path=${file//\\/\\\\}
  fields+=(--form "file=@\"${path//\"/\\\"}\"")
done

exec curl --silent --show-error --fail-with-body --globoff --header @<(authorization) \
  "${fields[@]}" "${url%/}/file-upload"
