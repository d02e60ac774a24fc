// SPDX-License-Identifier: Apache-2.0
//
// The parser's inside: one object per trace, its methods spread over parser.cpp (files, scenarios, lines),
// parse_setup.cpp, parse_map.cpp, parse_kernel.cpp (kernel space, ASIDs), parse_files.cpp (files and devices),
// parse_memory.cpp (limits, swap file, fork), parse_step.cpp (accesses and registers), parse_plain_call.cpp (system
// calls that take and give numbers), parse_call.cpp (other system calls, hardware operations), parse_expect.cpp and
// parse_port.cpp (scenarios for the ports).
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace/ast.h"
#include "trace/lexer.h"
#include "trace/parser.h"

namespace vm::trace {

class Parser {
 public:
  Parser(Trace& trace, const ParseOptions& options) : trace_(trace), options_(options) {}

  void file(const std::filesystem::path& path);
  void text(std::string_view text, const std::string& name, const std::filesystem::path& directory);
  void own_setup(const std::string& machine);
  void finish();  // ends the last scenario; a trace without any is an error

 private:
  // --- parser.cpp
  std::uint32_t enter(const std::string& name);
  void lines(std::string_view text, std::uint32_t file, const std::filesystem::path& directory);
  void line();
  bool parameter_line();
  bool step_line();
  void machine_line();
  void begin_scenario(Place place, const Machine& machine);
  Scenario& scenario();
  void begin_setup_item();  // the next item is setup: refuse it after the first step
  void begin_step();        // the next item is a step: without setup lines, take the machine's own
  void take_own_setup();
  void include_line();
  void read_included(const std::filesystem::path& path, std::string_view content);

  ProcessIndex new_process(const std::string& name, const Token& token);
  ProcessIndex known_process();
  ProcessIndex bare_process();  // of a line without a bracket

  // --- parse_setup.cpp
  bool setup_line();
  bool shared_line();  // lines that are setup before the first step and a step after it
  void memory_line();
  void check_memory(const Token& token, PhysAddr first, std::uint64_t bytes) const;
  void free_line();
  void process_line();
  void area_line();
  void map_line();
  void map_options(MapPage& item);
  std::optional<std::uint64_t> page_bytes();  // 4K, 2M, … : nothing taken if it is no size
  void page_size(Kernel::MapOptions& options, std::uint64_t bytes, const Token& token) const;
  std::optional<MemType> memory_type();
  void entry_line(Place place);
  void env_line();
  void mode_line();
  void kernel_line();  // parse_kernel.cpp
  void asids_line();
  void unmap(Place place, ProcessIndex process, Vpn vpn);
  void cache_line();
  TlbSet tlb_set();
  Side side();
  Rights rights();
  std::vector<std::uint8_t> hex_bytes();
  void add_shared(Place place, SetupAction setup, Action step);

  // --- parse_memory.cpp
  bool policy_line();  // how the OS deals with memory that is short or shared
  void swap_line();
  void forget_line();
  void replacement_line();
  bool working_set_option(ReplacementOptions& options);  // false: it is none, and nothing is taken
  void bad_frame_line(Place place);
  void hold_line(Place place);
  void need_windows();
  void limits_line(Place place);
  void pageout_line(Place place);
  void promote_line(Place place);
  void thread_call(Place place, ProcessIndex process);
  void measure_line(Place place);
  bool expect_memory_line(Place place);  // expectations about it
  void expect_process(Place place);
  void expect_cycles(Place place);
  void fork_call(Place place, ProcessIndex process, bool vfork);
  bool shortage(ExpectedFault& fault);

  // --- parse_step.cpp
  void process_step();
  bool unbracketed_access();
  bool is_access_letter() const;
  bool is_atomic() const;
  Operation operation();
  void value_to_store(AccessStep& step, const Token& size);
  // What the bracket says.
  struct Who {
    ProcessIndex process = 0;
    bool user = true, sum = false, mxr = false;
    bool bracket = true;  // there is one
  };
  void action_of(Place place, const Who& who);
  void access(Place place, const Who& who, std::optional<std::uint8_t> target);
  void touch(Place place, const Who& who);
  std::uint64_t access_address(bool bracket, Token& token);
  void check_address(const AccessStep& step, const Token& token) const;
  void register_step(Place place, ProcessIndex process, std::uint8_t target);
  static std::optional<std::uint8_t> register_of(std::string_view word);  // r0 … r15
  std::optional<std::uint8_t> accept_register();
  std::vector<std::uint8_t> value_bytes(std::uint32_t size);
  bool accept_any();  // `= any`

  // --- parse_call.cpp
  bool system_call(Place place, ProcessIndex process, std::optional<std::uint8_t> target = {});
  ExecCall exec_call(SystemCall& step);
  std::vector<std::string> string_list(std::string_view what);
  WaitCall wait_result(SystemCall& step);
  std::optional<std::int64_t> call_result();
  void ctl_line(Place place, ProcessIndex process, bool user);
  void fence_line(Place place, ProcessIndex process, bool user);
  std::optional<bool> refusal();
  void host_line(Place place);

  // --- parse_plain_call.cpp
  bool plain_call(SystemCall& step);  // false: it is none of these, and nothing is taken
  bool is_plain_call(std::string_view word) const;
  std::uint64_t flags(const std::vector<std::pair<std::string_view, int>>& names, std::string_view what);
  Operand operand(std::string_view what);

  // --- parse_files.cpp
  bool file_line(std::string_view keyword);  // the keyword is taken
  void device_line();
  std::vector<std::uint8_t> content();  // texts and hexadecimal bytes
  bool expect_content(Place place);
  std::optional<ReportStep> report();
  bool report_line(Place place);

  // --- parse_expect.cpp
  void access_expectations(AccessStep& step);
  void fault_expectation(AccessExpectations& expect);
  bool named_expectation(AccessExpectations& expect);
  Cause cause();
  bool hit_or_miss();
  TlbAnswer tlb_answer();
  ExpectMap expect_map();
  ExpectStart expect_start();
  void expect_line(Place place);

  // --- parse_port.cpp
  void ports_line();
  void port_line();
  void port_step();
  AtomicOp accept_atomic();
  Access port_access(AccessKind kind, AtomicOp atomic);
  std::uint64_t port_value(unsigned bytes, std::string_view after);
  PortHost port_host();
  PortCtl port_ctl();
  Fence port_fence();
  PortArray port_array();
  void random_memory_line(Place place, const Token& token, PhysAddr first);

  template <class T>
  void add_step(Place place, T&& action) {
    scenario().steps.push_back({place, Action(std::forward<T>(action))});
  }
  const Machine& machine() const { return trace_.scenarios.back().machine; }
  std::uint64_t bus_max() const;
  std::uint64_t vpn_max() const;
  std::uint64_t ppn_max() const;

  Trace& trace_;
  const ParseOptions& options_;
  Cursor cursor_;
  std::filesystem::path directory_;  // of the file being read, for includes
  unsigned depth_ = 0;               // of includes
  bool open_ = false;                // a scenario has begun
  bool has_setup_ = false;
  bool has_steps_ = false;
  std::optional<unsigned> levels_;  // of the tables of the processes that follow
  std::optional<ProcessIndex> last_process_;
  std::vector<bool> exited_;                     // by process index
  std::set<std::string, std::less<>> measured_;  // in this scenario
};

}  // namespace vm::trace
