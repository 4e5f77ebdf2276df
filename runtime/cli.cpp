// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "annotations/value.h"
#include "base/json.h"
#include "base/printable.h"
#include "runtime/container.h"
#include "runtime/list.h"
#include "runtime/monitor.h"
#include "runtime/oci/bundle.h"
#include "runtime/version.h"

namespace runx::runtime {
namespace {

using base::Result;
using base::Status;

struct Options {
  std::string root = default_root;
  std::string log_file;
  std::string log_format = "text";
  bool debug = false;
  CreateOptions create;
  std::string console_socket;
  unsigned preserve_fds = 0;
  std::string id;
  std::string signal = "TERM";
  bool force = false;
  int ready_fd = -1;
  std::string list_format = "table";
  bool list_json = false;
  bool list_quiet = false;
  bool list_resources = false;
};

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto out = std::filesystem::absolute(path, error).lexically_normal().string();
  return out.size() > 1 && out.back() == '/' ? out.substr(0, out.size() - 1) : out;
}

// One directory has one name, whatever links lead to it: claims and domains are made of it ("/var/run" is "/run").
Result<std::string> resolve_root(base::Host& host, const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) {
    return base::fail(std::errc::invalid_argument, "--root is empty: name the directory of the containers' states");
  }
  if (!base::fits_json(path)) {
    return base::fail(std::errc::invalid_argument, "--root ", base::printable(path),
                      " is not UTF-8, so no state can name it: use another directory");
  }
  std::error_code error;
  const auto whole = fs::absolute(path, error);
  const auto machine = error ? fs::path() : fs::weakly_canonical(host.real("/"), error);
  const auto real = error ? fs::path() : fs::weakly_canonical(host.real(whole.string()), error);
  if (error) return base::fail(std::errc::invalid_argument, "--root ", path, " cannot be resolved: ", error.message());
  const auto inside = real.lexically_relative(machine);
  if (inside.empty() || *inside.begin() == "..") {
    return base::fail(std::errc::invalid_argument, "--root ", path, " leads out of the machine's root");
  }
  return inside == "." ? "/" : "/" + inside.string();
}

// "15", "TERM" or "SIGTERM".
Result<int> signal_number(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number > 0 && number <= SIGRTMAX) return number;
  const auto name = text.starts_with("SIG") ? text.substr(3) : text;
  for (int candidate = 1; candidate <= 31; ++candidate) {
    const char* known = ::sigabbrev_np(candidate);
    if (known != nullptr && name == known) return candidate;
  }
  return base::fail(std::errc::invalid_argument, "\"", text, "\" is not a signal: write a number or a name like TERM");
}

void ignored(CLI::App& command, const std::string& name, const std::string& why) {
  command.add_flag(name, why)->group("");
}

void add_commands(CLI::App& app, Options& options) {
  app.add_option("--root", options.root, "Directory of the containers' states")->capture_default_str();
  app.add_option("--log", options.log_file, "File for messages");
  app.add_option("--log-format", options.log_format, "json or text")->check(CLI::IsMember({"json", "text"}));
  app.add_flag("--debug", options.debug, "Log details, the plan among them");
  ignored(app, "--systemd-cgroup", "Accepted: a domain has no cgroup");
  app.add_option("--rootless", "Accepted: Xen needs root")->expected(0, 1)->group("");  // also "--rootless="

  auto* create = app.add_subcommand("create", "Check, take the resources, and launch the container's domain, paused");
  create->add_option("-b,--bundle", options.create.bundle, "Directory with config.json; default: here");
  create->add_option("--pid-file", options.create.pid_file, "File for the pid of the container's monitor");
  create->add_option("--console-socket", options.console_socket, "Refused: a container in a domain has no terminal");
  create->add_option("--preserve-fds", options.preserve_fds, "Only 0: descriptors cannot enter a domain");
  ignored(*create, "--no-pivot", "Accepted: nothing is pivoted");
  ignored(*create, "--no-new-keyring", "Accepted: no keyring is made");
  create->add_option("id", options.create.id, "The container's id")->required();

  const auto with_id = [&](const char* name, const char* what) {
    auto* command = app.add_subcommand(name, what);
    command->add_option("id", options.id, "The container's id")->required();
    return command;
  };
  with_id("start", "Let the container's program run");
  with_id("state", "Print the container's state as JSON");
  auto* kill = with_id("kill", "Send a signal to the container's program; KILL ends its domain");
  kill->add_option("signal", options.signal, "Number or name")->capture_default_str();
  ignored(*kill, "-a,--all", "Accepted: a signal that ends the domain ends all of its processes");
  with_id("delete", "Give everything back")
      ->add_flag("-f,--force", options.force, "Kill it first; fine when there is none");
  auto* list = app.add_subcommand("list", "Print the containers of --root, or what this machine has to give");
  list->add_flag("--resources", options.list_resources, "The regions and devices, who holds them, what they hold");
  list->add_option("-f,--format", options.list_format, "table or json")->check(CLI::IsMember({"json", "table"}));
  list->add_flag("--json", options.list_json, "The same as --format json");
  list->add_flag("-q,--quiet", options.list_quiet, "Names only");
  app.add_subcommand("features", "Print what this runtime can do, as JSON");
  auto* monitor = with_id("monitor", "What create leaves behind")->group("");
  monitor->add_option("--ready-fd", options.ready_fd)->required();
  // Left-over words are looked at below: what engines show their users must name them, and go through the log.
  app.require_subcommand(0, 1);
  app.allow_extras();
}

