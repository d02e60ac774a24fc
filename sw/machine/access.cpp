// SPDX-License-Identifier: Apache-2.0
#include "machine/access.h"

namespace vm {

std::string_view to_string(AccessKind kind) {
  switch (kind) {
    case AccessKind::Fetch:
      return "fetch";
    case AccessKind::Load:
      return "load";
    case AccessKind::Store:
      return "store";
  }
  return "?";
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::None:
      return "none";
    case Cause::Va:
      return "va";
    case Cause::Limit:
      return "limit";
    case Cause::Invalid:
      return "invalid";
    case Cause::Privilege:
      return "privilege";
    case Cause::Read:
      return "read";
    case Cause::Write:
      return "write";
    case Cause::Exec:
      return "exec";
    case Cause::EntryAccess:
      return "entry-access";
    case Cause::EntryBus:
      return "entry-bus";
    case Cause::Access:
      return "access";
    case Cause::Bus:
      return "bus";
    case Cause::Reserved:
      return "reserved";
    case Cause::Accessed:
      return "accessed";
    case Cause::Dirty:
      return "dirty";
  }
  return "?";
}

}  // namespace vm
