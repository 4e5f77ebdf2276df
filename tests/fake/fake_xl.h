// SPDX-License-Identifier: Apache-2.0
#pragma once

// An `xl` for tests. It reads a configuration as xl reads it and answers as xl answers, exit codes and words on
// standard error included; seen with Xen 4.20 on the emulated board. What surprises there, and so here:
//   - unpause exits 0 whatever came of it; only standard error tells
//   - two domains may have one UUID, but not one name
//   - \x41 is a syntax error in a string, whatever the lexer's source seems to say; so is a line break
//   - a domain whose xl died while it made it has no name, and `list` shows "(null)"
//
// Its domains are files, /fake/xl/domains/ID, so that a second FakeHost on the folder sees them. A test makes a verb
// fail by writing what it shall say to /fake/xl/fail/VERB (removed when it happened).

#include <functional>
#include <string>
#include <vector>

#include "tests/fake/fake_host.h"

namespace runx::fake {

struct FakeDomain {
  unsigned id = 0;
  std::string name;  // "(null)": none
  std::string uuid;
  std::string state;  // "--p---"
  std::string memory;
  std::string vcpus;
  bool operator==(const FakeDomain&) const = default;
};

// `on_gone` is told the UUID of each domain that is destroyed.
void add_fake_xl(FakeHost& host, std::function<void(const std::string& uuid)> on_gone = {});

std::vector<FakeDomain> fake_domains(const FakeHost& host);  // by id, without Dom0
void set_fake_domain(FakeHost& host, const FakeDomain& domain);

// The value of a string key of a configuration, as xl would have it; "" when it is not there. `error` gets xl's words
// when the text is no configuration.
std::string xl_string(const std::string& config, const std::string& key, std::string& error);

}  // namespace runx::fake
