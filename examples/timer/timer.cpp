// SPDX-License-Identifier: Apache-2.0
// The program in the demo's container: drives a passed-through triple timer counter (TTC) from user space, through
// UIO, and proves that it counts and interrupts. It prints what it saw and exits with 7, or says what is wrong and
// exits with 1.
//
// Registers of the first of the three counters: Zynq UltraScale+ register reference (UG1087), module TTC.

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;

// Word offsets.
constexpr std::size_t clock_control = 0x00 / 4;
constexpr std::size_t counter_control = 0x0C / 4;
constexpr std::size_t counter_value = 0x18 / 4;
constexpr std::size_t interval = 0x24 / 4;
constexpr std::size_t interrupt_status = 0x54 / 4;  // reading clears it
constexpr std::size_t interrupt_enable = 0x60 / 4;

constexpr std::uint32_t prescale_by_32 = 0x1 | (4U << 1);
constexpr std::uint32_t stopped = 0x21;              // no output wave, counter disabled
constexpr std::uint32_t restart_in_interval = 0x32;  // no output wave, reset, interval mode
constexpr std::uint32_t on_interval = 0x1;
constexpr unsigned wanted_interrupts = 5;
constexpr int longest_wait_ms = 5000;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "timer: %s: %s\n", what, std::strerror(errno));
  _exit(1);
}

void sleep_ms(long ms) {
  const timespec time{ms / 1000, ms % 1000 * 1'000'000};
  ::nanosleep(&time, nullptr);
}

unsigned long address() {
  std::FILE* file = std::fopen("/sys/class/uio/uio0/maps/map0/addr", "r");
  unsigned long value = 0;
  if (file == nullptr || std::fscanf(file, "%lx", &value) != 1) give_up("no device in /sys/class/uio/uio0");
  std::fclose(file);
  return value;
}

void enable_interrupt(int uio) {
  const std::uint32_t on = 1;
  if (::write(uio, &on, sizeof on) != sizeof on) give_up("cannot enable the interrupt");
}

}  // namespace

int main() {
  const int uio = ::open("/dev/uio0", O_RDWR | O_CLOEXEC);
  if (uio < 0) give_up("cannot open /dev/uio0");
  void* mapping = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, uio, 0);
  if (mapping == MAP_FAILED) give_up("cannot map the registers");
  auto* timer = static_cast<volatile std::uint32_t*>(mapping);

  timer[counter_control] = stopped;
  timer[clock_control] = prescale_by_32;
  timer[interval] = 0xFFFF;
  static_cast<void>(timer[interrupt_status]);
  timer[interrupt_enable] = on_interval;
  enable_interrupt(uio);
  timer[counter_control] = restart_in_interval;

  const std::uint32_t first = timer[counter_value];
  sleep_ms(3);
  const std::uint32_t second = timer[counter_value];

  unsigned interrupts = 0;
  while (interrupts < wanted_interrupts) {
    pollfd wait{uio, POLLIN, 0};
    if (::poll(&wait, 1, longest_wait_ms) != 1) give_up("no interrupt within 5 s");
    std::uint32_t total = 0;
    if (::read(uio, &total, sizeof total) != sizeof total) give_up("cannot wait for the interrupt");
    ++interrupts;
    static_cast<void>(timer[interrupt_status]);
    enable_interrupt(uio);
  }
  timer[counter_control] = stopped;

  std::printf("timer at 0x%lx: counter read %u, then %u; %u interrupts\n", address(), first, second, interrupts);
  if (first == second) {
    std::fputs("timer: the counter stands still\n", stderr);
    return 1;
  }
  return 7;
}
