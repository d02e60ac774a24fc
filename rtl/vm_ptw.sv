// SPDX-License-Identifier: Apache-2.0
//
// Hardware page-table walker, shared by the fetch and the data port (round robin), with the L2 TLB and the walk caches
// in front of it.
//
//   StIdle        accepts a miss
//   StLook        (machines with L2 TLB or walk cache) looks both up
//   StRead        after an L2 hit hands it to the port, judged like a hit of its own; if it denies, the
//                 port comes back with skip_l2. Else asks the walk port for the first entry, if its address lies in
//                 the physical memory map (M6)
//   StWait        waits for an entry; a cache that had to turn the read away (walk_retry_i) is asked again
//   StCheck       judges the entry: asks for the next one in the same cycle (again in StRead, if the port is not ready),
//                 or for a compare-and-set, or ends the walk (done_o)
//   StUpdate      asks for the compare-and-set of accessed and dirty bits; what it finds is judged afresh (M17, X11,
//                 R13)
//   StUpdateWait
//   StHold        keeps the result until the port has answered (release_i); in its first cycle a base page whose
//                 address lies in the physical memory map goes into the L2 TLB
//
// A walk that began at a walk-cache entry and would not end in success, the look at the physical map included, starts
// over from the root without the walk cache: faults are judged on memory. A pointer goes into the walk cache when the
// entry below is asked for: checked and, on x86, with A set (X12). TLBs, walk caches are emptied between walks (R23).
//
// L2Prefetch: when the result of a walk for a base page has been taken, or that of an L2 hit whose last table the walk
// cache knows, and neither port wants the walker, the same states look up the next page in the L2 TLB, read its entry
// from the same table (not beyond its end) and fill it in, if it is a base page that needs no bit set and leads to
// memory; anything else is forgotten (R24). Fences wait for it (R23).
//
// Latency from acceptance to done_o: L2 hit 2; walk 1 (+1 with StLook) + for each level the walk port's latency + 1,
// with a walk-cache hit only the levels below it; one more if an entry's address lies in a hole.
module vm_ptw
  import vm_pkg::*;
  import vm_pte_pkg::*;
