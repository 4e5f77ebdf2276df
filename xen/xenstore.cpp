// SPDX-License-Identifier: Apache-2.0
#include "xen/xenstore.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace runx::xen {

namespace {

// Where Debian's xenstored listens (XEN_RUN_STORED of its build).
constexpr const char* socket_path = "/run/xenstored/socket";

// enum xsd_sockmsg_type
constexpr std::uint32_t type_read = 2;
constexpr std::uint32_t type_watch = 4;
constexpr std::uint32_t type_write = 11;
constexpr std::uint32_t type_remove = 13;
constexpr std::uint32_t type_watch_event = 15;
constexpr std::uint32_t type_error = 16;

// struct xsd_sockmsg, in the byte order of the machine.
struct Header {
  std::uint32_t type;
  std::uint32_t request;
  std::uint32_t transaction;
  std::uint32_t length;
};

constexpr int answer_limit_ms = 10'000;  // milliseconds
constexpr std::size_t max_events = 256;

// Errors travel as names, for portability (struct xsd_errors).
std::errc error_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::errc>, 10> names{{
      {"ENOENT", std::errc::no_such_file_or_directory},
      {"EACCES", std::errc::permission_denied},
      {"EINVAL", std::errc::invalid_argument},
      {"EEXIST", std::errc::file_exists},
      {"ENOSPC", std::errc::no_space_on_device},
      {"ENOMEM", std::errc::not_enough_memory},
      {"EROFS", std::errc::read_only_file_system},
      {"EBUSY", std::errc::device_or_resource_busy},
      {"E2BIG", std::errc::argument_list_too_long},
      {"ENOSYS", std::errc::function_not_supported},
  }};
  for (const auto& [known, error] : names) {
    if (known == name) return error;
  }
  return std::errc::io_error;
}

std::string with_nul(std::string_view text) { return std::string(text) + '\0'; }

}  // namespace

base::Result<XenStore> XenStore::connect(base::Host& host) {
  auto connection = host.connect(socket_path);
  if (!connection) return base::context(connection.error(), "xenstored");
  return XenStore(std::move(*connection));
}

base::Result<std::string> XenStore::read(const std::string& path) { return ask(type_read, path, with_nul(path)); }

base::Status XenStore::write(const std::string& path, std::string_view value) {
  auto answer = ask(type_write, path, with_nul(path).append(value));
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

base::Status XenStore::remove(const std::string& path) {
  auto answer = ask(type_remove, path, with_nul(path));
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

base::Status XenStore::watch(const std::string& path, const std::string& token) {
  auto answer = ask(type_watch, path, with_nul(path) + with_nul(token));
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

base::Result<std::optional<XenStore::Event>> XenStore::next_event() {
  while (events_.empty()) {
    auto message = receive(0);
    if (!message) return tl::unexpected(message.error());
    if (!*message) return std::nullopt;
    // An answer here is one that came after its time limit.
    if ((*message)->type != type_watch_event) continue;
    if (auto kept = keep_event(**message); !kept) return tl::unexpected(kept.error());
  }
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

base::Result<std::string> XenStore::ask(std::uint32_t type, const std::string& what, std::string_view payload) {
  if (payload.size() > payload_max) return base::fail(std::errc::argument_list_too_long, "xenstore ", what);
  if (auto sent = send(type, payload); !sent) return base::context(sent.error(), "xenstore ", what);
  for (;;) {
    auto message = receive(answer_limit_ms);
    if (!message) return base::context(message.error(), "xenstore ", what);
    if (!*message) return base::fail(std::errc::timed_out, "xenstore ", what, ": no answer for ten seconds");
    if ((*message)->type == type_watch_event) {
      if (auto kept = keep_event(**message); !kept) return base::context(kept.error(), "xenstore ", what);
      continue;
    }
    if ((*message)->request != last_request_) continue;
    if ((*message)->type == type) return std::move((*message)->payload);
    if ((*message)->type != type_error)
      return base::fail(std::errc::protocol_error, "xenstore ", what, ": a wrong answer");
    const std::string name = (*message)->payload.c_str();
    return base::fail(error_of(name), "xenstore ", what, ": ", name);
  }
}

base::Status XenStore::send(std::uint32_t type, std::string_view payload) {
  const Header header{type, ++last_request_, 0, static_cast<std::uint32_t>(payload.size())};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += payload;
  if (const int error = base::write_all(connection_.get(), bytes); error != 0)
    return base::fail_errno(error, "cannot send");
  return {};
}

base::Result<std::optional<XenStore::Message>> XenStore::receive(int limit) {
  for (;;) {
    auto message = parse();
    if (!message || *message) return message;
    pollfd waiting{connection_.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, limit);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return base::fail_errno(errno, "cannot wait");
    if (ready == 0) return std::nullopt;
    std::array<char, 1024> buffer;
    const ssize_t got = ::read(connection_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return base::fail_errno(errno, "cannot receive");
    if (got == 0) return base::fail(std::errc::connection_reset, "the daemon has closed the connection");
    received_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

base::Result<std::optional<XenStore::Message>> XenStore::parse() {
  Header header;
  if (received_.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, received_.data(), sizeof header);
  if (header.length > payload_max) {
    return base::fail(std::errc::protocol_error, "a message of ", header.length, " bytes");
  }
  if (received_.size() - sizeof header < header.length) return std::nullopt;
  Message message{header.type, header.request, received_.substr(sizeof header, header.length)};
  received_.erase(0, sizeof header + header.length);
  return message;
}

base::Status XenStore::keep_event(const Message& message) {
  const auto path_end = message.payload.find('\0');
  const auto token_end = path_end == std::string::npos ? path_end : message.payload.find('\0', path_end + 1);
  if (token_end == std::string::npos) return base::fail(std::errc::protocol_error, "a watch event without a token");
  Event event{message.payload.substr(0, path_end), message.payload.substr(path_end + 1, token_end - path_end - 1)};
  if (std::find(events_.begin(), events_.end(), event) != events_.end()) return {};
  // A guest may change as many nodes as it likes below one that is watched: that must not displace other watches'
  // events.
  const bool token_waits =
      std::any_of(events_.begin(), events_.end(), [&](const Event& e) { return e.token == event.token; });
  if (events_.size() >= max_events && token_waits) return {};
  events_.push_back(std::move(event));
  return {};
}

}  // namespace runx::xen
