// SPDX-License-Identifier: Apache-2.0
//
// What a campaign found, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>

#include "fuzz_campaign.h"

namespace vm::sim {

nlohmann::json campaign_json(const CampaignOptions& options, const CampaignResult& result);
void print_campaign(const CampaignResult& result);
int campaign_status(const CampaignResult& result);
// The records of all machines, for a report of coverage.
nlohmann::json coverage_file(const CampaignOptions& options, const CampaignResult& result);

}  // namespace vm::sim
