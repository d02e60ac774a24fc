// SPDX-License-Identifier: Apache-2.0
//
// Rules that a single translation shows: group "rules", rule x level of the entry that decided x access. A reason for a
// fault counts where it alone decides; a right counts where the access would have been denied without it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "coverage/bins.h"
#include "coverage/translation_shadow.h"
#include "coverage/walk_progress.h"
#include "event.h"
#include "machine/pte.h"
#include "tracker.h"

namespace vm {

class RuleBins {
 public:
  explicit RuleBins(BinTable& table);

  // `access` is the one the translation belongs to.
  void on_xlat(const Event& xlat, const Cycle& cycle, const TrackedAccess& access, const TranslationShadow& shadow,
               const WalkProgress& walk) const;

 private:
  enum class Rule : std::uint8_t {
    ReservedButInvalid,
    UpperHalf,
    LastBelowLimit,
    FirstAtLimit,
    BeyondPaBits,
    UserOnSupervisorPage,
    SupervisorFetch,
    SupervisorAccess,
    SupervisorAllowed,
    SupervisorUnguarded,
    FetchUnguarded,
    ExecuteOnlyLoad,
    WriteProtected,
    WriteUnprotected,
    DeniedAboveLeaf,
    GlobalPointer,
    GlobalElsewhere,
    NapotOtherPage,
    BothParts,
    Count,
  };
  static constexpr std::size_t kFirstReserved = static_cast<std::size_t>(Rule::Count);

  // A rule at levels first_level and above, for kinds of access from first_kind on. None: this machine does not have
  // it.
  struct Row {
    std::optional<Cross> cross;
    unsigned first_level = 0;
    unsigned first_kind = 0;
  };

  void add(std::size_t row, const std::string& rule, unsigned first_level, unsigned last_level,
           AccessKind first_kind = AccessKind::Fetch, AccessKind last_kind = AccessKind::Store);
  void add(Rule rule, const std::string& name, unsigned first_level, unsigned last_level,
           AccessKind first_kind = AccessKind::Fetch, AccessKind last_kind = AccessKind::Store) {
    add(static_cast<std::size_t>(rule), name, first_level, last_level, first_kind, last_kind);
  }
  void add_reserved();
  void add_riscv();
  void add_x86();
  void hit(std::size_t row, unsigned level, AccessKind kind) const;
  void hit(Rule rule, unsigned level, AccessKind kind) const { hit(static_cast<std::size_t>(rule), level, kind); }

  void refused(const Event& xlat, const TrackedAccess& access, const WalkProgress& walk) const;
  void denied(const Event& xlat, const Context& context) const;
  void granted(const Event& xlat, const Context& context, const ShadowEntry& page) const;
  void granted_by_walk(const Event& xlat, const Context& context, const ShadowEntry& page,
                       const WalkProgress::Story& story) const;
  void found_in_l1(const Event& xlat, const ShadowEntry& page, const TranslationShadow& shadow) const;
  std::optional<ShadowEntry> page_of(const Event& xlat, const Cycle& cycle, const Context& context,
                                     const TranslationShadow& shadow, const WalkProgress& walk) const;

  const Machine& machine_;
  BinTable& table_;
  std::array<Row, kFirstReserved + kReservedReasons> rows_;
  std::optional<Cross> attribute_entries_;  // x86: which of the PAT a page names
};

}  // namespace vm
