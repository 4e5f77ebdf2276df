// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a request and the facts to a plan: what will be taken, programmed and launched, step by step, before anything
// is touched. Pure: the runtime makes the plan on the board and does exactly what it says, and accelkit makes the
// same plan at a desk. Everything that speaks against the request is reported at once.

#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "annotations/request.h"
#include "devtree/passthrough.h"
#include "plan/facts.h"
#include "plan/kinds.h"
#include "plan/step.h"

namespace runx::plan {

// What the container goes without, and why: "device.NAME", or a node or property of an overlay.
struct LeftOut {
  std::string name;
  std::string why;
};

struct Plan {
  std::vector<Step> steps;  // in the order in which they are taken
  std::vector<LeftOut> left_out;
  std::vector<LeftOut> overlays_left_out = {};  // what of the overlays neither Dom0 nor the guest is given

  // What nobody else may hold meanwhile: "region pr0", "device /axi/timer@ff110000".
  std::vector<std::string> claims() const;

  // The values of the steps of one kind, in order.
  template <class Value>
  std::vector<Value> all() const {
    std::vector<Value> out;
    for (const auto& step : steps) {
      if (const auto* value = step.is<Value>()) out.push_back(*value);
    }
    return out;
  }
};

// Why there is no plan: at least one sentence.
using Refusals = std::vector<std::string>;

// What the overlays of the image's bitstreams bring (overlays.h).
struct Fabric {
  devtree::Blob tree;              // the boot tree with the overlays' nodes; without bytes: there are none
  std::vector<std::string> nodes;  // of `tree`, given to the guest; their regions are the container's
  devtree::ClockRates clock_rates;
};

// A plan in the making, from which each kind reads and to which it adds.
struct Planning {
  const annotations::AcceleratorRequest& request;
  const HostFacts& host;
  const ImageFacts& image;
  Plan plan = {};
  Refusals refusals = {};
  Fabric fabric = {};                     // of the regions, for the devices
  std::vector<std::string> nodes = {};    // of the devices, for the domain
  devtree::Passthrough passthrough = {};  // the same; tree empty when no node is given

  template <class... Parts>
  void refuse(const Parts&... parts) {
    refusals.push_back(base::text(parts...));
  }
  void refuse_all(const Refusals& more) { refusals.insert(refusals.end(), more.begin(), more.end()); }
};

// Whether the plan needs the boot tree: without it there is no need to read one.
bool needs_boot_tree(const annotations::AcceleratorRequest& request, const Kinds& kinds = plan::kinds());

std::variant<Plan, Refusals> make_plan(const annotations::AcceleratorRequest& request, const HostFacts& host,
                                       const ImageFacts& image, const Kinds& kinds = plan::kinds());

// What can be said before a file of the image is read: why there will be no plan, whatever its files hold, or else
// which of them are worth reading. These are the files that a region of this board could take which the policy gives.
// Who holds a region may change until the plan is made: of a request for any region the files for held ones are named
// too, but there is a refusal when all are held.
struct WorthReading {
  Refusals refusals = {};
  std::set<std::string> bitstreams = {};  // paths in the image
  std::set<std::string> overlays = {};    // the same
  std::set<std::string> regions = {};     // by name; their blank bitstreams are needed too
};
WorthReading files_worth_reading(const annotations::AcceleratorRequest& request, const HostFacts& host,
                                 const Kinds& kinds = plan::kinds());

// For people: numbered steps.
std::string plan_text(const Plan& plan);

// For programs: {"steps": [{"kind", …}], "claims", "leftOut": [{"name", "why"}], "overlaysLeftOut"}.
nlohmann::json plan_json(const Plan& plan);

}  // namespace runx::plan
