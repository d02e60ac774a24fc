// SPDX-License-Identifier: Apache-2.0
//
// Lines about memory that is short or shared: how the OS deals with it, fork in its forms, the swap file, and what the
// trace expects of them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "machine/pte.h"
#include "trace/parser_state.h"

namespace vm::trace {

namespace {

constexpr std::uint64_t kMostSlots = 1ULL << 24;
constexpr std::uint64_t kMostFrames = 1ULL << 20, kMostDiskTime = 1ULL << 32;

std::string reason_list() {
  std::string list;
  for (const std::string_view name : kFenceReasonNames) list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
  return list;
}

FenceReason accept_reason(Cursor& cursor) {
  const Token token = cursor.peek();
  const std::optional<FenceReason> reason = token.kind == TokenKind::Word ? fence_reason(token.text) : std::nullopt;
  if (!reason) cursor.fail("what fences are owed for: " + reason_list());
  cursor.take();
  return *reason;
}

}  // namespace

// ---------------------------------------------------------------- setup

bool Parser::policy_line() {
  MemoryPolicy& policy = scenario().policy;
  if (cursor_.accept("zeropage")) {
    policy.zero_page = true;
  } else if (cursor_.accept("largepages")) {
    policy.large_pages = true;
  } else if (cursor_.accept("sharetables")) {
    policy.share_tables = true;
  } else if (cursor_.accept("overcommit")) {
    policy.overcommit = cursor_.accept("on");
    if (!policy.overcommit && !cursor_.accept("off")) cursor_.fail("'on' or 'off'");
  } else if (cursor_.accept("oom")) {
    policy.kill = cursor_.accept("kill");
    if (!policy.kill && !cursor_.accept("refuse")) cursor_.fail("'kill' or 'refuse'");
  } else if (cursor_.accept("swap")) {
    swap_line();
  } else if (cursor_.accept("forget")) {
    forget_line();
  } else if (cursor_.accept("replacement")) {
    replacement_line();
  } else {
    return false;
  }
  return true;
}

void Parser::swap_line() {
  SwapOptions options;
  const std::uint64_t most = std::min(most_slots(machine().format), kMostSlots);
  if (most == 0) cursor_.fail(fmt::format("a machine whose entries have a valid bit ({}'s have none)", machine().name));
  const Token token = cursor_.peek();
  options.slots = cursor_.number_up_to(
      most, fmt::format("a number of pages (entries of {} can name {} slots)", machine().name, most));
  if (options.slots == 0) cursor_.fail_at(token, "at least one page");
  const auto range = [&](SwapOptions::Range& slots) {
    slots.first = cursor_.number_up_to(options.slots, "the number of a slot");
    cursor_.expect("..");
    const Token last = cursor_.peek();
    slots.last = cursor_.number_up_to(options.slots, "the number of a slot");
    if (slots.first == 0 || slots.last < slots.first) cursor_.fail_at(last, "slots from 1 upwards, in rising order");
  };
  while (!cursor_.at_end()) {
    if (cursor_.accept("unwritable")) {
      range(options.unwritable);
    } else if (cursor_.accept("unreadable")) {
      range(options.unreadable);
    } else {
      cursor_.fail("'unwritable F..L', 'unreadable F..L' or the end of the line");
    }
  }
  scenario().swap = options;
}

void Parser::forget_line() {
  do {
    scenario().policy.withheld.set(index_of(accept_reason(cursor_)));
  } while (!cursor_.at_end());
}

void Parser::replacement_line() {
  constexpr std::uint64_t kMostSwappiness = 200;
  ReplacementOptions options;
  const auto kind = std::find_if(kReplacementNames.begin(), kReplacementNames.end(),
                                 [&](std::string_view name) { return cursor_.is(name); });
  if (kind == kReplacementNames.end())
    cursor_.fail(fmt::format("a policy of replacement: {}", fmt::join(kReplacementNames, ", ")));
  cursor_.take();
  options.kind = static_cast<ReplacementKind>(kind - kReplacementNames.begin());
  const Token start = cursor_.peek();
  const auto value = [&](std::string_view word, std::uint64_t most,
                         std::string_view what) -> std::optional<std::uint64_t> {
    if (!cursor_.accept(word)) return std::nullopt;
    cursor_.expect("=");
    return cursor_.number_up_to(most, what);
  };
  const bool has_lists = options.kind == ReplacementKind::Linux;
  const bool has_sets = options.kind == ReplacementKind::Windows;
  while (!cursor_.at_end()) {
    if (cursor_.accept("unfenced")) {
      options.unfenced = true;
    } else if (const auto disk = value("disk", kMostDiskTime, "how many accesses a write to the disk takes")) {
      options.disk_time = *disk;
    } else if (const auto low = value("low", kMostFrames, "a number of frames")) {
      options.low = *low;
    } else if (const auto high = value("high", kMostFrames, "a number of frames")) {
      options.high = *high;
    } else if (has_lists && cursor_.accept("zone")) {
      cursor_.expect("=");
      const Token token = cursor_.peek();
      const Ppn frame(cursor_.number_up_to(ppn_max(), "the first frame of a zone"));
      if (!options.zones.empty() && frame <= options.zones.back()) cursor_.fail_at(token, "zones in rising order");
      options.zones.push_back(frame);
    } else if (const auto more = has_lists ? value("swappiness", kMostSwappiness, "a swappiness") : std::nullopt) {
      options.swappiness = *more;
    } else if (has_sets && working_set_option(options)) {
      continue;
    } else {
      cursor_.fail(fmt::format("'unfenced', 'disk=N', 'low=N', 'high=N'{} or the end of the line",
                               has_lists  ? ", 'zone=FRAME', 'swappiness=N'"
                               : has_sets ? ", 'minimum=N', 'maximum=N', 'second=N', 'modified=N', 'zeroed=N'"
                                          : ""));
    }
  }
  if (options.low > options.high) cursor_.fail_at(start, "low=N not above high=N");
  if (options.maximum && *options.maximum < options.minimum) cursor_.fail_at(start, "maximum=N not below minimum=N");
  scenario().policy.replacement = options;
}

bool Parser::working_set_option(ReplacementOptions& options) {
  const std::pair<std::string_view, std::uint64_t*> numbers[] = {
      {"minimum", &options.minimum}, {"modified", &options.modified}, {"zeroed", &options.zeroed}};
  for (const auto& [word, number] : numbers) {
    if (!cursor_.accept(word)) continue;
    cursor_.expect("=");
    *number = cursor_.number_up_to(kMostFrames, "a number of frames");
    return true;
  }
  if (cursor_.accept("maximum")) {
    cursor_.expect("=");
    options.maximum = cursor_.number_up_to(kMostFrames, "a number of frames");
    return true;
  }
  if (!cursor_.accept("second")) return false;
  cursor_.expect("=");
  const Token token = cursor_.peek();
  options.second = cursor_.number_up_to(kMostDiskTime, "how many accesses make a second");
  if (options.second == 0) cursor_.fail_at(token, "at least one access");
  return true;
}

void Parser::limits_line(Place place) {
  NewLimits item;
  item.process = known_process();
  do {
    const bool resident = cursor_.accept("resident");
    if (!resident && !cursor_.accept("memory")) cursor_.fail("'resident=N' or 'memory=N', in pages");
    cursor_.expect("=");
    (resident ? item.limits.resident : item.limits.memory) = cursor_.number("a number of pages");
  } while (!cursor_.at_end());
  add_shared(place, item, item);
}

// ---------------------------------------------------------------- steps

void Parser::fork_call(Place place, ProcessIndex process, bool vfork) {
  constexpr std::pair<std::string_view, ForkKind> kKinds[] = {
      {"copy", ForkKind::Copy}, {"table", ForkKind::CopyTable}, {"entries", ForkKind::EntriesOnly}};
  SystemCall step;
  step.process = process;
  ForkCall call;
  cursor_.expect("(");
  if (vfork) {
    call.kind.reset();
  } else if (!cursor_.is(")")) {
    const auto kind =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& k) { return cursor_.is(k.first); });
    if (kind == std::end(kKinds)) cursor_.fail("')', or a way to fork: copy, table, entries");
    cursor_.take();
    call.kind = kind->second;
  }
  cursor_.expect(")");
  if (cursor_.is("=") && cursor_.peek(1).text == "-") {
    step.result = call_result();
  } else {
    cursor_.expect("=");
    const Token token = cursor_.peek();
    call.child = new_process(cursor_.name("a name for the child"), token);
    step.any = cursor_.accept("any");
  }
  step.call = call;
  add_step(place, step);
}

