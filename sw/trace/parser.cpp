// SPDX-License-Identifier: Apache-2.0
#include "trace/parser.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "trace/parser_state.h"

namespace vm::trace {

namespace {

constexpr unsigned kMaxIncludeDepth = 8;
constexpr std::size_t kMaxProcesses = 4096;

std::string read_whole(const std::filesystem::path& path, const std::string& who) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw InputError(fmt::format("{}found the directory '{}', expected a trace file", who, path.string()));
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw InputError(fmt::format("{}found no file '{}' that can be read ({}), expected a trace file", who,
                                 path.string(), std::strerror(errno)));
  }
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::string machine_names() {
  std::string names;
  for (const Machine& m : machines()) names += (names.empty() ? "" : ", ") + m.name;
  return names;
}

Latency latency_of(Cursor& c) {
  constexpr std::uint64_t kMax = 100'000;
  Latency latency;
  if (c.accept("random")) {
    latency.kind = Latency::Kind::Random;
    latency.min = static_cast<unsigned>(c.number_up_to(kMax, "the least latency in cycles"));
    c.expect("..");
    const Token token = c.peek();
    latency.max = static_cast<unsigned>(c.number_up_to(kMax, "the greatest latency in cycles"));
    if (latency.max < latency.min) c.fail_at(token, "a number not below the first");
  } else if (c.accept("replay")) {
    latency.kind = Latency::Kind::Replay;
    do {
      latency.replay.push_back(static_cast<unsigned>(c.number_up_to(kMax, "a latency in cycles")));
    } while (c.accept(","));
  } else {
    latency.min = latency.max =
        static_cast<unsigned>(c.number_up_to(kMax, "a number of cycles, 'random A..B' or 'replay N,N,…'"));
  }
  return latency;
}

Stall stall_of(Cursor& c) {
  Stall stall;
  if (c.accept("until")) {
    stall.kind = Stall::Kind::Until;
    stall.until = c.number_up_to(1'000'000, "a cycle");
  } else if (c.accept("half")) {
    stall.kind = Stall::Kind::Half;
  } else if (c.accept("bursty")) {
    stall.kind = Stall::Kind::Bursty;
  } else if (!c.accept("none")) {
    c.fail("'none', 'half', 'bursty' or 'until N'");
  }
  return stall;
}

}  // namespace

Trace parse_file(const std::filesystem::path& file, const ParseOptions& options) {
  Trace trace;
  Parser parser(trace, options);
  parser.file(file);
  parser.finish();
  return trace;
}

Trace parse_text(std::string_view text, const std::string& name, const ParseOptions& options) {
  Trace trace;
  Parser parser(trace, options);
  parser.text(text, name, options.directory);
  parser.finish();
  return trace;
}

Trace parse_own_setup(const std::string& machine, const ParseOptions& options) {
  Trace trace;
  Parser parser(trace, options);
  parser.own_setup(machine);
  return trace;
}

Latency parse_latency(std::string_view text, const std::string& where) {
  const Files files = {where};
  Cursor cursor;
  cursor.start(files, 0, 1, text);
  Latency latency = latency_of(cursor);
  cursor.end();
  return latency;
}

Stall parse_stall(std::string_view text, const std::string& where) {
  const Files files = {where};
  Cursor cursor;
  cursor.start(files, 0, 1, text);
  const Stall stall = stall_of(cursor);
  cursor.end();
  return stall;
}

// ---------------------------------------------------------------- files

void Parser::file(const std::filesystem::path& path) { text(read_whole(path, ""), path.string(), path.parent_path()); }

void Parser::text(std::string_view text, const std::string& name, const std::filesystem::path& directory) {
  lines(text, enter(name), directory);
}

void Parser::own_setup(const std::string& machine) {
  enter("the machine's name");
  const Machine* found = find_machine(machine);
  if (found == nullptr) {
    throw InputError(fmt::format("found machine '{}', expected one of {}", machine, machine_names()));
  }
  begin_scenario({}, *found);
  begin_step();
}

void Parser::finish() {
  if (!open_) throw InputError(fmt::format("{}:1:1: found no scenario, expected a `machine` line", trace_.files[0]));
  const std::string stem = std::filesystem::path(trace_.files[0]).stem().string();
  std::size_t number = 0;
  for (Scenario& s : trace_.scenarios) {
    s.name = trace_.scenarios.size() == 1 ? stem : fmt::format("{}#{}", stem, ++number);
  }
}

