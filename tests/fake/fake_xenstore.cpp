// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/fake_xenstore.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace runx::fake {

namespace {

// xs_wire.h, written down again: the test and the client are not to agree by sharing a mistake.
enum Type : std::uint32_t { read = 2, watch = 4, unwatch = 5, write = 11, rm = 13, watch_event = 15, error = 16 };

void send_message(int fd, std::uint32_t type, std::uint32_t request, const std::string& payload) {
  const std::array<std::uint32_t, 4> header{type, request, 0, static_cast<std::uint32_t>(payload.size())};
  std::string bytes(reinterpret_cast<const char*>(header.data()), sizeof header);
  bytes += payload;
  // Two pieces: a client has to put messages together.
  for (const auto& [from, size] : {std::pair<std::size_t, std::size_t>{0, 5}, {5, bytes.size() - 5}}) {
    [[maybe_unused]] const auto sent = ::send(fd, bytes.data() + from, size, MSG_NOSIGNAL);
  }
}

bool at_or_below(const std::string& path, const std::string& top) {
  return path == top || (path.starts_with(top) && path[top.size()] == '/');
}

}  // namespace

FakeXenStore::FakeXenStore(const std::string& socket_path) {
  std::filesystem::create_directories(std::filesystem::path(socket_path).parent_path());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) std::abort();
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  listener_ = base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 8) != 0) {
    std::abort();
  }
  stop_ = base::Fd(::eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] { serve(); });
}

FakeXenStore::~FakeXenStore() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

void FakeXenStore::set(const std::string& path, const std::string& value) {
  const std::lock_guard lock(mutex_);
  values_[path] = value;
  changed(path);
}

void FakeXenStore::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  remove_below(path);
}

std::optional<std::string> FakeXenStore::get(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = values_.find(path);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void FakeXenStore::fire(const std::string& path) {
  const std::lock_guard lock(mutex_);
  changed(path);
}

void FakeXenStore::send_raw(const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  for (auto& client : clients_) {
    [[maybe_unused]] const auto sent = ::send(client.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
}

std::size_t FakeXenStore::watches() {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& client : clients_) count += client.watches.size();
  return count;
}

void FakeXenStore::serve() {
  for (;;) {
    std::vector<pollfd> waiting{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const auto& client : clients_) waiting.push_back({client.socket.get(), POLLIN, 0});
    }
    ::poll(waiting.data(), waiting.size(), -1);
    if (waiting[0].revents != 0) return;
    const std::lock_guard lock(mutex_);
    for (std::size_t i = waiting.size(); i > 2; --i) {
      if (waiting[i - 1].revents == 0 || take(clients_[i - 3])) continue;
      clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i - 3));
    }
    if (waiting[1].revents != 0) {
      clients_.push_back({base::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), {}, {}});
    }
  }
}

bool FakeXenStore::take(Client& client) {
  std::array<char, 8192> buffer;
  const ssize_t got = ::read(client.socket.get(), buffer.data(), buffer.size());
  if (got <= 0) return false;
  client.received.append(buffer.data(), static_cast<std::size_t>(got));
  for (;;) {
    std::array<std::uint32_t, 4> header{};
    if (client.received.size() < sizeof header) return true;
    std::memcpy(header.data(), client.received.data(), sizeof header);
    if (header[3] > 4096) return false;
    if (client.received.size() < sizeof header + header[3]) return true;
    const auto payload = client.received.substr(sizeof header, header[3]);
    client.received.erase(0, sizeof header + header[3]);
    answer(client, header[0], header[1], payload);
  }
}

void FakeXenStore::answer(Client& client, std::uint32_t type, std::uint32_t request, const std::string& payload) {
  const std::string ok("OK\0", 3);
  const auto say = [&](std::uint32_t kind, const std::string& text) {
    send_message(client.socket.get(), kind, request, text);
  };
  const auto nul = payload.find('\0');
  if (nul == std::string::npos) return say(error, std::string("EINVAL\0", 7));
  const auto path = payload.substr(0, nul);
  const auto rest = payload.substr(nul + 1);
  const bool known = values_.contains(path);
  switch (type) {
    case read:
      return known ? say(read, values_[path]) : say(error, std::string("ENOENT\0", 7));
    case write:
      if (path.starts_with("/forbidden")) return say(error, std::string("EACCES\0", 7));
      values_[path] = rest;
      changed(path);
      return say(write, ok);
    case rm:
      remove_below(path);
      return say(rm, ok);
    case watch:
      client.watches.emplace_back(path, rest.substr(0, rest.find('\0')));
      say(watch, ok);
      return send_message(client.socket.get(), watch_event, 0, payload);
    default:
      return say(error, std::string("ENOSYS\0", 7));
  }
}

void FakeXenStore::changed(const std::string& path) {
  for (const auto& client : clients_) {
    for (const auto& [watched, token] : client.watches) {
      if (!at_or_below(path, watched)) continue;
      send_message(client.socket.get(), watch_event, 0, path + '\0' + token + '\0');
    }
  }
}

void FakeXenStore::remove_below(const std::string& path) {
  std::erase_if(values_, [&](const auto& value) { return at_or_below(value.first, path); });
  changed(path);
}

}  // namespace runx::fake
