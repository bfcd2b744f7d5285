// What the kernel itself costs: forwarder.mjs once more, in C, with as few system calls as Linux has: up to 64 datagrams come in with
// one call and leave with one. Nothing that relays over sockets can be much cheaper.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BATCH 64
#define BYTES_MAX 2048
#define HEAD 4

struct relay {
  int socket;
  struct sockaddr_in client, peer;
};

static struct relay *by_client[65536], *by_socket[65536];
static struct mmsghdr in[BATCH], out[BATCH];
static struct iovec in_parts[BATCH], out_parts[BATCH];
static struct sockaddr_in from[BATCH];
// Room before each datagram for ChannelData's head.
static unsigned char bytes[BATCH][HEAD + BYTES_MAX];

static int open_socket(int epoll, int port) {
  int it = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), buffer = 4 << 20;
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event event = {.events = EPOLLIN, .data.fd = it};
  setsockopt(it, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (it < 0 || bind(it, (void *)&here, sizeof here) || epoll_ctl(epoll, EPOLL_CTL_ADD, it, &event)) exit(1);
  return it;
}

static void put(int at, unsigned char *data, int length, struct sockaddr_in *to) {
  out_parts[at] = (struct iovec){data, length};
  out[at].msg_hdr = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &out_parts[at], .msg_iovlen = 1};
}

static void from_clients(int epoll, int listener, int count) {
  for (int first = 0; first < count;) {
    unsigned char *data = bytes[first] + HEAD;
    struct relay *relay = by_client[ntohs(from[first].sin_port)];
    if (data[0] != 0x40) {
      if (data[0] == 'P') {
        relay = calloc(1, sizeof *relay);
        relay->socket = open_socket(epoll, 0);
        relay->client = relay->peer = from[first];
        relay->peer.sin_port = htons(data[1] << 8 | data[2]);
        by_client[ntohs(from[first].sin_port)] = by_socket[relay->socket] = relay;
      }
      sendto(listener, data, in[first].msg_len, 0, (void *)&from[first], sizeof from[first]);
      first++;
      continue;
    }
    // All that this client has sent leaves together, whoever came between.
    int batch = 0;
    for (int i = first; i < count; i++) {
      if (in[i].msg_len == 0 || from[i].sin_port != from[first].sin_port || bytes[i][HEAD] != 0x40) continue;
      put(batch++, bytes[i] + HEAD + HEAD, in[i].msg_len - HEAD, &relay->peer);
      in[i].msg_len = 0;
    }
    if (batch > 0) sendmmsg(relay->socket, out, batch, 0);
    while (first < count && in[first].msg_len == 0) first++;
  }
}

static void from_peer(int listener, struct relay *relay, int count) {
  for (int i = 0; i < count; i++) {
    unsigned length = in[i].msg_len;
    memcpy(bytes[i], (unsigned char[]){0x40, 0, length >> 8, length}, HEAD);
    put(i, bytes[i], HEAD + length, &relay->client);
  }
  sendmmsg(listener, out, count, 0);
}

int main(void) {
  int epoll = epoll_create1(0), listener = open_socket(epoll, atoi(getenv("BENCH_PORT")));
  struct epoll_event events[BATCH];
  for (int i = 0; i < BATCH; i++) {
    in_parts[i] = (struct iovec){bytes[i] + HEAD, BYTES_MAX};
    in[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &in_parts[i], .msg_iovlen = 1};
  }
  for (;;) {
    int ready = epoll_wait(epoll, events, BATCH, -1);
    for (int i = 0; i < ready; i++) {
      int it = events[i].data.fd;
      int count = recvmmsg(it, in, BATCH, 0, NULL);
      if (count > 0 && it == listener) from_clients(epoll, listener, count);
      if (count > 0 && it != listener) from_peer(listener, by_socket[it], count);
    }
  }
}
