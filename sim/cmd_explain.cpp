// SPDX-License-Identifier: Apache-2.0
//
// pagewalk explain: performs one access on the hardware and draws how its address was split and what was found.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "arithmetic.h"
#include "bit_boxes.h"
#include "board_testbed.h"
#include "commands.h"
#include "target.h"
#include "testbeds.h"
#include "trace/lexer.h"
#include "trace/runner.h"
#include "walk_text.h"

namespace vm::sim {

namespace {

struct ExplainOptions {
  std::string address, machine, trace, process, target;
  bool kernel = false, store = false, fetch = false, model = false, arithmetic = false;
  std::optional<unsigned> va_bits, pa_bits, flags;
  std::optional<std::uint64_t> page_size;
};

unsigned log2_of(std::uint64_t n) { return static_cast<unsigned>(std::countr_zero(n)); }

std::string hit_text(Hit hit) {
  if (hit == Hit::NotAsked) return "not looked up";
  return hit == Hit::Hit ? "hit" : "miss";
}

std::optional<std::uint64_t> address_of(const ExplainOptions& options) {
  if (options.address.empty()) return std::nullopt;
  const auto address = trace::parse_number(options.address);
  if (!address) throw InputError(fmt::format("found '{}', expected an address such as 0x3d4", options.address));
  return address;
}

std::string virtual_part(const Machine& m, unsigned levels, std::uint64_t va, const TlbGeometry& tlb,
                         const AccessResult& seen) {
  const unsigned offset_bits = m.format.page_bits;
  const unsigned vpn_bits = m.vpn_bits();
  const std::uint64_t vpn = m.vpn_of(VirtAddr(va)).value;
  const unsigned set_bits = log2_of(tlb.sets);
  std::vector<BitField> above;
  if (tlb.ways != 0) above = {{"TLBT", offset_bits + set_bits, vpn_bits - set_bits}, {"TLBI", offset_bits, set_bits}};
  std::string text =
      fmt::format("virtual address 0x{:x}\n\n", va) + bit_boxes(va, m.va_bits, above, index_fields(m.format, levels));
  text += fmt::format("\n  VPN 0x{:X}", vpn);
  if (tlb.ways != 0) {
    text += fmt::format("   TLBI 0x{:X}   TLBT 0x{:X}   VPO 0x{:X}\n  TLB {}\n", vpn & low_mask(set_bits),
                        vpn >> set_bits, va & low_mask(offset_bits), hit_text(seen.tlb));
  } else {
    text += fmt::format("   VPO 0x{:X}\n  no TLB\n", va & low_mask(offset_bits));
  }
  if (seen.entry_reads != 0 && levels == 1) {
    // The project counts levels from the leaf, the slides from the root.
    text += fmt::format("  walk: entry read at 0x{:X}, level 0, the leaf (the slides' L1)\n", seen.entry_addr.value);
  } else if (seen.entry_reads != 0) {
    text += fmt::format("  walk: {} entries read, the last at 0x{:X}\n", seen.entry_reads, seen.entry_addr.value);
  }
  return text;
}

std::string fault_part(const Outcome& outcome) {
  std::string text;
  if (outcome.faults_served != 0) {
    text += fmt::format("  page fault: yes ({} at 0x{:x}), served by the OS, retried\n",
                        to_string(outcome.last_fault.cause), outcome.last_fault.va.value);
  }
  if (outcome.refused) {
    const Fault& f = outcome.last.fault;
    text += fmt::format("  {}: {} at 0x{:x}", is_page_fault(f.cause) ? "page fault: yes" : "bus fault",
                        to_string(f.cause), f.va.value);
    if (f.pte_addr.value != 0 || f.pte != 0) {
      text += fmt::format("; entry 0x{:X} at 0x{:X}, level {}", f.pte, f.pte_addr.value, f.level);
    }
    if (f.code != 0) text += fmt::format("; code 0x{:X}", f.code);
    text += "\n";
  } else if (outcome.faults_served == 0) {
    text += "  page fault: no\n";
  }
  return text;
}

std::string physical_part(const Machine& m, const CacheGeometry& cache, const AccessResult& seen, AccessKind kind,
                          std::uint64_t written) {
  const std::uint64_t pa = seen.pa.value;
  const unsigned offset_bits = m.format.page_bits;
  std::string text = fmt::format("  PPN 0x{:X}\n\nphysical address 0x{:x}\n\n", pa >> offset_bits, pa);
  const std::vector<BitField> above = {{"PPN", offset_bits, m.pa_bits - offset_bits}, {"PPO", 0, offset_bits}};
  if (cache.ways != 0) {
    const unsigned co = log2_of(cache.line_bytes);
    const unsigned ci = log2_of(cache.sets);
    text += bit_boxes(pa, m.pa_bits, above, {{"CT", co + ci, m.pa_bits - co - ci}, {"CI", co, ci}, {"CO", 0, co}});
    text += fmt::format("\n  CO 0x{:X}   CI 0x{:X}   CT 0x{:X}\n  cache {}\n", pa & low_mask(co),
                        (pa >> co) & low_mask(ci), pa >> (co + ci), hit_text(seen.cache));
  } else {
    text += bit_boxes(pa, m.pa_bits, above, {}) + "\n  no cache\n";
  }
  if (kind == AccessKind::Store) {
    text += fmt::format("  byte stored: 0x{:02X}\n", written);
  } else {
    text += fmt::format("  byte: 0x{:02X}\n", seen.data & 0xFF);
  }
  return text;
}

// The first scenario of the trace, without its steps; or the machine's own setup.
trace::Trace setup_of(const ExplainOptions& options) {
  const trace::ParseOptions parse = parse_options();
  trace::Trace setup =
      options.trace.empty() ? trace::parse_own_setup(options.machine, parse) : trace::parse_file(options.trace, parse);
  trace::refuse_ports(setup, "to explain");
  trace::Scenario& scenario = setup.scenarios.front();
  if (!options.trace.empty() && !options.machine.empty() && scenario.machine.name != options.machine) {
    throw InputError(fmt::format("found machine {} in {}, expected {} as --machine says", scenario.machine.name,
                                 options.trace, options.machine));
  }
  return setup;
}

// Processes made by fork are not there yet.
trace::ProcessIndex process_of(const ExplainOptions& options, const trace::Scenario& scenario) {
  std::string names;
  for (const trace::SetupItem& item : scenario.setup) {
    const auto* process = std::get_if<trace::NewProcess>(&item.action);
    if (process == nullptr) continue;
    const std::string& name = scenario.processes[process->process];
    if (options.process.empty() || name == options.process) return process->process;
    names += (names.empty() ? "" : ", ") + name;
  }
  throw InputError(fmt::format("found process '{}', expected one of: {}", options.process, names));
}

void explain_access(const ExplainOptions& options, std::uint64_t address) {
  if (options.machine.empty() && options.trace.empty()) {
    throw InputError("found neither --machine nor --trace, expected one of them");
  }
  const trace::Trace setup = setup_of(options);
  const trace::Scenario& scenario = setup.scenarios.front();
  const Machine& m = scenario.machine;
  if (!m.va_is_legal(VirtAddr(address))) {
    throw InputError(fmt::format("found address 0x{:x}, expected at most {} bits ({}'s)", address, m.va_bits, m.name));
  }
  const trace::ProcessIndex process = process_of(options, scenario);
  TestbedOptions testbed_options;
  testbed_options.model = options.model;
  testbed_options.target = options.target;
  if (is_board(options.target)) refuse_for_board(setup);
  testbed_options.bus_errors = scenario.bus_errors;
  const std::unique_ptr<trace::Testbed> testbed = make_testbed(m, testbed_options);
  trace::Runner runner(setup.files, scenario, *testbed, {});

  Access access;
  access.kind = options.store ? AccessKind::Store : options.fetch ? AccessKind::Fetch : AccessKind::Load;
  access.user = !options.kernel;
  access.va = VirtAddr(address);
  access.data = 0x5A;
  Outcome outcome;
  runner.kernel().switch_to(runner.process_id(process));
  runner.kernel().perform(runner.process_id(process), {&access, 1}, {&outcome, 1});

  const bool fetch = access.kind == AccessKind::Fetch;
  fmt::print("{} of one byte on {}, process {}, {} mode{}\n\n", to_string(access.kind), m.name,
             scenario.processes[process], access.user ? "user" : "kernel",
             is_board(options.target)   ? " (board)"
             : is_gates(options.target) ? " (netlist)"
             : testbed->has_clock()     ? ""
                                        : " (reference platform)");
  const Context context = runner.kernel().context_of(runner.process_id(process));
  fmt::print("{}", virtual_part(m, context.levels, address, fetch ? m.itlb : m.dtlb, outcome.last));
  if (context.levels > 1) {
    const Request request{.kind = access.kind, .user = access.user, .va = access.va};
    const auto read_entry = [&](PhysAddr at, unsigned) -> std::optional<std::uint64_t> {
      std::array<std::uint8_t, 8> bytes{};
      const std::span<std::uint8_t> entry = std::span(bytes).first(m.format.pte_bytes());
      if (!testbed->platform().host_read(at, entry)) return std::nullopt;
      return pte_from_bytes(m.format, entry);
    };
    fmt::print("{}", path_text(m, context, walk(m, context, request, read_entry), access.va));
  }
  fmt::print("{}", fault_part(outcome));
  if (!outcome.refused) {
    fmt::print("{}", physical_part(m, fetch ? m.icache : m.dcache, outcome.last, access.kind, access.data));
  }
  if (testbed->has_clock() || !options.target.empty()) {
    fmt::print("  {} cycles from acceptance to answer, {} reads on the memory bus\n",
               outcome.last.answered - outcome.last.accepted, outcome.last.bus_reads);
  }
  if (context.levels == 1) fmt::print("\n{}", arithmetic(widths_of(m), address));
  testbed->finish();
  for (const std::string& report : testbed->figures().reports) fmt::print(stderr, "{}\n", report);
  if (testbed->mismatches() != 0) throw std::runtime_error("the hardware and the operating system model disagree");
}

void explain(const ExplainOptions& options) {
  const std::optional<std::uint64_t> address = address_of(options);
  const bool widths = options.va_bits || options.pa_bits || options.page_size || options.flags;
  if (!widths && !options.arithmetic) {
    if (!address) throw InputError("found no address, expected one to explain (or --arithmetic)");
    return explain_access(options, *address);
  }
  Widths w{32, 32, 12, 1};
  if (!options.machine.empty()) w = widths_of(parse_own_setup(options.machine, parse_options()).scenarios[0].machine);
  w.va_bits = options.va_bits.value_or(w.va_bits);
  w.pa_bits = options.pa_bits.value_or(w.pa_bits);
  w.flag_bits = options.flags.value_or(w.flag_bits);
  if (options.page_size) {
    if (!std::has_single_bit(*options.page_size)) {
      throw InputError(fmt::format("found page size {}, expected a power of two", *options.page_size));
    }
    w.page_bits = log2_of(*options.page_size);
  }
  fmt::print("{}", arithmetic(w, address));
}

}  // namespace

void add_explain(CLI::App& app, int& exit_status) {
  CLI::App* command = app.add_subcommand("explain", "Show how an address is split and translated");
  auto options = std::make_shared<ExplainOptions>();
  command->add_option("address", options->address, "Virtual address");
  command->add_option("--machine", options->machine, "Machine; without --trace its own setup is used");
  command->add_option("--trace", options->trace, "Take the setup (not the steps) of this trace's first scenario");
  command->add_option("--process", options->process, "Process (default: the first of the setup)");
  command->add_flag("--kernel", options->kernel, "In kernel mode");
  auto* store = command->add_flag("--store", options->store, "A store instead of a load");
  command->add_flag("--fetch", options->fetch, "A fetch instead of a load")->excludes(store);
  auto* model = command->add_flag("--model", options->model, "On the reference platform instead of the hardware");
  command
      ->add_option("--target", options->target,
                   "On a board, serial:PATH[@BAUD] (docs/board.md), or the netlist, gates:ecp5 or gates:ice40")
      ->excludes(model);
  command->add_flag("--arithmetic", options->arithmetic, "Only the numbers: pages, table size, page and offset");
  command->add_option("--va-bits", options->va_bits, "Arithmetic for this width instead of a machine's");
  command->add_option("--pa-bits", options->pa_bits, "Arithmetic for this width");
  command->add_option("--page-size", options->page_size, "Arithmetic for pages of so many bytes");
  command->add_option("--flags", options->flags, "Arithmetic with so many flag bits in an entry");
  command->callback([options, &exit_status] {
    explain(*options);
    exit_status = kClean;
  });
}

}  // namespace vm::sim
