// SPDX-License-Identifier: Apache-2.0
//
// The verilated board behind a pseudo-terminal: what a program opens is what /dev/ttyUSB0 would be.
//
//   board_sim [--seed N] [--spoil N] [--drop N] [--repeat N]                 prints the terminal's path, runs until
//   killed board_sim [OPTION]... -- PROGRAM ARGUMENT...                             runs the program, with {} in an
//   argument for
//                                                                            the path, and ends with its exit status
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "board.h"
#include "line_noise.h"
#include "pseudo_terminal.h"

namespace {

struct Options {
  std::uint64_t seed = 1;
  vm::board::NoiseRates noise;
  std::vector<std::string> command;
};

pid_t start(std::vector<std::string> command, const std::string& path) {
  for (std::string& word : command) {
    if (const std::size_t at = word.find("{}"); at != std::string::npos) word.replace(at, 2, path);
  }
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::execvp(words[0], words.data());
  std::perror(words[0]);
  std::_Exit(127);
}

// The exit status of a program that has ended.
std::optional<int> ended(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) != child) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class Simulation {
 public:
  explicit Simulation(const Options& options)
      : board_(options.seed), to_board_(options.noise, options.seed), from_board_(options.noise, options.seed + 1) {}

  const std::string& path() const { return terminal_.path(); }

  void run_for_a_while() {
    constexpr unsigned kCycles = 400;
    constexpr int kPatience = 5;  // milliseconds in which nothing is simulated while nothing happens
    const bool idle = !board_.sending() && board_.quiet() > vm::board::kGapClocks;
    for (const std::uint8_t byte : terminal_.read(idle ? kPatience : 0)) board_.send(to_board_.pass(byte));
    if (idle && !board_.sending()) return;
    for (unsigned i = 0; i < kCycles; ++i) board_.cycle();
    std::vector<std::uint8_t> bytes;
    for (const std::uint8_t byte : board_.take_received()) {
      for (const std::uint8_t passed : from_board_.pass(byte)) bytes.push_back(passed);
    }
    if (!bytes.empty()) terminal_.write(bytes);
  }

  void print_counts() const {
    fmt::print(stderr, "board_sim: {} cycles; bytes spoiled {}, lost {}, repeated {}\n", board_.cycles(),
               to_board_.spoiled() + from_board_.spoiled(), to_board_.dropped() + from_board_.dropped(),
               to_board_.repeated() + from_board_.repeated());
  }

 private:
  vm::board::PseudoTerminal terminal_;
  vm::board::Board board_;
  vm::board::LineNoise to_board_, from_board_;
};

int simulate(const Options& options) {
  fmt::print(stderr, "board_sim: seed {}\n", options.seed);
  Simulation simulation(options);
  if (options.command.empty()) {
    fmt::print("{}\n", simulation.path());
    std::fflush(stdout);
    for (;;) simulation.run_for_a_while();
  }
  const pid_t child = start(options.command, simulation.path());
  for (;;) {
    simulation.run_for_a_while();
    if (const std::optional<int> status = ended(child)) {
      simulation.print_counts();
      return *status;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The verilated board behind a pseudo-terminal (docs/board.md)", "board_sim");
  Options options;
  app.add_option("--seed", options.seed, "Seed of memory before reset and of the line's noise")->capture_default_str();
  app.add_option("--spoil", options.noise.spoil, "One byte in so many is another one when it arrives");
  app.add_option("--drop", options.noise.drop, "One byte in so many is lost");
  app.add_option("--repeat", options.noise.repeat, "One byte in so many comes twice");
  app.add_option("command", options.command, "Program to run, with {} for the path of the pseudo-terminal");
  app.prefix_command();
  try {
    app.parse(argc, argv);
    if (options.command.empty()) options.command = app.remaining();
    return simulate(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "board_sim: {}\n", error.what());
    return 1;
  }
}
