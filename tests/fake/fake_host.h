// SPDX-License-Identifier: Apache-2.0
#pragma once

// A machine for tests: a folder of real files whose sysfs attributes and programs react, and where every
// operation can fail with any errno, or "crash" the runtime at that point.
//
//   FakeHost host;
//   host.file("/sys/class/fpga_manager/fpga0/state", "unknown\n");
//   host.on_attribute("/sys/class/fpga_manager/fpga0/firmware", [&](std::string_view name) { …; return 0; });
//   host.on_program("/usr/sbin/xl", [&](const base::Command& command) { …; return base::Outcome{}; });
//   host.fail("write_attribute", "/sys/…/firmware", ENOENT);
//
// All state of the fakes lives in files below the root, so that two processes can share one machine.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/host.h"

namespace runx::fake {

// Thrown by an operation that was told to crash: what is on disk at that point stays as it is, as after SIGKILL.
struct Crash {};

class FakeHost : public base::Host {
 public:
  FakeHost();                             // a fresh folder, removed at the end
  explicit FakeHost(std::string folder);  // a folder that somebody else owns
  ~FakeHost() override;

  // Laying out.
  void file(const std::string& path, std::string_view content);
  void directory(const std::string& path);
  std::string content(const std::string& path) const;  // "" when there is none
  // Every file below `path` with its content; directories end in '/', links show their target.
  std::map<std::string, std::string> tree(const std::string& path = "/") const;

  // Reactions. An attribute's reaction gets what was written and returns 0 or the errno of the write;
  // the file itself keeps its content unless the reaction changes it.
  using AttributeReaction = std::function<int(std::string_view value)>;
  using ProgramReaction = std::function<base::Result<base::Outcome>(const base::Command&)>;
  using SpawnReaction =
      std::function<base::Result<int>(const std::vector<std::string>& argv, const std::vector<int>& inherit)>;
  void on_attribute(const std::string& path, AttributeReaction reaction) { attributes_[path] = std::move(reaction); }
  void on_program(const std::string& program, ProgramReaction reaction) { programs_[program] = std::move(reaction); }
  // A directory whose children a kernel makes and removes (configfs). The reactions get the child's path, after it was
  // made and before it is removed with all that is in it, and return 0 or the errno that stops it.
  using DirectoryReaction = std::function<int(const std::string& path)>;
  void on_directory(const std::string& parent, DirectoryReaction made, DirectoryReaction removed) {
    directories_[parent] = {std::move(made), std::move(removed)};
  }
  // What a program that is killed half way leaves; none: nothing.
  void on_half_run(const std::string& program, std::function<void(const base::Command&)> reaction) {
    half_runs_[program] = std::move(reaction);
  }
  void on_spawn(SpawnReaction reaction) { spawn_ = std::move(reaction); }
  // Signals sent through the Host: (pid, number), to a process of which /proc/PID/stat says that it is meant; the
  // default answers no_such_process.
  void on_signal(std::function<int(int pid, int number)> reaction) { signal_ = std::move(reaction); }

  // Faults. `operation` is the name of the Host function; `path` its path (or argv[0]), "" for any.
  // The next match fails with `error`, once.
  void fail(const std::string& operation, const std::string& path, int error);
  // Operation number `number` from now (1 = the next) fails or crashes; reads and looks count too.
  void fail_at(unsigned number, int error);
  void crash_at(unsigned number);
  // Like crash_at, but in the middle: the operation has left what the real one leaves when it is cut off. A file that
  // is replaced: half of its content under a temporary name. An append: half of the line. A load: done. A tree that is
  // removed: without its first file. A program: `half_run` of its reaction. Others: as if they had not begun.
  void crash_within(unsigned number);
  // Operation number `number` is done, and then reported as failed.
  void fail_late(unsigned number, int error);
  void no_faults();
  unsigned operations() const { return operations_; }
  // "write /run/…", in order, since the beginning.
  const std::vector<std::string>& log() const { return log_; }

  base::Result<std::string> read(const std::string& path, std::size_t limit = std::size_t{4} << 20) override;
  bool exists(const std::string& path) override;
  base::Result<std::vector<std::string>> list(const std::string& path) override;
  base::Status write_attribute(const std::string& path, std::string_view value) override;
  base::Status write(const std::string& path, std::string_view content, mode_t mode = 0600) override;
  base::Status write_new(const std::string& path, std::string_view content, mode_t mode = 0600) override;
  base::Status append(const std::string& path, std::string_view content) override;
  base::Status make_directory(const std::string& path, mode_t mode = 0700) override;
  base::Status make_directories(const std::string& path, mode_t mode = 0755) override;
  base::Status remove(const std::string& path) override;
  base::Status remove_tree(const std::string& path) override;
  base::Result<base::Fd> open(const std::string& path, int flags, mode_t mode = 0) override;
  base::Result<base::Fd> lock(const std::string& path, std::chrono::milliseconds limit = base::lock_limit) override;
  base::Result<base::Fd> connect(const std::string& path) override;
  base::Result<base::Outcome> run(const base::Command& command) override;
  base::Result<int> spawn(const std::vector<std::string>& argv, const std::vector<int>& inherit) override;
  base::Status signal(int pid, std::uint64_t start, int number) override;

 private:
  struct Fault {
    std::string operation;
    std::string path;
    int error;
  };
  // Counts, logs and decides; 0 lets the operation through.
  int gate(const std::string& operation, const std::string& path);
  // The operation that gate() let through is to be cut off in the middle.
  bool cut() const { return operations_ == cut_number_; }
  // After the operation: its result, or the failure that it is to report.
  template <class Outcome>
  Outcome late(Outcome done, const std::string& what) const;
  [[noreturn]] void half_written(const std::string& path, std::string_view content) const;

  bool owned_ = false;
  unsigned operations_ = 0;
  unsigned fail_number_ = 0;
  int fail_error_ = 0;
  unsigned crash_number_ = 0;
  unsigned cut_number_ = 0;
  unsigned late_number_ = 0;
  int late_error_ = 0;
  std::vector<Fault> faults_;
  std::vector<std::string> log_;
  // The reactions of the directory that `path` is in; nullptr when there are none.
  const std::pair<DirectoryReaction, DirectoryReaction>* kernel_directory(const std::string& path) const;

  std::map<std::string, AttributeReaction> attributes_;
  std::map<std::string, std::pair<DirectoryReaction, DirectoryReaction>> directories_;
  std::map<std::string, ProgramReaction> programs_;
  std::map<std::string, std::function<void(const base::Command&)>> half_runs_;
  SpawnReaction spawn_;
  std::function<int(int, int)> signal_;
};

}  // namespace runx::fake
