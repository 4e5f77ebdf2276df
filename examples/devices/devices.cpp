// SPDX-License-Identifier: Apache-2.0
// What a program in a container does with two kinds of passed-through devices, through their Linux drivers:
//
//   devices can-answer can0 123        waits for a frame with the id 0x123, answers it with 0x124 and its bytes
//   reversed devices can-ask can0 123 TEXT      sends TEXT (8 bytes at most) until the answer comes, and prints that
//   devices gpio /dev/gpiochip0 LINE [ADDRESS]
//                                      says what the chip is, drives the line (0 to 15), and reads it. With ADDRESS its
//                                      registers stand there and are plain memory: then the program is the wire as well
//
// The CAN interface must be up (ip link set can0 up type can bitrate 500000). It says what is wrong and exits with 1.
// Sources: Linux's Documentation/networking/can.rst and include/uapi/linux/gpio.h (version 2 of its interface).

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <linux/can.h>
#include <linux/can/raw.h>
#include <linux/gpio.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int ask_again_ms = 250;
constexpr int longest_wait_ms = 60'000;

[[noreturn]] void give_up(const std::string& what, int error = errno) {
  std::fprintf(stderr, "devices: %s: %s\n", what.c_str(), std::strerror(error));
  _exit(1);
}

// A socket that receives only frames with the id `wanted`.
int can_socket(const std::string& interface, canid_t wanted) {
  const int fd = ::socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);
  if (fd < 0) give_up("no CAN sockets");
  sockaddr_can address{};
  address.can_family = AF_CAN;
  address.can_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  if (address.can_ifindex == 0) give_up("no interface " + interface);
  const can_filter filter{wanted, CAN_SFF_MASK | CAN_EFF_FLAG | CAN_RTR_FLAG};
  if (::setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, &filter, sizeof filter) != 0) give_up("cannot filter frames");
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("cannot use " + interface);
  return fd;
}

void send_frame(int fd, canid_t id, std::string_view text) {
  can_frame frame{};
  frame.can_id = id;
  frame.can_dlc = static_cast<std::uint8_t>(std::min<std::size_t>(text.size(), CAN_MAX_DLEN));
  std::memcpy(frame.data, text.data(), frame.can_dlc);
  if (::write(fd, &frame, sizeof frame) != sizeof frame) give_up("cannot send a frame");
}

// Empty when none has come in time.
std::string receive_frame(int fd, int limit_ms) {
  pollfd wait{fd, POLLIN, 0};
  if (::poll(&wait, 1, limit_ms) != 1) return {};
  can_frame frame{};
  if (::read(fd, &frame, sizeof frame) != sizeof frame) give_up("cannot receive a frame");
  return {reinterpret_cast<const char*>(frame.data), std::min<std::size_t>(frame.can_dlc, CAN_MAX_DLEN)};
}

int can_answer(const std::string& interface, canid_t id) {
  const int fd = can_socket(interface, id);
  std::puts("ready");
  std::fflush(stdout);
  auto text = receive_frame(fd, longest_wait_ms);
  if (text.empty()) give_up("no frame came", ETIMEDOUT);
  std::printf("%s heard %s\n", interface.c_str(), text.c_str());
  std::reverse(text.begin(), text.end());
  send_frame(fd, id + 1, text);
  // The frame is still with the driver; the domain's end would take it along.
  ::usleep(ask_again_ms * 1000);
  return 0;
}

int can_ask(const std::string& interface, canid_t id, const std::string& text) {
  const int fd = can_socket(interface, id + 1);
  std::string answer;
  for (int waited = 0; answer.empty() && waited < longest_wait_ms; waited += ask_again_ms) {
    send_frame(fd, id, text);
    answer = receive_frame(fd, ask_again_ms);
  }
  if (answer.empty()) give_up("no answer came", ETIMEDOUT);
  std::printf("%s said %s and heard %s\n", interface.c_str(), text.c_str(), answer.c_str());
  return 0;
}

unsigned line_value(int fd) {
  gpio_v2_line_values values{0, 1};
  if (::ioctl(fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) != 0) give_up("cannot read the line");
  return static_cast<unsigned>(values.bits & 1);
}

void set_line(int fd, unsigned value) {
  gpio_v2_line_values values{value, 1};
  if (::ioctl(fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) != 0) give_up("cannot set the line");
}

// The registers of a chip, seen past its driver. Offsets: Zynq UltraScale+ register reference (UG1087), module GPIO.
class Registers {
 public:
  explicit Registers(off_t address) {
    const int memory = ::open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
    if (memory < 0) give_up("cannot open /dev/mem");
    void* mapping = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, address);
    if (mapping == MAP_FAILED) give_up("cannot map the registers");
    words_ = static_cast<volatile std::uint32_t*>(mapping);
  }

  // What the driver wrote last into the masked register of lines 0 to 15: the value for `line`, for no other one.
  unsigned driven(std::uint32_t line) const {
    const std::uint32_t written = words_[0];
    if (written >> 16 != (~(1U << line) & 0xFFFFU)) give_up("the driver wrote for other lines", EIO);
    return written >> line & 1;
  }

  // The wire: the level of `line` as the chip sees it.
  void apply(std::uint32_t line, unsigned level) { words_[0x60 / 4] = level << line; }

 private:
  volatile std::uint32_t* words_ = nullptr;
};

int gpio(const std::string& path, std::uint32_t line, off_t registers_at) {
  const int chip = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (chip < 0) give_up("cannot open " + path);
  gpiochip_info info{};
  if (::ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, &info) != 0) give_up("cannot ask " + path);
  std::printf("%s is %s with %u lines\n", path.c_str(), info.label, info.lines);

  gpio_v2_line_info before{};
  before.offset = line;
  if (::ioctl(chip, GPIO_V2_GET_LINEINFO_IOCTL, &before) != 0) give_up("cannot ask about the line");
  const bool was_output = (before.flags & GPIO_V2_LINE_FLAG_OUTPUT) != 0;

  gpio_v2_line_request request{};
  request.offsets[0] = line;
  request.num_lines = 1;
  request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
  std::strncpy(request.consumer, "devices", sizeof request.consumer - 1);
  if (::ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) != 0) give_up("cannot have the line");
  std::optional<Registers> registers;
  if (registers_at != 0) registers.emplace(registers_at);
  for (const unsigned value : {1U, 0U, 1U}) {
    set_line(request.fd, value);
    if (!registers) continue;
    registers->apply(line, registers->driven(line));
    if (line_value(request.fd) != value) give_up("the line does not read what it is driven to", EIO);
  }
  std::printf("line %u was an %s, is an output, reads %u\n", line, was_output ? "output" : "input",
              line_value(request.fd));
  return 0;
}

int usage() {
  std::fputs("usage: devices can-answer IF ID | can-ask IF ID TEXT | gpio CHIP LINE [ADDRESS]\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "can-answer" && argc == 4) {
    return can_answer(argv[2], static_cast<canid_t>(std::strtoul(argv[3], nullptr, 16)));
  }
  if (verb == "can-ask" && argc == 5) {
    return can_ask(argv[2], static_cast<canid_t>(std::strtoul(argv[3], nullptr, 16)), argv[4]);
  }
  if (verb == "gpio" && (argc == 4 || argc == 5)) {
    const auto line = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10));
    if (line > 15) return usage();
    return gpio(argv[2], line, argc == 5 ? static_cast<off_t>(std::strtoul(argv[4], nullptr, 16)) : 0);
  }
  return usage();
}
