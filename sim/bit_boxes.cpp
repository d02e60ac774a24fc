// SPDX-License-Identifier: Apache-2.0
#include "bit_boxes.h"

#include <fmt/format.h>

namespace vm::sim {

namespace {

constexpr unsigned kWideFrom = 26;  // more bits than this get narrower boxes, to fit a terminal

// |<---NAME-->| from the left edge of the field's first box to the right edge of its last.
std::string field_row(const std::vector<BitField>& fields, unsigned bits, unsigned cell) {
  std::string row(static_cast<std::size_t>(bits) * cell + 1, ' ');
  bool any = false;
  for (const BitField& field : fields) {
    if (field.bits == 0) continue;
    any = true;
    const std::size_t left = static_cast<std::size_t>(bits - field.lsb - field.bits) * cell;
    const std::size_t right = static_cast<std::size_t>(bits - field.lsb) * cell;
    const std::size_t inside = right - left - 1;
    std::string text = field.name;
    if (inside >= text.size() + 2) {
      const std::size_t dashes = inside - text.size() - 2;
      text = fmt::format("<{}{}{}>", std::string(dashes / 2, '-'), text, std::string(dashes - dashes / 2, '-'));
    }
    row[left] = row[right] = '|';
    for (std::size_t i = 0; i < text.size() && left + 1 + i < row.size(); ++i) row[left + 1 + i] = text[i];
  }
  return any ? "  " + row + "\n" : "";
}

}  // namespace

std::string bit_boxes(std::uint64_t value, unsigned bits, const std::vector<BitField>& above,
                      const std::vector<BitField>& below) {
  const unsigned cell = bits > kWideFrom ? 2 : 3;
  std::string numbers(static_cast<std::size_t>(bits) * cell + 1, ' ');
  std::string edge = "+", boxes = "|";
  for (unsigned i = bits; i-- > 0;) {
    // Narrow boxes have no room for every number: each fourth bit is named.
    if (cell == 3 || i % 4 == 0) {
      const std::string number = std::to_string(i);
      const std::size_t right = static_cast<std::size_t>(bits - i) * cell;
      for (std::size_t k = 0; k < number.size(); ++k) numbers[right - number.size() + k] = number[k];
    }
    edge += std::string(cell - 1, '-') + "+";
    boxes += fmt::format("{:>{}}|", (value >> i) & 1U, cell - 1);
  }
  edge = "  " + edge + "\n";
  return field_row(above, bits, cell) + "  " + numbers + "\n" + edge + "  " + boxes + "\n" + edge +
         field_row(below, bits, cell);
}

}  // namespace vm::sim
