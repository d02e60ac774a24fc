// SPDX-License-Identifier: Apache-2.0
//
// The disk: nothing outside the user's directory can be reached, and the host's files change only when they should.
#include "os/file_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "machine/error.h"

namespace vm::test {
namespace {

namespace fs = std::filesystem;

class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "pagewalk-files-XXXXXX").string();
    BOOST_TEST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    root_ = name;
    fs::create_directories(inside() / "sub");
    write(inside() / "hello", "hello");
    write(inside() / "sub/deep", "deep");
    write(root_ / "secret", "secret");
    fs::create_symlink("../secret", inside() / "link");
    fs::create_directory_symlink("..", inside() / "up");
    fs::create_hard_link(inside() / "hello", inside() / "again");
    BOOST_TEST_REQUIRE(::mkfifo((inside() / "fifo").c_str(), 0600) == 0);
  }
  ~Directory() { fs::remove_all(root_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  fs::path inside() const { return root_ / "inside"; }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return std::move(text).str();
  }

 private:
  fs::path root_;
};

std::string content(const FileStore& store, std::int64_t id) {
  const auto file = static_cast<FileId>(id);
  std::vector<std::uint8_t> bytes(store.size(file));
  BOOST_TEST(store.read(file, 0, bytes) == 0);
  return {bytes.begin(), bytes.end()};
}

int put(FileStore& store, std::int64_t id, std::uint64_t at, const std::string& text) {
  return store.write(static_cast<FileId>(id), at, std::vector<std::uint8_t>(text.begin(), text.end()));
}

struct Store : Directory {
  Store() { store.use_directory(inside(), FileStore::Writes::Kept); }
  FileStore store;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(file_store, Store)

BOOST_AUTO_TEST_CASE(files_of_the_directory_and_below_it_are_found) {
  BOOST_TEST(content(store, store.open("hello", {})) == "hello");
  BOOST_TEST(content(store, store.open("sub/deep", {})) == "deep");
  BOOST_TEST(store.open("nothing", {}) == -ENOENT);
  BOOST_TEST(store.open("", {}) == -ENOENT);
}

BOOST_AUTO_TEST_CASE(no_name_leads_out_of_the_directory) {
  for (const bool create : {false, true}) {
    for (const bool write : {false, true}) {
      const FileStore::OpenRequest request{.write = write, .create = create};
      BOOST_TEST(store.open("../secret", request) == -EACCES);
      BOOST_TEST(store.open("sub/../../secret", request) == -EACCES);
      BOOST_TEST(store.open("/etc/passwd", request) == -EACCES);
      BOOST_TEST(store.open("./hello", request) == -EACCES);
      BOOST_TEST(store.open("sub//deep", request) == -EACCES);
      BOOST_TEST(store.open("link", request) == -ELOOP);
      BOOST_TEST(store.open("up/secret", request) == -ELOOP);
      BOOST_TEST(store.open(std::string_view("hello\0x", 7), request) == -EACCES);
    }
  }
  FileStore real;
  real.use_directory(inside(), FileStore::Writes::Real);
  BOOST_TEST(real.open("link", {.write = true, .create = true}) == -ELOOP);
  BOOST_TEST(real.open("up/new", {.write = true, .create = true}) == -ELOOP);
  BOOST_TEST(real.open("../new", {.write = true, .create = true}) == -EACCES);
  BOOST_TEST(read(inside().parent_path() / "secret") == "secret");
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_refused_at_once) {
  BOOST_TEST(store.open("sub", {}) == -EISDIR);
  BOOST_TEST(store.open("fifo", {}) == -EACCES);
  BOOST_TEST(store.open("hello/x", {}) == -ENOTDIR);
}

BOOST_AUTO_TEST_CASE(two_names_of_one_file_are_one_file) {
  BOOST_TEST(store.open("hello", {}) == store.open("again", {}));
  BOOST_TEST(store.open("hello", {}) != store.open("sub/deep", {}));
}

BOOST_AUTO_TEST_CASE(kept_writes_are_seen_and_leave_the_host_alone) {
  const std::int64_t id = store.open("hello", {.write = true});
  BOOST_TEST(put(store, id, 4, "ween") == 0);
  BOOST_TEST(content(store, id) == "hellween");
  BOOST_TEST(read(inside() / "hello") == "hello");
  const std::int64_t made = store.open("new", {.write = true, .create = true});
  BOOST_TEST(put(store, made, 0, "new") == 0);
  BOOST_TEST(content(store, store.open("new", {})) == "new");
  BOOST_TEST(!fs::exists(inside() / "new"));
  BOOST_TEST(store.open("new", {.write = true, .create = true, .exclusive = true}) == -EEXIST);
  BOOST_TEST(store.open("hello", {.write = true, .create = true, .exclusive = true}) == -EEXIST);
}

BOOST_AUTO_TEST_CASE(real_writes_change_the_hosts_files) {
  FileStore real;
  real.use_directory(inside(), FileStore::Writes::Real);
  const std::int64_t reading = real.open("hello", {});
  BOOST_TEST(put(real, reading, 0, "J") == -EBADF);
  const std::int64_t id = real.open("hello", {.write = true});
  BOOST_TEST(id == reading);
  BOOST_TEST(put(real, id, 0, "J") == 0);
  BOOST_TEST(read(inside() / "hello") == "Jello");
  BOOST_TEST(put(real, real.open("new", {.write = true, .create = true}), 0, "new") == 0);
  BOOST_TEST(read(inside() / "new") == "new");
  BOOST_TEST(real.open("new", {.write = true, .create = true, .exclusive = true}) == -EEXIST);
}

BOOST_AUTO_TEST_CASE(behind_the_end_there_are_zeros) {
  std::vector<std::uint8_t> bytes(8, 0xAA);
  BOOST_TEST(store.read(static_cast<FileId>(store.open("hello", {})), 3, bytes) == 0);
  BOOST_TEST((bytes == std::vector<std::uint8_t>{'l', 'o', 0, 0, 0, 0, 0, 0}));
  BOOST_TEST(store.read(static_cast<FileId>(store.open("hello", {})), 1'000'000, bytes) == 0);
  BOOST_TEST((bytes == std::vector<std::uint8_t>(8)));
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_none_is_bad_input) {
  BOOST_CHECK_THROW(store.use_directory(inside() / "hello", FileStore::Writes::Kept), InputError);
  BOOST_CHECK_THROW(store.use_directory(inside() / "missing", FileStore::Writes::Kept), InputError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace vm::test
