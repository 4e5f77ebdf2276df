// SPDX-License-Identifier: Apache-2.0
//
// window: how a job's output leaves the emulated board.
//
// The board has no network and its serial line is shared by Xen, the kernel and
// the jobs; but its memory is a file of the host's. 32 MiB of it, reserved in the
// device tree, are the window: this program writes there, lib/run.sh reads there.
// No byte is lost or mixed with others', and it is as quick as memory.
//
//   window phase N        1: Dom0 is up, 2: the job starts
//   window stream         copies standard input to the stream until its end; at
//                         SIGTERM it copies what is there already, and stops
//   window results FILE   puts the file into the results
//   window status N       the job's exit status; nothing comes after it
//
// Layout: little-endian 64-bit words magic, phase, stream length, results length,
// status + 1 (0: still running), stream bytes lost; the stream at 4 KiB, the
// results in the second half. A length is written after the bytes it counts.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const off_t window_address = 0x7e000000; // also in lib/dtb.sh
static const size_t window_size = 0x2000000;
static const size_t stream_start = 0x1000;
static const size_t results_start = 0x1000000;
static const uint64_t magic = 0x776f646e69577852; // "RxWindow"

struct header {
  uint64_t magic;
  uint64_t phase;
  uint64_t stream_length;
  uint64_t results_length;
  uint64_t status_plus_one;
  uint64_t stream_lost;
};

static volatile sig_atomic_t asked_to_stop;

static void on_sigterm(int signal_number) {
  (void)signal_number;
  asked_to_stop = 1;
}

static void fail(const char *what) {
  fprintf(stderr, "window: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void publish(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

// The window is device memory for Dom0, where an unaligned or wide access would fault: whole words, byte by byte at
// the ends.
static void copy_in(uint8_t *to, const uint8_t *from, size_t size) {
  volatile uint8_t *out = to;
  for (; size && ((uintptr_t)out & 7); --size) *out++ = *from++;
  for (; size >= 8; size -= 8, out += 8, from += 8) {
    uint64_t word;
    memcpy(&word, from, 8);
    *(volatile uint64_t *)out = word;
  }
  for (; size; --size) *out++ = *from++;
}

static void stream(uint8_t *window) {
  struct header *header = (struct header *)window;
  const size_t room = results_start - stream_start;
  struct sigaction action = {.sa_handler = on_sigterm};
  sigaction(SIGTERM, &action, NULL);
  static uint8_t buffer[65536];
  for (;;) {
    struct pollfd input = {.fd = 0, .events = POLLIN};
    // A signal between the test and poll() is noticed at the next round.
    int ready = poll(&input, 1, asked_to_stop ? 0 : 200);
    if (ready < 0 && errno != EINTR) fail("poll");
    if (ready <= 0) {
      if (asked_to_stop) return;
      continue;
    }
    ssize_t got = read(0, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read");
    if (got == 0) return;
    size_t length = header->stream_length;
    size_t fits = (size_t)got < room - length ? (size_t)got : room - length;
    copy_in(window + stream_start + length, buffer, fits);
    publish(&header->stream_length, length + fits);
    publish(&header->stream_lost, header->stream_lost + ((size_t)got - fits));
  }
}

static void results(uint8_t *window, const char *path) {
  struct header *header = (struct header *)window;
  static uint8_t buffer[65536];
  size_t length = 0;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path);
  for (;;) {
    ssize_t got = read(file, buffer, sizeof buffer);
    if (got < 0) fail(path);
    if (got == 0) break;
    if ((size_t)got > window_size - results_start - length) {
      fprintf(stderr, "window: %s: more than %zu bytes of results\n", path, window_size - results_start);
      exit(1);
    }
    copy_in(window + results_start + length, buffer, (size_t)got);
    length += (size_t)got;
  }
  close(file);
  publish(&header->results_length, length);
}

int main(int argc, char **argv) {
  const char *verb = argc > 1 ? argv[1] : "";
  int memory = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
  if (memory < 0) fail("/dev/mem");
  uint8_t *window = mmap(NULL, window_size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, window_address);
  if (window == MAP_FAILED) fail("mmap");
  struct header *header = (struct header *)window;

  if (argc == 3 && !strcmp(verb, "phase")) {
    publish(&header->magic, magic);
    publish(&header->phase, strtoull(argv[2], NULL, 10));
  } else if (argc == 2 && !strcmp(verb, "stream")) {
    stream(window);
  } else if (argc == 3 && !strcmp(verb, "results")) {
    results(window, argv[2]);
  } else if (argc == 3 && !strcmp(verb, "status")) {
    publish(&header->status_plus_one, strtoull(argv[2], NULL, 10) + 1);
  } else {
    fprintf(stderr, "usage: window phase N | stream | results FILE | status N\n");
    return 2;
  }
  return 0;
}
