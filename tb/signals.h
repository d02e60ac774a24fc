// SPDX-License-Identifier: Apache-2.0
//
// The ports of the harness vm_sim_top as plain structs: what the testbench drives and what it sees. Names, widths and
// meanings are those of docs/trace_interface.md; data is in byte lanes (the byte at address a is on lane a mod 8).
#pragma once

#include <array>
#include <cstdint>

#include "machine/access.h"

namespace vm {

enum class Port : std::uint8_t { Fetch = 0, Data = 1 };
enum class MemSource : std::uint8_t { Fetch = 0, Data = 1, Walk = 2 };

struct CoreRequest {
  bool valid = false;
  bool user = false;
  bool sum = false, mxr = false;  // as in Access
  bool write = false;
  AtomicOp atomic = AtomicOp::None;  // data port; `write` as the operation has it
  std::uint8_t id = 0;
  std::uint8_t size = 0;  // log2 of bytes
  std::uint64_t va = 0;
  std::uint64_t wdata = 0;
};

struct CoreResponse {
  bool valid = false;
  std::uint8_t id = 0;
  std::uint64_t rdata = 0;
  Fault fault;
};

struct HostRequest {
  bool valid = false;
  bool write = false;
  std::uint8_t id = 0;
  std::uint8_t strb = 0;
  std::uint64_t addr = 0;
  std::uint64_t wdata = 0;
};

struct HostResponse {
  bool valid = false;
  bool err = false;
  std::uint8_t id = 0;
  std::uint64_t rdata = 0;
};

struct CtlRequest {
  bool valid = false;
  bool user = false;
  std::uint8_t id = 0;
  std::uint8_t index = 0;
  std::uint64_t data = 0;
};

struct FenceRequest {
  bool valid = false;
  bool user = false;
  bool by_addr = false;
  bool by_asid = false;
  bool globals = true;
  std::uint8_t id = 0;
  std::uint8_t op = 0;
  std::uint16_t asid = 0;
  std::uint64_t addr = 0;
};

// The answer to a control write or a fence.
struct AckResponse {
  bool valid = false;
  bool refused = false;
  std::uint8_t id = 0;
};

struct ArrayRequest {
  bool valid = false;
  bool flip = false;  // of bit data0 of the stored word (machines with parity)
  bool write = false;
  std::uint8_t array = 0;
  std::uint8_t way = 0;
  std::uint8_t word = 0;
  std::uint16_t set = 0;
  std::uint64_t data0 = 0;
  std::uint64_t data1 = 0;
};

struct ArrayResponse {
  bool valid = false;
  std::uint64_t data0 = 0;
  std::uint64_t data1 = 0;
};

struct MemRequest {
  bool valid = false;
  bool write = false;
  MemSource src = MemSource::Fetch;
  std::uint8_t id = 0;
  std::uint8_t len = 0;  // beats - 1
  std::uint8_t strb = 0;
  std::uint64_t addr = 0;
};

struct MemWrite {
  bool valid = false;
  bool last = false;
  std::uint64_t data = 0;
};

struct MemResponse {
  bool valid = false;
  bool err = false;
  bool last = false;
  MemSource src = MemSource::Fetch;
  std::uint8_t id = 0;
  std::uint64_t rdata = 0;
};

// One of the ports between caches, both directions.
struct MemPort {
  MemRequest req;
  bool req_ready = false;
  MemWrite w;
  bool w_ready = false;
  MemResponse rsp;
  bool rsp_ready = false;

  bool accepted() const { return req.valid && req_ready; }
  bool w_accepted() const { return w.valid && w_ready; }
  bool answered() const { return rsp.valid && rsp_ready; }
};

struct Inputs {
  bool rst_n = false;
  CoreRequest fetch, data;
  HostRequest host;
  CtlRequest ctl;
  FenceRequest fence;
  ArrayRequest array;
  bool mem_req_ready = false;
  bool mem_w_ready = false;
  MemResponse mem_rsp;
  std::uint8_t counter_index = 0;
  std::array<char, 16> text_process{};  // shown in waves only
  std::array<char, 64> text_line{};
};

struct Outputs {
  bool fetch_ready = false, data_ready = false, host_ready = false;
  bool ctl_ready = false, fence_ready = false, array_ready = false;
  CoreResponse fetch, data;
  HostResponse host;
  AckResponse ctl, fence;
  ArrayResponse array;
  MemRequest mem_req;
  MemWrite mem_w;
  bool mem_rsp_ready = false;
  // Below the first level and below the L2 cache; on machines without an L2 cache not filled in.
  MemPort below_l1, below_l2;
  bool wb_error = false;
  std::uint64_t wb_error_addr = 0;
  std::uint64_t counter_value = 0;
};

}  // namespace vm
