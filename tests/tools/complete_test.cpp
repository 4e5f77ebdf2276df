// SPDX-License-Identifier: Apache-2.0
// What the shell offers is what --help prints, for every command.
#include <filesystem>
#include <functional>
#include <set>
#include <sstream>

#include "tests/tools/accelkit.h"

namespace runx::tools {
namespace {

using test::accelkit;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Words = std::vector<std::string>;

Words lines(const std::string& text) {
  Words out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

Words offered(Words words) {
  words.insert(words.begin(), "complete");
  const auto done = accelkit(words);
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.errors, "");
  return lines(done.output);
}

Words with(Words words, const std::string& last) {
  words.push_back(last);
  return words;
}

// The first words of the indented lines below "Options:" and "Subcommands:", which CLI11 prints.
struct Help {
  std::set<std::string> options, commands;
};
Help help_of(const Words& words) {
  Help out;
  std::string part;
  for (const auto& line : lines(accelkit(with(words, "--help")).output)) {
    if (!line.starts_with("  ")) {
      part = line;
    } else if (line.starts_with("  -")) {
      std::istringstream first(line.substr(2, line.find(' ', 2) - 2));
      for (std::string name; std::getline(first, name, ',');) out.options.insert(name);
    } else if (part == "Subcommands:" && line[2] != ' ') {
      out.commands.insert(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return out;
}

TEST(Complete, EveryCommandAndOptionThatHelpPrints) {
  unsigned commands = 0;
  const std::function<void(const Words&)> look = [&](const Words& words) {
    const auto help = help_of(words);
    const auto options = offered(with(words, "-"));
    const auto below = offered(with(words, ""));
    EXPECT_EQ(std::set(options.begin(), options.end()), help.options) << ::testing::PrintToString(words);
    EXPECT_EQ(std::set(below.begin(), below.end()), help.commands) << ::testing::PrintToString(words);
    EXPECT_TRUE(help.options.contains("--help"));
    for (const auto& command : below) look(with(words, command));
    ++commands;
  };
  look({});
  EXPECT_GE(commands, 9U);
}

TEST(Complete, TheWordThatIsBegun) {
  EXPECT_THAT(offered({"im"}), ElementsAre("image"));
  EXPECT_THAT(offered({"image", "an"}), ElementsAre("annotate"));
  EXPECT_THAT(offered({"image", "plan", "--bo"}), ElementsAre("--board"));
  EXPECT_THAT(offered({"image", "plan", "layout:tag", "--board", "b.json", "--po"}), ElementsAre("--policy"));
  EXPECT_THAT(offered({"image", "plan", "--json", "--dt"}), ElementsAre("--dtb"));
  EXPECT_THAT(offered({"nonsense", "--nonsense", "im"}), ElementsAre("image"));
  EXPECT_THAT(offered({}), Contains("inspect"));
}

TEST(Complete, ValuesWhereThereIsAList) {
  EXPECT_THAT(offered({"image", "attach", "--compression", ""}), ElementsAre("gzip", "none", "zstd"));
  EXPECT_THAT(offered({"image", "attach", "--compression", "z"}), ElementsAre("zstd"));
}

// Nothing, and the shell offers files.
TEST(Complete, FilesAreTheShells) {
  EXPECT_THAT(offered({"inspect", ""}), IsEmpty());
  EXPECT_THAT(offered({"image", "plan", "--board", ""}), IsEmpty());
  EXPECT_THAT(offered({"image", "plan", "--board", "-"}), IsEmpty());
}

// As bash does it when somebody presses the key.
TEST(Complete, InBash) {
  if (!std::filesystem::exists("/bin/bash")) GTEST_SKIP() << "no bash";
  const std::string script = R"(set -eu
source "$1"
COMP_WORDS=("$2" image plan --na) COMP_CWORD=3
_accelkit "$2" --na plan
echo "${COMPREPLY[@]}"
COMP_WORDS=("$2" inspect '') COMP_CWORD=2
_accelkit "$2" '' inspect
echo "${#COMPREPLY[@]}"
complete -p accelkit)";
  const auto done =
      base::run_command({.argv = {"/bin/bash", "-c", script, "bash",
                                  RUNX_SOURCE_DIR "/packaging/completions/accelkit.bash", RUNX_ACCELKIT}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "--namespace\n0\ncomplete -o bashdefault -o default -F _accelkit accelkit\n") << done->errors;
}

}  // namespace
}  // namespace runx::tools
