// SPDX-License-Identifier: Apache-2.0
//
// The Platform over a board at the end of a serial line (docs/board.md). Everything the board is told is done by a
// reference platform as well, and what the board answers is compared with it: data, fault records, physical addresses,
// hits of the first-level TLBs, host port, control and fences; in the end the counters that both know. The operating
// system model's map and image are compared by the reference platform.
//
// The caller gets the reference platform's answers at once, and commands go to the board many in a frame; a difference
// is found when the answer comes, at the latest in finish().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "link/board_link.h"
#include "link/command.h"
#include "machine/error.h"
#include "platform/reference_platform.h"

namespace vm::link {

struct BoardOptions {
  // Wait for the board's answers to accesses, so that the caller sees its cycles and bus traffic. Off: faster.
  bool own_answers = true;
  LinkOptions link;
};

// What a board says it is.
struct BoardIdentity {
  Machine machine;  // without a name
  PhysAddr memory_base;
  std::uint64_t memory_bytes = 0;
};

struct BoardStatistics {
  // Frames: executed; answered again and not executed; refused. bytes: lost while a frame was being executed.
  unsigned executed = 0, repeated = 0, bad_crc = 0, bad_length = 0, framing = 0, gaps = 0, lost_bytes = 0, unknown = 0;
};

class BoardPlatform final : public Platform {
 public:
  // Throws InputError if there is no board or it is another machine's. Its memory is zero afterwards.
  BoardPlatform(const Machine& machine, std::unique_ptr<ByteLine> line, BoardOptions options = {});

  const BoardIdentity& identity() const { return identity_; }
  void set_os_view(OsView* view);
  // Those of the board, then those of the operating system model.
  std::vector<std::string> mismatches() const;
  std::uint64_t mismatch_count() const { return mismatch_count_ + twin_.mismatches().size(); }
  std::uint64_t checked() const { return checked_; }  // answers that were compared
  // Whatever is under way ends; the counters are compared.
  void finish();
  BoardStatistics statistics();
  const LinkCounts& link_counts() const { return link_.counts(); }

  const Machine& machine() const override { return twin_.machine(); }
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
  std::uint64_t cycles() const override { return cycles_; }  // in which an access was under way

 private:
  // A command whose answer is not there yet, and what it should be.
  struct Pending {
    enum class Kind : std::uint8_t { Access, Status, Digest, Exact };
    Kind kind = Kind::Status;
    std::string what;
    bool refused = false;
    std::uint64_t value = 0;  // digest
    Bytes bytes;
    Access access;
    AccessResult expected;
    AccessResult* result = nullptr;  // to get the board's answer; nullptr: nobody waits
  };

  void identify();
  void check_identity(const Machine& machine);
  std::vector<std::uint64_t> words(std::span<const std::uint8_t> indices);
  void start();  // the run begins: nothing may be preloaded any more
  CommandWriter& room(std::size_t command, std::size_t answer);
  void expect(Pending pending) { pending_.push_back(std::move(pending)); }
  void write_pieces(PhysAddr pa, std::span<const std::uint8_t> bytes, bool refused);
  void write_piece(PhysAddr pa, std::span<const std::uint8_t> bytes, bool refused);
  bool holds(PhysAddr pa, std::size_t bytes) const;
  void flush();
  void judge(const Pending& pending, AnswerReader& answers);
  void judge_access(const Pending& pending, AnswerReader& answers);
  bool may_be_older(const Pending& pending, std::uint64_t found) const;
  void compare_counters();
  void count_fault(const Fault& fault);
  void report(std::string text);

  BoardLink link_;
  BoardOptions options_;
  BoardIdentity identity_;
  ReferencePlatform twin_;
  Bytes payload_;
  CommandWriter writer_;
  std::size_t answer_bytes_ = 0;  // of what is in payload_
  std::vector<Pending> pending_;
  OsView* view_ = nullptr;
  bool preloaded_ = false, running_ = false, lost_ = false;
  std::vector<std::string> mismatches_;
  std::uint64_t mismatch_count_ = 0, checked_ = 0, cycles_ = 0, backdoor_accesses_ = 0;
  std::array<std::uint64_t, 5> fences_{};                  // done, by FenceOp
  std::array<std::array<std::uint64_t, 16>, 2> faults_{};  // by port and Cause
  std::uint64_t atomics_ = 0, failed_conditionals_ = 0;
};

}  // namespace vm::link
