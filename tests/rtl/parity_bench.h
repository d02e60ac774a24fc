// SPDX-License-Identifier: Apache-2.0
//
// A machine with parity, and a hand that turns bits over, through the array port. All checks watch.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "machine/array_layout.h"
#include "platform/stored_word.h"
#include "tree_bench.h"

namespace vm::test {

inline constexpr std::uint64_t kPage = 0x25;
inline constexpr std::uint64_t kWord = 0x123456789ABCDEF0ULL;

class ParityBench : public TreeBench {
 public:
  ParityBench() : TreeBench("riscv8k") {
    for (std::uint64_t page = 0; page < 0x80; ++page) map(page, leaf(frame(page)));
    bench().observe_cycles([this](const Cycle& cycle) {
      for (const Event& event : cycle.events) {
        if (event.kind == EventKind::Upset) upsets_.push_back(event);
        if (event.kind == EventKind::CacheLost) lost_.push_back(event);
        if (event.kind == EventKind::LowerUpset && event.lower_lost()) ++lower_lost_;
        if (event.kind == EventKind::LowerUpset && event.lower_refetch()) ++read_again_;
      }
      if (cycle.out->wb_error) reported_.emplace_back(cycle.out->wb_error_addr);
    });
    translate();
    pause();
  }

  // Until the sweep of the L2 TLB has ended.
  void pause() {
    for (unsigned i = 0; i < 150; ++i) bench().step();
  }

  void flip(Array array, unsigned set, unsigned way, unsigned bit, unsigned word = 0) {
    bench().submit_array({.valid = true,
                          .flip = true,
                          .array = static_cast<std::uint8_t>(array),
                          .way = static_cast<std::uint8_t>(way),
                          .word = static_cast<std::uint8_t>(word),
                          .set = static_cast<std::uint16_t>(set),
                          .data0 = bit});
    bench().run_until_idle();
  }

  unsigned set_of(const TlbGeometry& tlb, std::uint64_t page) const { return static_cast<unsigned>(page % tlb.sets); }
  const std::vector<Event>& upsets() const { return upsets_; }
  const std::vector<Event>& lost() const { return lost_; }
  const std::vector<PhysAddr>& reported() const { return reported_; }  // by wb_error

  // Where a line lies in a cache.
  unsigned line_set(PhysAddr pa) const { return static_cast<unsigned>(pa.value / 64) % machine().dcache.sets; }
  unsigned line_way(Array tags, PhysAddr pa) {
    for (unsigned way = 0; way < machine().dcache.ways; ++way) {
      const CacheTag tag = unpack_cache_tag(platform().array_read(tags, line_set(pa), way, 0).data0);
      if (tag.valid && tag.line.value == pa.value / 64 * 64) return way;
    }
    BOOST_FAIL("the line is not there");
    return 0;
  }
  // Of the L2 and L3 caches.
  unsigned lower_lost() const { return lower_lost_; }
  unsigned read_again() const { return read_again_; }
  bool lies_in(unsigned level, PhysAddr pa) { return bench().lower_cache(level).way_of(pa).has_value(); }
  void flip_below(unsigned level, bool tag, PhysAddr pa, unsigned bit) {
    const CacheGeometry& cache = level == 2 ? machine().l2cache : machine().l3cache;
    const Array tags = level == 2 ? Array::L2CacheTag : Array::L3CacheTag;
    const Array words = level == 2 ? Array::L2CacheData : Array::L3CacheData;
    const std::optional<unsigned> way = bench().lower_cache(level).way_of(pa);
    BOOST_REQUIRE(way.has_value());
    flip(tag ? tags : words, static_cast<unsigned>(pa.value / 64 % cache.sets), *way, bit, pa.value / 8 % 8);
  }
  // Out of the first level, into the second.
  void put_out(PhysAddr pa) {
    platform().fence({.op = FenceOp::CacheCleanInvalidate, .by_addr = true, .addr = pa.value});
  }
  // Out of the second, too: by lines that lie in other sets of the third, so on pages that are even if this one is odd.
  // Or out of the third, by lines of its set.
  void drive_out(unsigned level, PhysAddr pa) {
    put_out(pa);
    const std::uint64_t odd = (pa.value / machine().l2cache.sets / 64 + (level == 2 ? 1 : 0)) % 2;
    for (std::uint64_t page = 0x40; page < 0x80 && lies_in(level, pa); ++page) {
      const PhysAddr other = address(frame(page), pa.value % machine().format.page_size());
      if (other.value / machine().l2cache.sets / 64 % 2 == odd)
        load(va(page, other.value % machine().format.page_size()));
    }
    BOOST_REQUIRE(!lies_in(level, pa));
  }

  void forget(std::uint64_t page) {
    platform().fence({.by_addr = true, .addr = va(page)});
    pause();
  }

 private:
  std::vector<Event> upsets_, lost_;
  std::vector<PhysAddr> reported_;
  unsigned lower_lost_ = 0, read_again_ = 0;
};

}  // namespace vm::test
