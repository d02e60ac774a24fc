// SPDX-License-Identifier: Apache-2.0
//
// Control registers: the context of translation, behind a channel that can refuse. vm_seq calls apply_i only while
// no access is in flight, so every access sees one context from acceptance to response (M3) and later ones see
// the new value. Refused: a user-mode write (except CtlTrapEnter, which the core itself does when an exception
// starts), a value the register cannot hold, a register this machine does not have. Nothing changes then (R26).
module vm_ctl
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic     apply_i,
    input  ctl_req_t req_i,
    output logic     refused_o,  // combinational verdict on req_i
    output context_t context_o
);

  localparam int unsigned BusBits = 32'(Cfg.BusBits);
  localparam int unsigned LimitW = vpn_bits(Cfg) + 1;
  localparam int unsigned AsidW = (Cfg.AsidBits != 0) ? 32'(Cfg.AsidBits) : 1;
  localparam logic [LimitW-1:0] LimitReset = LimitW'(1) << (LimitW - 1);

  typedef struct packed {
    logic translate;
    logic [BusBits-1:0] base;
    logic [LimitW-1:0] limit;
    logic [AsidW-1:0] asid;
    logic [BusBits-1:0] trap_base;
    logic [BusBits-1:0] saved_base;
  } regs_t;

  regs_t d, q;
  logic base_ok;

  // A base lies on the bus and does not cut an entry in two.
  assign base_ok = (req_i.data >> BusBits) == '0 &&
      (req_i.data & ((64'd1 << Cfg.Format.PteBytesLog2) - 1)) == '0;

  always_comb begin
    d = q;
    refused_o = req_i.user;
    unique case (req_i.index)
      CtlBase: begin
        refused_o |= !base_ok;
        d.base = req_i.data[BusBits-1:0];
      end
      CtlLimit: begin
        refused_o |= req_i.data > 64'(LimitReset);
        d.limit = LimitW'(req_i.data);
      end
      CtlAsid: begin
        refused_o |= (req_i.data >> Cfg.AsidBits) != '0;
        d.asid = AsidW'(req_i.data);
      end
      CtlMode: begin
        refused_o |= (req_i.data >> 1) != '0;
        d.translate = req_i.data[0];
      end
      CtlTrapBase: begin
        refused_o |= !base_ok || !Cfg.TrapSwap;
        d.trap_base = req_i.data[BusBits-1:0];
      end
      CtlTrapEnter: begin
        refused_o = !Cfg.TrapSwap;
        d.saved_base = q.base;
        d.base = q.trap_base;
      end
      CtlTrapReturn: begin
        refused_o |= !Cfg.TrapSwap;
        d.base = q.saved_base;
      end
      default: refused_o = 1'b1;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      q <= '0;
      q.limit <= LimitReset;
    end else if (apply_i && !refused_o) begin
      q <= d;
    end
  end

  assign context_o = '{
          translate: q.translate,
          base: PaMax'(q.base),
          limit: 64'(q.limit),
          asid: AsidMax'(q.asid)
      };

endmodule
