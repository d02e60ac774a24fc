// SPDX-License-Identifier: Apache-2.0
//
// Check 1, translation. Three sources that share nothing must agree with the hardware on every access:
//   translation.walk    a manual-shaped walk of the bytes in memory (this check's own coherent memory), or, between a
//                       change and its fence, one of the legal set, in the cycle of the translation; the complete fault
//                       record and the memory type are compared
//   translation.os-map  what the operating system believes it has mapped
//   translation.image   the bytes the process wrote, from an image that knows no frames (loads and fetches). It is
//   asked
//                       only when the other sources and the data check agree, so that one defect has one name
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "checks/check.h"
#include "coherent_memory.h"
#include "drivers/memory_agent.h"
#include "machine/machine.h"
#include "machine/reference_walker.h"
#include "oracle/legal_set.h"
#include "oracle/os_view.h"

namespace vm {

class TranslationCheck final : public Check, private CoherentMemory::Listener {
 public:
  TranslationCheck(const Machine& machine, const PhysicalMemory& behind, const MemoryAgent& agent, Tracker& tracker,
                   Reporter& reporter);

  // Without one, only the walk is compared.
  void attach_os(OsView* os) { os_ = os; }
  CoherentMemory& memory() { return memory_; }
  const LegalSet& legal_set() const { return legal_; }
  std::uint64_t translations() const { return translations_; }

  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) override { memory_.memory().write(pa, bytes); }
  void on_cycle(const Cycle& cycle) override;

 private:
  void before_store(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) override;
  void store_done(PhysAddr pa, std::uint64_t bytes, std::uint64_t cycle) override;
  std::optional<std::uint64_t> read_entry(PhysAddr entry) const;

  void on_xlat(const Event& event);
  void on_walker(const Event& event, std::uint64_t cycle);
  void on_prefetched(const Event& fill);
  void on_retired(TrackedAccess& access);
  bool check_piece(const TrackedAccess& access, const Piece& piece, std::uint64_t va);
  bool check_physical(const TrackedAccess& access, const Piece& piece, std::uint64_t va);
  bool check_walk(const TrackedAccess& access, const Piece& piece);
  bool agrees(const WalkResult& answer, const Piece& piece, const Fault& actual) const;
  bool check_os(const TrackedAccess& access, const Piece& piece, const Fault& actual, std::uint64_t va);
  bool check_answer(const TrackedAccess& access);
  void check_image(const TrackedAccess& access);
  void check_atomic_image(const TrackedAccess& access);
  bool fetch_may_be(const TrackedAccess& fetch, unsigned byte, std::uint8_t actual) const;
  void store_image(const TrackedAccess& access);

  const Machine& machine_;
  const MemoryAgent& agent_;
  Tracker& tracker_;
  Reporter& reporter_;
  unsigned unit_;
  CoherentMemory memory_;
  LegalSet legal_;
  std::uint64_t last_store_ = 0;  // cycle of the answer
  bool forgets_ = false;          // the control write under way is among the fences
  bool prefetching_ = false;      // until prefetch_ends_: what is replaced meanwhile may be what it has read
  std::uint64_t prefetch_ends_ = 0;
  // The entry that the walk which runs, or has ended last, could not read as it is lost by an upset (M13).
  std::optional<PhysAddr> lost_entry_;
  PhysAddr entry_;             // read last
  bool walker_reads_ = false;  // it was the walker that looked into the data cache last
  bool lower_lost_ = false;    // an L2 or L3 cache lost something since it asked
  bool walker_loses_ = false;  // and it came upon something that is lost
  VirtAddr walker_va_;         // of the access that had the walker last, and its acceptance
  std::uint64_t walker_accepted_ = 0;
  OsView* os_ = nullptr;
  std::vector<WalkResult> answers_;
  std::vector<OsMapping> mappings_;
  std::uint64_t translations_ = 0;
};

}  // namespace vm
