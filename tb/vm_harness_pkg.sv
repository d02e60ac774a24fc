// SPDX-License-Identifier: Apache-2.0
//
// What the harness knows of payloads.
package vm_harness_pkg;

  import vm_pkg::*;

  // Fields that carry no meaning are shown as zero.
  function automatic core_rsp_t meaningful(core_rsp_t raw);
    core_rsp_t r;
    r = raw;
    if (raw.fault.cause == FaultNone) r.fault = '0;
    if (!raw.fault.by_entry || raw.fault.cause == FaultBus || raw.fault.cause == FaultMisaligned) begin
      r.fault.level = '0;
      r.fault.pte_addr = '0;
      r.fault.pte = '0;
    end
    if (raw.fault.cause != FaultNone) r.rdata = '0;
    return r;
  endfunction

endpackage
