// SPDX-License-Identifier: Apache-2.0
//
// Page management as Windows does it: every state of a frame and the ways between them, guaranteed working sets,
// competition, the modified-page writer, the swapper, paged kernel memory.
#include <cerrno>

#include "kernel_fixture.h"
#include "machine/error.h"

namespace vm::test {
namespace {

constexpr int kReadWrite = 3, kPrivateFixed = 0x32, kSharedFixed = 0x11;
constexpr std::uint64_t kPage = 4096, kBase = 0x600000, kFirstPage = kBase / kPage;

class Windows : public System {
 public:
  // So many frames for pages, beside those of the three tables of each process.
  explicit Windows(std::uint64_t pages, ReplacementOptions options, unsigned processes = 1,
                   const KernelSpaceOptions* kernel_space = nullptr, const SwapOptions& swap = {.slots = 16})
      : System("sv39") {
    options.kind = ReplacementKind::Windows;
    kernel.set_policy({.withheld = {}, .replacement = options});
    std::vector<Ppn> frames;
    const std::uint64_t others = 3 * processes + (kernel_space != nullptr ? 10 + 4 * processes : 0);
    for (std::uint64_t i = 0; i < pages + others; ++i) frames.emplace_back(kFirstFrame + i);
    kernel.set_free_frames(frames);
    kernel.use_swap(swap);
    kernel.disk().add("f", std::vector<std::uint8_t>(4 * kPage, 0x33));
    if (kernel_space != nullptr) kernel.use_kernel_space(*kernel_space);
    for (unsigned i = 0; i < processes; ++i) all.push_back(process(std::string(1, static_cast<char>('A' + i))));
    kernel.start();
    for (const ProcessId pid : all) kernel.mmap(pid, kBase, 32 * kPage, kReadWrite, kPrivateFixed, -1, 0);
  }
  Outcome put(std::uint64_t page, std::uint64_t value, unsigned who = 0) {
    return store(all.at(who), kBase + page * kPage, 8, value);
  }
  std::uint64_t get(std::uint64_t page, unsigned who = 0) { return value(all.at(who), kBase + page * kPage, 8); }
  // How many frames the report lists under this name.
  std::uint64_t listed(const std::string& name) const {
    const std::string text = "\n" + kernel.lists();
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size() + 2));
  }
  void expect_transition(std::uint64_t page, bool is, unsigned who = 0) {
    BOOST_TEST(kernel.transition_frame(all.at(who), Vpn(kFirstPage + page)).has_value() == is);
  }

  static constexpr std::uint64_t kFirstFrame = 0x80100;
  std::vector<ProcessId> all;
};

BOOST_AUTO_TEST_CASE(what_leaves_a_working_set_comes_back_without_the_disk) {
  Windows w(6, {.maximum = 2, .modified = 8});
  w.put(0, 10);
  w.put(1, 11);
  BOOST_TEST(w.get(2) == 0U);
  BOOST_TEST(w.listed("valid") == 2U);
  BOOST_TEST(w.listed("modified") == 1U);
  w.expect_transition(0, true);
  const KernelCounts before = w.kernel.counts();
  BOOST_TEST(w.get(0) == 10U);
  BOOST_TEST(w.kernel.counts().soft_faults == before.soft_faults + 1);
  BOOST_TEST(w.kernel.counts().missing == before.missing);
  BOOST_TEST(w.kernel.counts().swap_writes == 0U);
  w.expect_transition(0, false);
  w.check();
}

BOOST_AUTO_TEST_CASE(the_writer_begins_above_its_threshold) {
  Windows w(8, {.disk_time = 3, .maximum = 1, .modified = 1});
  w.put(0, 10);
  w.put(1, 11);
  BOOST_TEST(w.listed("modified") == 1U);
  w.put(2, 12);  // the second one that waits: the first is written, and in transition meanwhile
  BOOST_TEST(w.listed("modified") == 1U);
  BOOST_TEST(w.listed("transition") == 1U);
  w.check();
  for (unsigned i = 0; i < 4; ++i) BOOST_TEST(w.get(2) == 12U);
  BOOST_TEST(w.listed("transition") == 0U);
  BOOST_TEST(w.listed("standby") == 1U);
  w.check();
  BOOST_TEST(w.get(0) == 10U);
  BOOST_TEST(w.kernel.counts().pageins == 0U);
}

BOOST_AUTO_TEST_CASE(a_fault_on_a_page_that_is_being_written_waits) {
  Windows w(8, {.disk_time = 50, .maximum = 1});
  w.put(0, 10);
  w.put(1, 11);
  BOOST_TEST(w.listed("transition") == 1U);
  BOOST_TEST(w.get(0) == 10U);
  BOOST_TEST(w.kernel.counts().busy_waits == 1U);
  BOOST_TEST(w.kernel.counts().soft_faults == 1U);
  w.check();
}

