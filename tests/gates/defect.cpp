// SPDX-License-Identifier: Apache-2.0
//
// Which defect of a netlist is in force (broken_netlist.py).
#include <cstdlib>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): the name of the DPI declaration
extern "C" int vm_netlist_defect() {
  const char* which = std::getenv("VM_NETLIST_DEFECT");
  return which == nullptr ? 0 : std::stoi(which);
}
