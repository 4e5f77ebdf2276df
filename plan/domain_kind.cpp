// SPDX-License-Identifier: Apache-2.0
#include "plan/domain_kind.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "annotations/kernel_parameters.h"
#include "annotations/value.h"
#include "plan/record_reader.h"

namespace runx::plan {
namespace {

using annotations::size_text;
using base::text;
using nlohmann::json;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
// What the guest's kernel and init need beside the ramdisk: a 7 MB kernel runs a small program in 40 MiB.
constexpr std::uint64_t guest_base = 48 * mebibyte;
constexpr std::uint64_t memory_step = 4 * mebibyte;

// The ramdisk is in memory twice while the kernel unpacks it. Whole steps, so that a file more or less changes nothing.
std::uint64_t needed_memory(const ImageFacts& image) {
  return guest_base + (2 * image.rootfs_bytes + memory_step - 1) / memory_step * memory_step;
}

unsigned vcpus_of(const annotations::AcceleratorRequest& request) { return request.domain.vcpus.value_or(1); }

void check_limits(Planning& planning, std::uint64_t memory, unsigned vcpus) {
  const auto& asked = planning.request.domain;
  if (const auto needed = needed_memory(planning.image); asked.memory && *asked.memory < needed) {
    // Before the image was read nothing is known but what every guest needs.
    const auto bytes = planning.image.rootfs_bytes;
    planning.refuse("domain.memory ", size_text(*asked.memory), " is too small for ",
                    bytes == 0 ? "a guest: its kernel alone"
                               : text("this image: its root file system of ", bytes / mebibyte, " MiB"),
                    " needs at least ", size_text(needed));
  }
  const auto& most = planning.host.board.guest_memory;
  if (most && memory > *most) {
    planning.refuse("the domain needs ", size_text(memory), ", but ", board_path, " gives a domain at most ",
                    size_text(*most), ": ask for less, or use a smaller image");
  }
  const auto* rule = planning.host.rule();
  if (rule == nullptr) return;
  if (rule->memory && memory > *rule->memory) {
    planning.refuse("the domain needs ", size_text(memory), ", but ", policy_path, " gives ", planning.host.asker(),
                    " at most ", size_text(*rule->memory), ": ask for less, or raise the limit");
  }
  if (rule->vcpus && vcpus > *rule->vcpus) {
    planning.refuse("domain.vcpus ", vcpus, " is more than the ", *rule->vcpus, " that ", policy_path, " gives ",
                    planning.host.asker(), ": ask for fewer, or raise the limit");
  }
}

// Of a parameter that stands twice the kernel takes the last. The request's stand behind the runtime's, so it may set
// none of these.
std::string command_line_of(Planning& planning) {
  std::string out = "console=hvc0 quiet panic=-1 rootfstype=ramfs";
  const auto& of_board = planning.host.board.guest_command_line;
  if (!of_board.empty()) out += " " + of_board;
  const auto& asked = planning.request.domain.cmdline;
  if (!asked) return out;
  const auto parameter = annotations::runtime_parameter_in(*asked);
  const auto* rule = planning.host.rule();
  if (parameter && (rule == nullptr || !rule->kernel_parameters)) {
    planning.refuse("domain.cmdline sets ", *parameter, ", which is the runtime's, and no rule in ", policy_path,
                    " lets ", planning.host.asker(), " do that (kernelParameters): remove it");
  }
  return out + " " + *asked;
}

class DomainKind : public Kind {
 public:
  std::string_view name() const override { return "domain"; }
  bool is_claimed() const override { return false; }

  void preview(Planning& planning, WorthReading& /*worth*/) const override {
    check_limits(planning, domain_memory(planning.request, planning.image), vcpus_of(planning.request));
    static_cast<void>(command_line_of(planning));
  }

  void plan(Planning& planning) const override {
    DomainStep domain{.memory = domain_memory(planning.request, planning.image),
                      .vcpus = vcpus_of(planning.request),
                      .kernel = planning.host.board.guest_kernel,
                      .command_line = command_line_of(planning),
                      .nodes = planning.nodes,
                      .fabric = planning.fabric.nodes,
                      .passthrough = planning.passthrough};
    check_limits(planning, domain.memory, domain.vcpus);
    planning.plan.steps.emplace_back(*this, std::move(domain));
  }

  std::vector<std::string> create_text(const Step& step) const override {
    const auto& domain = step.as<DomainStep>();
    auto out = text("create a domain with ", size_text(domain.memory), " and ", domain.vcpus,
                    domain.vcpus == 1 ? " vcpu" : " vcpus", ", kernel ", domain.kernel);
    for (const auto& node : domain.nodes) out += text("\n   device ", node);
    for (const auto& node : domain.fabric) out += text("\n   device ", node, " of the fabric");
    for (const auto& m : domain.passthrough.iomem) {
      out += text("\n   iomem ", base::hex(m.first_page << 12), ", ", m.pages, m.pages == 1 ? " page" : " pages",
                  ", in the guest at ", base::hex(m.guest_page << 12));
    }
    for (const auto irq : domain.passthrough.irqs) out += text("\n   irq ", irq);
    for (const auto& node : domain.passthrough.dtdev) out += text("\n   behind the IOMMU: ", node);
    return {out};
  }

  json describe(const Step& step) const override {
    const auto& domain = step.as<DomainStep>();
    auto out = record(step);
    out["commandLine"] = domain.command_line;
    out["devices"] = domain.nodes;
    out["fabricDevices"] = domain.fabric;
    auto iomems = json::array();
    for (const auto& m : domain.passthrough.iomem) {
      iomems.push_back({{"address", base::hex(m.first_page << 12)},
                        {"pages", m.pages},
                        {"guestAddress", base::hex(m.guest_page << 12)}});
    }
    out["iomem"] = std::move(iomems);
    out["irqs"] = domain.passthrough.irqs;
    out["dtdev"] = domain.passthrough.dtdev;
    return out;
  }

  json record(const Step& step) const override {
    const auto& domain = step.as<DomainStep>();
    return {{"memory", domain.memory}, {"vcpus", domain.vcpus}, {"kernel", domain.kernel}};
  }

  base::Result<Step> read_record(const json& record) const override {
    RecordReader in(record);
    DomainStep step;
    step.memory = in.number("memory");
    step.vcpus = in.small_number("vcpus");
    step.kernel = in.text("kernel");
    if (auto done = in.done(); !done) return tl::unexpected(done.error());
    return Step(*this, std::move(step));
  }
};

}  // namespace

std::uint64_t domain_memory(const annotations::AcceleratorRequest& request, const ImageFacts& image) {
  return std::max(request.domain.memory.value_or(0), needed_memory(image));
}

const Kind& domain_kind() {
  static const DomainKind kind;
  return kind;
}

}  // namespace runx::plan
