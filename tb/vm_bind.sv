// SPDX-License-Identifier: Apache-2.0
//
// All bindings: the one place that knows names inside the RTL. Monitors send the events of docs/trace_interface.md.

bind vm_mmu vm_monitor_mmu #(
    .Cfg(Cfg),
    .Geometry(Cfg.Itlb),
    .Port(1'b0)
) u_monitor_fetch (
    .clk_i,
    .rst_ni,
    .rsp_i(rsp_o[0]),
    .take_i(rsp_valid_o[0] && rsp_ready_i[0]),
    .accept_i(ahead_valid_o[0] && ahead_go_i[0]),
    .needs_walk_i(gen_port[0].u_xlat.s1_valid_q && gen_port[0].u_xlat.needs_walk),
    .way_i(8'(gen_port[0].u_xlat.way)),
    .super_idx_i(8'(gen_port[0].u_xlat.idx)),
    .in_super_i(!gen_port[0].u_xlat.s1_q.base_hit),
    .from_l2_i(gen_port[0].u_xlat.s1_q.from_l2),
    .fill_i(gen_port[0].u_xlat.fill_base),
    .fill_super_i(gen_port[0].u_xlat.fill_super),
    .walk_result_i(walk_result),
    .fill_ppn_i(44'(gen_port[0].u_xlat.page_q.ppn)),
    .fill_attr_i(gen_port[0].u_xlat.page_q.attr),
    .fill_asid_i(context_i.asid),
    .inv_i,
    .inv_way_i(64'(gen_port[0].u_xlat.u_tlb.inv_way)),
    .inv_super_i(64'(gen_port[0].u_xlat.u_super.inv_entry)),
    .upset_way_i(64'(gen_port[0].u_xlat.u_tlb.upset_way)),
    .upset_set_i(16'(gen_port[0].u_xlat.u_tlb.upset_set))
);

bind vm_mmu vm_monitor_mmu #(
    .Cfg(Cfg),
    .Geometry(Cfg.Dtlb),
    .Port(1'b1)
) u_monitor_data (
    .clk_i,
    .rst_ni,
    .rsp_i(rsp_o[1]),
    .take_i(rsp_valid_o[1] && rsp_ready_i[1]),
    .accept_i(ahead_valid_o[1] && ahead_go_i[1]),
    .needs_walk_i(gen_port[1].u_xlat.s1_valid_q && gen_port[1].u_xlat.needs_walk),
    .way_i(8'(gen_port[1].u_xlat.way)),
    .super_idx_i(8'(gen_port[1].u_xlat.idx)),
    .in_super_i(!gen_port[1].u_xlat.s1_q.base_hit),
    .from_l2_i(gen_port[1].u_xlat.s1_q.from_l2),
    .fill_i(gen_port[1].u_xlat.fill_base),
    .fill_super_i(gen_port[1].u_xlat.fill_super),
    .walk_result_i(walk_result),
    .fill_ppn_i(44'(gen_port[1].u_xlat.page_q.ppn)),
    .fill_attr_i(gen_port[1].u_xlat.page_q.attr),
    .fill_asid_i(context_i.asid),
    .inv_i,
    .inv_way_i(64'(gen_port[1].u_xlat.u_tlb.inv_way)),
    .inv_super_i(64'(gen_port[1].u_xlat.u_super.inv_entry)),
    .upset_way_i(64'(gen_port[1].u_xlat.u_tlb.upset_way)),
    .upset_set_i(16'(gen_port[1].u_xlat.u_tlb.upset_set))
);

bind vm_mmu vm_monitor_walk #(
    .Cfg(Cfg)
) u_monitor_walk (
    .clk_i,
    .rst_ni,
    .start_i(miss_valid & miss_ready),
    .req_i(miss_req),
    .tlb_hit_i({gen_port[1].u_xlat.s1_q.hit && !gen_port[1].u_xlat.s1_q.from_l2,
                gen_port[0].u_xlat.s1_q.hit && !gen_port[0].u_xlat.s1_q.from_l2}),
    .skip_l2_i(miss_skip_l2),
    .context_i,
    .port_i(u_ptw.port_q),
    .look_i(u_ptw.look),
    .prefetch_i(u_ptw.ahead_q),
    .l2_match_i(u_ptw.skip_l2_q ? 8'd0 : 8'(u_ptw.u_l2.match)),
    .l2_off_i(u_ptw.l2_off || u_ptw.skip_l2_q),
    .l2_set_i(16'(u_ptw.vpn) & (Cfg.L2Tlb.Sets - 16'd1)),
    .known_level_i(u_ptw.known_level),
    .ask_i(walk_valid_o && walk_ready_i),
    .cas_i(walk_req_o.cas),
    .ask_addr_i(walk_req_o.addr),
    .ask_level_i(u_ptw.level_d),
    .answer_i(walk_rsp_valid_i),
    .err_i(walk_rsp_i.err),
    .success_i(walk_rsp_i.success),
    .updating_i(u_ptw.updating),
    .found_i(vm_pte_pkg::pte_from_lanes(Cfg.Format, walk_rsp_i.data, u_ptw.addr_q[2:0])),
    .wanted_i(vm_pte_pkg::pte_with_accessed(Cfg.Format, u_ptw.pte_q, u_ptw.entry.leaf && u_ptw.store)),
    .level_i(u_ptw.level_q),
    .addr_i(u_ptw.addr_q[vm_pkg::PaMax-1:0]),
    .done_i(walk_done),
    .from_l2_i(walk_from_l2),
    .cause_i(u_ptw.cause_d),
    .pte_i((u_ptw.cause_q == FaultNone) ? u_ptw.pte_q : 64'd0),
    .restart_i(u_ptw.restart),
    .pointer_fill_i(u_ptw.pointer_fill),
    .vpn_i(64'(u_ptw.vpn)),
    .pointer_ppn_i(44'(u_ptw.entry_ppn)),
    .pointer_attr_i(u_ptw.path_d),
    .l2_fill_i(u_ptw.l2_filled),
    .l2_fill_way_i(8'(u_ptw.l2_fill_way)),
    .l2_fill_ppn_i(44'(u_ptw.leaf_ppn_q)),
    .l2_fill_attr_i(u_ptw.leaf_attr_q),
    .inv_i,
    .drop_i(u_ptw.u_walk_cache.drop),
    .upset_way_i(64'(u_ptw.u_l2.upset_way)),
    .upset_level_i(u_ptw.u_walk_cache.upset_level)
);

bind vm_cache vm_monitor_cache #(
    .Src(Src)
) u_monitor (
    .clk_i,
    .rst_ni,
    .lookup_i(decide && state_q == StReady),
    .lookup_client_i(s1_q.client),
    .lookup_req_i(s1_q.req),
    .lookup_pa_i(s1_pa),
    .lookup_uncached_i(uncached),
    .lookup_through_i(!uncached && (s1_phys_q ? s1_q.req.through : core_through_i)),
    .lookup_hit_i(hit || ((uncached || through) && s1_hit)),
    .lookup_lost_i(!hit && !(through && s1_hit) && s1_lost_q),
    .lookup_way_i(8'(s1_hit_idx)),
    .lookup_set_i(16'(set_of(s1_q.req.addr))),
    .rdata_i(rdata),
    .victim_i(state_q == StVictim && !lost),
    .victim_way_i(8'(victim_way)),
    .victim_valid_i(look_valid[victim_way]),
    .victim_dirty_i(!ReadOnly && look_dirty[victim_way]),
    .victim_refetch_i(refetch_q),
    .victim_line_i(line_addr(look_tag[victim_way], m_set_q)),
    .set_i(16'(m_set_q)),
    .way_i(8'(way_q)),
    .fill_i(state_q == StFillData && mem_rsp_valid_i && mem_rsp_last_i),
    .fill_err_i(err_q || mem_rsp_err_i),
    .fill_line_i(line_addr(tag_of(m_q.req.addr), m_set_q)),
    .done_i(done),
    .done_client_i(m_q.client),
    .done_req_i(m_q.req),
    .done_err_i(err_q),
    .maint_i(u_maint.acting),
    .maint_invalidate_i(maint_req_i.invalidate),
    .maint_start_i(u_maint.looking),
    .written_back_i(state_q == StWbAck && mem_rsp_valid_i),
    .maint_line_i(victim_addr),
    .invalidate_all_i(maint_sweep && maint_done_o),
    .lost_i(lost),
    .lost_tag_i(lost && invalidate),
    .lost_written_i(lost && !lost_look),
    .lost_maint_i(maint_busy),
    .lost_way_i(8'(way_d)),
    .lost_line_i(wb_error_addr_o)
);

bind vm_l1_miss vm_probe_lines #(
    .Regs(Regs),
    .LineW(LineW),
    .OffBits(OffBits)
) u_lines (
    .line_i(line_q)
);
// An uncached access drives a line out; maintenance looks at one, has dealt with one, has dropped all at once.
bind vm_l1_serial vm_probe #(
    .Width(4)
) u_probe (
    .value_i({maint_done_o && state_q == StSweep,
              state_q == StChange && maint_q && (way_q & valid_q) != '0,
              state_q == StScan || state_q == StLook,
              state_q == StDecide && !maint_q && op_q.uncached && way_q != '0})
);

bind vm_l1 vm_monitor_l1 #(
    .Src(Src),
    .Sets(Sets),
    .Ways(Ways),
    .LineBytes(LineBytes),
    .Regs(Regs)
) u_monitor (
    .clk_i,
    .rst_ni,
    .lookup_i(s1_go && s1_pass_q == vm_l1_pkg::PassNew),
    .answer_i(s1_answer && s1_pass_q != vm_l1_pkg::PassNew),
    .access_i(s1_q),
    .write_i((s1_pass_q == vm_l1_pkg::PassAnswer && (s1_q.uncached || s1_q.through)) ? u_serial.op_q.write
                                                                                     : s1_q.write),
    .pa_i(s1_pa),
    .uncached_i(s1_uncached),
    .through_i(!s1_uncached && (s1_phys_q ? s1_q.through : core_through_i)),
    .answer_through_i(s1_q.through),
    .answer_hit_i(s1_pass_q == vm_l1_pkg::PassAnswer && s1_q.through && u_serial.way_q != '0),
    .hit_i(s1_hit),
    .err_i(s1_err_q),
    .way_i(s1_way),
    .rdata_i(rdata_o),
    .victim_i(u_miss.choose_q),
    .evict_i(u_serial.u_probe.value_i[0]),
    .victim_set_i(u_serial.u_probe.value_i[0] ? 16'(u_serial.set_q) : 16'(u_miss.choose_set_q)),
    .victim_way_i(u_serial.u_probe.value_i[0] ? u_serial.way_q : victim),
    .victim_valid_i(u_serial.u_probe.value_i[0] ? u_serial.valid_q : state_valid),
    .victim_dirty_i(u_serial.u_probe.value_i[0] ? u_serial.dirty_q : dirty),
    .line_i(u_miss.u_lines.line),
    .fill_i(u_miss.fill_go && u_miss.fill_last),
    .fill_id_i(4'(u_miss.fill_reg)),
    .fill_set_i(16'(fill_set)),
    .fill_way_i(fill_way),
    .fill_err_i(16'(u_miss.err_q)),
    .used_i(u_miss.used),
    .maint_i(u_serial.u_probe.value_i[2]),
    .maint_invalidate_i(maint_req_i.invalidate),
    .maint_set_i(16'(u_serial.set_q)),
    .maint_way_i(u_serial.way_q),
    .maint_look_i(u_serial.u_probe.value_i[1]),
    .copied_i(evict_done),
    .invalidate_all_i(u_serial.u_probe.value_i[3]),
    .tag_way_i(meta_tag ? meta_way : '0),
    .tag_set_i(16'(meta_set)),
    .tag_i(vm_pkg::PaMax'(meta_new_tag))
);

bind vm_rmw vm_monitor_atomic u_monitor (
    .clk_i,
    .rst_ni,
    .start_i(atomic_valid_i && atomic_ready_o),
    .end_i(atomic_rsp_valid_o),
    .req_i(atomic_i),
    .rsp_i(atomic_rsp_o)
);

bind vm_rmw vm_handshake #(
    .Name("atomic"),
    .Width($bits(vm_pkg::atomic_req_t))
) u_rules_atomic (
    .clk_i,
    .rst_ni,
    .valid_i(atomic_valid_i),
    .ready_i(atomic_ready_o),
    .payload_i(atomic_i)
);

bind vm_seq vm_monitor_seq u_monitor (
    .clk_i,
    .rst_ni,
    .drained_i(drained_o),
    .acting_i(state_q == StAct),
    .idle_i,
    .kind_i(2'(kind_q))
);

// The rules of the walk port, as of every channel of the harness.
bind vm_mmu vm_handshake #(
    .Name("walk"),
    .Width($bits(vm_pkg::walk_req_t))
) u_rules_walk (
    .clk_i,
    .rst_ni,
    .valid_i(walk_valid_o),
    .ready_i(walk_ready_i),
    .payload_i(walk_req_o)
);

// And of the port above each cache behind the first level; that below the last is the harness's memory port.
bind vm_unified_cache vm_handshake #(
    .Name("unified_req"),
    .Width($bits(vm_pkg::mem_req_t))
) u_rules_req (
    .clk_i,
    .rst_ni,
    .valid_i(up_req_valid_i),
    .ready_i(up_req_ready_o),
    .payload_i(up_req_i)
);
bind vm_unified_cache vm_handshake #(
    .Name("unified_w"),
    .Width($bits(vm_pkg::mem_wdata_t))
) u_rules_w (
    .clk_i,
    .rst_ni,
    .valid_i(up_w_valid_i),
    .ready_i(up_w_ready_o),
    .payload_i(up_w_i)
);
bind vm_unified_cache vm_handshake #(
    .Name("unified_rsp"),
    .Width($bits(vm_pkg::mem_rsp_t))
) u_rules_rsp (
    .clk_i,
    .rst_ni,
    .valid_i(up_rsp_valid_o),
    .ready_i(up_rsp_ready_i),
    .payload_i(up_rsp_o)
);
bind vm_lower_caches vm_monitor_lower u_monitor (
    .clk_i,
    .rst_ni,
    .events_i(events_o),
    .wb_error_valid_i({l3_error_valid, l2_error_valid}),
    .wb_error_addr_i({l3_error_addr, l2_error_addr}),
    .flipped_i(array_valid_i & array_done_o)
);
bind vm_unified_cache vm_mem_rules u_mem_rules (
    .clk_i,
    .rst_ni,
    .req_i(up_req_valid_i && up_req_ready_o),
    .req_payload_i(up_req_i),
    .w_i(up_w_valid_i && up_w_ready_o),
    .w_payload_i(up_w_i),
    .rsp_i(up_rsp_valid_o && up_rsp_ready_i),
    .rsp_payload_i(up_rsp_o)
);
