// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/fake_xl.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>

namespace runx::fake {
namespace {

namespace fs = std::filesystem;
using base::Command;
using base::Outcome;

constexpr const char* domains = "/fake/xl/domains";
constexpr const char* dom0_uuid = "00000000-0000-0000-0000-000000000000";

// libxlu_cfg's language: key = "string" | 'string' | number | [ values ], a line each.
class Reader {
 public:
  explicit Reader(std::string text) : text_(std::move(text)) {}

  bool read() {
    while (skip(" \t\n")) {
      std::string key;
      while (at_ < text_.size() && (std::isalnum(peek()) != 0 || peek() == '_')) key += next();
      if (key.empty() || !skip(" \t") || next() != '=') return wrong(key);
      skip(" \t");
      std::string value;
      if (!read_value(value)) return false;
      skip(" \t");
      if (at_ < text_.size() && next() != '\n') return wrong(key);
      values_[key] = value;
    }
    return true;
  }

  const std::map<std::string, std::string>& values() const { return values_; }
  const std::string& error() const { return error_; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char next() { return at_ < text_.size() ? text_[at_++] : '\0'; }
  bool skip(std::string_view what) {
    while (at_ < text_.size() && what.find(text_[at_]) != std::string_view::npos) ++at_;
    return at_ < text_.size();
  }
  bool wrong(const std::string& near) {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    error_ = base::text("config:", line, ": config parsing error near `", near, "': syntax error\n",
                        "Failed to parse config: Invalid argument\n");
    return false;
  }

  bool read_value(std::string& out) {
    if (peek() == '"' || peek() == '\'') return read_string(out);
    if (peek() == '[') return read_list(out);
    while (std::isdigit(peek()) != 0) out += next();
    return !out.empty() || wrong("value");
  }

  bool read_list(std::string& out) {
    for (next(); skip(" \t\n"); skip(" \t\n")) {
      if (peek() == ']') return next() == ']';
      if (!out.empty() && next() != ',') return wrong("list");
      skip(" \t\n");
      std::string value;
      if (!read_value(value)) return false;
      out += value + "\n";
      skip(" \t\n");
      if (peek() == ']') return next() == ']';
    }
    return wrong("list");
  }

  bool read_string(std::string& out) {
    const char quote = next();
    while (at_ < text_.size()) {
      char c = next();
      if (c == quote) return true;
      if (c == '\n' || c == '\0') return wrong(out);
      if (c == '\\') {
        c = next();
        if (c == 'n') {
          c = '\n';
        } else if (c != '\\' && c != '"' && c != '\'') {
          return wrong(out);
        }
      }
      out += c;
    }
    return wrong(out);
  }

  std::string text_;
  std::size_t at_ = 0;
  std::map<std::string, std::string> values_;
  std::string error_;
};

class Xl {
 public:
  explicit Xl(FakeHost& host) : host_(host) {}

  Outcome run(const Command& command, const std::function<void(const std::string&)>& on_gone) {
    const auto verb = command.argv.size() < 2 ? "" : command.argv[1];
    const std::string fail = "/fake/xl/fail/" + verb;
    if (fs::exists(host_.real(fail))) {
      const auto words = host_.content(fail);
      fs::remove(host_.real(fail));
      return {1, "", words};
    }
    if (verb == "list") return {0, list(), ""};
    if (verb == "create") return create(command.argv);
    if (verb == "dt-overlay") return dt_overlay(command.argv);
    const auto found = find(command.argv.at(2));
    if (verb == "unpause") return unpause(found, command.argv[2]);
    if (verb == "destroy") return destroy(found, command.argv[2], on_gone);
    if (verb == "shutdown") return shutdown(found);
    return {1, "", "unknown command " + verb + "\n"};
  }

  void create_half(const Command& command) {
    if (command.argv.at(1) != "create") return;
    Reader config(content(command.argv.back()));
    if (!config.read()) return;
    FakeDomain domain = described(config.values());
    domain.name = "(null)";
    add(domain);
  }

 private:
  // xl opens the path as it stands; ours is below the fake root already.
  static std::string content(const std::string& real_path) {
    static std::string kept;
    std::ostringstream out;
    if (std::FILE* file = std::fopen(real_path.c_str(), "rb")) {
      std::array<char, 4096> buffer{};
      for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;) {
        out.write(buffer.data(), static_cast<std::streamsize>(got));
      }
      std::fclose(file);
    }
    kept = out.str();
    return kept;
  }

  static FakeDomain described(std::map<std::string, std::string> values) {
    return {0, values["name"], values["uuid"], "--p---", values["memory"], values["vcpus"]};
  }

  void add(FakeDomain& domain) {
    const auto last = host_.content("/fake/xl/last_id");
    domain.id = last.empty() ? 1 : static_cast<unsigned>(std::stoul(last)) + 1;
    host_.file("/fake/xl/last_id", std::to_string(domain.id));
    set_fake_domain(host_, domain);
  }

