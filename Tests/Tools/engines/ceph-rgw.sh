#!/bin/bash
# Ceph 16.2 (Debian 12) single node: one mon, one osd (memstore by default), one radosgw, all on loopback, no systemd, no cephx.
#   ceph-rgw.sh install             apt packages (no mgr, no mds)
#   ceph-rgw.sh start DIR PORT      S3 end point on 127.0.0.1:PORT; mon on PORT+1
#   ceph-rgw.sh stop DIR
# access key AKTEST  secret SKTEST123  region: any (default zonegroup, us-east-1)  path-style
# STORE=memstore|bluestore (bluestore: a sparse file DIR/osd/block of 10 GiB)
set -eu
cmd=${1:?}; D=${2:?dir}; P=${3:-18300}; STORE=${STORE:-memstore}
export CEPH_CONF=$D/ceph.conf
case $cmd in
install)
  export DEBIAN_FRONTEND=noninteractive
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
  apt-get install -y -q --no-install-recommends ceph-mon ceph-osd radosgw ceph-common ;;
start)
  rm -rf "$D"; mkdir -p "$D/mon" "$D/osd" "$D/run" "$D/log" "$D/rgw"
  FSID=$(cat /proc/sys/kernel/random/uuid)
  cat > "$D/ceph.conf" <<C
[global]
fsid = $FSID
mon host = v2:127.0.0.1:$((P+1))/0
public addr = 127.0.0.1
cluster addr = 127.0.0.1
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind ipv4 = true
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
auth supported = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
run dir = $D/run
admin socket = $D/run/\$name.\$pid.asok
log file = $D/log/\$name.log
pid file = $D/run/\$name.pid
mon cluster log file = $D/log/cluster.log
osd crush update on start = true
[mon]
mon data = $D/mon
mon data avail warn = 2
mon data avail crit = 1
[osd]
osd data = $D/osd
osd objectstore = $STORE
memstore device bytes = 2147483648
bluestore block size = 10737418240
bluestore fsck on mount = false
osd memory target = 939524096
[client]
ms mon client mode = crc
rgw frontends = beast endpoint=127.0.0.1:$P
rgw data = $D/rgw
rgw rados pool pg num min = 4
rgw bucket default quota max objects = -1
rgw dns name =
rgw thread pool size = 32
rgw num rados handles = 1
rgw enable usage log = false
rgw enable ops log = false
C
  monmaptool --create --addv a "[v2:127.0.0.1:$((P+1))]" --fsid "$FSID" "$D/monmap" >/dev/null
  ceph-mon --mkfs -i a --monmap "$D/monmap" --mon-data "$D/mon"
  : > "$D/run/pids"
  run() { local n=$1; shift; setsid nohup "$@" > "$D/log/$n.out" 2>&1 < /dev/null & echo $! >> "$D/run/pids"; }
  run mon ceph-mon -f -i a
  timeout 60 bash -c 'until timeout 5 ceph -s >/dev/null 2>&1; do sleep 0.2; done'
  ID=$(ceph osd new "$(cat /proc/sys/kernel/random/uuid)" | tr -d '\n'); [ "$ID" = 0 ]
  U=$(ceph osd dump -f json | python3 -c 'import json,sys; print(json.load(sys.stdin)["osds"][0]["uuid"])')
  ceph-osd -i 0 --mkfs --osd-uuid "$U" >"$D/log/mkfs.out" 2>&1
  run osd ceph-osd -f -i 0
  timeout 60 bash -c 'until ceph osd stat 2>/dev/null | grep -q "1 up"; do sleep 0.2; done'
  timeout 60 radosgw-admin user create --uid=ci --display-name=ci --access-key=AKTEST --secret-key=SKTEST123 >"$D/log/user.out" 2>&1
  run rgw radosgw -f -n client.rgw
  for _ in $(seq 600); do curl -sf --noproxy '*' -o /dev/null "http://127.0.0.1:$P/" && echo "ready http://127.0.0.1:$P" && exit 0; sleep 0.1; done
  echo "not ready; see $D/log" >&2; exit 1 ;;
stop)
  tac "$D/run/pids" | while read -r p; do kill "$p" 2>/dev/null || true; for _ in $(seq 100); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done; kill -9 "$p" 2>/dev/null || true; done ;;
esac
