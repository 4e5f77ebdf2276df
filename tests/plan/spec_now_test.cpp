// SPDX-License-Identifier: Apache-2.0
// The column "now" of spec/annotations.md is what the planner does: each key's example is asked for.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/host.h"
#include "plan/plan.h"
#include "tests/fake/fake_board.h"

namespace runx::plan {
namespace {

using annotations::Annotations;

struct Row {
  std::string key, example, now;
};

// Without blanks and backquotes around it, and the first of what is quoted.
std::string cell(std::string text) {
  const auto quoted = text.find('`');
  if (quoted != std::string::npos) return text.substr(quoted + 1, text.find('`', quoted + 1) - quoted - 1);
  text.erase(0, text.find_first_not_of(' '));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::vector<Row> rows() {
  base::Host files;
  std::istringstream in(files.read(RUNX_SOURCE_DIR "/spec/annotations.md").value());
  std::vector<Row> out;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) inside = line == "## Keys";
    if (!inside || !line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string text; std::getline(row, text, '|');) cells.push_back(text);
    if (cells.size() != 6) throw std::runtime_error(line);
    out.push_back({cell(cells[0]), cell(cells[3]), cells[5]});
  }
  return out;
}

void replace(std::string& text, const std::string& what, const std::string& by) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
}

// The example, and what must stand beside it.
Annotations asked(Row row) {
  replace(row.key, "NAME", "x");
  replace(row.key, "REGION", "pr1");
  if (row.example.starts_with("sha256:")) row.example = "sha256:" + std::string(64, 'a');
  const std::pair<const char*, Annotations> beside[] = {
      {"fpga.x.overlay-nodes", {{"fpga.x.overlay", "/o.dtbo"}}},
      {"fpga.x.digest.pr1", {{"fpga.x.bitstream.pr1", "/a.bit"}}},
      {"fpga.", {{"fpga.x.bitstream", "/a.bit"}}},
      {"rpu.", {{"rpu.x.firmware", "/r.elf"}}},
      {"target", {{"rpu.x.firmware", "/r.elf"}}},
      {"device.x.required", {{"device.x.path", "/t"}}},
      {"device.x.address", {{"device.x.path", fake::fake_timer}}},
      {"domain.ramdisk", {{"domain.kernel", "/k"}}},
      {"domain.kind", {{"domain.kernel", "/k"}}},
  };
  Annotations keys{{row.key, row.example}};
  for (const auto& [begins, more] : beside) {
    if (row.key.starts_with(begins)) keys.insert(more.begin(), more.end());
  }
  Annotations out;
  for (const auto& [key, value] : keys) out[std::string(annotations::prefix) + key] = value;
  return out;
}

TEST(Spec, WhatItSaysOfThisVersionIsTrue) {
  HostFacts host;
  const auto tree = fake::fake_boot_tree();
  host.boot_tree = devtree::Blob::parse(base::bytes_of(tree), "xen.dtb").value();
  unsigned looked = 0;
  for (const auto& row : rows()) {
    const auto parsed = annotations::parse(asked(row));
    for (const auto& complaint : parsed.complaints) ADD_FAILURE() << sentence(complaint);
    const auto made = make_plan(parsed.request, host, {});
    bool refused = false;
    for (const auto& why : std::holds_alternative<Refusals>(made) ? std::get<Refusals>(made) : Refusals{})
      refused = refused || why.find("this version of runx-accel ") != std::string::npos;
    // "yes", "no", or the values that this version takes.
    const bool can = row.now == " yes " || row.now.find('`' + row.example + '`') != std::string::npos;
    EXPECT_EQ(refused, !can) << row.key << " = " << row.example << ": now" << row.now;
    ++looked;
  }
  EXPECT_GE(looked, 30U);
}

}  // namespace
}  // namespace runx::plan