#(
    parameter  machine_t    Cfg = '0,
    localparam int unsigned PpnW = ppn_w(Cfg)
) (
    input logic clk_i,
    input logic rst_ni,

    input  context_t        context_i,
    // [0] fetch, [1] data
    input  logic [1:0]      req_valid_i,
    output logic [1:0]      req_ready_o,
    input  xlat_req_t [1:0] req_i,
    input  logic [1:0]      skip_l2_i,
    output logic [1:0]      done_o,
    output logic            from_l2_o,  // with done_o: an L2 hit; nothing is held
    output logic            granted_o,  // with from_l2_o: it can be used
    output logic [PpnW-1:0] ppn_o,      // with done_o; of the base page
    output logic            hole_o,     // with done_o: nothing lies there, or its PPN reaches beyond PaBits (R6)
    output attr_t           attr_o,     // with done_o
    output walk_result_t    result_o,   // from the cycle after done_o to release_i
    input  logic [1:0]      release_i,

    output logic      walk_slot_o,       // from registers: a request may come; the cache's S0 is the walker's
    output logic      walk_valid_o,
    input  logic      walk_ready_i,
    output walk_req_t walk_req_o,
    input  logic      walk_rsp_valid_i,
    input  logic      walk_retry_i,
    input  walk_rsp_t walk_rsp_i,

    input  tlb_inv_t inv_i,
    output logic     inv_busy_o,  // no inv_i.start, no change of context_i now

    // Flips of the array port, with inv_busy_o low. [0] L2 TLB, [1] walk caches
    input logic [1:0] array_valid_i,
    input array_req_t array_req_i,

    output logic [1:0]   l2_hit_o,  // events of the two ports
    output logic [1:0]   upset_o,   // Parity: [0] L2 TLB, [1] walk caches
    output walk_events_t events_o
);

  localparam format_t Format = Cfg.Format;
  localparam bit Flat = Format.Kind == PteFlat;
  localparam int unsigned PageBits = 32'(Format.PageBits);
  localparam int unsigned VaBits = 32'(Cfg.VaBits);
  localparam int unsigned VpnW = vpn_bits(Cfg);
  localparam int unsigned Levels = 32'(Format.Levels);
  localparam bit Prefetch = Cfg.L2Prefetch;
  localparam int unsigned LeafIndexBits = 32'(Format.IndexBits[0]);
  localparam bit HasLook = Cfg.L2Tlb.Ways != 0 || (Cfg.WalkCacheSets != 0 && Levels > 1);

  typedef enum logic [3:0] {
    StIdle,
    StLook,
    StRead,
    StWait,
    StCheck,
    StUpdate,
    StUpdateWait,
    StHold
  } state_e;

  state_e state_d, state_q;
  logic port_d, port_q;            // whose walk this is; in StIdle: who had the last one
  xlat_req_t req_d, req_q;
  hit_need_t need_q;               // what it needs of the page
  logic skip_l2_d, skip_l2_q;
  logic [2:0] level_d, level_q;    // of the entry at addr_q
  logic [PaMax:0] addr_q;
  logic [63:0] pte_q;
  fault_e cause_d, cause_q;
  attr_t path_d, path_q;           // what the entries above allow; mem_type: of the table addr_q lies in
  logic cached_d, cached_q;        // the walk began at a walk-cache entry
  logic next_d, next_q;            // the page after this one is to be prefetched
  logic untaken_d, untaken_q;      // once the port has answered the L2 hit before
  logic ahead_d, ahead_q;          // this is that prefetch

  // ------------------------------------------------------------------ whose turn

  logic grant_port;
  // The port that did not have the last walk goes first.
  assign grant_port = req_valid_i[!port_q] ? !port_q : port_q;

  logic [VpnW-1:0] vpn, grant_vpn;
  assign vpn = req_q.va[VaBits-1:PageBits];
  assign grant_vpn = req_i[grant_port].va[VaBits-1:PageBits];

  // ------------------------------------------------------------------ addresses

  // Index of a VPN at a level, as the byte offset of the entry in its table.
  function automatic logic [PaMax:0] entry_offset(logic [VpnW-1:0] v, logic [2:0] level);
    logic [PaMax:0] index;
    index = '0;
    for (int unsigned l = 0; l < Levels; l++) begin
      if (32'(level) == l) begin
        index = ((PaMax + 1)'(v) >> index_lsb(Format, l)) & (((PaMax + 1)'(1) << Format.IndexBits[l]) - 1'b1);
      end
    end
    return index << Format.PteBytesLog2;
  endfunction

  // Tables of several levels begin at a page; a flat one anywhere.
  function automatic logic [PaMax:0] entry_address(logic [PaMax:0] table_base, logic [VpnW-1:0] v, logic [2:0] level);
    if (Flat) return table_base + entry_offset(v, level);
    return {table_base[PaMax:PageBits], PageBits'(entry_offset(v, level))};
  endfunction

  // ------------------------------------------------------------------ L2 TLB, walk caches

  logic l2_hit, l2_off;
  logic [PpnW-1:0] l2_ppn;
  attr_t l2_attr;
  logic looked_q;                // the cycle after StLook
  logic l2_busy;
  logic look, handover, updating, fill_l2;
  logic [2:0] known_level;
  logic [PpnW-1:0] known_ppn;
  attr_t known_attr;
  logic pointer_due_d, pointer_due_q;  // the entry held is a pointer which the walk has just gone below
  logic pointer_fill;                  // it goes into the walk cache, as the entry below it is asked for. For observers
  logic fresh_q;                 // first cycle of StHold, and a base page was found
  logic [PpnW-1:0] leaf_ppn_q;   // of the base page
  attr_t leaf_attr_q;

  assign look = state_q == StLook;
  assign handover = state_q == StRead && looked_q && l2_hit && !skip_l2_q;
  assign updating = state_q == StUpdateWait;

  // Both are read in StIdle for who comes next, and looked at in StLook.
  logic read;
  logic [VpnW-1:0] read_vpn;
  assign read = state_q == StIdle && (|req_valid_i || next_q);
  assign read_vpn = (Prefetch && !(|req_valid_i)) ? vpn : grant_vpn;

  logic [idx_bits(32'(Cfg.L2Tlb.Ways))-1:0] l2_fill_way;
  logic l2_filled;
  vm_tlb_l2 #(
      .Cfg(Cfg)
  ) u_l2 (
      .clk_i,
      .rst_ni,
      .read_i    (read),
      .read_vpn_i(read_vpn),
      .asid_i    (context_i.asid),
      .look_i    (look),
      .need_i    (need_q),
      .atomic_i  (req_q.atomic),
      .hit_o     (l2_hit),
      .granted_o,
      .off_o     (l2_off),
      .upset_o   (upset_o[0]),
      .ppn_o     (l2_ppn),
      .attr_o    (l2_attr),
      .touch_i   (handover && !ahead_q),
      .fill_i    (fill_l2),
      .fill_ppn_i(leaf_ppn_q),
      .fill_attr_i(leaf_attr_q),
      .fill_way_o(l2_fill_way),
      .fill_o    (l2_filled),
      .inv_i,
      .busy_o    (l2_busy),
      .array_valid_i(array_valid_i[0]),
      .array_req_i
  );
  assign inv_busy_o = l2_busy || next_q || ahead_q;

  vm_walk_cache #(
      .Cfg(Cfg)
  ) u_walk_cache (
      .clk_i,
      .rst_ni,
      .read_i      (read),
      .read_vpn_i  (read_vpn),
      .vpn_i       (vpn),
      .asid_i      (context_i.asid),
      .look_i      (look && !ahead_q),
      .upset_o     (upset_o[1]),
      .level_o     (known_level),
      .ppn_o       (known_ppn),
      .attr_o      (known_attr),
      // One cycle late: the walker has gone down, but still has the pointer.
      .fill_i      (state_q == StWait && pointer_due_q),
      .fill_level_i(level_q + 1'b1),
      .fill_ppn_i  (PpnW'(pte_ppn(Format, pte_q))),
      .fill_attr_i (path_q),
      .inv_i,
      .array_valid_i(array_valid_i[1]),
      .array_req_i
  );

  // Where a walk begins: below the pointer the walk cache knows, else at the root. Machines without a look begin in
  // StIdle.
  logic known, begin_walk, restart, rewind;
  logic [2:0] root_level, start_level;
  logic [PaMax:0] start_addr;
  assign known = look && known_level != '0;
  assign begin_walk = HasLook ? look && !ahead_q : |(req_valid_i & req_ready_o);
  assign root_level = (Levels > 1) ? context_i.levels - 1'b1 : '0;
  assign start_level = known ? known_level - 1'b1 : root_level;
  assign start_addr = entry_address(known ? (PaMax + 1)'({known_ppn, PageBits'(0)}) : {1'b0, context_i.base},
                                    HasLook ? vpn : grant_vpn, start_level);

  // ------------------------------------------------------------------ judging an entry

  pte_t entry;
  logic [63:0] entry_ppn, span;
  logic [63:0] leaf_ppn;      // of the base page, if the entry is a leaf
  attr_t path;                // what the path down to and including this entry allows
  fault_e rights, verdict;
  logic store, unset, update, descend;

  assign entry = pte_decode(Format, context_i.env, context_i.pat, pte_q, level_q);
  assign entry_ppn = pte_ppn(Format, pte_q);
  assign span = span_mask(Format, level_q, entry.napot);
  assign leaf_ppn = (entry_ppn & ~span) | (64'(vpn) & span);
  assign store = req_q.access == AccessStore;

  always_comb begin
    path = entry.attr;
    path.g |= path_q.g;
    path.u &= path_q.u;
    path.r &= path_q.r;
    path.w &= path_q.w;
    path.x &= path_q.x;
  end
  assign rights = access_fault(path, need_q.rights);
  assign unset = !entry.accessed || (entry.leaf && store && !entry.attr.d);

  // Of an entry without fault a pointer leads on, a leaf that permits the access ends the walk; but first comes a bit
  // that hardware has to set. Only x86 pointers have one, a RISC-V pointer must have it clear (R7).
  logic sound, permitted;
  assign sound = cause_q == FaultNone && entry.valid && !entry.reserved;
  assign permitted = sound && entry.leaf && rights == FaultNone;
  assign descend = sound && !entry.leaf && (Format.Kind != PteX86 || entry.accessed);
  assign update = Format.HwAd && ((Format.Kind == PteX86 && sound && !entry.leaf && !entry.accessed) ||
      (permitted && unset && context_i.env.adue));
  always_comb begin
    verdict = FaultNone;
    if (cause_q != FaultNone) verdict = cause_q;
    else if (!entry.valid) verdict = FaultInvalid;
    else if (entry.reserved) verdict = FaultReserved;
    else if (rights != FaultNone) verdict = rights;
    else if (unset) verdict = entry.accessed ? FaultDirty : FaultAccessed;
  end

  // ------------------------------------------------------------------ walk port

  logic [PaMax:0] next_addr;
  logic [PaMax-1:0] read_addr;
  logic down;
  logic checking;  // only machines of several levels ask in StCheck
  logic pma_mapped, pma_cacheable;
  mem_type_e read_type;

  assign checking = Levels > 1 && state_q == StCheck;
  assign next_addr = {(PaMax + 1 - PageBits)'(entry_ppn), PageBits'(entry_offset(vpn, level_q - 1'b1))};
  assign read_addr = PaMax'(checking ? next_addr : addr_q);
  assign read_type = checking ? path.mem_type : path_q.mem_type;

  // What lies at the address that is held, and at that where the entry leads: below a pointer the next entry, below a
  // leaf what is accessed.
  logic held_mapped, held_cacheable, led_mapped, led_cacheable, leaf_hole, wide;
  logic held_atomic, led_atomic;
  vm_pma #(
      .Cfg(Cfg)
  ) u_held_pma (
      .addr_i     (addr_q),
      .mapped_o   (held_mapped),
      .cacheable_o(held_cacheable),
      .atomic_o   (held_atomic)
  );
  vm_pma #(
      .Cfg(Cfg)
  ) u_led_pma (
      .addr_i     ({(PaMax + 1 - PageBits)'(entry.leaf ? leaf_ppn : entry_ppn),
                    entry.leaf ? req_q.va[PageBits-1:0] : next_addr[PageBits-1:0]}),
      .mapped_o   (led_mapped),
      .cacheable_o(led_cacheable),
      .atomic_o   (led_atomic)
  );
  assign pma_mapped = checking ? led_mapped : held_mapped;
  assign pma_cacheable = checking ? led_cacheable : held_cacheable;
  assign leaf_hole = wide || !led_mapped || (Cfg.Atomics && req_q.atomic && !ahead_q && !led_atomic);

  logic sets_dirty;  // the compare-and-set; a read that is asked for again in StRead must not change
  assign sets_dirty = (state_q == StUpdate || updating) && entry.leaf && store;
  always_comb begin
    walk_req_o = '{
        cas: Format.HwAd && state_q == StUpdate,
        cacheable: pma_cacheable && (Format.Kind != PteX86 || read_type == TypeWriteBack ||
                                     read_type == TypeWriteThrough),
        through: Format.Kind == PteX86 && read_type == TypeWriteThrough,
        strb: pte_strb(Format, read_addr[2:0]),
        addr: read_addr,
        expected: Format.HwAd ? pte_to_lanes(Format, pte_q) : '0,
        desired: Format.HwAd ? pte_to_lanes(Format, pte_with_accessed(Format, pte_q, sets_dirty)) : '0
    };
    walk_valid_o = state_q == StRead || state_q == StUpdate || down;
    if (!pma_mapped || handover) walk_valid_o = 1'b0;
  end
  assign walk_slot_o = (state_q == StRead && !handover) || (Format.HwAd && state_q == StUpdate) ||
      (Levels > 1 && state_q == StCheck && level_q != '0 && cause_q == FaultNone);

  // ------------------------------------------------------------------ answers

  logic base_page;  // a translation without any fault; the L2 holds these
  assign base_page = permitted && !unset && !leaf_hole && level_q == '0 && !entry.napot;
  // A walk that began at a walk-cache entry ends. What starting over needs is ready then, whether it is or not: an end
  // without fault has no use for it (but the prefetch for the address).
  assign rewind = state_q == StCheck && cached_q && !update && !descend && !(Prefetch && base_page);
  assign restart = state_q == StCheck && cached_q && !update && !descend && (!permitted || unset || leaf_hole);

  assign from_l2_o = handover;
  assign wide = (leaf_ppn >> (32'(Cfg.PaBits) - PageBits)) != '0;
  assign ppn_o = (state_q == StCheck) ? PpnW'(leaf_ppn) : l2_ppn;
  assign attr_o = (state_q == StCheck) ? path : l2_attr;
  assign hole_o = state_q == StCheck && leaf_hole;
  assign result_o = '{
          cause: cause_q,
          level: level_q,
          napot: entry.napot,
          pte_addr: addr_q[PaMax-1:0],
          pte: pte_q
      };
  // Events
  logic walk_begins;
  assign walk_begins = HasLook ? looked_q && !handover && !ahead_q : |(req_valid_i & req_ready_o);
  assign l2_hit_o = handover ? done_o : '0;
  assign events_o = '{
          prefetch: ahead_q && l2_filled,
          restart: restart,
          update_failed: updating && walk_rsp_valid_i && !walk_rsp_i.err && !walk_rsp_i.success,
          update: updating && walk_rsp_valid_i && !walk_rsp_i.err && walk_rsp_i.success,
          walk_cache_hit: HasLook && walk_begins && cached_q,
          walk: walk_begins,
          walking: state_q inside {StRead, StWait, StCheck, StUpdate, StUpdateWait} && !handover && !ahead_q
      };
  assign fill_l2 = fresh_q;
  logic ahead_good;  // a prefetch has found one that any access may use, as far as A goes
  logic last_entry;  // of its table
  logic advance;     // to the next page and its entry
  logic [LeafIndexBits-1:0] next_index;
  assign ahead_good = cause_q == FaultNone && entry.valid && !entry.reserved && entry.accessed &&
      !leaf_hole && !entry.napot;
  assign last_entry = &vpn[LeafIndexBits-1:0];
  assign next_index = vpn[LeafIndexBits-1:0] + 1'b1;

  attr_t root_path;
  logic answered;
  always_comb begin
    root_path = AttrAll;
    root_path.mem_type = context_i.root_type;
    root_path = pointer_from_bits(Format, pointer_to_bits(Format, root_path));
  end
  assign answered = (state_q == StWait || updating) && walk_rsp_valid_i;
  // The walk goes a level down.
  assign down = checking && descend;

  always_comb begin
    state_d = state_q;
    port_d = port_q;
    req_d = req_q;
    skip_l2_d = skip_l2_q;
    level_d = level_q;
    cause_d = cause_q;
    path_d = path_q;
    cached_d = cached_q;
    next_d = next_q;
    untaken_d = untaken_q;
    ahead_d = ahead_q;
    advance = 1'b0;
    req_ready_o = '0;
    done_o = '0;
    pointer_due_d = pointer_due_q;

    unique case (state_q)
      StIdle: begin
        untaken_d = untaken_q && !release_i[port_q] && !(|req_valid_i);
        next_d = Prefetch && next_q && untaken_q && !(|req_valid_i);
        ahead_d = Prefetch && next_q && !untaken_q && !(|req_valid_i) && !l2_busy;
        if (|req_valid_i) begin
          req_ready_o[grant_port] = 1'b1;
          port_d = grant_port;
          req_d = req_i[grant_port];
          skip_l2_d = skip_l2_i[grant_port];
          cause_d = FaultNone;
          state_d = HasLook ? StLook : StRead;
        end else if (ahead_d) begin
          skip_l2_d = 1'b0;
          cached_d = 1'b0;
          state_d = StLook;
        end
      end
      StLook: begin
        state_d = StRead;
      end
      StRead: begin
        if (handover) begin
          done_o[port_q] = 1'b1;
          state_d = StIdle;
        end else if (!pma_mapped) begin
          cause_d = FaultEntryAccess;
          state_d = StCheck;
        end else if (walk_ready_i) begin
          state_d = StWait;
        end
      end
      StWait: begin
        if (walk_rsp_valid_i) begin
          if (walk_rsp_i.err) cause_d = FaultEntryBus;
          state_d = StCheck;
        end else if (walk_retry_i) begin
          state_d = StRead;
        end
      end
      StCheck: begin
        if (ahead_q) begin
          state_d = StHold;
        end else if (update) begin
          state_d = StUpdate;
        end else if (descend) begin
          level_d = level_q - 1'b1;
          path_d = pointer_from_bits(Format, pointer_to_bits(Format, path));
          state_d = StRead;
          if (!pma_mapped) begin
            cause_d = FaultEntryAccess;
            state_d = StCheck;
          end else if (walk_ready_i) begin
            state_d = StWait;
          end
        end else begin
          cause_d = cached_q ? FaultNone : verdict;  // without fault, or the walk starts over
          next_d = Prefetch && base_page && !last_entry;
          done_o[port_q] = !restart;
          state_d = restart ? StRead : StHold;
        end
      end
      StUpdate: if (walk_ready_i) state_d = StUpdateWait;
      StUpdateWait: begin
        if (updating && walk_rsp_valid_i) begin
          if (walk_rsp_i.err) cause_d = FaultEntryBus;
          state_d = StCheck;
        end
      end
      StHold: begin
        if (release_i[port_q]) state_d = StIdle;
        advance = next_q && release_i[port_q];
      end
      default: state_d = StIdle;
    endcase
    if (handover && !ahead_q) begin
      advance = Prefetch && level_q == '0 && !last_entry;
      untaken_d = advance;
      next_d = advance;
    end
    // A prefetch ends: the L2 has the page, or is filled now if at all.
    if (ahead_q && (handover || state_q == StHold)) begin
      done_o = '0;
      ahead_d = 1'b0;
      state_d = StIdle;
    end
    if (advance) req_d.va[PageBits+:LeafIndexBits] = next_index;
    if (state_q == StCheck) pointer_due_d = down;
    pointer_fill = pointer_due_d && walk_valid_o && walk_ready_i;
    if (state_q == StWait || begin_walk) pointer_due_d = 1'b0;
    if (begin_walk || restart) level_d = start_level;
    if (begin_walk || rewind) begin
      path_d = known ? known_attr : root_path;
      cached_d = known;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      port_q <= 1'b0;
      looked_q <= 1'b0;
    end else begin
      state_q <= state_d;
      looked_q <= look;
      port_q <= port_d;
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      next_q <= 1'b0;
      untaken_q <= 1'b0;
      ahead_q <= 1'b0;
    end else begin
      next_q <= next_d;
      untaken_q <= untaken_d;
      ahead_q <= ahead_d;
    end
  end
  always_ff @(posedge clk_i) begin
    if (begin_walk || rewind || down) addr_q <= down ? next_addr : start_addr;
    else if (advance) addr_q[32'(Format.PteBytesLog2)+:LeafIndexBits] <= next_index;
    // An entry that could not be read shows as zero, when the walk is over.
    if (state_q == StCheck && cause_q != FaultNone) pte_q <= '0;
    else if (answered) begin
      if (updating && walk_rsp_i.success) pte_q <= pte_with_accessed(Format, pte_q, entry.leaf && store);
      else pte_q <= pte_from_lanes(Format, walk_rsp_i.data, addr_q[2:0]);
    end
    req_q <= req_d;
    if (state_q == StIdle) begin
      need_q <= '{
          rights: access_needs(context_i.env, req_d.access, Cfg.Atomics && req_d.amo, req_d.user, req_d.sum, req_d.mxr),
          dirty: req_d.access == AccessStore
      };
    end
    skip_l2_q <= skip_l2_d;
    level_q <= level_d;
    cause_q <= cause_d;
    path_q <= path_d;
    cached_q <= cached_d;
    pointer_due_q <= pointer_due_d;
    fresh_q <= state_q == StCheck && (ahead_q ? ahead_good : base_page);
    if (state_q == StCheck) begin
      leaf_ppn_q <= PpnW'(entry_ppn);
      leaf_attr_q <= path;
    end
  end

  logic unused;
  assign unused = ^{pointer_fill, l2_off, l2_fill_way, l2_filled, req_q.id, req_q.probe, req_q.phys, req_q.atomic,
                    req_q.amo, held_atomic, led_atomic};

endmodule
