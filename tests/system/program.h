// SPDX-License-Identifier: Apache-2.0
//
// Runs pagewalk as a user would, in a folder of its own for what it reads and writes.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace vm {

struct ProgramResult {
  int status = -1;
  std::string out, err;
};

class Program {
 public:
  Program() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pagewalk-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    folder_ = pattern;
  }
  ~Program() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Writes a file into the folder; its path.
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return path(name);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // `arguments` as in a shell.
  ProgramResult operator()(const std::string& arguments) const {
    const std::string command =
        std::string(VM_PAGEWALK) + " " + arguments + " >" + path("stdout") + " 2>" + path("stderr");
    const int raw = std::system(command.c_str());
    return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, read(folder_ / "stdout"), read(folder_ / "stderr")};
  }

  static std::string read(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return std::move(text).str();
  }

 private:
  std::filesystem::path folder_;
};

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace vm
