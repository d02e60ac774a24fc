// SPDX-License-Identifier: Apache-2.0
//
// Our hardware as a subject: the verilated machine under all checks, tables written through the host port.
#pragma once

#include <memory>

#include "case.h"

namespace vm::oracle {

// What the checks found is thrown as std::runtime_error. Each access is made twice: the second, from what the first
// left in TLBs and caches, must agree.
std::unique_ptr<Subject> make_rtl_subject(const Machine& machine, std::uint64_t seed);

}  // namespace vm::oracle
