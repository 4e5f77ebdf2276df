// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pure half of a kind of resource: region, device, domain. It says what a request of that kind needs, turns it into
// steps of the plan, and knows how a step is claimed, shown, and remembered in the journal. The machine half, which
// acquires and releases, is in runtime/resources/kind.h.
//
// A new kind is a file here, a file there, and a row in each of the two tables (kinds.cpp). Everything else loops over
// the tables, which are values, so that a test can have a kind of its own.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "annotations/request.h"
#include "base/result.h"
#include "plan/board.h"
#include "plan/kinds.h"
#include "plan/plan.h"
#include "plan/step.h"

namespace runx::plan {

class Kind {
 public:
  Kind() = default;
  virtual ~Kind() = default;
  Kind(const Kind&) = delete;
  Kind& operator=(const Kind&) = delete;

  // "region": in the journal, before the name in a claim ("region pr0"), and in the policy's globs ("region pr*").
  virtual std::string_view name() const = 0;
  // Whether resources of this kind are held by one container at a time, and given by the policy.
  virtual bool is_claimed() const { return true; }

  // The members of the board file that are this kind's. `read_board` gets the whole object and the file's name.
  virtual std::vector<std::string_view> board_members() const { return {}; }
  virtual base::Status read_board(const nlohmann::json& board, const std::string& name, Board& out) const;

  virtual bool needs_boot_tree(const annotations::AcceleratorRequest& request) const;
  // What can be said before a file of the image is read: refusals, and which files are worth it.
  virtual void preview(Planning& planning, WorthReading& worth) const;
  // Adds steps, or refusals.
  virtual void plan(Planning& planning) const = 0;

  // What nobody else may hold meanwhile. None for a kind that is not claimed.
  virtual std::vector<std::string> claims(const Step& step) const;

  // For people, one sentence each, in order: what is done when the container is created, …
  virtual std::vector<std::string> create_text(const Step& step) const;
  // … and beyond giving back the claims when it ends.
  virtual std::vector<std::string> release_text(const Step& step) const;
  // For programs (`accelkit image plan --json`).
  virtual nlohmann::json describe(const Step& step) const;

  // What the journal remembers: an object with all that giving back needs, and its version. `read_record` refuses a
  // version or a member that it does not know and one that is missing (invalid_argument).
  virtual unsigned record_version() const { return 1; }
  virtual nlohmann::json record(const Step& step) const = 0;
  virtual base::Result<Step> read_record(const nlohmann::json& record) const = 0;
};

}  // namespace runx::plan
