// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "annotations/place.h"
#include "annotations/value.h"
#include "guest/ramdisk.h"
#include "plan/image.h"
#include "runtime/container.h"
#include "runtime/facts.h"
#include "runtime/give_back.h"
#include "runtime/hardware.h"
#include "runtime/monitor.h"
#include "runtime/oci/bundle.h"
#include "runtime/resources/bitstream.h"
#include "runtime/resources/resource.h"
#include "xen/domain.h"
#include "xen/xl.h"

namespace runx::runtime {
namespace {

using base::Fd;
using base::Result;
using base::Status;
using base::text;

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
  plan::Bitstreams bitstreams;
};

// As annotations: from here on they are devices like those that have been asked for by name.
Result<annotations::Annotations> read_hardware(base::Host& host, const oci::HardwareRequest& hardware) {
  const auto board = read_board(host);
  if (!board) return tl::unexpected(board.error());
  const auto tree = read_boot_tree(host, *board);
  if (!tree) return tl::unexpected(tree.error());
  return device_annotations(hardware, devtree::Tree::of(*tree), *board);
}

Result<Request> read_all(base::Host& host, const std::string& bundle_path) {
  auto bundle = oci::read_bundle(host, bundle_path);
  if (!bundle) return tl::unexpected(bundle.error());
  auto rootfs = base::Rootfs::open(host, bundle->rootfs);
  if (!rootfs) return tl::unexpected(rootfs.error());
  if (!bundle->hardware.empty()) {
    const auto devices = read_hardware(host, bundle->hardware);
    if (!devices) return tl::unexpected(devices.error());
    bundle->vm.insert(devices->begin(), devices->end());
  }
  auto accelerators = plan::read_request(*rootfs, annotations::merge(bundle->vm, bundle->annotations));
  if (!accelerators) return tl::unexpected(accelerators.error());
  auto facts = read_host_facts(host, *accelerators);
  if (!facts) return tl::unexpected(facts.error());
  facts->kubernetes_namespace = plan::namespace_of(bundle->annotations);
  const auto parts = read_parts(host);
  if (!parts) return tl::unexpected(parts.error());
  auto bitstreams = plan::read_bitstreams(*rootfs, *accelerators, *parts);
  if (!bitstreams) return tl::unexpected(bitstreams.error());
  return Request{std::move(*bundle), std::move(*rootfs), std::move(*accelerators), std::move(*facts),
                 std::move(*bitstreams)};
}

Result<plan::Plan> plan_for(const Request& request, std::uint64_t rootfs_bytes) {
  auto made = plan::make_plan(request.accelerators, request.host, request.bitstreams.with_rootfs(rootfs_bytes));
  if (const auto* refusals = std::get_if<plan::Refusals>(&made)) {
    return base::fail(std::errc::operation_not_permitted, joined(*refusals));
  }
  return std::get<plan::Plan>(std::move(made));
}

// Every resource written down, then taken. A failure leaves the rest to the undo.
class CreateTransaction {
 public:
  CreateTransaction(const Caller& caller, const CreateOptions& options, Request& request, std::string directory)
      : caller_(caller), host_(caller.host), options_(options), request_(request), directory_(std::move(directory)) {
    state_.id = options.id;
    state_.bundle = request.bundle.path;
    state_.rootfs = request.bundle.rootfs;
    state_.created = oci::now_rfc3339();
    state_.uuid = xen::uuid_of(caller.root + "\n" + options.id);
    state_.annotations = request.bundle.annotations;
  }

  Status run() {
    if (auto written = oci::write_state(host_, directory_, state_); !written) return written;
    if (auto written = host_.write(directory_ + "/config.json", request_.bundle.config); !written) return written;
    const auto rootfs_bytes = write_ramdisk();
    if (!rootfs_bytes) return tl::unexpected(rootfs_bytes.error());
    const auto plan = plan_and_claim(*rootfs_bytes);
    if (!plan) return tl::unexpected(plan.error());
    caller_.log.detail(host_, "the plan:\n" + plan::plan_text(*plan));
    for (const auto& step : plan->bitstreams) {
      const auto record = resources::bitstream_record(step, state_.uuid, options_.id);
      if (auto done = write_down(record); !done) return done;
      const auto& files = step.xclbin_uuid.empty() ? request_.bitstreams.images : request_.bitstreams.files;
      if (auto done = resources::acquire_bitstream(host_, record, {files.at(step.file), step.dom0.bytes()}); !done) {
        return done;
      }
    }
    if (auto done = launch(plan->domain); !done) return done;
    if (auto done = watch(); !done) return done;
    state_.status = oci::Status::created;
    if (auto written = oci::write_state(host_, directory_, state_); !written) return written;
    // Last: whoever waits for the pid-file finds a container that is created.
    if (options_.pid_file.empty()) return {};
    return host_.write(options_.pid_file, std::to_string(state_.monitor), 0644);
  }

