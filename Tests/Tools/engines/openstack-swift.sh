#!/bin/bash
# OpenStack Swift (PyPI package "swift", 2.38.3) all-in-one: proxy + account + container + object servers,
# s3api + tempauth, 1 replica, plain directory as the device. No root, no apt, no memcached needed.
# The file system under DIR must have user xattrs (ext4, xfs, btrfs, tmpfs on Linux >= 6.6).
#   openstack-swift.sh install VENV            python3 -m venv + pip install swift==2.38.3 (wheels only)
#   openstack-swift.sh start VENV DIR PORT     S3 end point on 127.0.0.1:PORT; back ends on PORT+1..PORT+3
#   openstack-swift.sh restart-object VENV DIR      starts the object server again, after it was killed
#   openstack-swift.sh stop VENV DIR
# access key  test:tester   secret  testing   region us-east-1   path-style addressing
set -eu
# run_server NAME FILE: starts one server in the background.
run_server() {
  setsid nohup "$V/bin/python" "$D/run/sw.py" "$D/conf" "swift.$1.server" "$D/conf/$2-server.conf" -v \
    >> "$D/log/$2.log" 2>&1 < /dev/null &
  echo $! >> "$D/run/pids"
}
cmd=${1:?}; V=${2:?venv}; D=${3:-}; P=${4:-18080}
case $cmd in
install)
  python3 -m venv "$V"
  "$V/bin/pip" install -q --disable-pip-version-check --only-binary=:all: "swift==${SWIFT_VERSION:-2.38.3}" ;;
start)
  : "${D:?dir}"; mkdir -p "$D/conf" "$D/srv/d1" "$D/cache" "$D/run" "$D/log"
  ME=$(id -un)
  printf '[swift-hash]\nswift_hash_path_suffix = ci\nswift_hash_path_prefix = ci\n[storage-policy:0]\nname = gold\ndefault = yes\n' > "$D/conf/swift.conf"
  # the servers read /etc/swift/swift.conf (a constant); this launcher points them at $D/conf instead
  cat > "$D/run/sw.py" <<'PY'
import sys, importlib
import swift.common.utils as u
u.set_swift_dir(sys.argv.pop(1))
mod = importlib.import_module(sys.argv.pop(1))
sys.exit(mod.main())
PY
  common() { printf '[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = %s\nworkers = %s\nuser = %s\nswift_dir = %s\ndevices = %s\nmount_check = false\ndisable_fallocate = true\nfallocate_reserve = 0\nlog_level = %s\nrecon_cache_path = %s\n' \
      "$1" "${SWIFT_WORKERS:-1}" "$ME" "$D/conf" "$D/srv" "${SWIFT_LOG_LEVEL:-WARNING}" "$D/cache"; }
  { common "$P"; cat <<'C'
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck listing_formats bulk s3api tempauth slo dlo versioned_writes symlink copy proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# By default the proxy does not use a server for a minute after ten errors: longer than a test of an outage should take.
error_suppression_interval = 2
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_upload_part_num = 10000
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
[filter:copy]
use = egg:swift#copy
C
  } > "$D/conf/proxy-server.conf"
  i=0
  for n in account container object; do i=$((i+1)); pt=$((P+i))
    { common $pt; printf '[pipeline:main]\npipeline = %s-server\n[app:%s-server]\nuse = egg:swift#%s\n' $n $n $n; } > "$D/conf/$n-server.conf"
    printf 'from swift.common.ring import RingBuilder\nb = RingBuilder(4, 1, 0)\nb.add_dev(dict(id=0, region=1, zone=1, ip="127.0.0.1", port=%s, replication_ip="127.0.0.1", replication_port=%s, device="d1", weight=1.0, meta=""))\nb.rebalance()\nb.get_ring().save("%s")\n' $pt $pt "$D/conf/$n.ring.gz"
  done | "$V/bin/python" -
  : > "$D/run/pids"
  for n in account container obj proxy; do f=$n; [ $n = obj ] && f=object
    run_server "$n" "$f"
  done
  for i in $(seq 600); do
    if curl -sf --noproxy '*' -o /dev/null "http://127.0.0.1:$P/healthcheck"; then
      # The back ends must respond as well.
      up=1; for k in 1 2 3; do curl -s --noproxy '*' -o /dev/null "http://127.0.0.1:$((P+k))/" || up=0; done; [ $up = 1 ] && break
    fi; up=0; sleep 0.1; done
  [ "$up" = 1 ] || { echo "not ready; see $D/log" >&2; exit 1; }
  echo "ready http://127.0.0.1:$P" ;;
restart-object)
  : "${D:?dir}"; run_server obj object ;;
stop)
  : "${D:?dir}"
  while read -r p; do kill "$p" 2>/dev/null || true; done < "$D/run/pids"
  for i in $(seq 50); do a=0; while read -r p; do kill -0 "$p" 2>/dev/null && a=1; done < "$D/run/pids"; [ $a = 0 ] && exit 0; sleep 0.1; done
  while read -r p; do kill -9 -- -"$p" 2>/dev/null || true; done < "$D/run/pids" ;;
esac
