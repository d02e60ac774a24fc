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
    .accept_i(req_valid_i[0] && req_ready_o[0]),
    .needs_walk_i(gen_port[0].u_xlat.s1_valid_q && gen_port[0].u_xlat.needs_walk),
    .way_i(8'(gen_port[0].u_xlat.s1_q.way)),
    .fill_i(gen_port[0].u_xlat.fill),
    .fill_ppn_i(44'(gen_port[0].u_xlat.s1_q.ppn)),
    .fill_attr_i(gen_port[0].u_xlat.s1_q.attr),
    .fill_asid_i(context_i.asid),
    .inv_i,
    .inv_way_i(64'(gen_port[0].u_xlat.u_tlb.inv_way))
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
    .accept_i(req_valid_i[1] && req_ready_o[1]),
    .needs_walk_i(gen_port[1].u_xlat.s1_valid_q && gen_port[1].u_xlat.needs_walk),
    .way_i(8'(gen_port[1].u_xlat.s1_q.way)),
    .fill_i(gen_port[1].u_xlat.fill),
    .fill_ppn_i(44'(gen_port[1].u_xlat.s1_q.ppn)),
    .fill_attr_i(gen_port[1].u_xlat.s1_q.attr),
    .fill_asid_i(context_i.asid),
    .inv_i,
    .inv_way_i(64'(gen_port[1].u_xlat.u_tlb.inv_way))
);

bind vm_mmu vm_monitor_walk u_monitor_walk (
    .clk_i,
    .rst_ni,
    .accept_i({gen_port[1].u_xlat.accept, gen_port[0].u_xlat.accept}),
    .take_i(rsp_valid_o & rsp_ready_i),
    .start_i(walk_valid & walk_ready),
    .va_i(walk_va),
    .tlb_hit_i({gen_port[1].u_xlat.s1_q.tlb_hit, gen_port[0].u_xlat.s1_q.tlb_hit}),
    .read_i(rd_valid_o && rd_ready_i),
    .addr_i(rd_addr_o),
    .data_i(rd_rsp_valid_i),
    .err_i(rd_rsp_err_i),
    .entry_i(u_ptw.pte_d),
    .done_i(walk_done),
    .cause_i(u_ptw.cause_d),
    .pte_i(u_ptw.pte_q)
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
    .lookup_uncached_i(s1_uncached),
    .lookup_hit_i(hit || (uncached && s1_hit)),
    .lookup_way_i(8'(s1_hit_idx)),
    .lookup_set_i(16'(set_of(s1_q.req.addr))),
    .rdata_i(rdata),
    .victim_i(state_q == StVictim),
    .victim_way_i(8'(victim_way)),
    .victim_valid_i(look_valid[victim_way]),
    .victim_dirty_i(look_dirty[victim_way]),
    .victim_line_i(line_addr(look_tag[victim_way], m_set)),
    .set_i(16'(m_set)),
    .way_i(8'(way_q)),
    .fill_i(state_q == StFillData && mem_rsp_valid_i && mem_rsp_last_i),
    .fill_err_i(err_q || mem_rsp_err_i),
    .fill_line_i(line_addr(tag_of(m_q.req.addr), m_set)),
    .done_i(done),
    .done_client_i(m_q.client),
    .done_req_i(m_q.req),
    .done_err_i(err_q),
    .maint_i(state_q == StMaintAct && selected_q),
    .maint_invalidate_i(maint_req_i.invalidate),
    .maint_start_i(state_q == StMaintLook),
    .written_back_i(state_q == StWbAck && mem_rsp_valid_i),
    .maint_line_i(line_addr(vtag_q, m_set)),
    .invalidate_all_i(state_q == StSweep && maint_done_o)
);

bind vm_seq vm_monitor_seq u_monitor (
    .clk_i,
    .rst_ni,
    .drained_i(state_q == StDrain && idle_i),
    .acting_i(state_q == StAct),
    .idle_i,
    .kind_i(2'(kind_q))
);

// The rules of the walker's read channel, as of every channel of the harness.
bind vm_mmu vm_handshake #(
    .Name("walk read"),
    .Width(vm_pkg::PaMax + 8)
) u_rules_read (
    .clk_i,
    .rst_ni,
    .valid_i(rd_valid_o),
    .ready_i(rd_ready_i),
    .payload_i({rd_addr_o, rd_strb_o})
);
