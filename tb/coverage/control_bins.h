// SPDX-License-Identifier: Apache-2.0
//
// Control registers and the modes they choose.
//
//   control  register x what became of the write; why writes are refused; mode bits set and cleared; switches of table
//            and ASID
//   modes    mode x where translations come from x port; changes of mode
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "coverage/bins.h"
#include "coverage/walk_progress.h"
#include "event.h"
#include "machine/control.h"
#include "tracker.h"

namespace vm {

class ControlBins {
 public:
  explicit ControlBins(BinTable& table);

  void on_cycle(const Cycle& cycle);
  void on_xlat(const Event& xlat, const TrackedAccess& access, const WalkProgress& walk) const;

 private:
  enum class Outcome : std::uint8_t { RefusedToUser, Refused, Done, Forgets };
  enum class Refusal : std::uint8_t {
    RootMode,
    RootAddress,
    RootKeep,
    ModeBitUnknown,
    PcidWithoutPaging,
    PcidInUse,
    WidthInUse,
    PatType,
  };
  static constexpr std::size_t kRegisters = 10, kModeBits = 10;

  // A single bin, if this machine has it.
  using Single = std::optional<Cross>;

  void add_registers(BinTable& table);
  void add_refusals(BinTable& table);
  void on_write(const CtlRequest& request);
  void why_refused(CtlReg reg, std::uint64_t value, const Context& before, std::uint64_t old_root) const;
  void changed(const CtlRequest& request, const Context& before, const Context& after) const;
  std::size_t mode_place(const Context& context) const;  // 0: Bare

  const Machine& machine_;
  Control control_;
  std::array<std::array<Single, 4>, kRegisters> registers_;  // [CtlReg][Outcome]
  Single foreign_, enter_by_user_, kept_;
  std::array<Single, 8> refusals_;
  std::array<std::array<Single, 2>, kModeBits> mode_bits_;  // [bit][0 cleared, 1 set]
  std::optional<Cross> switches_;
  std::optional<Cross> sources_, changes_;
};

}  // namespace vm