Status do_create(const Caller& caller, Options& options) {
  if (!options.console_socket.empty()) {
    return base::fail(std::errc::not_supported,
                      "--console-socket: a container in a domain has no terminal here: run it without a tty");
  }
  if (options.preserve_fds != 0) {
    return base::fail(std::errc::not_supported, "--preserve-fds ", options.preserve_fds,
                      ": descriptors cannot enter a domain: use 0");
  }
  options.create.bundle = absolute(options.create.bundle.empty() ? "." : options.create.bundle);
  if (!options.create.pid_file.empty()) options.create.pid_file = absolute(options.create.pid_file);
  return create(caller, options.create);
}

Status do_kill(const Caller& caller, const Options& options) {
  const auto number = signal_number(options.signal);
  if (!number) return tl::unexpected(number.error());
  return kill(caller, options.id, *number);
}

Status do_state(const Caller& caller, const Options& options) {
  const auto text = state(caller, options.id);
  if (!text) return tl::unexpected(text.error());
  print(*text);
  return {};
}

Status do_list(const Caller& caller, const Options& options) {
  const auto format = options.list_quiet                                   ? ListFormat::ids
                      : options.list_json || options.list_format == "json" ? ListFormat::json
                                                                           : ListFormat::table;
  const auto text = options.list_resources ? list_resources(caller, format) : list_containers(caller, format);
  if (!text) return tl::unexpected(text.error());
  print(*text);
  return {};
}

int do_monitor(base::Host& host, const Options& options) {
  const auto directory = oci::directory_of(options.root, options.id);
  const auto state = oci::read_state(host, directory);
  if (!state) return 255;
  return run_monitor(
      host, {.domid = state->domid, .uuid = state->uuid, .directory = directory, .ready_fd = options.ready_fd});
}

std::string not_understood(const CLI::App& app) {
  const auto words = app.remaining(true);
  const char* known = "this runtime has create, start, state, kill, delete, list and features";
  if (words.empty()) return base::text("no command is given: ", known);
  return base::text("\"", annotations::printable(words.front()), "\" is not understood: ", known);
}

Log log_of(const Options& options) {
  return {options.log_file.empty() ? "" : absolute(options.log_file), options.log_format == "json", options.debug};
}

// CLI11 has set nothing when it gives a command line up half way, but the engine reads its log all the same.
void find_log(const std::vector<std::string>& arguments, Options& options) {
  const auto find = [&](const std::string& name, std::string& value) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i].starts_with(name + "=")) value = arguments[i].substr(name.size() + 1);
      if (arguments[i] == name && i + 1 < arguments.size()) value = arguments[i + 1];
    }
  };
  find("--log", options.log_file);
  find("--log-format", options.log_format);
}

int report(base::Host& host, const Log& log, const Status& done) {
  if (done) return 0;
  log.error(host, done.error().what);
  return 1;
}

}  // namespace

int run_cli(base::Host& host, const std::vector<std::string>& arguments) {
  CLI::App app("An OCI runtime whose containers are Xen domains that own accelerators", "runx-accel");
  app.set_version_flag("-v,--version", base::text("runx-accel version ", program_version, "\nspec: ", oci::version));
  Options options;
  add_commands(app, options);
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    find_log(arguments, options);
    log_of(options).error(host, error.what());
    return 2;
  }
  auto root = resolve_root(host, options.root);
  if (!root) {
    log_of(options).error(host, root.error().what);
    return 2;
  }
  options.root = std::move(*root);
  const Caller caller{host, options.root, log_of(options)};
  if (app.get_subcommands().empty() || app.remaining_size(true) != 0) {
    caller.log.error(host, not_understood(app));
    return 2;
  }
  if (app.got_subcommand("monitor")) return do_monitor(host, options);
  if (app.got_subcommand("features")) {
    print(features(host));
    return 0;
  }
  if (app.got_subcommand("list")) return report(host, caller.log, do_list(caller, options));
  if (app.got_subcommand("create")) return report(host, caller.log, do_create(caller, options));
  if (app.got_subcommand("start")) return report(host, caller.log, start(caller, options.id));
  if (app.got_subcommand("state")) return report(host, caller.log, do_state(caller, options));
  if (app.got_subcommand("kill")) return report(host, caller.log, do_kill(caller, options));
  return report(host, caller.log, remove(caller, options.id, options.force));
}

}  // namespace runx::runtime
