// SPDX-License-Identifier: Apache-2.0
//
// A process as the kernel keeps it: its address space, what it believes the hardware believes, and its image.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "oracle/os_view.h"
#include "os/area.h"
#include "os/image.h"
#include "os/rights.h"

namespace vm {

// A resident page. Whether it is private or shared is kept here, not in the page table.
struct Page {
  Ppn frame;
  Rights rights;            // of the process
  bool cow = false;         // private, but the frame may have other owners: the first store copies
  bool keep_frame = false;  // cow over a frame the user named: it is never written in place, as a file's page is not
  bool shared = false;      // stays shared across fork
  bool blocked = false;     // PROT_NONE: resident, but the entry is not valid
  OsMapping entry;          // what the page-table entry says
};

// An entry that was replaced and not yet fenced.
struct StaleMapping {
  Vpn vpn;
  OsMapping entry;
};

struct Process {
  std::uint32_t id = 0;
  std::string name;
  PhysAddr table;
  bool owns_table = false;  // the kernel chose the place
  std::optional<std::uint64_t> limit;
  std::optional<std::uint16_t> asid;  // none: taken away, or never given
  bool asid_is_fixed = false;         // the user chose it
  std::uint64_t last_switch = 0;      // 0: never ran, so the hardware remembers nothing of it

  AreaMap areas;
  std::map<std::uint64_t, Page> pages;  // by VPN
  std::vector<StaleMapping> stale;
  ProcessImage image;

  Page* page(Vpn vpn) {
    const auto found = pages.find(vpn.value);
    return found == pages.end() ? nullptr : &found->second;
  }
  const Page* page(Vpn vpn) const { return const_cast<Process*>(this)->page(vpn); }
};

}  // namespace vm
