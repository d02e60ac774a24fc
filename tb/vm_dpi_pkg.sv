// SPDX-License-Identifier: Apache-2.0
//
// The two functions through which monitors and assertions talk to the testbench. The C++ side (tb/model/model.cpp)
// only notes the call; it acts after the evaluation of the clock edge.
package vm_dpi_pkg;

  // docs/trace_interface.md, "Events".
  import "DPI-C" function void vm_event(
    input int unsigned kind, input longint unsigned a, input longint unsigned b, input longint unsigned c,
    input longint unsigned d, input longint unsigned e, input longint unsigned f);

  // A handshake rule was broken; the text starts with the rule's number.
  import "DPI-C" function void vm_assert_failed(input string rule);

endpackage
