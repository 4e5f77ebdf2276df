// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/bundle.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "annotations/value.h"
#include "base/json.h"
#include "runtime/oci/vm.h"

namespace runx::oci {
namespace {

using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::size_t largest_config = std::size_t{4} << 20;

// Reads members of config.json by their dotted names, which is what its errors say.
class Config {
 public:
  explicit Config(const json& root) : root_(root) {}

  template <class... Parts>
  static auto wrong(const Parts&... parts) {
    return base::fail(std::errc::invalid_argument, "config.json: ", parts...);
  }

  static const json* member(const json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  static Status read(const json& object, const char* key, const std::string& name, std::string& out) {
    const auto* value = member(object, key);
    if (value == nullptr) return {};
    if (!value->is_string()) return wrong(name, " is not a string");
    out = value->get<std::string>();
    return {};
  }

  static Status read(const json& object, const char* key, const std::string& name, bool& out) {
    const auto* value = member(object, key);
    if (value == nullptr) return {};
    if (!value->is_boolean()) return wrong(name, " is not true or false");
    out = value->get<bool>();
    return {};
  }

  template <class Number>
  static Status read_number(const json& object, const char* key, const std::string& name, Number& out) {
    const auto* value = member(object, key);
    if (value == nullptr) return {};
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > std::numeric_limits<Number>::max()) {
      return wrong(name, " is not a number from 0 to ", std::numeric_limits<Number>::max());
    }
    out = value->get<Number>();
    return {};
  }

  static Status read(const json& object, const char* key, const std::string& name, std::vector<std::string>& out) {
    const auto* value = member(object, key);
    if (value == nullptr) return {};
    if (!value->is_array()) return wrong(name, " is not a list of strings");
    for (const auto& entry : *value) {
      if (!entry.is_string()) return wrong(name, " is not a list of strings");
      out.push_back(entry.get<std::string>());
    }
    return {};
  }

  Status check_version() const {
    std::string text;
    if (auto done = read(root_, "ociVersion", "ociVersion", text); !done) return done;
    if (!text.starts_with("1.")) return wrong("ociVersion \"", annotations::printable(text), "\" is not 1.x");
    return {};
  }

  Status refuse_hooks() const {
    const auto* hooks = member(root_, "hooks");
    if (hooks == nullptr) return {};
    for (const auto& [name, list] : hooks->items()) {
      if (list.is_null() || list.empty()) continue;
      return wrong("hooks.", annotations::printable(name),
                   " is set, but hooks are not run here: remove them from the configuration");
    }
    return {};
  }

  Status read_root(Bundle& bundle) const {
    const auto* root = member(root_, "root");
    std::string path;
    if (root == nullptr || !root->is_object())
      return wrong("root is missing: name the directory of the root file system");
    if (auto done = read(*root, "path", "root.path", path); !done) return done;
    if (path.empty()) return wrong("root.path is missing: name the directory of the root file system");
    if (auto done = read(*root, "readonly", "root.readonly", bundle.process.root_read_only); !done) return done;
    bundle.rootfs = path[0] == '/' ? path : bundle.path + "/" + path;
    return {};
  }

  Status read_process(guest::GuestProcess& out) const {
    const auto* process = member(root_, "process");
    if (process == nullptr || !process->is_object()) return wrong("process is missing: it says what to run");
    bool terminal = false;
    if (auto done = read(*process, "terminal", "process.terminal", terminal); !done) return done;
    if (terminal)
      return wrong("process.terminal is true, but a container in a domain has no terminal here: run it without a tty");
    if (auto done = read(*process, "args", "process.args", out.args); !done) return done;
    if (out.args.empty()) return wrong("process.args is empty: it says what to run");
    if (auto done = read(*process, "env", "process.env", out.env); !done) return done;
    if (auto done = read(*process, "cwd", "process.cwd", out.cwd); !done) return done;
    if (out.cwd.empty() || out.cwd[0] != '/') return wrong("process.cwd is not an absolute path");
    if (auto done = read(*process, "noNewPrivileges", "process.noNewPrivileges", out.no_new_privileges); !done)
      return done;
    if (auto done = read_user(*process, out); !done) return done;
    return read_rlimits(*process, out);
  }

  static Status read_user(const json& process, guest::GuestProcess& out) {
    const auto* user = member(process, "user");
    if (user == nullptr) return {};
    if (!user->is_object()) return wrong("process.user is not an object");
    if (auto done = read_number(*user, "uid", "process.user.uid", out.uid); !done) return done;
    if (auto done = read_number(*user, "gid", "process.user.gid", out.gid); !done) return done;
    if (auto done = read_number(*user, "umask", "process.user.umask", out.umask); !done) return done;
    const auto* groups = member(*user, "additionalGids");
    if (groups == nullptr) return {};
    if (!groups->is_array()) return wrong("process.user.additionalGids is not a list");
    for (const auto& group : *groups) {
      if (!group.is_number_unsigned() || group.get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max()) {
        return wrong("process.user.additionalGids holds something that is not a group's number");
      }
      out.additional_gids.push_back(group.get<std::uint32_t>());
    }
    return {};
  }