BOOST_AUTO_TEST_CASE(a_standby_frame_that_is_given_away_is_on_the_disk) {
  Windows w(3, {.maximum = 1});
  for (unsigned i = 0; i < 6; ++i) w.put(i, 10 + i);
  w.expect_transition(0, false);
  w.expect_transition(4, true);
  BOOST_TEST(w.kernel.slot_of(w.all[0], Vpn(kFirstPage)).has_value());
  for (unsigned i = 0; i < 6; ++i) BOOST_TEST(w.get(i) == 10U + i);
  BOOST_TEST(w.kernel.counts().pageins > 0U);
  w.check();
}

BOOST_AUTO_TEST_CASE(free_frames_are_cleared_ahead) {
  Windows w(6, {.zeroed = 2});
  w.put(0, 1);
  BOOST_TEST(w.listed("zeroed") == 2U);
  const std::uint64_t fills = w.kernel.counts().zero_fills;
  const std::uint64_t ahead = w.kernel.counts().zeroed_frames;
  w.put(1, 2);  // takes one of them; another is cleared
  BOOST_TEST(w.kernel.counts().zeroed_frames == ahead + 1);
  BOOST_TEST(w.kernel.counts().zero_fills == fills + 1);
  w.check();
}

BOOST_AUTO_TEST_CASE(a_file_that_is_held_back_is_not_written) {
  Windows w(6, {.maximum = 1});
  BOOST_TEST(w.kernel.open(w.all[0], "f", 2) == 3);
  BOOST_TEST(w.kernel.mmap(w.all[0], 0x700000, 2 * kPage, kReadWrite, kSharedFixed, 3, 0) == 0x700000);
  w.kernel.hold_file("f", true);
  w.store(w.all[0], 0x700000, 8, 77);
  w.put(0, 1);  // its working set has room for one
  BOOST_TEST(w.listed("modified-no-write") == 1U);
  BOOST_TEST(w.kernel.counts().pages_written == 0U);
  w.check();
  w.kernel.hold_file("f", false);
  w.put(0, 2);
  BOOST_TEST(w.listed("modified-no-write") == 0U);
  BOOST_TEST(w.kernel.counts().pages_written == 1U);
  BOOST_TEST(w.value(w.all[0], 0x700000, 8) == 77U);
  w.check();
  BOOST_CHECK_THROW(w.kernel.hold_file("none", true), InputError);
}

BOOST_AUTO_TEST_CASE(a_frame_that_fails_is_emptied_and_never_used_again) {
  Windows w(4, {});
  w.put(0, 10);
  const Ppn frame = w.entry(w.all[0], kFirstPage).ppn;
  const std::uint64_t free = w.kernel.free_frames();
  BOOST_TEST(w.kernel.retire_frame(frame));
  BOOST_TEST(w.listed("bad") == 1U);
  BOOST_TEST(w.kernel.retire_frame(frame));
  BOOST_TEST(w.kernel.counts().bad_frames == 1U);
  BOOST_TEST(w.get(0) == 10U);
  BOOST_TEST((w.entry(w.all[0], kFirstPage).ppn != frame));
  BOOST_TEST(w.kernel.free_frames() + 1 == free);
  for (unsigned i = 0; i < 8; ++i) w.put(i, i);
  w.check();
  // A table cannot be emptied.
  const std::uint64_t root = w.kernel.context_of(w.all[0]).base.value / kPage;
  BOOST_TEST(!w.kernel.retire_frame(Ppn(root)));
  w.check();
}

BOOST_AUTO_TEST_CASE(a_process_whose_minimum_cannot_be_kept_does_not_start) {
  Windows w(6, {.minimum = 6});
  BOOST_TEST(!w.kernel.may_start());
  try {
    w.process("Z");
    BOOST_ERROR("it started");
  } catch (const InputError& error) {
    BOOST_TEST(std::string(error.what()) == "cannot start process Z: not enough memory");
  }
  w.put(0, 1);
  BOOST_TEST(w.kernel.fork(w.all[0], "B") == -ENOMEM);
  w.check();
}

BOOST_AUTO_TEST_CASE(nobody_takes_what_is_sure) {
  Windows w(8, {.minimum = 3}, 2);
  for (unsigned i = 0; i < 3; ++i) w.put(i, 20 + i, 1);
  for (unsigned i = 0; i < 12; ++i) w.put(i, 10 + i, 0);  // wants all
  const KernelCounts before = w.kernel.counts();
  for (unsigned i = 0; i < 3; ++i) BOOST_TEST(w.get(i, 1) == 20U + i);
  BOOST_TEST(w.kernel.counts().faults == before.faults);
  w.check();
  // What is beyond it goes when it is needed: B has 5, A wants its 3.
  Windows v(6, {.minimum = 3}, 2);
  for (unsigned i = 0; i < 5; ++i) v.put(i, 20 + i, 1);
  for (unsigned i = 0; i < 3; ++i) v.put(i, 10 + i, 0);
  for (unsigned i = 0; i < 3; ++i) BOOST_TEST(v.get(i, 0) == 10U + i);
  for (unsigned i = 0; i < 5; ++i) BOOST_TEST(v.get(i, 1) == 20U + i);
  v.check();
}