  Outcome create(const std::vector<std::string>& argv) {
    const auto text = content(argv.back());
    Reader config(text);
    if (!config.read()) return {1, "", config.error()};
    auto values = config.values();
    for (const char* key : {"kernel", "ramdisk", "device_tree"}) {
      if (values.contains(key) && !fs::exists(values[key])) {
        return {3, "", base::text("libxl: error: cannot open ", values[key], ": No such file or directory\n")};
      }
    }
    FakeDomain domain = described(values);
    for (const auto& other : fake_domains(host_)) {
      if (other.name != domain.name) continue;
      return {3, "",
              base::text("libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain 9:Domain with name \"",
                         other.name, "\" already exists.\nlibxl: error: libxl_create.c:1351:initiate_domain_create: ",
                         "Domain 9:cannot make domain: -6\n")};
    }
    if (std::find(argv.begin(), argv.end(), "-p") == argv.end()) domain.state = "r-----";
    add(domain);
    host_.file("/fake/xl/last_config", text);
    return {0, "", ""};
  }

  const FakeDomain* find(const std::string& word) {
    listed_ = fake_domains(host_);
    const auto found = std::find_if(listed_.begin(), listed_.end(), [&](const FakeDomain& d) {
      return std::to_string(d.id) == word || d.name == word;
    });
    return found == listed_.end() ? nullptr : &*found;
  }

  Outcome unpause(const FakeDomain* domain, const std::string& word) {
    if (domain == nullptr)
      return {0, "",
              base::text("libxl: error: libxl_dom.c:37:libxl__domain_type: Domain ", word,
                         ":unable to get dominfo: No such process\n")};
    if (domain->state[2] != 'p')
      return {0, "",
              base::text("libxl: error: libxl_domain.c:684:domain_unpause_done: Domain ", word,
                         ":Unpausing domain: Invalid argument\n")};
    auto running = *domain;
    running.state = "r-----";
    set_fake_domain(host_, running);
    return {0, "", ""};
  }

  Outcome destroy(const FakeDomain* domain, const std::string& word,
                  const std::function<void(const std::string&)>& on_gone) {
    if (domain == nullptr)
      return {1, "",
              base::text("libxl: error: libxl_domain.c:354:libxl_domain_info: Domain ", word,
                         ":Getting domain info: No such process\ndestroy failed (rc=-21)\n")};
    fs::remove(host_.real(base::text(domains, "/", domain->id)));
    if (on_gone) on_gone(domain->uuid);
    return {0, "", ""};
  }

  // As xl 4.20 on Debian's Xen, which has it switched off.
  static Outcome dt_overlay(const std::vector<std::string>& argv) {
    if (argv.size() != 4 || !fs::exists(argv[3])) return {1, "", "failed to read overlay device tree file\n"};
    return {1, "",
            "libxl: error: libxl_dt_overlay.c:69:libxl_dt_overlay: domain_create failed: Operation not supported\n"};
  }

  Outcome shutdown(const FakeDomain* domain) {
    if (domain == nullptr) return {1, "", "shutdown failed (rc=-6)\n"};
    auto ended = *domain;
    ended.state = "---s--";
    set_fake_domain(host_, ended);
    return {0, base::text("Shutting down domain ", ended.id, "\n"), ""};
  }

  std::string list() const {
    std::string out =
        "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            "
        "Reason-Code\tSecurity Label\n";
    const auto line = [&](const FakeDomain& d) {
      std::array<char, 1024> text{};
      std::snprintf(text.data(), text.size(), "%-40s %5u %5s %5s     %s  %8.1f %s %8s %16s\n", d.name.c_str(), d.id,
                    d.memory.c_str(), d.vcpus.c_str(), d.state.c_str(), 1.4, d.uuid.c_str(), "-", "-");
      out += text.data();
    };
    line({0, "Domain-0", dom0_uuid, "r-----", "1024", "2"});
    for (const auto& domain : fake_domains(host_)) line(domain);
    return out;
  }

  FakeHost& host_;
  std::vector<FakeDomain> listed_;
};

}  // namespace

void add_fake_xl(FakeHost& host, std::function<void(const std::string& uuid)> on_gone) {
  host.directory(domains);
  host.on_program("/usr/sbin/xl", [&host, on_gone = std::move(on_gone)](const Command& command) {
    return base::Result<Outcome>(Xl(host).run(command, on_gone));
  });
  host.on_half_run("/usr/sbin/xl", [&host](const Command& command) { Xl(host).create_half(command); });
}

std::vector<FakeDomain> fake_domains(const FakeHost& host) {
  std::vector<FakeDomain> out;
  if (!fs::exists(host.real(domains))) return out;
  for (const auto& entry : fs::directory_iterator(host.real(domains))) {
    std::istringstream lines(host.content(base::text(domains, "/", entry.path().filename().string())));
    FakeDomain domain;
    domain.id = static_cast<unsigned>(std::stoul(entry.path().filename().string()));
    for (auto* field : {&domain.name, &domain.uuid, &domain.state, &domain.memory, &domain.vcpus}) {
      std::getline(lines, *field);
    }
    out.push_back(std::move(domain));
  }
  std::sort(out.begin(), out.end(), [](const FakeDomain& a, const FakeDomain& b) { return a.id < b.id; });
  return out;
}

void set_fake_domain(FakeHost& host, const FakeDomain& d) {
  host.file(base::text(domains, "/", d.id),
            base::text(d.name, "\n", d.uuid, "\n", d.state, "\n", d.memory, "\n", d.vcpus, "\n"));
}

std::string xl_string(const std::string& config, const std::string& key, std::string& error) {
  Reader reader(config);
  if (!reader.read()) {
    error = reader.error();
    return {};
  }
  const auto found = reader.values().find(key);
  return found == reader.values().end() ? "" : found->second;
}

}  // namespace runx::fake
