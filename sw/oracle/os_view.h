// SPDX-License-Identifier: Apache-2.0
//
// What the checkers ask the operating system model: its own idea of the world, kept in its own structures and never
// read from page tables (source "os map" of the translation check), and the per-process memory image (source "image"),
// which knows nothing of frames, tables or caches.
//
// An address space is named by what the hardware sees when it is active: table base and ASID.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "machine/access.h"
#include "machine/address.h"
#include "machine/context.h"

namespace vm {

// One translation the OS believes the hardware may use.
struct OsMapping {
  bool mapped = false;
  Ppn ppn;
  bool user = true, read = true, write = true, exec = true;
  bool operator==(const OsMapping&) const = default;
};

class OsView {
 public:
  virtual ~OsView() = default;

  // Every mapping of vpn that the hardware may still use under this context: the present one (always last), and those
  // replaced but not yet fenced. Empty if the OS has no address space with this context (then the source abstains).
  // The result is written into `out`, which is cleared first (the clock loop allocates nothing once it has grown).
  virtual void os_mappings(const Context& context, Vpn vpn, std::vector<OsMapping>& out) const = 0;

  // The per-process image: a store has retired; what a load or fetch should return (nullopt: the image does not know
  // this byte, unmapped for the OS or in a context it does not know); whether a fetch may find an older value of the
  // byte (one that was replaced since the last FetchSync).
  virtual void image_store(const Context& context, VirtAddr va, std::uint8_t byte) = 0;
  virtual std::optional<std::uint8_t> image_byte(const Context& context, VirtAddr va) const = 0;
  virtual bool image_fetch_may_be(const Context& context, VirtAddr va, std::uint8_t byte) const = 0;

  // The same for the bytes of one access: all are stored; the image knows all of them, and they are these.
  virtual void image_store_bytes(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) image_store(context, va + i, bytes[i]);
  }
  virtual bool image_holds(const Context& context, VirtAddr va, std::span<const std::uint8_t> bytes) const {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (image_byte(context, va + i) != bytes[i]) return false;
    }
    return true;
  }
};

}  // namespace vm