void Parser::pageout_line(Place place) {
  PageoutStep step;
  step.process = known_process();
  step.vpn = Vpn(cursor_.number_up_to(vpn_max(), "a virtual page number"));
  step.any = accept_any();
  if (!step.any) step.refused = refusal();
  add_step(place, step);
}

void Parser::promote_line(Place place) {
  PromoteStep step;
  step.process = known_process();
  step.vpn = Vpn(cursor_.number_up_to(vpn_max(), "a virtual page number"));
  const Token token = cursor_.peek();
  const std::optional<std::uint64_t> bytes = page_bytes();
  if (!bytes) cursor_.fail("a page size such as 2M");
  Kernel::MapOptions options;
  page_size(options, *bytes, token);
  if (options.level == 0 && !options.napot) cursor_.fail_at(token, "a size of several base pages");
  step.size = {.level = options.level, .napot = options.napot};
  step.any = accept_any();
  if (!step.any) step.refused = refusal();
  add_step(place, step);
}

// The process lives in the other's address space, as a child of vfork does, but nobody waits.
void Parser::thread_call(Place place, ProcessIndex process) {
  SystemCall step;
  step.process = process;
  ForkCall call{.child = {}, .kind = {}, .thread = true};
  cursor_.expect("(");
  cursor_.expect(")");
  cursor_.expect("=");
  const Token token = cursor_.peek();
  call.child = new_process(cursor_.name("a name for the thread"), token);
  step.any = cursor_.accept("any");
  step.call = call;
  add_step(place, step);
}

