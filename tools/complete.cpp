// SPDX-License-Identifier: Apache-2.0
#include "tools/complete.h"

#include <algorithm>

namespace runx::tools {
namespace {

// "--bo", "-o": the option that is written so, or nullptr.
const CLI::Option* option_of(const CLI::App& command, const std::string& word) {
  return word.starts_with('-') ? command.get_option_no_throw(word) : nullptr;
}

bool takes_value(const CLI::Option* option) { return option != nullptr && option->get_items_expected_max() > 0; }

// CLI::IsMember describes itself as "{one,two}" behind the type's name; it gives its words away in no other form.
std::vector<std::string> values_of(const CLI::Option& option) {
  const auto type = option.get_type_name();
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  std::vector<std::string> out;
  if (open == std::string::npos || close == std::string::npos) return out;
  for (const auto& value : CLI::detail::split(type.substr(open + 1, close - open - 1), ',')) out.push_back(value);
  return out;
}

void add_options(const CLI::App& command, std::vector<std::string>& out) {
  for (const auto* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    for (const auto& name : option->get_lnames()) out.push_back("--" + name);
    for (const auto& name : option->get_snames()) out.push_back("-" + name);
  }
}

void add_commands(const CLI::App& command, std::vector<std::string>& out) {
  for (const auto* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (!below->get_group().empty()) out.push_back(below->get_name());
  }
}

}  // namespace

std::vector<std::string> completions(const CLI::App& app, std::span<const std::string> words) {
  const auto* command = &app;
  const CLI::Option* waits = nullptr;  // for its value
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (waits != nullptr) {
      waits = nullptr;
      continue;
    }
    const auto* option = option_of(*command, words[i]);
    if (takes_value(option)) {
      waits = option;
    } else if (option == nullptr) {
      const auto below = command->get_subcommands([&](const CLI::App* one) { return one->get_name() == words[i]; });
      if (!below.empty()) command = below.front();
    }
  }
  const std::string typed = words.empty() ? "" : words.back();
  std::vector<std::string> out;
  if (waits != nullptr) {
    out = values_of(*waits);
  } else if (typed.starts_with('-')) {
    add_options(*command, out);
  } else {
    add_commands(*command, out);
  }
  std::erase_if(out, [&](const std::string& word) { return !word.starts_with(typed); });
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace runx::tools
