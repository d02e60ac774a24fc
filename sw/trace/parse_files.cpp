// SPDX-License-Identifier: Apache-2.0
//
// Files and devices: what there is, what must be in them, and what ps and /proc tell.
#include <fmt/format.h>

#include "trace/parser_state.h"

namespace vm::trace {

bool Parser::file_line(std::string_view keyword) {
  const Place place = cursor_.place();
  if (keyword == "files") {
    scenario().setup.push_back({place, FilesDirectory{directory_ / cursor_.text("the name of a directory in quotes")}});
    return true;
  }
  NewFile file;
  const Token token = cursor_.peek();
  file.name = cursor_.text("the name of a file in quotes");
  if (file.name.empty()) cursor_.fail_at(token, "a name");
  cursor_.expect(":");
  if (cursor_.accept("random")) {
    constexpr std::uint64_t kMostBytes = 1U << 20;
    file.random_bytes = cursor_.number_up_to(kMostBytes, "a number of bytes");
  } else {
    file.content = content();
  }
  scenario().setup.push_back({place, std::move(file)});
  return true;
}

std::vector<std::uint8_t> Parser::content() {
  std::vector<std::uint8_t> bytes;
  while (!cursor_.at_end()) {
    if (cursor_.peek().kind == TokenKind::Text) {
      const std::string_view text = cursor_.take().text;
      bytes.insert(bytes.end(), text.begin(), text.end());
    } else {
      bytes.push_back(static_cast<std::uint8_t>(cursor_.hex_up_to(0xFF, "a text in quotes or a byte")));
    }
  }
  return bytes;
}

void Parser::device_line() {
  constexpr std::uint64_t kMostUnits = 4096;  // in a row, or rows
  const Place place = cursor_.place();
  Device device;
  const Token token = cursor_.peek();
  device.name = cursor_.text("the name of a device in quotes");
  if (device.name.empty()) cursor_.fail_at(token, "a name");
  const auto positive = [this](std::string_view what) {
    const Token at = cursor_.peek();
    const auto value = static_cast<unsigned>(cursor_.number_up_to(1'000'000, what));
    if (value == 0) cursor_.fail_at(at, std::string(what) + " of at least 1");
    return value;
  };
  if (cursor_.accept("sound")) {
    device.kind = Device::Kind::Sound;
    device.rate = positive("a number of samples per second");
    device.width = positive("a number of samples");
  } else {
    const bool console = cursor_.accept("console");
    if (!console && !cursor_.accept("framebuffer"))
      cursor_.fail("'framebuffer WxH', 'sound RATE SAMPLES' or 'console WxH'");
    device.kind = console ? Device::Kind::Console : Device::Kind::Framebuffer;
    const Token size = cursor_.peek();
    const std::size_t cross = size.text.find('x');
    const bool both = size.kind == TokenKind::Word && cross != std::string_view::npos;
    const std::uint64_t width = both ? parse_number(size.text.substr(0, cross)).value_or(0) : 0;
    const std::uint64_t height = both ? parse_number(size.text.substr(cross + 1)).value_or(0) : 0;
    if (width == 0 || height == 0 || width > kMostUnits || height > kMostUnits) {
      cursor_.fail(fmt::format("a width and a height from 1 to {}, as in 80x25", kMostUnits));
    }
    cursor_.take();
    device.width = static_cast<unsigned>(width);
    device.height = static_cast<unsigned>(height);
  }
  scenario().setup.push_back({place, std::move(device)});
}

std::optional<ReportStep> Parser::report() {
  if (cursor_.accept("ps")) return ReportStep{.report = Report::Processes};
  if (cursor_.accept("frames")) return ReportStep{.report = Report::Frames};
  if (cursor_.accept("lists")) return ReportStep{.report = Report::Lists};
  const bool maps = cursor_.accept("maps");
  if (!maps && !cursor_.accept("tables")) return std::nullopt;
  return ReportStep{.report = maps ? Report::Areas : Report::Tables, .process = known_process()};
}

bool Parser::report_line(Place place) {
  constexpr std::string_view kReports[] = {"ps", "frames", "lists", "maps", "tables"};
  if (std::none_of(std::begin(kReports), std::end(kReports), [&](std::string_view name) { return cursor_.is(name); }))
    return false;
  begin_step();
  const auto step = report();
  if (!step) return false;
  add_step(place, *step);
  return true;
}

bool Parser::expect_content(Place place) {
  if (const auto of = report()) {
    add_step(place, ExpectReport{*of, std::string(cursor_.text("a line of the report in quotes"))});
  } else if (cursor_.accept("output")) {
    ExpectOutput step;
    step.process = known_process();
    if (cursor_.accept("=")) {
      cursor_.expect("file");
      const Token name = cursor_.peek();
      step.file = cursor_.text("the name of a file in quotes");
      if (step.file.empty()) cursor_.fail_at(name, "a name");
    } else {
      cursor_.expect(":");
      step.bytes = content();
    }
    add_step(place, std::move(step));
  } else if (cursor_.accept("file")) {
    ExpectFile step;
    step.name = cursor_.text("the name of a file in quotes");
    cursor_.expect(":");
    step.content = content();
    add_step(place, std::move(step));
  } else if (cursor_.accept("device")) {
    ExpectDevice step;
    step.name = cursor_.text("the name of a device in quotes");
    step.offset = cursor_.number("an offset in bytes");
    cursor_.expect(":");
    step.bytes = content();
    if (step.bytes.empty()) cursor_.fail("at least one byte");
    add_step(place, std::move(step));
  } else {
    return false;
  }
  return true;
}

}  // namespace vm::trace
