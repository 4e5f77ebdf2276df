// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a derivation has to say about the host's nodes, besides its result.

#include <string>
#include <vector>

namespace runx::devtree {

// Why a node cannot be given, and what to do about it: "<node> <reason>" is a sentence.
struct Refusal {
  std::string node;
  std::string reason;
};

// A property (or child) of a host node that the guest sees changed or not at all.
struct Change {
  std::string node;
  std::string what;
  std::string why;
};

// What whoever sets up the machine should know about a node that can be given: "<node> <what>" is a sentence.
struct Note {
  std::string node;
  std::string what;
};

struct Report {
  std::vector<Refusal> refused;
  std::vector<Change> replaced;
  std::vector<Change> dropped;
  std::vector<Note> notes;
};

}  // namespace runx::devtree
