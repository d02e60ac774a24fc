// SPDX-License-Identifier: Apache-2.0
#include "link/serial_port.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "machine/error.h"

namespace vm::link {
namespace {

constexpr std::array<std::pair<unsigned, speed_t>, 9> kSpeeds = {{{115'200, B115200},
                                                                  {230'400, B230400},
                                                                  {460'800, B460800},
                                                                  {921'600, B921600},
                                                                  {1'000'000, B1000000},
                                                                  {1'500'000, B1500000},
                                                                  {2'000'000, B2000000},
                                                                  {2'500'000, B2500000},
                                                                  {3'000'000, B3000000}}};

speed_t speed_of(unsigned baud) {
  const auto found = std::find_if(kSpeeds.begin(), kSpeeds.end(), [&](const auto& s) { return s.first == baud; });
  if (found != kSpeeds.end()) return found->second;
  std::string known;
  for (const auto& speed : kSpeeds) known += fmt::format("{}{}", known.empty() ? "" : ", ", speed.first);
  throw InputError(fmt::format("found a speed of {} baud, expected one of {}", baud, known));
}

}  // namespace

SerialPort::SerialPort(const std::filesystem::path& path, unsigned baud) : path_(path) {
  speed_of(baud);  // before anything is opened
  descriptor_ = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw InputError(fmt::format("found no board at '{}' ({}), expected a serial device such as /dev/ttyUSB0",
                                 path.string(), std::strerror(errno)));
  }
  try {
    set_up(baud);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

SerialPort::~SerialPort() { ::close(descriptor_); }

void SerialPort::set_up(unsigned baud) {
  termios settings{};
  if (::tcgetattr(descriptor_, &settings) != 0) {
    throw InputError(fmt::format("found '{}', expected a serial device such as /dev/ttyUSB0", path_.string()));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    throw InputError(fmt::format("found '{}' in use, expected a device for this program alone", path_.string()));
  }
  ::cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  settings.c_cflag &= ~static_cast<tcflag_t>(CSTOPB | CRTSCTS);
  ::cfsetspeed(&settings, speed_of(baud));
  if (::tcsetattr(descriptor_, TCSANOW, &settings) != 0) {
    throw InputError(fmt::format("found '{}', which does not take {} baud ({}), expected a faster device",
                                 path_.string(), baud, std::strerror(errno)));
  }
  forget_input();
}

void SerialPort::fail(const char* what) const {
  throw std::runtime_error(fmt::format("{}: {} ({})", path_.string(), what, std::strerror(errno)));
}

void SerialPort::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      continue;
    }
    if (written < 0 && errno != EAGAIN && errno != EINTR) fail("the line to the board cannot be written");
    pollfd wanted{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    ::poll(&wanted, 1, -1);
  }
}

std::size_t SerialPort::read(std::span<std::uint8_t> bytes, std::chrono::milliseconds timeout) {
  pollfd wanted{.fd = descriptor_, .events = POLLIN, .revents = 0};
  const int ready = ::poll(&wanted, 1, static_cast<int>(timeout.count()));
  if (ready == 0) return 0;
  const ssize_t got = ::read(descriptor_, bytes.data(), bytes.size());
  if (got > 0) return static_cast<std::size_t>(got);
  if (got == 0 || (errno != EAGAIN && errno != EINTR)) fail("the line to the board is gone");
  return 0;
}

void SerialPort::forget_input() { ::tcflush(descriptor_, TCIFLUSH); }

}  // namespace vm::link
