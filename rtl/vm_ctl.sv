// SPDX-License-Identifier: Apache-2.0
//
// Control registers: the context of translation, behind a channel that can refuse. vm_seq calls apply_i only while
// no access is in flight, so every access sees one context from acceptance to response (M3) and later ones see
// the new value. Refused, and nothing changes: a user-mode write (except CtlTrapEnter, which the core itself does when
// an exception starts; R26), a value the register cannot hold, a register this machine does not have.
//
// RISC-V CtlRoot is satp (R1): a MODE the machine does not offer is refused (R3), ASID bits it does not have are
// ignored, PPN bits are all kept. x86 CtlRoot is CR3 (X2, X19, X20). What a write makes the TLBs forget (forget_o,
// valid with apply_i): everything if CtlEnv or CtlPat changed a bit, or satp the number of levels; the PCID loaded,
// without its global pages, for CR3 unless its bit 63 says to keep it (X13).
module vm_ctl
  import vm_pkg::*;
  import vm_pte_pkg::pat_type;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic     apply_i,
    input  ctl_req_t req_i,
    output logic     refused_o,      // combinational verdict on req_i
    output logic     forget_all_o,   // combinational, if not refused
    output logic     forget_asid_o,  // non-global translations of the new ASID
    output context_t context_o
);

  localparam bit Flat = Cfg.Format.Kind == PteFlat;
  localparam bit X86 = Cfg.Format.Kind == PteX86;
  localparam bit Rv32 = Cfg.Format.Kind == PteRiscv && Cfg.Format.PteBytesLog2 == 8'd2;
  localparam int unsigned BusBits = 32'(Cfg.BusBits);
  localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
  localparam int unsigned PpnBits = 32'(Cfg.Format.PpnBits);
  localparam int unsigned BaseBits = Flat ? BusBits : PpnBits + PageBits;
  localparam int unsigned LimitW = Flat ? vpn_bits(Cfg) + 1 : 1;
  localparam int unsigned AsidW = (Cfg.AsidBits != 0) ? 32'(Cfg.AsidBits) : 1;
  localparam logic [LimitW-1:0] LimitReset = LimitW'(1) << (LimitW - 1);
  localparam logic [63:0] PatReset = 64'h0007_0406_0007_0406;

  typedef struct packed {
    logic translate;
    logic [2:0] levels;
    logic [BaseBits-1:0] base;
    logic [LimitW-1:0] limit;
    logic [AsidW-1:0] asid;
    logic [BusBits-1:0] trap_base;
    logic [BusBits-1:0] saved_base;
    env_t env;
    logic [63:0] pat;
    logic [11:0] cr3_low;  // PCID, or PCD and PWT of the root table in bits 4 and 3 (X18, X20)
  } regs_t;

  regs_t d, q;
  logic base_ok;

  // A base lies on the bus and does not cut an entry in two.
  assign base_ok = (req_i.data >> BusBits) == '0 &&
      (req_i.data & ((64'd1 << Cfg.Format.PteBytesLog2) - 1)) == '0;

  // ------------------------------------------------------------------ satp, CR3

  logic root_refused;
  logic root_translate;
  logic [2:0] root_levels;
  logic [BaseBits-1:0] root_base;
  logic [AsidW-1:0] root_asid;
  logic [11:0] root_low;

  if (X86) begin : gen_cr3
    always_comb begin
      root_refused = req_i.data[62:52] != '0 || ({12'b0, req_i.data[51:0]} >> Cfg.PaBits) != '0 ||
          (!q.env.pcide && req_i.data[63]);
      root_translate = q.translate;
      root_levels = q.levels;
      root_base = {req_i.data[BaseBits-1:12], 12'b0};
      root_asid = '0;
      root_low = req_i.data[11:0];
    end
  end else if (!Flat) begin : gen_satp
    logic [3:0] mode;
    assign mode = Rv32 ? {3'b0, req_i.data[31]} : req_i.data[63:60];
    always_comb begin
      root_refused = 1'b0;
      root_translate = mode != '0;
      root_levels = Rv32 ? 3'd2 : 3'(mode - 4'd5);  // MODE 8, 9, 10: 3, 4, 5 levels
      if (root_translate && !Rv32) begin
        root_refused = mode < 4'(32'(Cfg.Format.MinLevels) + 5) || mode > 4'(32'(Cfg.Format.Levels) + 5);
      end
      if (!root_translate) root_levels = q.levels;
      root_base = {req_i.data[PpnBits-1:0], PageBits'(0)};
      root_asid = Rv32 ? AsidW'(req_i.data[30:22]) : AsidW'(req_i.data[59:44]);
      if (Cfg.AsidBits == '0) root_asid = '0;
      root_low = '0;
    end
  end else begin : gen_no_root
    assign root_refused = 1'b1;
    assign root_translate = 1'b0;
    assign root_levels = '0;
    assign root_base = '0;
    assign root_asid = '0;
    assign root_low = '0;
  end

  // ------------------------------------------------------------------ mode bits

  env_t env_wanted;
  logic env_refused, pat_refused;
  always_comb begin
    env_wanted = q.env;
    if (X86) begin
      {env_wanted.la57, env_wanted.nxe, env_wanted.smap, env_wanted.smep, env_wanted.pcide, env_wanted.pge,
       env_wanted.wp, env_wanted.pg} = req_i.data[7:0];
      env_refused = (req_i.data >> 8) != '0;
      // X16, X20
      env_refused |= env_wanted.la57 && Cfg.Format.Levels != 8'd5;
      env_refused |= q.env.pg && env_wanted.pg && env_wanted.la57 != q.env.la57;
      env_refused |= env_wanted.pcide && !env_wanted.pg;
      env_refused |= env_wanted.pcide && !q.env.pcide && q.cr3_low != '0;
    end else begin
      env_wanted.adue = req_i.data[8];
      env_wanted.pbmte = req_i.data[9];
      env_refused = (req_i.data >> 10) != '0 || req_i.data[7:0] != '0;
      env_refused |= req_i.data[8] && !Cfg.Format.HwAd;
      env_refused |= req_i.data[9] && !Cfg.Format.Pbmt;
    end
    pat_refused = 1'b0;
    for (int unsigned i = 0; i < 8; i++) begin
      pat_refused |= req_i.data[8*i+3+:5] != '0 || req_i.data[8*i+:3] == 3'd2 || req_i.data[8*i+:3] == 3'd3;
    end
  end

  // ------------------------------------------------------------------ the write

  always_comb begin
    d = q;
    refused_o = req_i.user;
    forget_all_o = 1'b0;
    forget_asid_o = 1'b0;
    unique case (req_i.index)
      CtlBase: begin
        refused_o |= !Flat || !base_ok;
        d.base = BaseBits'(req_i.data);
      end
      CtlLimit: begin
        refused_o |= !Flat || req_i.data > 64'(LimitReset);
        d.limit = LimitW'(req_i.data);
      end
      CtlAsid: begin
        refused_o |= !Flat || (req_i.data >> Cfg.AsidBits) != '0;
        d.asid = AsidW'(req_i.data);
      end
      CtlMode: begin
        refused_o |= !Flat || (req_i.data >> 1) != '0;
        d.translate = req_i.data[0];
      end
      CtlTrapBase: begin
        refused_o |= !base_ok || !Cfg.TrapSwap;
        d.trap_base = req_i.data[BusBits-1:0];
      end
      CtlTrapEnter: begin
        refused_o = !Cfg.TrapSwap;
        d.saved_base = BusBits'(q.base);
        d.base = BaseBits'(q.trap_base);
      end
      CtlTrapReturn: begin
        refused_o |= !Cfg.TrapSwap;
        d.base = BaseBits'(q.saved_base);
      end
      CtlRoot: begin
        refused_o |= root_refused;
        d.translate = root_translate;
        d.levels = root_levels;
        d.base = root_base;
        d.asid = root_asid;
        d.cr3_low = root_low;
        forget_all_o = root_levels != q.levels;
        forget_asid_o = X86 && !(q.env.pcide && req_i.data[63]);
      end
      CtlEnv: begin
        refused_o |= Flat || env_refused;
        d.env = env_wanted;
        if (X86) begin
          d.translate = env_wanted.pg;
          d.levels = env_wanted.la57 ? 3'd5 : 3'd4;
        end
        forget_all_o = env_wanted != q.env;
      end
      CtlPat: begin
        refused_o |= !X86 || pat_refused;
        d.pat = req_i.data;
        forget_all_o = req_i.data != q.pat;
      end
      default: refused_o = 1'b1;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      q <= '0;
      q.levels <= 3'(Cfg.Format.Levels);
      if (X86) q.levels <= 3'd4;
      q.limit <= LimitReset;
      q.pat <= X86 ? PatReset : '0;
    end else if (apply_i && !refused_o) begin
      q <= d;
    end
  end

  always_comb begin
    context_o = '{
        translate: q.translate,
        levels: q.levels,
        base: PaMax'(q.base),
        limit: Flat ? 64'(q.limit) : '0,
        asid: AsidMax'(q.asid),
        env: q.env,
        pat: q.pat,
        root_type: TypeWriteBack
    };
    if (X86) begin
      context_o.asid = q.env.pcide ? AsidMax'(AsidW'(q.cr3_low)) : '0;
      context_o.root_type = pat_type(q.pat, q.env.pcide ? 3'd0 : {1'b0, q.cr3_low[4:3]});
      context_o.env.adue = 1'b1;
    end else begin
      context_o.env.wp = 1'b1;
      context_o.env.smep = !Flat;
      context_o.env.smap = !Flat;
    end
  end

endmodule