 private:
  std::string file(const char* name) const { return directory_ + "/" + name; }
  Status write_down(const resources::Record& record) { return resources::write_down(host_, file("journal"), record); }

  // Returns the size of what is the image's: all of it but our init.
  Result<std::uint64_t> write_ramdisk() {
    const auto init = host_.open(guest_init_path, O_RDONLY);
    if (!init) return base::context(init.error(), "the guest's init is installed with runx-accel");
    const auto out = host_.open(file("ramdisk"), O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!out) return tl::unexpected(out.error());
    // The walk needs a descriptor that can be read; the Rootfs has one that can only be resolved against.
    const Fd rootfs(::openat(request_.rootfs.directory().get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!rootfs) return base::fail_errno(errno, "cannot read ", request_.bundle.rootfs);
    const auto written = guest::write_ramdisk(*out, *init, request_.bundle.process, rootfs);
    if (!written) return written;
    struct stat status {};
    if (::fstat(init->get(), &status) != 0) return base::fail_errno(errno, "cannot look at ", guest_init_path);
    return *written - static_cast<std::uint64_t>(status.st_size);
  }

  // Planning and claiming are one step for all containers of the machine: what the plan found free is still free
  // when it is claimed.
  Result<plan::Plan> plan_and_claim(std::uint64_t rootfs_bytes) {
    const auto ledger = resources::lock_ledger(host_);
    if (!ledger) return tl::unexpected(ledger.error());
    if (auto read = read_taken(host_, request_.host); !read) return tl::unexpected(read.error());
    auto plan = plan_for(request_, rootfs_bytes);
    if (!plan) return plan;
    for (const auto& claim : plan->claims()) {
      const auto record = resources::claim_record(claim);
      if (auto done = write_down(record); !done) return tl::unexpected(done.error());
      if (auto done = resources::acquire_claim(host_, record, {caller_.root, options_.id}); !done) {
        return tl::unexpected(done.error());
      }
    }
    return plan;
  }

  Status launch(const plan::DomainStep& domain) {
    auto config = xen::domain_config(domain);
    config.uuid = state_.uuid;
    config.name = text("runx-", options_.id.substr(0, 48), "-", state_.uuid.substr(0, 8));
    config.kernel = host_.real(config.kernel);
    config.ramdisk = host_.real(file("ramdisk"));
    const auto& passthrough = domain.passthrough;
    if (passthrough.tree.has_tree()) {
      config.device_tree = host_.real(file("guest.dtb"));
      if (auto done = host_.write(file("guest.dtb"), base::text_of(passthrough.tree.bytes())); !done) return done;
    }
    if (auto done = host_.write(file("domain.cfg"), xen::config_text(config)); !done) return done;
    const auto record = resources::domain_record(config);
    if (auto done = write_down(record); !done) return done;
    const auto domid = resources::acquire_domain(host_, record, file("domain.cfg"));
    if (!domid) return tl::unexpected(domid.error());
    state_.domid = *domid;
    // xl has copied it into the guest's memory; here it would only cost Dom0's.
    return host_.remove(file("ramdisk"));
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
  auto request = read_all(caller.host, options.bundle);
  if (!request) return tl::unexpected(request.error());
  // Once without the ramdisk's size: what is refused for any other reason leaves no trace at all.
  if (auto possible = plan_for(*request, 0); !possible) return tl::unexpected(possible.error());
  if (auto made = caller.host.make_directories(caller.root, 0700); !made) return made;
  if (auto made = caller.host.make_directory(directory); !made) {
    if (made.error().code == std::errc::file_exists) return taken();
    return made;
  }
  const auto lock = caller.host.lock(directory);
  if (!lock) return tl::unexpected(lock.error());
  auto done = CreateTransaction(caller, options, *request, directory).run();
  if (done) return {};
  if (auto given = give_back(caller, options.id, directory); !given) {
    return base::fail(std::errc::io_error, done.error().what, "; and then: ", given.error().what, "; delete container ",
                      options.id, " to try that again");
  }
  return done;
}

}  // namespace runx::runtime
