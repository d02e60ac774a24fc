// SPDX-License-Identifier: Apache-2.0
//
// Sv39 with small caches; DRAM at 2 GiB, devices at 1 GiB.
package example_bus_pkg;
  function automatic vm_pkg::machine_t machine();
    vm_pkg::machine_t m;
    m = vm_machines_pkg::Sv39;
    m.PaBits = 8'd32;
    m.BusBits = 8'd32;
    m.Icache = '{Sets: 16'd8, Ways: 8'd2, LineBytes: 16'd64};
    m.Dcache = '{Sets: 16'd8, Ways: 8'd2, LineBytes: 16'd64};
    m.L2Tlb = '{Sets: 16'd16, Ways: 8'd2};
    m.Regions = '0;
    m.Regions[0] = '{Base: 57'h8000_0000, Size: 57'h4000_0000, Cacheable: 1'b1, Atomic: 1'b1};
    m.Regions[1] = '{Base: 57'h4000_0000, Size: 57'h0010_0000, Cacheable: 1'b0, Atomic: 1'b0};
    return m;
  endfunction
  localparam vm_pkg::machine_t Cfg = machine();
endpackage