  static Status read_rlimits(const json& process, guest::GuestProcess& out) {
    const auto* limits = member(process, "rlimits");
    if (limits == nullptr) return {};
    if (!limits->is_array()) return wrong("process.rlimits is not a list");
    for (const auto& entry : *limits) {
      if (!entry.is_object()) return wrong("process.rlimits holds something that is not an object");
      guest::GuestRlimit limit;
      if (auto done = read(entry, "type", "process.rlimits.type", limit.type); !done) return done;
      if (!guest::rlimit_number(limit.type)) {
        return wrong("process.rlimits has the type \"", annotations::printable(limit.type),
                     "\", which Linux does not know");
      }
      if (auto done = read_number(entry, "soft", "process.rlimits.soft", limit.soft); !done) return done;
      if (auto done = read_number(entry, "hard", "process.rlimits.hard", limit.hard); !done) return done;
      out.rlimits.push_back(std::move(limit));
    }
    return {};
  }

  Status read_mounts(guest::GuestProcess& out) const {
    const auto* mounts = member(root_, "mounts");
    if (mounts == nullptr) return {};
    if (!mounts->is_array()) return wrong("mounts is not a list");
    for (const auto& entry : *mounts) {
      if (!entry.is_object()) return wrong("mounts holds something that is not an object");
      guest::GuestMount mount;
      if (auto done = read(entry, "destination", "mounts.destination", mount.destination); !done) return done;
      if (auto done = read(entry, "type", "mounts.type", mount.type); !done) return done;
      if (auto done = read(entry, "source", "mounts.source", mount.source); !done) return done;
      if (auto done = read(entry, "options", "mounts.options", mount.options); !done) return done;
      if (auto done = add_mount(std::move(mount), out); !done) return done;
    }
    return {};
  }

  static Status add_mount(guest::GuestMount mount, guest::GuestProcess& out) {
    if (mount.destination.empty() || mount.destination[0] != '/')
      return wrong("mounts has a destination that is not an absolute path");
    if (!guest::is_kernel_filesystem(mount.type)) {
      return wrong("the mount at ", annotations::printable(mount.destination),
                   mount.type.empty() || mount.type == "none" || mount.type == "bind"
                       ? " binds a file or directory of the host, which a domain cannot see: "
                       : " is of type " + annotations::printable(mount.type) + ", which the guest does not have: ",
                   "put the files into the image");
    }
    out.mounts.push_back(std::move(mount));
    return {};
  }

  Status read_annotations(annotations::Annotations& out) const {
    const auto* value = member(root_, "annotations");
    if (value == nullptr) return {};
    if (!value->is_object()) return wrong("annotations is not an object");
    for (const auto& [key, entry] : value->items()) {
      if (!entry.is_string()) return wrong("the annotation ", annotations::printable(key), " is not a string");
      out[key] = entry.get<std::string>();
    }
    return {};
  }

 private:
  const json& root_;
};

}  // namespace

Result<Bundle> parse_config(std::string text, const std::string& path) {
  const auto value = base::parse_json(text, "config.json");
  if (!value) return tl::unexpected(value.error());
  if (!value->is_object()) return Config::wrong("not a JSON object");
  const Config config(*value);
  Bundle bundle;
  bundle.path = path;
  if (auto done = config.check_version(); !done) return tl::unexpected(done.error());
  if (auto done = config.read_root(bundle); !done) return tl::unexpected(done.error());
  if (auto done = config.read_process(bundle.process); !done) return tl::unexpected(done.error());
  if (auto done = Config::read(*value, "hostname", "hostname", bundle.process.hostname); !done)
    return tl::unexpected(done.error());
  if (auto done = config.read_mounts(bundle.process); !done) return tl::unexpected(done.error());
  if (auto done = config.refuse_hooks(); !done) return tl::unexpected(done.error());
  if (auto done = config.read_annotations(bundle.annotations); !done) return tl::unexpected(done.error());
  auto vm = read_vm(*value);
  if (!vm) return tl::unexpected(vm.error());
  bundle.vm = std::move(*vm);
  bundle.config = std::move(text);
  return bundle;
}

Result<Bundle> read_bundle(base::Host& host, const std::string& path) {
  auto text = host.read(path + "/config.json", largest_config);
  if (!text) return tl::unexpected(text.error());
  return parse_config(std::move(*text), path);
}

}  // namespace runx::oci