BOOST_AUTO_TEST_CASE(the_balance_set_manager_keeps_frames_to_be_had) {
  Windows w(10, {.low = 3, .high = 5, .minimum = 2}, 2);
  for (unsigned i = 0; i < 7; ++i) w.put(i, 10 + i, 0);
  for (unsigned i = 0; i < 2; ++i) w.put(i, 20 + i, 1);
  BOOST_TEST(w.kernel.free_frames() + w.listed("standby") >= 3U);
  const std::string lists = w.kernel.lists();
  BOOST_TEST(lists.find("working set B 2:") != std::string::npos);
  w.check();
}

BOOST_AUTO_TEST_CASE(the_balance_set_manager_stops_at_the_minimum) {
  Windows w(6, {.low = 6, .high = 9, .minimum = 2}, 2);
  for (unsigned i = 0; i < 3; ++i) w.put(i, 10 + i, 0);
  for (unsigned i = 0; i < 3; ++i) w.put(i, 20 + i, 1);
  const std::string lists = w.kernel.lists();
  BOOST_TEST(lists.find("working set A 2:") != std::string::npos);
  BOOST_TEST(lists.find("working set B 2:") != std::string::npos);
  w.check();
}

BOOST_AUTO_TEST_CASE(the_swapper_takes_the_stack_first) {
  const KernelSpaceOptions space{.direct_bytes = 1 << 20, .traps = true};
  Windows w(12, {.second = 2}, 2, &space);
  w.put(0, 10, 0);
  w.put(0, 20, 1);
  for (unsigned i = 0; i < 28; ++i) w.get(0, 1);  // not 15 seconds yet
  BOOST_TEST(w.kernel.counts().stacks_out == 0U);
  unsigned more = 0;
  while (w.kernel.counts().stacks_out == 0 && ++more < 10) w.get(0, 1);
  BOOST_TEST(w.kernel.counts().outswaps == 0U);
  w.expect_transition(0, false, 0);
  w.check();
  w.get(0, 1);
  w.get(0, 1);
  BOOST_TEST(w.kernel.counts().outswaps == 1U);
  w.expect_transition(0, true, 0);
  w.check();
  for (unsigned i = 1; i < 16; ++i) w.put(i, 20 + i, 1);  // wants all frames
  w.check();
  BOOST_TEST(w.get(0, 0) == 10U);
  BOOST_TEST(w.kernel.counts().kernel_faults == 0U);
  w.check();
}

BOOST_AUTO_TEST_CASE(kernel_memory_is_paged_and_its_fault_handler_is_not) {
  const KernelSpaceOptions space{.direct_bytes = 1 << 20, .traps = true, .pool_pages = 3};
  Windows w(4, {}, 1, &space);
  const std::uint64_t code = ~0ULL - (2ULL << 30) + 1;  // two entries of the root below the end
  const auto pool = [&](unsigned page) { return code + (2 + page) * kPage; };
  const auto as_kernel = [&](AccessKind kind, std::uint64_t va, std::uint64_t data) {
    return w.access(w.all[0], kind, va, 8, data, false);
  };
  for (unsigned i = 0; i < 3; ++i) {
    const Outcome stored = as_kernel(AccessKind::Store, pool(i), 70 + i);
    BOOST_TEST(!stored.refused);
    BOOST_TEST(stored.faults_served == 1U);
  }
  BOOST_TEST(w.load(w.all[0], pool(0), 8).segv);
  BOOST_TEST(as_kernel(AccessKind::Load, pool(3), 0).refused);
  for (unsigned i = 0; i < 20; ++i) w.put(i, i);
  BOOST_TEST(w.kernel.counts().pool_pageouts >= 1U);
  w.check();
  for (unsigned i = 0; i < 3; ++i) BOOST_TEST(as_kernel(AccessKind::Load, pool(i), 0).last.data == 70U + i);
  BOOST_TEST(w.kernel.counts().kernel_faults == 0U);
  w.check();
}

BOOST_AUTO_TEST_CASE(a_shared_page_leaves_all_working_sets_and_a_disk_that_refuses_loses_nothing) {
  Windows w(6, {.maximum = 2}, 1, nullptr, {.slots = 2, .unwritable = {.first = 1, .last = 2}});
  for (unsigned i = 0; i < 4; ++i) w.put(i, 10 + i);
  for (unsigned i = 0; i < 4; ++i) BOOST_TEST(w.get(i) == 10U + i);
  w.check();
  Windows v(12, {.maximum = 2}, 2);
  v.put(0, 10);
  const std::int64_t second = v.kernel.fork(v.all[0], "C");
  BOOST_REQUIRE(second > 0);
  v.all.push_back(static_cast<ProcessId>(second));
  v.put(1, 11);
  v.put(2, 12);
  v.put(3, 13);
  BOOST_TEST(v.get(0, 2) == 10U);
  v.put(0, 30, 2);
  BOOST_TEST(v.get(0) == 10U);
  v.check();
}

}  // namespace
}  // namespace vm::test
