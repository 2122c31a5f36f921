// Two network namespaces, and between them a link with a delay, a rate and loss.
//
//     forwarder DELAY_NS BITS_PER_SECOND LOSS QUEUE_BYTES SEED
//
// Makes two namespaces, each with a TUN device `link0`, prints the descriptors of the namespaces as "FIRST SECOND", and
// forwards packets between the devices until its standard input ends, which it does with the process that has started
// this one. Then it prints how many packets were dropped because a queue was full, and how many were lost. nsenter(1)
// enters the namespaces as /proc/PID/fd/FIRST and SECOND; they end with this process and the programs in them.
//
// In each direction a packet waits until those before it have been sent at the rate, then DELAY_NS passes. A packet for
// which more than QUEUE_BYTES wait is dropped. LOSS is the probability, 0 to 1, with which any other is dropped.
//
// Without loss the devices accept TCP segments of up to 64 KiB, as network cards do, and count them as the packets that
// they would be sent in. With loss every packet is one of 1,500 bytes, so that a loss is that of one packet.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

// A header of virtio, and the largest IP packet.
enum { LARGEST = sizeof(struct virtio_net_hdr) + 65535 };

// Packets that are due within this time are delivered together: each wakeup costs several microseconds.
enum { SLACK_NS = 20000 };

struct packet {
  struct packet *next;
  int64_t due;
  size_t length;
  char bytes[];
};

// One direction. Packets leave in the order in which they came.
struct direction {
  int from, to;
  struct packet *first, **end;
  // When the last packet has been sent.
  int64_t idle;
  uint64_t dropped, lost;
};

struct link {
  int64_t delay;
  double ns_per_byte, loss;
  int64_t longest_wait;
  uint64_t random;
};

static void fail(const char *call) {
  fprintf(stderr, "%s: %s\n", call, strerror(errno));
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// A number from 0 to 1 (SplitMix64).
static double next_random(struct link *link) {
  uint64_t value = link->random += 0x9E3779B97F4A7C15;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
  value = (value ^ value >> 27) * 0x94D049BB133111EB;
  return (double)((value ^ value >> 31) >> 11) / (double)(1LL << 53);
}

// Makes a namespace with a TUN device, in which this process is then. Returns the namespace; the device in `tun`.
static int make_namespace(int *tun, int has_offload) {
  if (unshare(CLONE_NEWNET) != 0) fail("unshare");
  *tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (*tun < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_name = "link0"};
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (ioctl(*tun, TUNSETIFF, &request) != 0) fail("TUNSETIFF");
  if (ioctl(*tun, TUNSETOFFLOAD, has_offload ? TUN_F_CSUM | TUN_F_TSO4 : 0) != 0) fail("TUNSETOFFLOAD");
  int namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (namespace < 0) fail("/proc/self/ns/net");
  return namespace;
}

// Bytes on the link: a segment of TCP that is larger than a packet is sent in several, each with headers.
static size_t wire_bytes(const char *bytes, size_t length) {
  struct virtio_net_hdr header;
  memcpy(&header, bytes, sizeof header);
  size_t packet = length - sizeof header;
  if (header.gso_type == VIRTIO_NET_HDR_GSO_NONE || header.gso_size == 0 || header.hdr_len >= packet) return packet;
  size_t segments = (packet - header.hdr_len + header.gso_size - 1) / header.gso_size;
  return packet + (segments - 1) * header.hdr_len;
}

static void accept_packet(struct link *link, struct direction *way, const char *bytes, size_t length, int64_t time) {
  int64_t begin = way->idle > time ? way->idle : time;
  if (begin - time > link->longest_wait) {
    way->dropped++;
    return;
  }
  way->idle = begin + (int64_t)((double)wire_bytes(bytes, length) * link->ns_per_byte);
  if (link->loss > 0 && next_random(link) < link->loss) {
    way->lost++;
    return;
  }
  struct packet *packet = malloc(sizeof *packet + length);
  if (packet == NULL) fail("malloc");
  packet->next = NULL;
  packet->due = way->idle + link->delay;
  packet->length = length;
  memcpy(packet->bytes, bytes, length);
  *way->end = packet;
  way->end = &packet->next;
}

// Reads all packets that a namespace has sent.
static void receive(struct link *link, struct direction *way) {
  static char bytes[LARGEST];
  ssize_t length;
  while ((length = read(way->from, bytes, sizeof bytes)) > (ssize_t)sizeof(struct virtio_net_hdr))
    accept_packet(link, way, bytes, (size_t)length, now());
  if (length < 0 && errno != EAGAIN && errno != EIO) fail("read");
}

// Delivers what is due. A device that is not up yet rejects packets; they are dropped.
static void deliver(struct direction *way, int64_t time) {
  while (way->first != NULL && way->first->due <= time + SLACK_NS) {
    struct packet *packet = way->first;
    if (write(way->to, packet->bytes, packet->length) < 0) {
      if (errno == EAGAIN) return;
      way->dropped++;
    }
    way->first = packet->next;
    if (way->first == NULL) way->end = &way->first;
    free(packet);
  }
}

int main(int count, char **arguments) {
  if (count != 6) {
    fprintf(stderr, "usage: forwarder DELAY_NS BITS_PER_SECOND LOSS QUEUE_BYTES SEED\n");
    return 64;
  }
  struct link link = {
    .delay = atoll(arguments[1]), .ns_per_byte = 8e9 / atof(arguments[2]), .loss = atof(arguments[3]),
    .random = strtoull(arguments[5], NULL, 10),
  };
  link.longest_wait = (int64_t)(atof(arguments[4]) * link.ns_per_byte);
  // Otherwise the kernel delays each wakeup by 50 microseconds.
  prctl(PR_SET_TIMERSLACK, 1);
  int tuns[2];
  int namespaces[2];
  for (int side = 0; side < 2; side++) namespaces[side] = make_namespace(&tuns[side], link.loss == 0);
  struct direction ways[2] = {{.from = tuns[0], .to = tuns[1]}, {.from = tuns[1], .to = tuns[0]}};
  for (int way = 0; way < 2; way++) ways[way].end = &ways[way].first;
  printf("%d %d\n", namespaces[0], namespaces[1]);
  fflush(stdout);
  struct pollfd ready[3] = {{tuns[0], POLLIN, 0}, {tuns[1], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  while (ready[2].revents == 0) {
    int64_t due = INT64_MAX;
    for (int way = 0; way < 2; way++)
      if (ways[way].first != NULL && ways[way].first->due < due) due = ways[way].first->due;
    int64_t wait = due - now();
    if (wait < 0) wait = 0;
    struct timespec timeout = {wait / 1000000000, wait % 1000000000};
    if (ppoll(ready, 3, due == INT64_MAX ? NULL : &timeout, NULL) < 0 && errno != EINTR) fail("ppoll");
    for (int way = 0; way < 2; way++) {
      if (ready[way].revents & POLLIN) receive(&link, &ways[way]);
      deliver(&ways[way], now());
    }
  }
  printf("%llu %llu\n", (unsigned long long)(ways[0].dropped + ways[1].dropped),
    (unsigned long long)(ways[0].lost + ways[1].lost));
  return 0;
}
