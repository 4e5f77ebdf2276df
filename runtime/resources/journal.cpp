// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/journal.h"

#include <limits>

#include "base/json.h"
#include "plan/kind.h"

namespace runx::resources {
namespace {

using base::Result;
using nlohmann::json;

constexpr unsigned journal_version = 2;

// The members of a line, all of them and each of its type, or nothing.
class Line {
 public:
  explicit Line(std::string_view text) {
    auto value = base::parse_json(text, "the journal");
    if (value && value->is_object()) value_ = std::move(*value);
  }

  bool has(const char* member) const { return value_.contains(member); }
  std::size_t size() const { return value_.size(); }
  bool read(const char* member, std::string& out) const {
    const auto found = value_.find(member);
    if (found == value_.end() || !found->is_string()) return false;
    out = found->get<std::string>();
    return true;
  }
  template <class Number>
  bool read_number(const char* member, Number& out) const {
    const auto found = value_.find(member);
    if (found == value_.end() || !found->is_number_unsigned() || *found > std::numeric_limits<Number>::max()) {
      return false;
    }
    out = found->get<Number>();
    return true;
  }
  bool read_object(const char* member, json& out) const {
    const auto found = value_.find(member);
    if (found == value_.end() || !found->is_object()) return false;
    out = *found;
    return true;
  }

 private:
  json value_ = json::object();
};

bool read_head(const Line& line, Container& out) {
  return line.size() == 6 && line.read("root", out.owner.root) && line.read("id", out.owner.id) &&
         line.read("generation", out.owner.generation) && line.read("uuid", out.uuid) &&
         line.read("namespace", out.kubernetes_namespace);
}

bool read_note(const Line& line, const char* member, const Journal& journal, std::set<std::size_t>& out) {
  std::size_t number = 0;
  if (line.size() != 1 || !line.read_number(member, number) || number >= journal.records.size()) return false;
  return out.insert(number).second;
}

bool read_line(const Line& line, Journal& journal) {
  if (line.has("acquired")) return read_note(line, "acquired", journal, journal.acquired);
  if (line.has("released")) return read_note(line, "released", journal, journal.released);
  Record record;
  if (line.size() != 3 || !line.read("kind", record.kind) || record.kind.empty() ||
      !line.read_number("version", record.version) || !line.read_object("step", record.step)) {
    return false;
  }
  journal.records.push_back(std::move(record));
  return true;
}

std::string note_line(const char* member, std::size_t number) { return base::json_text({{member, number}}) + "\n"; }

}  // namespace

Record record_of(const plan::Step& step) {
  const auto& kind = step.kind();
  return {std::string(kind.name()), kind.record_version(), kind.record(step)};
}

Result<plan::Step> step_of(const Record& record, const plan::Kinds& kinds) {
  const auto* kind = plan::find_kind(kinds, record.kind);
  if (kind == nullptr) {
    return base::fail(std::errc::not_supported, "the journal has a record of kind \"", record.kind,
                      "\", which this version cannot give back: delete the container with the version that made it");
  }
  if (record.version != kind->record_version()) {
    return base::fail(std::errc::not_supported, "the journal has a record of kind \"", record.kind, "\", version ",
                      record.version, ", and this program reads version ", kind->record_version(),
                      ": delete the container with the version that made it");
  }
  auto step = kind->read_record(record.step);
  if (!step) {
    return base::fail(std::errc::bad_message, "the journal's record of kind \"", record.kind,
                      "\" is damaged: ", step.error().what,
                      ": give back by hand what it names, and remove the container's directory");
  }
  return step;
}

Result<Journal> parse_journal(std::string_view text) {
  Journal journal;
  for (bool first = true; !text.empty(); first = false) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    const Line line(text.substr(0, end));
    unsigned version = 0;
    if (first && line.has("kind")) {
      return base::fail(std::errc::not_supported,
                        "the journal is of version 1: delete the container with the version that made it");
    }
    if (first && line.read_number("journal", version) && version != journal_version) {
      return base::fail(std::errc::not_supported, "the journal is of version ", version,
                        ", and this program reads version ", journal_version,
                        ": delete the container with the version that made it");
    }
    if (!(first ? version == journal_version && read_head(line, journal.container) : read_line(line, journal))) break;
    text.remove_prefix(end + 1);
  }
  journal.torn = text.size();
  return journal;
}

std::string head_line(const Container& container) {
  return base::json_text({{"journal", journal_version},
                          {"root", container.owner.root},
                          {"id", container.owner.id},
                          {"generation", container.owner.generation},
                          {"uuid", container.uuid},
                          {"namespace", container.kubernetes_namespace}}) +
         "\n";
}

std::string record_line(const Record& record) {
  return base::json_text({{"kind", record.kind}, {"version", record.version}, {"step", record.step}}) + "\n";
}

std::string acquired_line(std::size_t number) { return note_line("acquired", number); }
std::string released_line(std::size_t number) { return note_line("released", number); }

Result<Journal> read_journal(base::Host& host, const std::string& path) {
  const auto text = host.read(path);
  if (!text && text.error().code == std::errc::no_such_file_or_directory) return Journal{};
  if (!text) return tl::unexpected(text.error());
  auto journal = parse_journal(*text);
  if (!journal) return base::context(journal.error(), path);
  return journal;
}

base::Status cut_torn(base::Host& host, const std::string& path, const Journal& journal) {
  if (journal.torn == 0) return {};
  const auto text = host.read(path);
  if (!text) return tl::unexpected(text.error());
  return host.write(path, std::string_view(*text).substr(0, text->size() - journal.torn));
}

}  // namespace runx::resources