std::uint32_t Parser::enter(const std::string& name) {
  trace_.files.push_back(name);
  return static_cast<std::uint32_t>(trace_.files.size() - 1);
}

void Parser::lines(std::string_view text, std::uint32_t file, const std::filesystem::path& directory) {
  directory_ = directory;
  std::uint32_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    // Valgrind's own lines around lackey's.
    if (one.starts_with("==") || one.starts_with("--")) continue;
    cursor_.start(trace_.files, file, number, one);
    if (cursor_.at_end()) continue;
    line();
    cursor_.end();
  }
}

void Parser::include_line() {
  if (depth_ == kMaxIncludeDepth) cursor_.fail("no include: this file is included by itself or too deep");
  const Place place = cursor_.place();
  const std::filesystem::path path = directory_ / cursor_.text("the name of a file in quotes");
  read_included(path, read_whole(path, to_string(trace_.files, place) + ": "));
}

void Parser::read_included(const std::filesystem::path& path, std::string_view content) {
  Cursor outer = std::exchange(cursor_, Cursor());
  const std::filesystem::path directory = directory_;
  ++depth_;
  lines(content, enter(path.string()), path.parent_path());
  --depth_;
  cursor_ = std::move(outer);
  directory_ = directory;
}

// ---------------------------------------------------------------- scenarios

void Parser::begin_scenario(Place place, const Machine& machine) {
  Scenario s;
  s.place = place;
  s.machine = machine;
  s.name = machine.name;
  trace_.scenarios.push_back(std::move(s));
  open_ = true;
  has_setup_ = has_steps_ = false;
  levels_.reset();
  last_process_.reset();
  exited_.clear();
  measured_.clear();
}

void Parser::machine_line() {
  if (depth_ > 0) cursor_.fail("no `machine` line in an included file");
  const Place place = cursor_.place();
  const Token token = cursor_.peek();
  if (token.kind == TokenKind::Text) {
    cursor_.take();
    return begin_scenario(place, load_machine(directory_ / token.text));
  }
  const Machine* machine = token.kind == TokenKind::Word ? find_machine(token.text) : nullptr;
  if (machine == nullptr) cursor_.fail("a machine, or its file in quotes: " + machine_names());
  cursor_.take();
  begin_scenario(place, *machine);
}

Scenario& Parser::scenario() {
  if (!open_) cursor_.fail("a `machine` line first");
  return trace_.scenarios.back();
}

void Parser::begin_setup_item() {
  scenario();
  if (has_steps_) cursor_.fail("a step: setup lines stand before the first step");
  has_setup_ = true;
}

void Parser::begin_step() {
  scenario();
  if (depth_ > 0) cursor_.fail("setup lines only in an included file");
  if (!has_steps_ && !has_setup_) take_own_setup();
  has_steps_ = true;
}

void Parser::take_own_setup() {
  const std::filesystem::path own = options_.setup_directory / (machine().name + ".pwt");
  if (options_.setup_directory.empty() || !std::filesystem::exists(own)) {
    scenario().processes.emplace_back("A");
    exited_.push_back(false);
    scenario().setup.push_back({scenario().place, NewProcess{}});
  } else {
    read_included(own, read_whole(own, ""));
  }
}

ProcessIndex Parser::new_process(const std::string& name, const Token& token) {
  std::vector<std::string>& names = scenario().processes;
  for (const std::string& known : names) {
    if (known == name) cursor_.fail_at(token, "a name that no process has yet");
  }
  if (names.size() == kMaxProcesses) cursor_.fail_at(token, fmt::format("at most {} processes", kMaxProcesses));
  names.push_back(name);
  exited_.push_back(false);
  return static_cast<ProcessIndex>(names.size() - 1);
}

ProcessIndex Parser::known_process() {
  const std::vector<std::string>& names = scenario().processes;
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (exited_[i]) continue;
    if (cursor_.is(names[i])) {
      cursor_.take();
      last_process_ = static_cast<ProcessIndex>(i);
      return *last_process_;
    }
    list += (list.empty() ? "" : ", ") + names[i];
  }
  cursor_.fail(list.empty() ? "a `process` line before its name is used" : "a process: " + list);
}

