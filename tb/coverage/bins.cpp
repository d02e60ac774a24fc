// SPDX-License-Identifier: Apache-2.0
#include "coverage/bins.h"

#include <fmt/format.h>

#include <utility>

#include "coverage/unreachable.h"

namespace vm {

std::size_t BinTable::add(std::string group, std::string name) {
  const std::string_view reason = why_unreachable(machine_, group, name);
  bins_.push_back({std::move(group), std::move(name), std::string(reason), 0});
  return bins_.size() - 1;
}

Cross::Cross(BinTable& table, const std::string& group, const std::vector<Values>& properties)
    : table_(&table), first_(table.bins().size()) {
  std::vector<std::string> names = {""};
  for (std::size_t i = 0; i < properties.size(); ++i) {
    sizes_.at(i) = properties[i].size();
    std::vector<std::string> longer;
    for (const std::string& name : names) {
      for (const std::string& value : properties[i]) {
        std::string& joined = longer.emplace_back(name);
        if (!name.empty()) joined += ", ";
        joined += value;
      }
    }
    names = std::move(longer);
  }
  for (std::string& name : names) table.add(group, std::move(name));
}

Values access_values() { return {"fetch", "load", "store"}; }
Values privilege_values() { return {"supervisor", "user"}; }

std::string level_name(unsigned level) { return fmt::format("level {}", level); }

Values level_values(const Machine& machine) {
  Values values;
  for (unsigned level = 0; level < machine.format.levels; ++level) values.push_back(level_name(level));
  return values;
}

}  // namespace vm
