// SPDX-License-Identifier: Apache-2.0
// The tables of spec/annotations.md are the code's keys, no more and no fewer, and say truly who may set them.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "annotations/alias.h"
#include "annotations/keys.h"
#include "base/host.h"

namespace runx::annotations {
namespace {

// First cell (without its backquotes) to the whole row, of the rows below a heading.
std::map<std::string, std::string> rows(const std::string& heading) {
  base::Host files;
  const auto text = files.read(RUNX_SOURCE_DIR "/spec/annotations.md").value();
  std::map<std::string, std::string> out;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("#")) inside = line == heading;
    if (!inside || !line.starts_with("| `")) continue;
    out[line.substr(3, line.find('`', 3) - 3)] = line;
  }
  return out;
}

TEST(Spec, ItsTableIsTheCodesTable) {
  auto told = rows("## Keys");
  for (const auto& [pattern, who, names_file, identifies, reason] : key_patterns()) {
    const auto found = told.find(pattern);
    if (found == told.end()) {
      ADD_FAILURE() << pattern << " is not in the table of spec/annotations.md";
      continue;
    }
    EXPECT_EQ(found->second.find("| run time only |") != std::string::npos, who == Who::run_time) << pattern;
    EXPECT_EQ(found->second.find("| path in the image") != std::string::npos, names_file) << pattern;
    told.erase(found);
  }
  for (const auto& [key, row] : told) ADD_FAILURE() << key << " is in the table, and the code does not know it";
}

TEST(Spec, ItsAliasesAreTheCodes) {
  std::vector<std::string> names;
  for (const auto& [key, row] : rows("## Aliases")) names.push_back(key);
  EXPECT_THAT(names,
              testing::UnorderedElementsAre(std::string(resource_alias) + "NAME", std::string(remoteproc_alias)));
}

// Reasons are what other implementations compare; the table of them must be whole.
TEST(Spec, EveryReasonIsInIt) {
  base::Host files;
  const auto text = files.read(RUNX_SOURCE_DIR "/spec/annotations.md").value();
  for (const auto& known : key_patterns()) EXPECT_NE(text.find(known.reason), std::string::npos) << known.reason;
}

}  // namespace
}  // namespace runx::annotations
