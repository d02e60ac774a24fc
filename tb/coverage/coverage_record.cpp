// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "coverage/coverage.h"
#include "machine/error.h"

namespace vm {

std::vector<const Bin*> CoverageRecord::uncovered() const {
  std::vector<const Bin*> result;
  for (const Bin& bin : bins) {
    if (bin.reason.empty() && bin.hits == 0) result.push_back(&bin);
  }
  return result;
}

std::vector<const Bin*> CoverageRecord::impossible() const {
  std::vector<const Bin*> result;
  for (const Bin& bin : bins) {
    if (!bin.reason.empty() && bin.hits != 0) result.push_back(&bin);
  }
  return result;
}

std::size_t CoverageRecord::claimed() const {
  return static_cast<std::size_t>(
      std::count_if(bins.begin(), bins.end(), [](const Bin& bin) { return bin.reason.empty(); }));
}

bool CoverageRecord::failed() const { return !impossible().empty() || (accesses >= enough && !uncovered().empty()); }

void CoverageRecord::merge(const CoverageRecord& other) {
  const auto same = [](const Bin& a, const Bin& b) { return a.group == b.group && a.name == b.name; };
  if (machine != other.machine || !std::equal(bins.begin(), bins.end(), other.bins.begin(), other.bins.end(), same)) {
    throw InputError(fmt::format("coverage of machine {} cannot be added to that of {}: expected the same bins",
                                 other.machine, machine));
  }
  accesses += other.accesses;
  for (std::size_t i = 0; i < bins.size(); ++i) bins[i].hits += other.bins[i].hits;
}

nlohmann::json CoverageRecord::to_json() const {
  nlohmann::json all = nlohmann::json::array(), missing = nlohmann::json::array(), never = nlohmann::json::array();
  for (const Bin& bin : bins) {
    all.push_back({{"group", bin.group}, {"name", bin.name}, {"hits", bin.hits}});
    if (!bin.reason.empty()) never.push_back({{"group", bin.group}, {"name", bin.name}, {"reason", bin.reason}});
  }
  const std::vector<const Bin*> uncovered_bins = uncovered();
  for (const Bin* bin : uncovered_bins) missing.push_back({{"group", bin->group}, {"name", bin->name}});
  return {{"machine", machine},
          {"accesses", accesses},
          {"enough", enough},
          {"claimed", claimed()},
          {"covered", claimed() - uncovered_bins.size()},
          {"uncovered", missing},
          {"unreachable", never},
          {"bins", all}};
}

CoverageRecord CoverageRecord::from_json(const nlohmann::json& json, const std::string& source) {
  try {
    CoverageRecord record;
    record.machine = json.at("machine").get<std::string>();
    record.accesses = json.at("accesses").get<std::uint64_t>();
    record.enough = json.at("enough").get<std::uint64_t>();
    for (const nlohmann::json& bin : json.at("bins")) {
      record.bins.push_back({bin.at("group").get<std::string>(), bin.at("name").get<std::string>(), "",
                             bin.at("hits").get<std::uint64_t>()});
    }
    std::size_t next = 0;
    for (const nlohmann::json& bin : json.at("unreachable")) {
      const auto group = bin.at("group").get<std::string>(), name = bin.at("name").get<std::string>();
      // Both lists have the same order.
      while (next < record.bins.size() && (record.bins[next].group != group || record.bins[next].name != name)) ++next;
      if (next == record.bins.size())
        throw InputError(fmt::format("{}: unreachable bin '{}' is not in 'bins'", source, name));
      record.bins[next].reason = bin.at("reason").get<std::string>();
    }
    return record;
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: is not a coverage file ({})", source, error.what()));
  }
}

}  // namespace vm
