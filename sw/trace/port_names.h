// SPDX-License-Identifier: Apache-2.0
//
// How the trace language calls control registers, cache operations and arrays.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "machine/control.h"
#include "machine/fence.h"
#include "platform/platform.h"

namespace vm::trace {

inline constexpr std::array<std::pair<std::string_view, CtlReg>, 11> kCtlNames{{{"base", CtlReg::Base},
                                                                                {"limit", CtlReg::Limit},
                                                                                {"asid", CtlReg::Asid},
                                                                                {"mode", CtlReg::Mode},
                                                                                {"trapbase", CtlReg::TrapBase},
                                                                                {"trapenter", CtlReg::TrapEnter},
                                                                                {"trapreturn", CtlReg::TrapReturn},
                                                                                {"satp", CtlReg::Root},
                                                                                {"cr3", CtlReg::Root},
                                                                                {"env", CtlReg::Env},
                                                                                {"pat", CtlReg::Pat}}};
inline constexpr std::array<std::pair<std::string_view, FenceOp>, 4> kCacheOperations{
    {{"sync", FenceOp::FetchSync},
     {"clean", FenceOp::CacheClean},
     {"invalidate", FenceOp::CacheInvalidate},
     {"cleaninvalidate", FenceOp::CacheCleanInvalidate}}};

inline constexpr std::array<std::pair<std::string_view, Array>, kArrays> kArrayNames{
    {{"itlb", Array::Itlb},
     {"dtlb", Array::Dtlb},
     {"icache-tag", Array::IcacheTag},
     {"icache-data", Array::IcacheData},
     {"dcache-tag", Array::DcacheTag},
     {"dcache-data", Array::DcacheData},
     {"l2tlb", Array::L2Tlb},
     {"walkcache", Array::WalkCache},
     {"l2cache-tag", Array::L2CacheTag},
     {"l2cache-data", Array::L2CacheData},
     {"l3cache-tag", Array::L3CacheTag},
     {"l3cache-data", Array::L3CacheData}}};

}  // namespace vm::trace
