// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "annotations/value.h"
#include "plan/kind.h"
#include "plan/unsupported.h"

namespace runx::plan {
namespace {

using base::text;

void check_board(Planning& planning) {
  const auto& wants = planning.request.board;
  if (wants.empty()) return;
  const auto tree = devtree::Tree::of(planning.host.boot_tree);
  std::string all;
  for (const auto& name : tree.root().strings("compatible")) {
    if (std::find(wants.begin(), wants.end(), name) != wants.end()) return;
    all += (all.empty() ? "" : ", ") + annotations::printable(name);
  }
  std::string wanted;
  for (const auto& name : wants) wanted += (wanted.empty() ? "" : " or ") + name;
  planning.refuse("the image is for ", wanted, ", and this board is ", all.empty() ? "not named in its boot tree" : all,
                  ": use an image for this board, or correct ", annotations::prefix, "board");
}

// What does not depend on any kind. False: whatever else is wrong does not matter.
bool check_request(Planning& planning) {
  const auto& host = planning.host;
  if (host.policy && host.rule() == nullptr) {
    planning.refuse("nothing is given to ", host.asker(), ": ", policy_path, " has no rule for it: add one");
    return false;
  }
  planning.refuse_all(unsupported(planning.request));
  check_board(planning);
  return true;
}

nlohmann::json left_out_json(const std::vector<LeftOut>& list) {
  auto out = nlohmann::json::array();
  for (const auto& [name, why] : list) out.push_back({{"name", name}, {"why", why}});
  return out;
}

}  // namespace

std::vector<std::string> Plan::claims() const {
  std::vector<std::string> out;
  for (const auto& step : steps) {
    auto claims = step.kind().claims(step);
    out.insert(out.end(), claims.begin(), claims.end());
  }
  return out;
}

bool needs_boot_tree(const annotations::AcceleratorRequest& request, const Kinds& kinds) {
  return !request.board.empty() ||
         std::any_of(kinds.begin(), kinds.end(), [&](const Kind* kind) { return kind->needs_boot_tree(request); });
}

WorthReading files_worth_reading(const annotations::AcceleratorRequest& request, const HostFacts& host,
                                 const Kinds& kinds) {
  const ImageFacts nothing;
  Planning planning{request, host, nothing};
  WorthReading out;
  if (check_request(planning)) {
    for (const auto* kind : kinds) kind->preview(planning, out);
  }
  out.refusals = std::move(planning.refusals);
  return out;
}

std::variant<Plan, Refusals> make_plan(const annotations::AcceleratorRequest& request, const HostFacts& host,
                                       const ImageFacts& image, const Kinds& kinds) {
  Planning planning{request, host, image};
  if (!check_request(planning)) return std::move(planning.refusals);
  for (const auto* kind : kinds) kind->plan(planning);
  if (!planning.refusals.empty()) return std::move(planning.refusals);
  return std::move(planning.plan);
}

std::string plan_text(const Plan& plan) {
  std::string out;
  unsigned number = 0;
  const auto step = [&](const std::string& what) { out += text(++number, ". ", what, "\n"); };
  for (const auto& claim : plan.claims()) step("take " + claim);
  for (const auto& taken : plan.steps) {
    for (const auto& what : taken.kind().create_text(taken)) step(what);
  }
  for (const auto& [overlay, what] : plan.overlays_left_out)
    out += text("   nobody gets of ", overlay, ": ", what, "\n");
  for (const auto& [name, why] : plan.left_out) out += text("   without device.", name, ": ", why, "\n");
  step("start it, forward its output, and give everything back when it ends");
  for (const auto& taken : plan.steps) {
    for (const auto& what : taken.kind().release_text(taken)) step(what);
  }
  return out;
}

nlohmann::json plan_json(const Plan& plan) {
  auto steps = nlohmann::json::array();
  for (const auto& step : plan.steps) {
    auto entry = step.kind().describe(step);
    entry["kind"] = step.kind().name();
    entry["claims"] = step.kind().claims(step);
    steps.push_back(std::move(entry));
  }
  return {{"steps", std::move(steps)},
          {"claims", plan.claims()},
          {"leftOut", left_out_json(plan.left_out)},
          {"overlaysLeftOut", left_out_json(plan.overlays_left_out)}};
}

}  // namespace runx::plan
