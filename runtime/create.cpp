// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "annotations/value.h"
#include "guest/ramdisk.h"
#include "plan/image.h"
#include "runtime/container.h"
#include "runtime/facts.h"
#include "runtime/give_back.h"
#include "runtime/hardware.h"
#include "runtime/monitor.h"
#include "runtime/oci/bundle.h"
#include "runtime/resources/board_files.h"
#include "runtime/resources/kind.h"
#include "xen/xl.h"

namespace runx::runtime {
namespace {

using base::Fd;
using base::Result;
using base::Status;

std::string joined(const plan::Refusals& refusals) {
  std::string out;
  for (const auto& refusal : refusals) out += (out.empty() ? "" : "; ") + refusal;
  return out;
}

// What is known before anything is written.
struct Request {
  oci::Bundle bundle;
  base::Rootfs rootfs;
  annotations::AcceleratorRequest accelerators;
  plan::HostFacts host;
  bitstream::Parts parts = {};
  plan::Bitstreams bitstreams = {};
  guest::RamdiskLimits limits = {};  // what is left to the root file system
  std::uint64_t rootfs_bytes = 0;    // as an archive
};

// The owner's files are read once, and the vm section laid over `request` by them.
Result<plan::HostFacts> read_host(const Caller& caller, const oci::Bundle& bundle,
                                  annotations::AcceleratorRequest& request) {
  const bool tree = !bundle.vm.hardware.empty() || plan::needs_boot_tree(request, resources::pure_halves(caller.kinds));
  auto facts = read_owner_files(caller.host, tree ? BootTree::needed : BootTree::not_needed, caller.kinds);
  if (!facts) return facts;
  if (auto done = apply_vm(bundle.vm, bundle.annotations, facts->boot_tree, facts->board, request); !done)
    return tl::unexpected(done.error());
  if (auto done = read_machine(caller.host, request, *facts, caller.kinds); !done) return tl::unexpected(done.error());
  facts->root = caller.root;
  if (facts->policy) facts->kubernetes_namespace = plan::namespace_of(*facts->policy, bundle.annotations);
  return facts;
}

// The size of what is the image's in the ramdisk `made` by `init`: all of it but that.
Result<std::uint64_t> image_part(const Result<std::uint64_t>& made, const Fd& init) {
  if (!made) return made;
  const auto status = base::look_at(init, guest_init_path);
  if (!status) return tl::unexpected(status.error());
  return *made - static_cast<std::uint64_t>(status->st_size);
}

Result<Fd> open_init(base::Host& host) {
  auto init = host.open(guest_init_path, O_RDONLY);
  if (!init) return base::context(init.error(), "the guest's init is installed with runx-accel");
  return init;
}

// The walk needs a descriptor that can be read; the Rootfs has one that can only be resolved against.
Result<Fd> open_rootfs(const Request& request) {
  Fd rootfs(::openat(request.rootfs.directory().get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!rootfs) return base::fail_errno(errno, "cannot read ", request.bundle.rootfs);
  return rootfs;
}

Result<std::uint64_t> measure_rootfs(base::Host& host, const Request& request) {
  const auto init = open_init(host);
  if (!init) return tl::unexpected(init.error());
  const auto rootfs = open_rootfs(request);
  if (!rootfs) return tl::unexpected(rootfs.error());
  return image_part(guest::ramdisk_size(*init, request.bundle.process, *rootfs, request.limits), *init);
}

// Of the image only what is worth it, and no more than its budget: what is refused whatever its files hold is refused
// before one of them is read.
Status read_image(const Caller& caller, Request& request) {
  auto& host = caller.host;
  const auto worth =
      plan::files_worth_reading(request.accelerators, request.host, resources::pure_halves(caller.kinds));
  if (!worth.refusals.empty()) return base::fail(std::errc::operation_not_permitted, joined(worth.refusals));
  auto parts = resources::read_parts(host);
  if (!parts) return tl::unexpected(parts.error());
  request.parts = std::move(*parts);
  for (const auto* kind : caller.kinds) {
    if (auto looked = kind->look_closer(host, worth, request.parts, request.host); !looked) return looked;
  }
  plan::ImageBudget budget(request.host.board.image);
  auto bitstreams = plan::read_bitstreams(request.rootfs, request.accelerators, worth, budget, request.parts);
  if (!bitstreams) return tl::unexpected(bitstreams.error());
  request.bitstreams = std::move(*bitstreams);
  request.limits = {budget.left().bytes, budget.left().entries};
  const auto bytes = measure_rootfs(host, request);
  if (!bytes) return tl::unexpected(bytes.error());
  request.rootfs_bytes = *bytes;
  return {};
}

Result<Request> read_all(const Caller& caller, const std::string& bundle_path) {
  auto& host = caller.host;
  auto bundle = oci::read_bundle(host, bundle_path);
  if (!bundle) return tl::unexpected(bundle.error());
  auto rootfs = base::Rootfs::open(host, bundle->rootfs);
  if (!rootfs) return tl::unexpected(rootfs.error());
  auto accelerators = plan::read_request(*rootfs, bundle->annotations);
  if (!accelerators) return tl::unexpected(accelerators.error());
  auto facts = read_host(caller, *bundle, *accelerators);
  if (!facts) return tl::unexpected(facts.error());
  Request request{std::move(*bundle), std::move(*rootfs), std::move(*accelerators), std::move(*facts)};
  if (auto read = read_image(caller, request); !read) return tl::unexpected(read.error());
  return request;
}

Result<plan::Plan> plan_for(const Request& request, std::uint64_t rootfs_bytes, const resources::MachineKinds& kinds) {
  auto made = plan::make_plan(request.accelerators, request.host, request.bitstreams.with_rootfs(rootfs_bytes),
                              resources::pure_halves(kinds));
  if (const auto* refusals = std::get_if<plan::Refusals>(&made)) {
    return base::fail(std::errc::operation_not_permitted, joined(*refusals));
  }
  return std::get<plan::Plan>(std::move(made));
}

// Every resource written down, then taken. A failure leaves the rest to the undo.
class CreateTransaction {
 public:
  CreateTransaction(const Caller& caller, const CreateOptions& options, Request& request, std::string directory,
                    std::string generation)
      : caller_(caller), host_(caller.host), options_(options), request_(request), directory_(std::move(directory)) {
    state_.id = options.id;
    state_.bundle = request.bundle.path;
    state_.rootfs = request.bundle.rootfs;
    state_.created = oci::now_rfc3339();
    state_.uuid = xen::uuid_of(caller.root + "\n" + options.id);
    state_.annotations = request.bundle.annotations;
    container_ = {{caller.root, options.id, std::move(generation)}, state_.uuid, request.host.kubernetes_namespace};
  }

  Status run() {
    auto boot = oci::boot_id(host_);
    if (!boot) return tl::unexpected(boot.error());
    state_.boot = std::move(*boot);
    if (auto written = oci::write_state(host_, directory_, state_); !written) return written;
    if (auto written = host_.write(directory_ + "/config.json", request_.bundle.config); !written) return written;
    const auto rootfs_bytes = write_ramdisk();
    if (!rootfs_bytes) return tl::unexpected(rootfs_bytes.error());
    if (auto done = plan_and_claim(*rootfs_bytes); !done) return done;
    if (auto done = acquire_all(); !done) return done;
    if (auto done = watch(); !done) return done;
    state_.status = oci::Status::created;
    if (auto written = oci::write_state(host_, directory_, state_); !written) return written;
    // Last: whoever waits for the pid-file finds a container that is created.
    if (options_.pid_file.empty()) return {};
    return host_.write(options_.pid_file, std::to_string(state_.monitor), 0644);
  }

 private:
  std::string file(const char* name) const { return directory_ + "/" + name; }
  Status write_down(const std::string& line) { return host_.append(file("journal"), line); }

  // Returns the size of what is the image's: all of it but our init.
  Result<std::uint64_t> write_ramdisk() {
    const auto init = open_init(host_);
    if (!init) return tl::unexpected(init.error());
    const auto out = host_.open(file("ramdisk"), O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!out) return tl::unexpected(out.error());
    const auto rootfs = open_rootfs(request_);
    if (!rootfs) return tl::unexpected(rootfs.error());
    return image_part(guest::write_ramdisk(*out, *init, request_.bundle.process, *rootfs, request_.limits), *init);
  }

  // Planning and claiming are one step for all containers of the machine: what the plan found free is still free
  // when it is claimed.
  Status plan_and_claim(std::uint64_t rootfs_bytes) {
    auto ledger = resources::Ledger::lock(host_);
    if (!ledger) return tl::unexpected(ledger.error());
    if (auto looked = look_again(host_, request_.host, caller_.kinds); !looked) return looked;
    auto plan = plan_for(request_, rootfs_bytes, caller_.kinds);
    if (!plan) return tl::unexpected(plan.error());
    plan_ = std::move(*plan);
    caller_.log.detail(host_, "the plan:\n" + plan::plan_text(plan_));
    if (auto done = write_down(resources::head_line(container_)); !done) return done;
    for (const auto& step : plan_.steps) {
      if (auto done = write_down(resources::record_line(resources::record_of(step))); !done) return done;
      for (const auto& claim : step.kind().claims(step)) {
        if (auto done = ledger->take(claim, container_.owner); !done) return done;
      }
    }
    return {};
  }

  Status acquire_all() {
    resources::Acquisition with{host_, container_, directory_, request_.bitstreams, request_.parts};
    for (std::size_t number = 0; number < plan_.steps.size(); ++number) {
      const auto& step = plan_.steps[number];
      if (auto done = write_down(resources::acquired_line(number)); !done) return done;
      if (auto done = resources::machine_half(caller_.kinds, step).acquire(with, step); !done) return done;
    }
    state_.domid = with.domid;
    return {};
  }

  // Starts the monitor, which inherits the container's standard streams, and waits until it watches.
  Status watch() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_errno(errno, "cannot make a pipe");
    const Fd ready(ends[0]);
    Fd theirs(ends[1]);
    // The monitor finds the domain in the state.
    if (auto written = oci::write_state(host_, directory_, state_); !written) return written;
    const auto pid = host_.spawn(
        {"/proc/self/exe", "--root", caller_.root, "monitor", "--ready-fd", std::to_string(theirs.get()), options_.id},
        {theirs.get()});
    if (!pid) return base::context(pid.error(), "the container's monitor");
    theirs.reset();
    state_.monitor = *pid;
    const auto start = host_.process_start(*pid);
    if (start) state_.monitor_start = *start;
    if (auto written = oci::write_state(host_, directory_, state_); !written) return written;
    std::string said;
    std::array<char, 512> buffer{};
    for (;;) {
      const auto got = ::read(ready.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      said.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (said == std::string(1, monitor_ready)) {
      if (start) return {};
      return tl::unexpected(start.error());
    }
    return base::fail(std::errc::io_error, "the container's monitor did not start: ",
                      !said.empty() ? annotations::printable(said) : "it ended without a word");
  }

  const Caller& caller_;
  base::Host& host_;
  const CreateOptions& options_;
  Request& request_;
  std::string directory_;
  oci::State state_;
  resources::Container container_;
  plan::Plan plan_;
};

}  // namespace

Status create(const Caller& caller, const CreateOptions& options) {
  if (auto valid = oci::check_id(options.id); !valid) return valid;
  const auto directory = oci::directory_of(caller.root, options.id);
  const auto taken = [&] {
    return base::fail(std::errc::file_exists, "container ", options.id,
                      " exists already: delete it, or choose another id");
  };
  if (caller.host.exists(directory)) return taken();
  auto request = read_all(caller, options.bundle);
  if (!request) return tl::unexpected(request.error());
  // Once before anything is written: what is refused leaves no trace at all.
  if (auto possible = plan_for(*request, request->rootfs_bytes, caller.kinds); !possible)
    return tl::unexpected(possible.error());
  auto generation = resources::new_generation();
  if (!generation) return tl::unexpected(generation.error());
  if (auto made = caller.host.make_directories(caller.root, 0700); !made) return made;
  if (auto made = caller.host.make_directory(directory); !made) {
    if (made.error().code == std::errc::file_exists) return taken();
    return made;
  }
  const auto lock = caller.host.lock(directory);
  if (!lock) return tl::unexpected(lock.error());
  auto done = CreateTransaction(caller, options, *request, directory, std::move(*generation)).run();
  if (done) return {};
  if (auto given = give_back(caller, directory); !given) {
    return base::fail(std::errc::io_error, done.error().what, "; and then: ", given.error().what, "; delete container ",
                      options.id, " to try that again");
  }
  return done;
}

}  // namespace runx::runtime