ProcessIndex Parser::bare_process() {
  if (last_process_) return *last_process_;
  Scenario& s = scenario();
  if (!s.processes.empty()) return 0;
  // A plain access list: a process P that may touch anything.
  const ProcessIndex p = new_process("P", cursor_.peek());
  // Of an address space with an upper half, the lower.
  const std::uint64_t space = low_mask(machine().va_bits - (machine().format.upper_va == UpperVa::Sign ? 1 : 0));
  s.setup.push_back({cursor_.place(), NewProcess{p, {}}});
  s.setup.push_back({cursor_.place(), NewArea{p, VirtAddr(0), VirtAddr(space) + 1, Rights{}, false}});
  has_setup_ = true;
  last_process_ = p;
  return p;
}

std::uint64_t Parser::bus_max() const { return low_mask(machine().bus_bits); }
std::uint64_t Parser::vpn_max() const { return low_mask(machine().vpn_bits()); }
std::uint64_t Parser::ppn_max() const { return low_mask(machine().format.ppn_bits); }

// ---------------------------------------------------------------- lines

void Parser::line() {
  if (cursor_.accept("machine")) return machine_line();
  if (open_ && scenario().ports) return port_line();
  if (cursor_.is("ports")) return ports_line();
  if (unbracketed_access()) return;
  if (cursor_.accept("include")) {
    begin_setup_item();
    return include_line();
  }
  if (parameter_line() || setup_line() || shared_line() || step_line()) return;
  cursor_.fail("a setup line, a step, or `machine NAME`");
}

bool Parser::parameter_line() {
  const auto take = [this](std::string_view keyword) {
    if (!cursor_.is(keyword)) return false;
    scenario();
    if (has_steps_) cursor_.fail("a step: setup lines stand before the first step");
    return cursor_.accept(keyword);
  };
  if (take("title")) {
    scenario().title = std::string(cursor_.text("a title"));
  } else if (take("seed")) {
    scenario().seed = cursor_.number("a number");
  } else if (take("latency")) {
    scenario().latency = latency_of(cursor_);
  } else if (take("stall")) {
    scenario().stall = stall_of(cursor_);
  } else if (take("buserror")) {
    AddressRange range;
    range.first = PhysAddr(cursor_.number_up_to(bus_max(), "a physical address"));
    cursor_.expect("..");
    const Token token = cursor_.peek();
    range.last = PhysAddr(cursor_.number_up_to(bus_max(), "a physical address"));
    if (range.last < range.first) cursor_.fail_at(token, "an address not below the first");
    scenario().bus_errors.push_back(range);
  } else if (cursor_.is("zeropage") || cursor_.is("largepages") || cursor_.is("sharetables") ||
             cursor_.is("overcommit") || cursor_.is("oom") || cursor_.is("swap") || cursor_.is("forget") ||
             cursor_.is("replacement")) {
    scenario();
    if (has_steps_) cursor_.fail("a step: setup lines stand before the first step");
    return policy_line();
  } else {
    return false;
  }
  return true;
}

bool Parser::step_line() {
  const Place place = cursor_.place();
  if (cursor_.is("[")) {
    begin_step();
    process_step();
  } else if (cursor_.accept("bare")) {
    begin_step();
    const bool on = cursor_.accept("on");
    if (!on && !cursor_.accept("off")) cursor_.fail("'on' or 'off'");
    add_step(place, BareStep{on});
  } else if (cursor_.accept("switch")) {
    begin_step();
    add_step(place, SwitchStep{known_process()});
  } else if (cursor_.accept("mark")) {
    begin_step();
    add_step(place, MarkStep{});
  } else if (cursor_.accept("measure")) {
    begin_step();
    measure_line(place);
  } else if (cursor_.accept("swapout")) {
    begin_step();
    pageout_line(place);
  } else if (cursor_.accept("promote")) {
    begin_step();
    promote_line(place);
  } else if (cursor_.accept("bad")) {
    begin_step();
    bad_frame_line(place);
  } else if (cursor_.accept("hold")) {
    begin_step();
    hold_line(place);
  } else if (cursor_.accept("host")) {
    begin_step();
    host_line(place);
  } else if (cursor_.accept("expect")) {
    begin_step();
    expect_line(place);
  } else if (report_line(place)) {
    return true;
  } else if (register_of(cursor_.peek().text)) {
    begin_step();
    action_of(place, {.process = bare_process(), .bracket = false});
  } else {
    return false;
  }
  return true;
}

}  // namespace vm::trace
