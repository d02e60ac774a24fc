// SPDX-License-Identifier: Apache-2.0
//
// A platform in plain C++: reference walker, mirrors and memory, no clock and no Verilator. Accesses are serial; what
// it reports about TLBs, caches and bus requests is what the hardware does when each access waits for the one before,
// with two simplifications: there is no L2 TLB and no walk cache, and entries are read as the physical map says,
// whatever memory type the tables have (X18). Neither changes a value or a fault.
#pragma once

#include <string>
#include <vector>

#include "machine/control.h"
#include "machine/physical_memory.h"
#include "machine/reference_walker.h"
#include "oracle/os_view.h"
#include "oracle/reservation.h"
#include "oracle/tlb_mirror.h"
#include "platform/platform.h"
#include "platform/reference_cache.h"

namespace vm {

class ReferencePlatform : public Platform {
 public:
  explicit ReferencePlatform(const Machine& machine);

  // Memory answers with bus errors in [from, to).
  void add_error_range(PhysAddr from, PhysAddr to) { bus_.errors.push_back({.from = from, .to = to}); }

  // The operating system that runs on this platform: its image is told of every store and compared with every load, its
  // map with every translation. Differences are kept as sentences.
  void set_os_view(OsView* view) { view_ = view; }
  const std::vector<std::string>& mismatches() const { return mismatches_; }

  std::uint64_t entry_updates() const { return entry_updates_; }  // of accessed and dirty bits, by the walker

  const Context& context() const { return control_.context(); }

  const Machine& machine() const override { return machine_; }
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) override;
  std::uint64_t backdoor_accesses() const override { return backdoor_accesses_; }
  std::size_t perform(std::span<const Access> accesses, std::span<AccessResult> results,
                      FunctionRef<bool(std::size_t)> surely_ok) override;
  bool host_read(PhysAddr pa, std::span<std::uint8_t> bytes) override;
  bool host_write(PhysAddr pa, std::span<const std::uint8_t> bytes) override;
  bool ctl_write(CtlReg reg, std::uint64_t value, bool user) override;
  bool fence(const Fence& fence) override;
  void array_write(const ArrayElement& element) override;
  ArrayElement array_read(Array array, unsigned set, unsigned way, unsigned word) override;
  std::uint64_t cycles() const override { return 0; }

 private:
  // The part of an access inside one aligned unit.
  struct Piece {
    unsigned first = 0;  // byte of the access
    unsigned bytes = 0;
    PhysAddr pa;
    MemType type = MemType::WriteBack;
  };

  // What a translation comes to, wherever it came from.
  struct Translation {
    Fault fault;
    PhysAddr pa;
    MemType type = MemType::WriteBack;
  };
  static Translation of(const WalkResult& walked) {
    return {.fault = walked.fault, .pa = walked.pa, .type = walked.leaf.type};
  }

  AccessResult access(const Access& access);
  Translation translate(const Access& access, VirtAddr va, AccessResult& result, bool observe);
  WalkResult walk_tables(const Request& request, AccessResult& result);
  std::optional<std::uint64_t> read_entry(PhysAddr entry);
  void update_entry(const Step& step);
  bool move_entry(bool write, PhysAddr entry, std::span<std::uint8_t> bytes);
  Fault move(const Access& access, std::span<const Piece> pieces, AccessResult& result);
  Fault move_atomic(const Access& access, const Piece& piece, AccessResult& result);
  Fault fault_at(const Access& access, VirtAddr va, Cause cause) const;
  struct Moves {
    bool write = false;
    bool atomic = false;
  };
  bool move_piece(ReferenceCache& cache, Moves moves, PhysAddr pa, MemType type, std::span<std::uint8_t> bytes,
                  Hit* hit);
  bool host_pieces(PhysAddr pa, std::size_t size, FunctionRef<bool(PhysAddr, std::size_t, std::size_t)> piece);
  void forget(const Fence& fence);
  TlbMirror& tlb_of(AccessKind kind) { return kind == AccessKind::Fetch ? itlb_ : dtlb_; }
  ReferenceCache& cache_of(Array array);
  void check_translation(const Access& access, VirtAddr va, const Translation& found);
  void check_data(const Access& access, const AccessResult& result);
  void check_loaded(const Access& access, std::span<const std::uint8_t> found);
  void check_atomic(const Access& access, const AccessResult& result);
  void require_array_port() const;

  Machine machine_;
  Control control_;
  ReferenceBus bus_;
  TlbMirror itlb_, dtlb_;
  ReferenceCache icache_, dcache_;
  Reservation reservation_;
  bool running_ = false;
  std::uint64_t backdoor_accesses_ = 0;
  std::uint64_t entry_updates_ = 0;
  OsView* view_ = nullptr;
  std::vector<OsMapping> mappings_;
  std::vector<std::string> mismatches_;
};

}  // namespace vm
