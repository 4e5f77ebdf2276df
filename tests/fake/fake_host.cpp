// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/fake_host.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace runx::fake {
namespace fs = std::filesystem;
using base::Fd;
using base::Outcome;
using base::Result;
using base::Status;

namespace {

std::string fresh_folder() {
  // In memory where there is room for it: the machine syncs every file, and a test makes hundreds of machines.
  std::string name = fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
  name += "/runx-fake.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

// What crash_within() does something about; nothing remains of the other operations.
bool leaves_half(const std::string& operation) {
  for (const char* known : {"write_attribute", "write", "write_new", "append", "remove_tree", "run", "spawn"}) {
    if (operation == known) return true;
  }
  return false;
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

FakeHost::FakeHost() : Host(fresh_folder()), owned_(true) {}
FakeHost::FakeHost(std::string folder) : Host(std::move(folder)) {}
FakeHost::~FakeHost() {
  std::error_code ignored;
  if (owned_) fs::remove_all(real(""), ignored);
}

void FakeHost::file(const std::string& path, std::string_view content) {
  fs::create_directories(fs::path(real(path)).parent_path());
  std::ofstream(real(path), std::ios::binary) << content;
}

void FakeHost::directory(const std::string& path) { fs::create_directories(real(path)); }

std::string FakeHost::content(const std::string& path) const { return slurp(real(path)); }

std::map<std::string, std::string> FakeHost::tree(const std::string& path) const {
  std::map<std::string, std::string> out;
  if (!fs::exists(real(path))) return out;
  for (const auto& entry : fs::recursive_directory_iterator(real(path))) {
    const auto name = entry.path().string().substr(real("").size());
    if (entry.is_symlink()) {
      out[name] = "-> " + fs::read_symlink(entry.path()).string();
    } else if (entry.is_directory()) {
      out[name + "/"] = "";
    } else if (entry.is_regular_file()) {
      out[name] = slurp(entry.path());
    }
  }
  return out;
}

void FakeHost::fail(const std::string& operation, const std::string& path, int error) {
  faults_.push_back({operation, path, error});
}

void FakeHost::fail_at(unsigned number, int error) {
  fail_number_ = operations_ + number;
  fail_error_ = error;
}

void FakeHost::crash_at(unsigned number) { crash_number_ = operations_ + number; }

void FakeHost::crash_within(unsigned number) { cut_number_ = operations_ + number; }

void FakeHost::fail_late(unsigned number, int error) {
  late_number_ = operations_ + number;
  late_error_ = error;
}

void FakeHost::no_faults() {
  faults_.clear();
  fail_number_ = crash_number_ = cut_number_ = late_number_ = 0;
}

template <class Done>
Done FakeHost::late(Done done, const std::string& what) const {
  if (operations_ != late_number_ || !done) return done;
  return base::fail_errno(late_error_, what);
}

void FakeHost::half_written(const std::string& path, std::string_view content) const {
  std::ofstream(real(path + ".AbC123"), std::ios::binary) << content.substr(0, content.size() / 2);
  throw Crash{};
}

int FakeHost::gate(const std::string& operation, const std::string& path) {
  ++operations_;
  log_.push_back(operation + " " + path);
  if (operations_ == crash_number_ || (cut() && !leaves_half(operation))) throw Crash{};
  if (operations_ == fail_number_) return fail_error_;
  const auto fault = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& f) {
    return f.operation == operation && (f.path.empty() || f.path == path);
  });
  if (fault == faults_.end()) return 0;
  const int error = fault->error;
  faults_.erase(fault);
  return error;
}

Result<std::string> FakeHost::read(const std::string& path, std::size_t limit) {
  if (const int error = gate("read", path)) return base::fail_errno(error, "cannot read ", path);
  return Host::read(path, limit);
}

bool FakeHost::exists(const std::string& path) { return gate("exists", path) == 0 && Host::exists(path); }

Result<std::vector<std::string>> FakeHost::list(const std::string& path) {
  if (const int error = gate("list", path)) return base::fail_errno(error, "cannot read ", path);
  return Host::list(path);
}

Status FakeHost::write_attribute(const std::string& path, std::string_view value) {
  if (const int error = gate("write_attribute", path)) return base::fail_errno(error, "cannot write ", path);
  const auto reaction = attributes_.find(path);
  if (reaction == attributes_.end()) {
    if (cut()) throw Crash{};
    return late(Host::write_attribute(path, value), "cannot write " + path);
  }
  if (!Host::exists(path)) return base::fail_errno(ENOENT, "cannot open ", path);
  if (const int error = reaction->second(value)) return base::fail_errno(error, "cannot write ", path);
  if (cut()) throw Crash{};
  return late(Status(), "cannot write " + path);
}

Status FakeHost::write(const std::string& path, std::string_view content, mode_t mode) {
  if (const int error = gate("write", path)) return base::fail_errno(error, "cannot write ", path);
  if (cut()) half_written(path, content);
  return late(Host::write(path, content, mode), "cannot write " + path);
}

Status FakeHost::write_new(const std::string& path, std::string_view content, mode_t mode) {
  if (const int error = gate("write_new", path)) return base::fail_errno(error, "cannot write ", path);
  if (cut()) half_written(path, content);
  return late(Host::write_new(path, content, mode), "cannot write " + path);
}

Status FakeHost::append(const std::string& path, std::string_view content) {
  if (const int error = gate("append", path)) return base::fail_errno(error, "cannot write ", path);
  if (cut()) {
    std::ofstream(real(path), std::ios::binary | std::ios::app) << content.substr(0, content.size() / 2);
    throw Crash{};
  }
  return late(Host::append(path, content), "cannot write " + path);
}

const std::pair<FakeHost::DirectoryReaction, FakeHost::DirectoryReaction>* FakeHost::kernel_directory(
    const std::string& path) const {
  const auto found = directories_.find(path.substr(0, path.rfind('/')));
  return found == directories_.end() ? nullptr : &found->second;
}

Status FakeHost::make_directory(const std::string& path, mode_t mode) {
  if (const int error = gate("make_directory", path))
    return base::fail_errno(error, "cannot make the directory ", path);
  auto made = Host::make_directory(path, mode);
  if (const auto* kernel = kernel_directory(path); kernel != nullptr && made) {
    if (const int error = kernel->first(path)) {
      fs::remove_all(real(path));
      return base::fail_errno(error, "cannot make the directory ", path);
    }
  }
  return late(std::move(made), "cannot make the directory " + path);
}

Status FakeHost::make_directories(const std::string& path, mode_t mode) {
  if (const int error = gate("make_directories", path))
    return base::fail_errno(error, "cannot make the directory ", path);
  return late(Host::make_directories(path, mode), "cannot make the directory " + path);
}

Status FakeHost::remove(const std::string& path) {
  if (const int error = gate("remove", path)) return base::fail_errno(error, "cannot remove ", path);
  if (const auto* kernel = kernel_directory(path); kernel != nullptr && fs::is_directory(real(path))) {
    if (const int error = kernel->second(path)) return base::fail_errno(error, "cannot remove ", path);
    for (const auto& entry : fs::directory_iterator(real(path))) fs::remove_all(entry);
  }
  return late(Host::remove(path), "cannot remove " + path);
}

Status FakeHost::remove_tree(const std::string& path) {
  if (const int error = gate("remove_tree", path)) return base::fail_errno(error, "cannot remove ", path);
  if (cut()) {
    for (const auto& entry : fs::directory_iterator(real(path))) {
      fs::remove_all(entry);
      break;
    }
    throw Crash{};
  }
  return late(Host::remove_tree(path), "cannot remove " + path);
}

Result<Fd> FakeHost::open(const std::string& path, int flags, mode_t mode) {
  if (const int error = gate("open", path)) return base::fail_errno(error, "cannot open ", path);
  return Host::open(path, flags, mode);
}

Result<Fd> FakeHost::lock(const std::string& path, std::chrono::milliseconds limit) {
  if (const int error = gate("lock", path)) return base::fail_errno(error, "cannot lock ", path);
  return Host::lock(path, limit);
}

Result<Fd> FakeHost::connect(const std::string& path) {
  if (const int error = gate("connect", path)) return base::fail_errno(error, "cannot connect to ", path);
  return Host::connect(path);
}

Result<Outcome> FakeHost::run(const base::Command& command) {
  const auto& program = command.argv.at(0);
  if (const int error = gate("run", program)) return base::fail_errno(error, "cannot run ", program);
  const auto reaction = programs_.find(program);
  if (reaction == programs_.end()) return base::fail_errno(ENOENT, "cannot run ", program);
  if (cut()) {
    if (const auto half = half_runs_.find(program); half != half_runs_.end()) half->second(command);
    throw Crash{};
  }
  return late(reaction->second(command), "cannot run " + program);
}

Result<int> FakeHost::spawn(const std::vector<std::string>& argv, const std::vector<int>& inherit) {
  if (const int error = gate("spawn", argv.at(0))) return base::fail_errno(error, "cannot run ", argv[0]);
  if (!spawn_) return base::fail_errno(ENOENT, "cannot run ", argv[0]);
  auto pid = spawn_(argv, inherit);
  if (cut()) throw Crash{};
  return late(std::move(pid), "cannot run " + argv[0]);
}

Status FakeHost::signal(int pid, std::uint64_t start, int number) {
  if (const int error = gate("signal", std::to_string(pid)))
    return base::fail_errno(error, "cannot signal process ", pid);
  if (const auto now = process_start(pid); !now || *now != start)
    return base::fail_errno(ESRCH, "cannot signal process ", pid);
  const int error = signal_ ? signal_(pid, number) : ESRCH;
  if (error != 0) return base::fail_errno(error, "cannot signal process ", pid);
  return {};
}

}  // namespace runx::fake
