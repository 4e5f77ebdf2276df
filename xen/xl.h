// SPDX-License-Identifier: Apache-2.0
#pragma once

// Xen through `xl` on the command line: no library of Xen's to link and match. A domain is ours by its UUID, which
// we choose and the hypervisor keeps (xl writes the name later, so a domain that was being made when somebody was
// killed may have none). Facts: xl(1), tools/xl/xl_list.c.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/host.h"

namespace runx::xen {

inline constexpr const char* xl_path = "/usr/sbin/xl";

struct DomainState {
  unsigned domid = 0;
  std::string uuid;
  bool paused = false;
  bool shut_down = false;  // it has ended by itself and is kept (on_poweroff = "preserve")
  bool crashed = false;    // … and the reason was a crash
  bool dying = false;      // being destroyed
};

// What `xl list -v` prints. Lines without a UUID are skipped.
std::vector<DomainState> parse_list(std::string_view output);

base::Result<std::optional<DomainState>> find_domain(base::Host& host, const std::string& uuid);

// `xl create` of a configuration file, paused, with no xl left waiting for the domain's end (-e): our monitor does
// that. Returns its domid. The error carries what xl said.
base::Result<unsigned> create_paused(base::Host& host, const std::string& config_file, const std::string& uuid);

base::Status unpause(base::Host& host, unsigned domid);

// Ends the domain of that UUID and waits until it is gone; fine when there is none.
base::Status destroy(base::Host& host, const std::string& uuid);

// A v8 UUID (RFC 9562) made of `text`: the same text, the same UUID.
std::string uuid_of(std::string_view text);

}  // namespace runx::xen
