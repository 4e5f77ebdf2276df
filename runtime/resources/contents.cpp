// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/contents.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace runx::resources {
namespace {

using base::Result;
using base::Status;

constexpr std::string_view suffix = ".json";

std::string path_of(const std::string& region) { return base::text(contents_directory, "/", region, suffix); }

// Empty where the kernel does not say.
std::string boot_id(base::Host& host) {
  return host.read("/proc/sys/kernel/random/boot_id", 64).value_or(std::string());
}

}  // namespace

Status write_content(base::Host& host, const std::string& region, const Content& content) {
  if (auto made = host.make_directories(contents_directory); !made) return made;
  return host.write(path_of(region), base::json_text({{"digest", content.digest},
                                                      {"file", content.file},
                                                      {"container", content.container},
                                                      {"root", content.root},
                                                      {"namespace", content.kubernetes_namespace},
                                                      {"full", content.full},
                                                      {"boot", boot_id(host)}}) +
                                         "\n");
}

Status forget_content(base::Host& host, const std::string& region) {
  if (auto removed = remove_half_written(host, region); !removed) return removed;
  return host.remove(path_of(region));
}

Status remove_half_written(base::Host& host, const std::string& region) {
  return host.remove_temporaries(path_of(region));
}

Result<std::map<std::string, Content>> read_contents(base::Host& host) {
  std::map<std::string, Content> out;
  const auto names = host.list(contents_directory);
  if (!names && names.error().code == std::errc::no_such_file_or_directory) return out;
  if (!names) return tl::unexpected(names.error());
  const auto boot = boot_id(host);
  for (const auto& name : *names) {
    if (!name.ends_with(suffix)) continue;
    const auto text = host.read(std::string(contents_directory) + "/" + name);
    const auto value = text ? base::parse_json(*text, name) : tl::unexpected(text.error());
    if (!value || !value->is_object()) continue;
    const auto member = [&](const char* key) {
      const auto found = value->find(key);
      return found != value->end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (member("digest").empty() || member("boot") != boot) continue;
    out[name.substr(0, name.size() - suffix.size())] = {
        member("digest"), member("file"),      member("container"),
        member("root"),   member("namespace"), value->value("full", nlohmann::json()) == true};
  }
  return out;
}

}  // namespace runx::resources
