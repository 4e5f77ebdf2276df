// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/ledger.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include <sys/random.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"

namespace runx::resources {
namespace {

using base::Result;
using base::Status;

struct Claim {
  std::string claim;
  Owner owner;
};

// A claim may be a path of 4 KiB: too long and too strange for a file's name.
std::string file_of(const std::string& claim) {
  return std::string(claims_directory) + "/" + base::sha256_hex(base::bytes_of(claim)).substr(0, 32);
}

std::string claim_text(const std::string& claim, const Owner& owner) {
  return base::json_text({{"claim", claim}, {"root", owner.root}, {"id", owner.id}, {"generation", owner.generation}}) +
         "\n";
}

// Nothing: released meanwhile.
Result<std::optional<Claim>> read_claim(base::Host& host, const std::string& path) {
  const auto content = host.read(path);
  if (!content && content.error().code == std::errc::no_such_file_or_directory) return std::optional<Claim>{};
  if (!content) return tl::unexpected(content.error());
  const auto value = base::parse_json(*content, path);
  if (!value) return tl::unexpected(value.error());
  const auto member = [&](const char* key) {
    const auto found = value->is_object() ? value->find(key) : value->end();
    return found != value->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Claim claim{member("claim"), {member("root"), member("id"), member("generation")}};
  if (claim.claim.empty() || claim.owner.id.empty() || claim.owner.generation.empty()) {
    return base::fail(std::errc::bad_message, path,
                      " is not a claim of runx-accel: remove it when no container uses the hardware");
  }
  return std::optional<Claim>{std::move(claim)};
}

}  // namespace

Result<std::string> new_generation() {
  std::array<std::uint8_t, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return base::fail_errno(errno, "cannot read the kernel's random numbers");
  }
  std::string out;
  for (const auto byte : bytes) out += base::hex(byte, 2).substr(2);
  return out;
}

Result<Ledger> Ledger::lock(base::Host& host) {
  // The lock's folder, which is root's alone, comes with it: the claims' would be made with wider parents.
  auto lock = host.lock_file(ledger_lock, ledger_limit);
  if (!lock) return tl::unexpected(lock.error());
  if (auto made = host.make_directories(claims_directory); !made) return tl::unexpected(made.error());
  return Ledger(host, std::move(*lock));
}

Status Ledger::take(const std::string& claim, const Owner& owner) {
  const auto path = file_of(claim);
  const auto taken = host_->write_new(path, claim_text(claim, owner), 0644);
  if (taken || taken.error().code != std::errc::file_exists) return taken;
  const auto holder = read_claim(*host_, path);
  if (!holder) return tl::unexpected(holder.error());
  if (!*holder) return taken;  // somebody who does not hold the lock removed it
  if ((*holder)->owner == owner) return {};
  return base::fail(std::errc::device_or_resource_busy, claim, " is held by container ", (*holder)->owner.id, " (of ",
                    (*holder)->owner.root, "): delete it first");
}

Result<bool> Ledger::holds(const std::string& claim, const Owner& owner) {
  const auto holder = read_claim(*host_, file_of(claim));
  if (!holder) return tl::unexpected(holder.error());
  return *holder && (*holder)->owner == owner;
}

Status Ledger::release(const std::string& claim, const Owner& owner) {
  // Claims are only taken under the lock, so one that is half written now is of somebody who was killed.
  if (auto removed = host_->remove_temporaries(file_of(claim)); !removed) return removed;
  const auto mine = holds(claim, owner);
  if (!mine) return tl::unexpected(mine.error());
  return *mine ? host_->remove(file_of(claim)) : Status();
}

Result<std::map<std::string, Owner>> holders(base::Host& host) {
  std::map<std::string, Owner> out;
  const auto names = host.list(claims_directory);
  if (!names && names.error().code == std::errc::no_such_file_or_directory) return out;
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names) {
    if (name.find('.') != std::string::npos) continue;  // a claim that is being written
    const auto claim = read_claim(host, std::string(claims_directory) + "/" + name);
    if (!claim) return tl::unexpected(claim.error());
    if (*claim) out[(*claim)->claim] = (*claim)->owner;
  }
  return out;
}

}  // namespace runx::resources
