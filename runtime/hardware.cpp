// SPDX-License-Identifier: Apache-2.0
#include "runtime/hardware.h"

#include <algorithm>
#include <set>

#include "devtree/address.h"
#include "devtree/boot_tree.h"
#include "devtree/guest_map.h"
#include "devtree/interrupt.h"
#include "plan/devices.h"

namespace runx::runtime {
namespace {

using annotations::DeviceRequest;
using base::Result;
using base::Status;
using base::text;
using devtree::Block;

// What a node and what is available below it have.
struct Device {
  std::string path;
  std::vector<Block> blocks;
  std::set<std::uint32_t> irqs;
  std::set<std::string> masters;  // behind an IOMMU
};

void collect(const devtree::Node& node, const devtree::Tree& tree, Device& out) {
  if (const auto blocks = devtree::cpu_blocks(node, tree))
    out.blocks.insert(out.blocks.end(), blocks->begin(), blocks->end());
  const auto lines = devtree::interrupts(node, tree);
  for (const auto& line : lines ? *lines : std::vector<devtree::Interrupt>{}) {
    const auto spi = devtree::gic_spi(line, node);
    if (devtree::is_gic(line.controller) && spi) out.irqs.insert(spi->irq());
  }
  if (node.has("iommus")) out.masters.insert(node.path());
  for (const auto& below : node.children()) {
    if (below.okay()) collect(below, tree, out);
  }
}

// Marked nodes that stand below no other marked one.
void find_devices(const devtree::Node& node, const devtree::Tree& tree, std::vector<Device>& out) {
  for (const auto& below : node.children()) {
    if (!devtree::is_marked(below) || devtree::is_window(below)) {
      find_devices(below, tree, out);
      continue;
    }
    out.push_back({below.path(), {}, {}, {}});
    collect(below, tree, out.back());
  }
}

Block block_of(const oci::IoMems& entry) {
  return {entry.first_mfn * devtree::page_size, entry.count * devtree::page_size};
}

std::string words(const Block& block) {
  return text(block.size / devtree::page_size, " page", block.size == devtree::page_size ? "" : "s", " from ",
              block.address / devtree::page_size, " (address ", base::hex(block.address), ")");
}

class HwConfigResolver {
 public:
  HwConfigResolver(const oci::HardwareRequest& hardware, const plan::Board& board)
      : hardware_(hardware), board_(board) {}

  Result<std::vector<DeviceRequest>> devices(const std::vector<Device>& devices) {
    std::vector<DeviceRequest> out;
    for (const auto& device : devices) {
      if (!is_meant(device)) continue;
      if (auto whole = check_whole(device); !whole) return tl::unexpected(whole.error());
      const auto address = address_of(device);
      if (!address) return tl::unexpected(address.error());
      out.push_back({.name = text("hwconfig-", out.size()), .path = device.path, .address = *address});
      meant_.push_back(&device);
    }
    if (auto all = check_all(); !all) return tl::unexpected(all.error());
    return out;
  }

 private:
  template <class... Parts>
  static auto refuse(const Parts&... parts) {
    return base::fail(std::errc::operation_not_permitted, "config.json: vm.hwConfig", parts...);
  }

  bool asks_for(std::uint32_t irq) const {
    return std::find(hardware_.irqs.begin(), hardware_.irqs.end(), irq) != hardware_.irqs.end();
  }
  bool asks_for(const Block& block) const {
    return std::any_of(hardware_.iomems.begin(), hardware_.iomems.end(),
                       [&](const oci::IoMems& entry) { return block_of(entry).holds(block); });
  }

  bool is_meant(const Device& device) const {
    const auto touched = [&](const oci::IoMems& entry) {
      return std::any_of(device.blocks.begin(), device.blocks.end(),
                         [&](const Block& block) { return block.overlaps(block_of(entry)); });
    };
    const auto named = [&](const std::string& path) { return path == device.path || device.masters.contains(path); };
    return std::any_of(hardware_.iomems.begin(), hardware_.iomems.end(), touched) ||
           std::any_of(hardware_.irqs.begin(), hardware_.irqs.end(),
                       [&](std::uint32_t irq) { return device.irqs.contains(irq); }) ||
           std::any_of(hardware_.dtdevs.begin(), hardware_.dtdevs.end(), named);
  }

  Status check_whole(const Device& device) const {
    for (const auto& block : device.blocks) {
      if (!asks_for(block))
        return refuse(" asks for a part of ", device.path, ": a device is given as a whole: add ", words(block),
                      " to iomems");
    }
    for (const auto irq : device.irqs) {
      if (!asks_for(irq))
        return refuse(" asks for a part of ", device.path, ": a device is given as a whole: add ", irq, " to irqs");
    }
    return {};
  }

