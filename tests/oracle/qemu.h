// SPDX-License-Identifier: Apache-2.0
//
// QEMU's virt machine as Sv39, Sv48 and Sv57, a batch of cases is put into the guest's memory (a
// file both sides map), and a bare-metal program answers them.
#pragma once

#include <memory>
#include <string_view>

#include "case.h"

namespace vm::oracle {

inline constexpr std::string_view kQemuName = "QEMU", kPlainQemuName = "QEMU without Svnapot and Svpbmt";

// `extensions`: with Svnapot and Svpbmt. QEMU looks at bits 60:54 only without them.
std::unique_ptr<Oracle> make_qemu(const Machine& machine, bool extensions);

}  // namespace vm::oracle
