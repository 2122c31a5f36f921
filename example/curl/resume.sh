#!/usr/bin/env bash
# Sends a file that continues after an interruption, with the protocol of the IETF's draft "Resumable Uploads for HTTP"
# (interop version 10): an empty creation, then PATCH with the file, and HEAD to ask where to continue.
#
#   resume.sh FILE [URL]       URL is http://127.0.0.1:8080 when left out
#
# Retries when the connection breaks or the server is away. The upload's own URL is kept in FILE.upload until the file
# is stored, so that the same command continues after Ctrl-C or a crash; a file that has changed since is sent from its
# start. Prints the response. Exit status: 0 stored, 22 rejected by the server, 1 given up or not readable, 64 wrong usage.
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
size=$(stat --dereference --format %s -- "$file")
# What the kept URL belongs to.
description="$size $(stat --dereference --format %Y -- "$file") $url"
state=$file.upload
# Attempts that bring no byte forward; each that does begins the count anew.
attempts=10

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Sends a request. Sets status (000 without a response) and leaves headers and body in files.
#   request METHOD URL [CURL ARGUMENT...]
request() {
  : >"$scratch/headers"
  : >"$scratch/body"
  # A connection that stalls for a minute counts as interrupted.
  status=$(curl --silent --show-error --globoff --request "$1" --header @<(authorization) \
    --header 'Upload-Draft-Interop-Version: 10' --dump-header "$scratch/headers" --output "$scratch/body" \
    --connect-timeout 30 --speed-limit 1 --speed-time 60 --write-out '%{http_code}' "${@:3}" "$2") || true
  # An interim response alone is none.
  if [[ $status == 1?? ]]; then status=000; fi
}

# Prints the value of a header field of the last response; interim ones come before it.
field() {
  awk -v name="${1,,}:" 'tolower($1) == name { sub(/^[^:]*:[ \t]*/, ""); sub(/[ \t\r]*$/, ""); value = $0 }
    END { print value }' "$scratch/headers"
}

# Ends the script with the response where no further attempt can succeed.
end_if_rejected() {
  case $status in
    2?? | 000 | 408 | 409 | 429 | 5??) ;;
    *)
      cat "$scratch/body"
      printf '\n%s: %s: status %s\n' "${0##*/}" "$1" "$status" >&2
      exit 22
      ;;
  esac
}

# Creates an upload without content: every client can read the response to that. Keeps the URL.
create() {
  request POST "${url%/}/stream-upload?name=$(escape "${file##*/}")" \
    --header 'Upload-Complete: ?0' --header "Upload-Length: $size" --header 'Content-Length: 0'
  end_if_rejected 'not created'
  upload=$(field Location)
  if [[ $status != 201 || -z $upload ]]; then
    upload=
    return 1
  fi
  # Location may be relative to the host.
  if [[ $upload == /* ]]; then upload=$(grep --only-matching --extended-regexp '^https?://[^/]+' <<<"$url")$upload; fi
  (umask 077 && printf '%s\n%s\n' "$description" "$upload" >"$state")
  offset=0
}

# Asks how many bytes the server has.
ask() {
  request HEAD "$upload" --head
  if [[ $status == 404 || $status == 410 ]]; then
    upload=
    return 1
  fi
  end_if_rejected 'no offset'
  offset=$(field Upload-Offset)
  [[ $status == 2?? && $offset =~ ^[0-9]+$ ]] || return 1
  if ((offset > 0)); then printf 'continues at %s of %s bytes\n' "$offset" "$size" >&2; fi
}

# Sends the rest of the file, which ends the upload. Returns 0 with the final response.
append() {
  local rest=("--upload-file" "$file" "--continue-at" "$offset")
  # Nothing is left to be sent when only the last response was lost.
  if ((offset == size)); then rest=("--header" "Content-Length: 0"); fi
  # curl's own Content-Range is for PUT, and is left out.
  request PATCH "$upload" --header 'Content-Range:' --header 'Content-Type: application/partial-upload' \
    --header "Upload-Offset: $offset" --header 'Upload-Complete: ?1' "${rest[@]}"
  if [[ $(field Upload-Complete) == '?1' && $status == 2?? ]]; then return 0; fi
  end_if_rejected 'not stored'
  return 1
}

upload=
offset=0
if [[ -r $state ]] && { read -r known && read -r kept; } <"$state" && [[ $known == "$description" ]]; then
  upload=$kept
fi

attempt=0
best=-1
is_new=false
while true; do
  if [[ -z $upload ]]; then
    if create; then is_new=true; fi
  fi
  if [[ -n $upload ]] && { $is_new || ask; } && append; then
    rm -f -- "$state"
    cat "$scratch/body"
    exit 0
  fi
  # An upload that the server does not know (any more) begins anew, without a pause.
  if [[ -z $upload && ($status == 404 || $status == 410) && $is_new == false ]]; then
    attempt=$((attempt + 1))
    continue
  fi
  is_new=false
  if ((offset > best)); then
    best=$offset
    attempt=0
  fi
  attempt=$((attempt + 1))
  if ((attempt > attempts)); then
    printf '%s: given up after %s attempts without progress\n' "${0##*/}" "$attempts" >&2
    exit 1
  fi
  # 0.5 s at first, doubled up to 30 s.
  milliseconds=$((attempt > 6 ? 30000 : 500 << (attempt - 1)))
  printf 'interrupted, next attempt in %s ms\n' "$milliseconds" >&2
  sleep "$((milliseconds / 1000)).$(printf '%03d' $((milliseconds % 1000)))"
done