  // Where the guest wants the device's first block, if it says so.
  Result<std::optional<std::uint64_t>> address_of(const Device& device) const {
    std::optional<std::uint64_t> out;
    for (const auto& entry : hardware_.iomems) {
      if (!entry.first_gfn || *entry.first_gfn == entry.first_mfn || device.blocks.empty()) continue;
      const auto block = block_of(entry);
      if (!block.overlaps(device.blocks.front())) continue;
      const auto offset = device.blocks.front().address - block.address;
      out = *entry.first_gfn * devtree::page_size + offset;
    }
    const bool elsewhere = std::any_of(hardware_.iomems.begin(), hardware_.iomems.end(), [&](const auto& entry) {
      return entry.first_gfn && *entry.first_gfn != entry.first_mfn && !device.blocks.empty() &&
             !block_of(entry).overlaps(device.blocks.front()) &&
             std::any_of(device.blocks.begin(), device.blocks.end(),
                         [&](const Block& block) { return block.overlaps(block_of(entry)); });
    });
    if (elsewhere)
      return refuse(".iomems: firstGFN moves a part of ", device.path,
                    ": say it of the device's first pages only, or leave it out");
    return out;
  }

  Status check_all() const {
    for (const auto& entry : hardware_.iomems) {
      if (auto done = check_pages(block_of(entry)); !done) return done;
    }
    for (const auto irq : hardware_.irqs) {
      if (std::none_of(meant_.begin(), meant_.end(), [&](const Device* device) { return device->irqs.contains(irq); }))
        return refuse(".irqs has ", irq, ", which is no interrupt of a device that the boot tree marks");
    }
    for (const auto& path : hardware_.dtdevs) {
      if (std::none_of(meant_.begin(), meant_.end(),
                       [&](const Device* device) { return device->masters.contains(path); }))
        return refuse(".dtdevs has ", path, ", which is no device that the boot tree marks and an IOMMU protects");
    }
    return {};
  }

  // Every page of it has to be some device's.
  Status check_pages(const Block& wanted) const {
    auto at = wanted.address;
    for (bool moved = true; moved && at < wanted.end();) {
      moved = false;
      for (const auto* device : meant_) {
        for (const auto& block : device->blocks) {
          if (block.address > at || block.end() <= at) continue;
          at = block.end();
          moved = true;
        }
      }
    }
    if (at >= wanted.end()) return {};
    const Block rest{at, wanted.end() - at};
    for (const auto& region : board_.regions) {
      for (const auto& aperture : region.apertures) {
        if (!rest.overlaps({aperture.address, aperture.size})) continue;
        return refuse(".iomems has ", words(rest), ", which is in region ", region.name,
                      ": what a region holds is asked for by annotation (", annotations::prefix, "fpga.NAME.overlay)");
      }
    }
    return refuse(".iomems has ", words(rest), ", which no device has that the boot tree marks");
  }

  const oci::HardwareRequest& hardware_;
  const plan::Board& board_;
  std::vector<const Device*> meant_;
};

bool has_device(const annotations::AcceleratorRequest& request, const std::string& name) {
  return std::any_of(request.devices.begin(), request.devices.end(),
                     [&](const DeviceRequest& device) { return device.name == name; });
}

Status add_device(DeviceRequest device, const devtree::Tree& boot_tree, annotations::AcceleratorRequest& request) {
  for (const auto& other : request.devices) {
    if (const auto node = plan::node_of(other, boot_tree); !node || *node != device.path) continue;
    return base::fail(std::errc::invalid_argument, "config.json: vm.hwConfig asks for ", device.path, ", and so does ",
                      annotations::prefix, "device.", other.name, ": remove one of them");
  }
  for (unsigned number = 0; has_device(request, device.name); ++number) device.name = text("hwconfig-", number);
  request.devices.push_back(std::move(device));
  return {};
}

}  // namespace

Result<std::vector<DeviceRequest>> requested_devices(const oci::HardwareRequest& hardware,
                                                     const devtree::Tree& boot_tree, const plan::Board& board) {
  std::vector<Device> devices;
  find_devices(boot_tree.root(), boot_tree, devices);
  return HwConfigResolver(hardware, board).devices(devices);
}

Status apply_vm(const oci::VmSection& vm, const annotations::Annotations& run_time, const devtree::Blob& boot_tree,
                const plan::Board& board, annotations::AcceleratorRequest& request) {
  const auto above = annotations::parse(run_time).request.domain;
  if (vm.memory && !above.memory) request.domain.memory = vm.memory;
  if (vm.vcpus && !above.vcpus) request.domain.vcpus = vm.vcpus;
  if (vm.hardware.empty()) return {};
  const auto tree = devtree::Tree::of(boot_tree);
  auto devices = requested_devices(vm.hardware, tree, board);
  if (!devices) return tl::unexpected(devices.error());
  for (auto& device : *devices) {
    if (auto added = add_device(std::move(device), tree, request); !added) return added;
  }
  std::sort(request.devices.begin(), request.devices.end(),
            [](const DeviceRequest& a, const DeviceRequest& b) { return a.name < b.name; });
  return {};
}

}  // namespace runx::runtime
