// SPDX-License-Identifier: Apache-2.0
#pragma once

// A client of xenstore, small enough for the guest's init too: the requests that the project needs, over the
// daemon's socket (Dom0) or /dev/xen/xenbus (a guest), which speak the same protocol.
// Source: Xen's xen/include/public/io/xs_wire.h and docs/misc/xenstore.txt.
//
// Dom0 trusts the daemon that answers, and none of the values: guests write some of them.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/host.h"
#include "base/result.h"

namespace runx::xen {

inline constexpr std::size_t payload_max = 4096;

class XenStore {
 public:
  // Over a connection that is open already.
  explicit XenStore(base::Fd connection) : connection_(std::move(connection)) {}
  // To the daemon of this machine.
  static base::Result<XenStore> connect(base::Host& host);

  // Paths are absolute ("/local/domain/3/vm"), or relative to the own domain's ("data/exit-status").
  // no_such_file_or_directory, permission_denied ...: the daemon's answer.
  // timed_out: it has not answered for ten seconds. protocol_error, connection_reset: no further use.
  base::Result<std::string> read(const std::string& path);
  base::Status write(const std::string& path, std::string_view value);
  base::Status remove(const std::string& path);

  // From now on next_event() tells of each change at or below `path`; the daemon says one event at once.
  // "@releaseDomain" stands for: some domain has shut down or has gone.
  base::Status watch(const std::string& path, const std::string& token);

  struct Event {
    std::string path;
    std::string token;
    bool operator==(const Event&) const = default;
  };
  // The next event that has come; never waits. An event that says the same as one not yet fetched is left out, and so
  // is, when very many wait, one whose token is among theirs: whoever fetches it looks at everything that it watches.
  base::Result<std::optional<Event>> next_event();

  // For poll(): readable when next_event() may have something new. Drain it until it has nothing.
  int fd() const { return connection_.get(); }

 private:
  struct Message {
    std::uint32_t type = 0;
    std::uint32_t request = 0;
    std::string payload;
  };

  base::Result<std::string> ask(std::uint32_t type, const std::string& what, std::string_view payload);
  base::Status send(std::uint32_t type, std::string_view payload);
  // Waits up to `limit` milliseconds; nothing when that has passed.
  base::Result<std::optional<Message>> receive(int limit);
  base::Result<std::optional<Message>> parse();
  base::Status keep_event(const Message& message);

  base::Fd connection_;
  std::uint32_t last_request_ = 0;
  std::string received_;
  std::deque<Event> events_;
};

}  // namespace runx::xen