void Parser::bad_frame_line(Place place) {
  need_windows();
  BadFrameStep step;
  step.frame = Ppn(cursor_.number_up_to(ppn_max(), "a frame number"));
  step.any = accept_any();
  if (!step.any) step.refused = refusal();
  add_step(place, step);
}

void Parser::hold_line(Place place) {
  need_windows();
  HoldStep step;
  step.file = std::string(cursor_.text("the name of a file in quotes"));
  step.on = cursor_.accept("on");
  if (!step.on && !cursor_.accept("off")) cursor_.fail("'on' or 'off'");
  add_step(place, std::move(step));
}

void Parser::need_windows() {
  if (scenario().policy.replacement.kind != ReplacementKind::Windows)
    cursor_.fail("a scenario with `replacement windows`");
}

void Parser::measure_line(Place place) {
  MeasureStep step;
  if (!cursor_.accept("end")) {
    const Token token = cursor_.peek();
    step.name = cursor_.name("a name for what is measured, or 'end'");
    if (!measured_.insert(step.name).second) cursor_.fail_at(token, "a name that was not measured yet");
  }
  add_step(place, step);
}

// ---------------------------------------------------------------- expectations

bool Parser::shortage(ExpectedFault& fault) {
  constexpr std::pair<std::string_view, Shortage> kShortages[] = {
      {"nomem", Shortage::NoMemory}, {"ioerror", Shortage::SwapError}, {"killed", Shortage::Killed}};
  for (const auto& [name, value] : kShortages) {
    if (!cursor_.accept(name)) continue;
    fault.shortage = value;
    return true;
  }
  return false;
}

bool Parser::expect_memory_line(Place place) {
  const auto count = [this](std::string_view what) {
    cursor_.expect("=");
    return cursor_.number(what);
  };
  // With a text it is a line of the report.
  if (cursor_.is("frames") && cursor_.peek(1).kind != TokenKind::Text) {
    cursor_.take();
    if (cursor_.accept("saved")) {
      add_step(place, ExpectSavedFrames{count("a number of frames")});
    } else {
      if (!cursor_.accept("free")) cursor_.fail("'free', 'saved' or a line of the report in quotes");
      add_step(place, ExpectFreeFrames{count("a number of frames")});
    }
  } else if (cursor_.accept("slots")) {
    cursor_.expect("free");
    add_step(place, ExpectFreeSlots{count("a number of slots")});
  } else if (cursor_.is("tables") && cursor_.peek(2).text == "frames") {
    cursor_.take();
    ExpectTables step;
    step.process = known_process();
    cursor_.expect("frames");
    step.count = count("a number of frames");
    add_step(place, step);
  } else if (cursor_.accept("sharers")) {
    ExpectSharers step;
    step.process = known_process();
    step.vpn = Vpn(cursor_.number_up_to(vpn_max(), "a virtual page number"));
    cursor_.expect("=");
    do {
      step.sharers.push_back(known_process());
    } while (!cursor_.at_end());
    add_step(place, std::move(step));
  } else if (cursor_.accept("fences")) {
    const FenceReason reason = accept_reason(cursor_);
    add_step(place, ExpectFences{reason, count("a number of fences")});
  } else if (cursor_.accept("cycles")) {
    expect_cycles(place);
  } else if (cursor_.accept("process")) {
    expect_process(place);
  } else {
    return false;
  }
  return true;
}

void Parser::expect_cycles(Place place) {
  ExpectCycles step;
  do {
    const Token token = cursor_.peek();
    step.names.emplace_back(cursor_.name("the name of something measured"));
    if (!measured_.contains(step.names.back())) cursor_.fail_at(token, "a name that was measured before");
  } while (cursor_.accept(">"));
  if (step.names.size() < 2) cursor_.fail("'>' and another name");
  add_step(place, std::move(step));
}

void Parser::expect_process(Place place) {
  using State = ExpectProcess::State;
  constexpr std::pair<std::string_view, State> kStates[] = {
      {"running", State::Running}, {"suspended", State::Suspended}, {"killed", State::Killed}};
  ExpectProcess step;
  step.process = known_process();
  const auto state =
      std::find_if(std::begin(kStates), std::end(kStates), [&](const auto& s) { return cursor_.is(s.first); });
  if (state == std::end(kStates)) cursor_.fail("'running', 'suspended' or 'killed'");
  cursor_.take();
  step.state = state->second;
  add_step(place, step);
}

}  // namespace vm::trace
