// SPDX-License-Identifier: Apache-2.0
#pragma once

// A xenstored for tests: the real wire protocol on a real socket, a map behind it. It answers on a thread of its own
// from construction to destruction; what the test itself changes is what another client would change.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace runx::fake {

class FakeXenStore {
 public:
  explicit FakeXenStore(const std::string& socket_path);  // where the socket is made, with its folders
  ~FakeXenStore();
  FakeXenStore(const FakeXenStore&) = delete;
  FakeXenStore& operator=(const FakeXenStore&) = delete;

  void set(const std::string& path, const std::string& value);
  void remove(const std::string& path);  // and what is below
  std::optional<std::string> get(const std::string& path);
  void fire(const std::string& path);       // "@releaseDomain"
  void send_raw(const std::string& bytes);  // to every client, in the middle of everything
  std::size_t watches();

 private:
  struct Client {
    base::Fd socket;
    std::string received;
    std::vector<std::pair<std::string, std::string>> watches;  // path, token
  };

  void serve();
  bool take(Client& client);
  void answer(Client& client, std::uint32_t type, std::uint32_t request, const std::string& payload);
  void changed(const std::string& path);
  void remove_below(const std::string& path);

  base::Fd listener_;
  base::Fd stop_;
  std::mutex mutex_;
  std::map<std::string, std::string> values_;
  std::vector<Client> clients_;
  std::thread thread_;
};

}  // namespace runx::fake
