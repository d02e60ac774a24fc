// SPDX-License-Identifier: Apache-2.0
#include "trace/touched_pages.h"

#include <utility>

#include "trace/reference_testbed.h"

namespace vm::trace {

std::vector<PageTouch> touched_pages(const Files& files, const Scenario& scenario, RunnerOptions options) {
  options.keep_files = true;
  options.replacement.emplace();
  ReferenceTestbed testbed(scenario.machine, scenario.bus_errors);
  Runner runner(files, scenario, testbed, std::move(options));
  runner.kernel().record_touches();
  runner.run();
  const auto touches = runner.kernel().touches();
  return {touches.begin(), touches.end()};
}

}  // namespace vm::trace
