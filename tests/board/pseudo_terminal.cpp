// SPDX-License-Identifier: Apache-2.0
#include "pseudo_terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): posix_openpt
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace vm::board {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

PseudoTerminal::PseudoTerminal() {
  master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) fail("pseudo-terminal");
  std::array<char, 128> name{};
  if (::ptsname_r(master_, name.data(), name.size()) != 0) fail("name of the pseudo-terminal");
  path_ = name.data();
  slave_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave_ < 0) fail("other end of the pseudo-terminal");
  termios settings{};
  ::tcgetattr(slave_, &settings);
  ::cfmakeraw(&settings);
  ::tcsetattr(slave_, TCSANOW, &settings);
}

PseudoTerminal::~PseudoTerminal() {
  ::close(slave_);
  ::close(master_);
}

std::vector<std::uint8_t> PseudoTerminal::read(int milliseconds) {
  pollfd wanted{.fd = master_, .events = POLLIN, .revents = 0};
  if (::poll(&wanted, 1, milliseconds) <= 0) return {};
  std::vector<std::uint8_t> bytes(4096);
  const ssize_t got = ::read(master_, bytes.data(), bytes.size());
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

// What does not fit is lost, as on a line on which nobody listens.
void PseudoTerminal::write(std::span<const std::uint8_t> bytes) {
  pollfd wanted{.fd = master_, .events = POLLOUT, .revents = 0};
  if (::poll(&wanted, 1, 0) > 0) [[maybe_unused]]
    const ssize_t written = ::write(master_, bytes.data(), bytes.size());
}

}  // namespace vm::board
