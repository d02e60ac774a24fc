// SPDX-License-Identifier: Apache-2.0
//
// Setup lines about what all processes have in common: kernel space, and how many ASIDs there are.
#include <fmt/format.h>

#include "os/rights.h"
#include "trace/parser_state.h"

namespace vm::trace {

void Parser::kernel_line() {
  const Place place = cursor_.place();
  if (!scenario().processes.empty()) cursor_.fail("`kernel` before the first process");
  const Token token = cursor_.peek();
  if (!possible_rights(machine(), {.kernel = true}).kernel) {
    cursor_.fail_at(token, fmt::format("a machine whose entries can keep users out ({}'s cannot)", machine().name));
  }
  NewKernelSpace item{.options = {}, .levels = levels_};
  if (cursor_.accept("trapswap")) {
    if (!machine().trap_swap) {
      cursor_.fail_at(
          token, fmt::format("a machine that changes tables when an exception starts ({} does not)", machine().name));
    }
    item.options.own_table = item.options.traps = true;
    scenario().setup.push_back({place, item});
    return;
  }
  if (!cursor_.accept("split")) cursor_.fail("'split' or 'trapswap'");
  if (machine().format.upper_va == UpperVa::Sign) {
    if (!cursor_.accept("upper"))
      cursor_.fail(fmt::format("'upper': kernel space of {} is the upper half", machine().name));
  } else {
    item.options.three_to_one = cursor_.is("3");
    if (!item.options.three_to_one && !cursor_.is("2")) cursor_.fail("2/2 or 3/1, the users' part and the kernel's");
    cursor_.take();
    cursor_.expect("/");
    cursor_.expect(item.options.three_to_one ? "1" : "2");
  }
  while (!cursor_.at_end()) {
    const Token option = cursor_.peek();
    if (cursor_.accept("traps")) {
      item.options.traps = true;
    } else if (cursor_.accept("pool")) {
      cursor_.expect("=");
      item.options.pool_pages =
          cursor_.number_up_to(KernelSpaceOptions::kMostPoolPages,
                               fmt::format("a number of pages up to {}", KernelSpaceOptions::kMostPoolPages));
    } else if (cursor_.accept("direct")) {
      cursor_.expect("=");
      const Token size = cursor_.peek();
      item.options.direct_bytes = page_bytes();
      if (!item.options.direct_bytes || *item.options.direct_bytes % machine().format.page_size() != 0) {
        cursor_.fail_at(size, fmt::format("a size such as 16M, a multiple of {} bytes", machine().format.page_size()));
      }
    } else {
      cursor_.fail_at(option, "'direct=SIZE', 'pool=N', 'traps' or the end of the line");
    }
  }
  scenario().setup.push_back({place, item});
}

void Parser::asids_line() {
  const Place place = cursor_.place();
  if (!scenario().processes.empty()) cursor_.fail("`asids` before the first process");
  if (machine().asid_bits == 0) cursor_.fail(fmt::format("a machine with ASIDs ({} has none)", machine().name));
  scenario().setup.push_back(
      {place, AsidLimit{cursor_.number_up_to(1ULL << machine().asid_bits, "a number of ASIDs")}});
}

}  // namespace vm::trace
