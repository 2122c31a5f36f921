#!/bin/bash
# Two Sluice servers behind nginx, in front of one object store: uploads a file, kills the server that receives it, and shows
# that the other continues, and that the object is complete.
#
#     example/s3/run.sh [FILE]
#
# Without FILE it sends 200 MB of random bytes. Needs python3-venv (OpenStack Swift is installed from PyPI, into
# ~/.cache/sluice), curl, nginx, and sluice in PATH, or its path in the variable SLUICE. Everything else is removed in the end.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engines=$here/../../Tests/Tools/engines
sluice=${SLUICE:-sluice}
venv=${XDG_CACHE_HOME:-$HOME/.cache}/sluice/openstack-swift
export PATH=$PATH:/usr/sbin:/sbin AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing

for program in "$sluice" curl nginx python3; do
  command -v "$program" >/dev/null || { echo "run.sh: $program is not installed" >&2 && exit 1; }
done

work=$(mktemp -d)
processes=()
cleanup() {
  trap - EXIT INT TERM
  [[ ${#processes[@]} -eq 0 ]] || kill -9 "${processes[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  if [[ -d $work/engine ]]; then "$engines/openstack-swift.sh" stop "$venv" "$work/engine" >/dev/null 2>&1 || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# free PORT...: whether nothing listens on these ports.
free() {
  python3 - "$@" <<'PYTHON'
import socket, sys
for port in sys.argv[1:]:
    socket.create_server(("127.0.0.1", int(port))).close()
PYTHON
}

port=""
for _ in $(seq 50); do
  first=$((20000 + RANDOM % 10000))
  if free $(seq "$first" $((first + 6))) 2>/dev/null; then port=$first && break; fi
done
[[ -n $port ]] || { echo "run.sh: no free ports" >&2 && exit 1; }
engine=http://127.0.0.1:$port front=http://127.0.0.1:$((port + 4)) servers=($((port + 5)) $((port + 6)))

# await URL LOG: waits until a server responds.
await() {
  for _ in $(seq 300); do
    if curl --silent --noproxy '*' --output /dev/null "$1"; then return; fi
    sleep 0.1
  done
  echo "run.sh: $1 does not respond" >&2
  cat "$2" >&2
  exit 1
}

echo "== OpenStack Swift"
[[ -x $venv/bin/python ]] || "$engines/openstack-swift.sh" install "$venv"
"$engines/openstack-swift.sh" start "$venv" "$work/engine" "$port"
"$engines/s3" "$engine" PUT /uploads

echo "== two servers, and nginx before them"
mkdir "$work/temporary"
for number in 0 1; do
  "$sluice" serve --plain --port "${servers[number]}" --dir "$work/spool-$number" --trusted-proxy 127.0.0.1 \
    --store s3://uploads/in --s3-endpoint "$engine" --s3-part-size 5MiB >"$work/server-$number.log" 2>&1 &
  processes+=($!)
done
sed -e "s/FRONT/$((port + 4))/" -e "s/FIRST/${servers[0]}/" -e "s/SECOND/${servers[1]}/" "$here/nginx.conf" >"$work/nginx.conf"
nginx -p "$work" -c "$work/nginx.conf" -e nginx.log &
processes+=($!)
for number in 0 1; do await "http://127.0.0.1:${servers[number]}/healthz" "$work/server-$number.log"; done
await "$front/healthz" "$work/nginx.log"
echo "$front leads to ports ${servers[*]}"

if (($# > 0)); then
  file=$1
else
  file=$work/random.bin
  head --bytes 200000000 /dev/urandom >"$file"
fi
name=$(basename "$file")

# received NUMBER: bytes that a server has received so far.
received() {
  curl --silent --noproxy '*' "http://127.0.0.1:${servers[$1]}/metrics" |
    awk '/^sluice_transferred_bytes_total.*incoming/ { sum += $2 } END { printf "%d", sum }'
}

echo "== uploading $name, $(stat --format %s "$file") bytes"
XDG_STATE_HOME=$work/state "$sluice" send "$file" --to "$front" --limit-rate 40M &
sending=$!
processes+=("$sending")
victim=""
for _ in $(seq 600); do
  for number in 0 1; do
    if (($(received "$number") > 30000000)); then victim=$number && break 2; fi
  done
  kill -0 "$sending" 2>/dev/null || break
  sleep 0.1
done
if [[ -n $victim ]]; then
  echo "== kill -9 of the server on port ${servers[victim]}, which has received $(received "$victim") bytes"
  kill -9 "${processes[victim]}"
else
  echo "== the upload has ended before a server was killed: send a larger file"
fi
wait "$sending"
echo "== the server on port ${servers[victim == 0]} has received $(received "$((victim == 0))") bytes"

"$engines/s3" "$engine" GET "/uploads/in/$name" "$work/copy"
sent=$(sha256sum <"$file") stored=$(sha256sum <"$work/copy")
echo "sent   ${sent%% *}"
echo "stored ${stored%% *}"
[[ $sent == "$stored" ]] || { echo "run.sh: the object differs from the file" >&2 && exit 1; }
echo "== the object is complete; nothing was lost"
