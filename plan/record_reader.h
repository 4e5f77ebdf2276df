// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a record of the journal strictly: every member that is asked for has to be there and of its type, and there is
// no other one. The first thing that is wrong is what done() says.
//
//   RecordReader in(record);
//   RegionStep step;
//   step.manager = in.text("manager");
//   if (auto done = in.done(); !done) return tl::unexpected(done.error());

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace runx::plan {

class RecordReader {
 public:
  explicit RecordReader(const nlohmann::json& record);

  std::string text(const char* member);
  std::vector<std::string> texts(const char* member);
  bool flag(const char* member);
  std::uint64_t number(const char* member);
  unsigned small_number(const char* member);  // of 32 bits

  base::Status done() const;

 private:
  const nlohmann::json* find(const char* member);
  void complain(const char* member, const char* what);

  const nlohmann::json& record_;
  std::set<std::string, std::less<>> asked_;
  std::string wrong_;
};

}  // namespace runx::plan
