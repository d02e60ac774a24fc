// SPDX-License-Identifier: Apache-2.0
//
// The Platform over the verilated RTL, under all checks: turns the operating system's wishes into requests on the ports
// and waits for the answers. Accesses that surely succeed are issued back to back; another waits until it cannot be
// overtaken by a fault.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "platform/platform.h"
#include "testbench.h"

namespace vm {

class RtlPlatform final : public Platform {
 public:
  explicit RtlPlatform(Testbench& bench) : bench_(bench) {}  // the testbench must outlive it

  const Machine& machine() const override { return bench_.machine(); }
  void preload(PhysAddr pa, std::span<const std::uint8_t> bytes) override { bench_.preload(pa, bytes); }
  std::uint64_t backdoor_accesses() const override { return bench_.backdoor_accesses(); }
  std::size_t perform(std::span<const Access> accesses, std::span<AccessResult> results,
                      FunctionRef<bool(std::size_t)> surely_ok) override;
  bool host_read(PhysAddr pa, std::span<std::uint8_t> bytes) override;
  bool host_write(PhysAddr pa, std::span<const std::uint8_t> bytes) override;
  bool ctl_write(CtlReg reg, std::uint64_t value, bool user) override;
  bool fence(const Fence& fence) override;
  void array_write(const ArrayElement& element) override;
  ArrayElement array_read(Array array, unsigned set, unsigned way, unsigned word) override;
  std::uint64_t cycles() const override { return bench_.cycles(); }

 private:
  AccessResult result_of(const TrackedAccess& access) const;
  void issue(std::size_t index, const Access& access);
  // One host access for each aligned unit of the range; calls use(offset, bytes, rdata in lanes) for each.
  template <class Fill, class Use>
  bool host_access(PhysAddr pa, std::size_t size, bool write, Fill fill, Use use);
  ArrayElement array_access(const ArrayElement& element, bool write);

  Testbench& bench_;
  std::array<std::array<std::size_t, 16>, 2> index_of_{};  // of the access with this id on this port
  std::uint8_t next_side_id_ = 0;                          // host, ctl and fence requests
};

}  // namespace vm
