// SPDX-License-Identifier: Apache-2.0
#include "devtree/dma.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace runx::devtree {
namespace {

constexpr std::array<std::string_view, 60> bus_masters = {
    // network
    "cdns,macb", "cdns,gem", "cdns,zynqmp-gem", "cdns,zynq-gem", "cdns,versal-gem", "xlnx,zynqmp-gem", "xlnx,zynq-gem",
    "xlnx,versal-gem", "snps,dwmac",
    // SD, NAND, QSPI, SATA
    "arasan,sdhci-8.9a", "arasan,sdhci-5.1", "arasan,sdhci-4.9a", "xlnx,zynqmp-8.9a", "xlnx,versal-8.9a",
    "generic-sdhci", "arasan,nfc-v3p10", "xlnx,zynqmp-nand-controller", "xlnx,zynqmp-qspi-1.0", "xlnx,versal-ospi-1.0",
    "cdns,qspi-nor", "ceva,ahci-1v84", "generic-ahci", "snps,dwc-ahci",
    // USB
    "snps,dwc3", "xlnx,zynqmp-dwc3", "xlnx,versal-dwc3", "snps,dwc2", "chipidea,usb2", "generic-xhci", "generic-ehci",
    "generic-ohci",
    // DMA engines
    "xlnx,zynqmp-dma-1.0", "xlnx,zynqmp-dpdma", "xlnx,axi-dma-1.00.a", "xlnx,axi-cdma-1.00.a", "xlnx,axi-vdma-1.00.a",
    "xlnx,axi-mcdma-1.00.a", "arm,pl080", "arm,pl081", "arm,pl330",
    // display, video, GPU, deep learning
    "xlnx,zynqmp-dpsub-1.7", "xlnx,zynqmp-mali", "arm,mali-400", "arm,mali-utgard", "xlnx,vcu", "al,al5e", "al,al5d",
    "xlnx,v-frmbuf-rd-v2.1", "xlnx,v-frmbuf-wr-v2.1", "deephi,dpu", "xlnx,dpu",
    // PCI host bridges
    "xlnx,nwl-pcie-2.11", "xlnx,xdma-host-3.00", "xlnx,axi-pcie-host-1.00.a", "pci-host-ecam-generic",
    // processors, trace, virtio
    "xlnx,zynqmp-r5f", "xlnx,zynqmp-r5fss", "arm,coresight-tmc", "arm,coresight-catu", "virtio,mmio"};

}  // namespace

std::optional<std::string> dma_sign(const Node& node) {
  for (const char* property : {"iommus", "dma-coherent", "#dma-cells"}) {
    if (node.has(property)) return property;
  }
  for (const std::string& name : node.strings("compatible")) {
    if (std::find(bus_masters.begin(), bus_masters.end(), name) != bus_masters.end()) return "compatible " + name;
  }
  return std::nullopt;
}

bool protected_by_iommu(const Node& node, const Tree& tree) {
  const auto cells = node.cells("iommus");
  for (std::size_t at = 0; at < cells.size();) {
    const auto iommu = tree.with_phandle(cells[at]);
    const auto arguments = iommu ? iommu->cell("#iommu-cells") : std::nullopt;
    if (!arguments || !iommu->available() || *arguments > cells.size() - at - 1) return false;
    at += 1 + *arguments;
  }
  return !cells.empty();
}

}  // namespace runx::devtree
