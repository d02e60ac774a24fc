// SPDX-License-Identifier: Apache-2.0
//
// A kernel over the reference platform, with short words for tests.
#pragma once

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "machine/pte.h"
#include "os/kernel.h"
#include "platform/reference_platform.h"

namespace vm::test {

inline Rights rw() { return {.read = true, .write = true, .exec = false, .kernel = false}; }
inline Rights rwx() { return {}; }
inline Rights r() { return {.read = true, .write = false, .exec = false, .kernel = false}; }
inline Rights rx() { return {.read = true, .write = false, .exec = true, .kernel = false}; }

class System {
 public:
  explicit System(std::string_view machine_name) : System(*find_machine(machine_name)) {}
  explicit System(const Machine& machine) : platform(machine), kernel(platform) { platform.set_os_view(&kernel); }

  // What must hold after every test: nothing for the checks to complain about, the kernel's books in order.
  void check() {
    for (const std::string& sentence : platform.mismatches()) BOOST_ERROR(sentence);
    BOOST_TEST(kernel.broken_invariant() == "");
    BOOST_TEST(platform.backdoor_accesses() == 0U);
  }

  ProcessId process(std::string name, Kernel::ProcessOptions options = {}) {
    return kernel.create_process(std::move(name), options);
  }

  Outcome access(ProcessId pid, AccessKind kind, std::uint64_t va, unsigned size, std::uint64_t data = 0,
                 bool user = true, bool sum = false) {
    std::uint8_t log2 = 0;
    while (1U << log2 < size) ++log2;
    const Access a{.kind = kind, .user = user, .sum = sum, .size_log2 = log2, .va = VirtAddr(va), .data = data};
    std::array<Outcome, 1> outcome;
    kernel.perform(pid, std::span(&a, 1), outcome);
    return outcome[0];
  }
  Outcome load(ProcessId pid, std::uint64_t va, unsigned size) { return access(pid, AccessKind::Load, va, size); }
  Outcome fetch(ProcessId pid, std::uint64_t va, unsigned size) { return access(pid, AccessKind::Fetch, va, size); }
  Outcome store(ProcessId pid, std::uint64_t va, unsigned size, std::uint64_t data) {
    return access(pid, AccessKind::Store, va, size, data);
  }
  std::uint64_t value(ProcessId pid, std::uint64_t va, unsigned size) {
    const Outcome outcome = load(pid, va, size);
    BOOST_TEST(!outcome.refused);
    return outcome.last.data;
  }

  void preload(std::uint64_t pa, const std::vector<std::uint8_t>& bytes) {
    platform.preload(PhysAddr(pa), bytes);
    kernel.note_physical_write(PhysAddr(pa), bytes);
  }
  std::uint64_t memory(std::uint64_t pa, unsigned size) {
    std::array<std::uint8_t, 8> bytes{};
    BOOST_TEST(platform.host_read(PhysAddr(pa), std::span(bytes).first(size)));
    std::uint64_t result = 0;
    for (unsigned i = 0; i < size; ++i) result |= static_cast<std::uint64_t>(bytes.at(i)) << (8 * i);
    return result;
  }
  Pte entry(ProcessId pid, std::uint64_t vpn) {
    const Kernel::Entry leaf = kernel.read_leaf(pid, Vpn(vpn)).value();
    return decode_pte(platform.machine(), kernel.context_of(pid), leaf.value, leaf.level);
  }

  ReferencePlatform platform;
  Kernel kernel;
};

}  // namespace vm::test
