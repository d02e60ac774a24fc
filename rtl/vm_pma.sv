// SPDX-License-Identifier: Apache-2.0
//
// Physical memory attributes: what lies at a physical address. Combinational. Used for final addresses, for
// entry addresses and for the host port, so that all three obey one map (R6, R13). The address is one bit
// wider than any machine's, so that no sum of base and index can wrap into a region.
module vm_pma
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input  logic [PaMax:0] addr_i,
    output logic           mapped_o,    // 0: a hole
    output logic           cacheable_o,
    output logic           atomic_o      // LR, SC and AMOs are possible
);

  logic [MaxRegions-1:0] in_region;
  logic [MaxRegions-1:0] cacheable, atomic;

  for (genvar r = 0; r < MaxRegions; r++) begin : gen_region
    localparam logic [PaMax:0] Base = Cfg.Regions[r].Base;
    localparam logic [PaMax:0] Size = Cfg.Regions[r].Size;
    localparam logic Natural = (Size & (Size - 1'b1)) == '0 && (Base & (Size - 1'b1)) == '0;
    if (Size == '0) begin : gen_unused
      assign in_region[r] = 1'b0;
    end else if (Natural) begin : gen_natural
      assign in_region[r] = (addr_i & ~(Size - 1'b1)) == Base;
    end else if (Base == '0) begin : gen_bottom
      assign in_region[r] = addr_i < Size;
    end else begin : gen_range
      assign in_region[r] = addr_i >= Base && addr_i < Base + Size;
    end
    assign cacheable[r] = in_region[r] && Cfg.Regions[r].Cacheable;
    assign atomic[r] = in_region[r] && Cfg.Regions[r].Atomic;
  end

  assign mapped_o = |in_region;
  assign cacheable_o = |cacheable;
  assign atomic_o = |atomic;

endmodule
