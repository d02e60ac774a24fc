// SPDX-License-Identifier: Apache-2.0
//
// Whether hardware was elaborated for the machine that the C++ side knows.
#pragma once

#include <string>

#include "machine/machine.h"

namespace vm {

// What differs between two machines, field by field ("PaBits: 11 in the RTL, 12 in the C++ machine"); empty if nothing.
std::string difference(const Machine& rtl, const Machine& cpp);

}  // namespace vm
