// SPDX-License-Identifier: Apache-2.0
//
// Files and what maps them: Linux's rules, one page cache for all, and no frame left behind.
#include <algorithm>
#include <cerrno>

#include "kernel_fixture.h"

namespace vm::test {
namespace {

constexpr int kRead = 1, kWrite = 2;
constexpr int kShared = 1, kPrivate = 2, kFixed = 0x10, kAnonymous = 0x20;
constexpr int kReadOnly = 0, kWriteOnly = 1, kReadWrite = 2, kCreate = 0100, kExclusive = 0200, kAppend = 02000;
constexpr std::uint64_t kPage = 4096, kBuffer = 0x1000, kFile = 0x600000;

struct Files : System {
  explicit Files(std::string_view machine = "flat32") : System(machine) {
    std::vector<std::uint8_t> two_pages(kPage + 100);
    for (std::size_t i = 0; i < two_pages.size(); ++i) two_pages[i] = static_cast<std::uint8_t>(i % 251);
    kernel.disk().add("two pages", two_pages);
    kernel.disk().add("short", {'s', 'h', 'o', 'r', 't'});
    a = process("A", {.heap = 0x800000});
    kernel.add_area(a, VirtAddr(kBuffer), VirtAddr(kBuffer + 2 * kPage), rw(), false);
    kernel.start();
  }
  std::int64_t open(std::string_view name, int flags) { return kernel.open(a, name, flags); }
  int fd(std::string_view name, int flags) { return static_cast<int>(open(name, flags)); }
  std::int64_t mmap(std::uint64_t at, std::uint64_t len, int prot, int flags, int file, std::uint64_t offset = 0) {
    return kernel.mmap(a, at, len, prot, flags, file, offset);
  }
  std::string on_disk(const std::string& name) {
    const auto file = static_cast<FileId>(kernel.disk().open(name, {}));
    std::vector<std::uint8_t> bytes(kernel.disk().size(file));
    BOOST_TEST(kernel.disk().read(file, 0, bytes) == 0);
    return {bytes.begin(), bytes.end()};
  }
  void exit_leaves_nothing() {
    check();
    kernel.exit(a);
    BOOST_TEST(kernel.broken_invariant() == "");
    const std::string frames = kernel.frames();
    BOOST_TEST(std::count(frames.begin(), frames.end(), '\n') == 1, frames);
  }
  ProcessId a = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(file_calls, Files)

// X27. Nobody meant it, but the frame is the file's.
BOOST_AUTO_TEST_CASE(a_supervisor_whom_read_only_pages_do_not_bind_stores_to_the_file) {
  System x86("corei7");
  Environment env = x86.kernel.environment();
  env.wp = false;
  x86.kernel.set_environment(env);
  x86.kernel.disk().add("file", std::vector<std::uint8_t>(kPage, 1));
  const ProcessId p = x86.process("P");
  x86.kernel.start();
  const auto fd = static_cast<int>(x86.kernel.open(p, "file", kReadOnly));
  BOOST_TEST(x86.kernel.mmap(p, kFile, kPage, kRead, kPrivate | kFixed, fd, 0) == static_cast<std::int64_t>(kFile));
  BOOST_TEST(x86.value(p, kFile, 1) == 1U);
  BOOST_TEST(!x86.access(p, AccessKind::Store, kFile, 1, 7, false, true).refused);
  x86.check();
  BOOST_TEST(x86.kernel.sync() == 0);
  std::array<std::uint8_t, 2> bytes{};
  const auto file = static_cast<FileId>(x86.kernel.disk().open("file", {}));
  BOOST_TEST(x86.kernel.disk().read(file, 0, bytes) == 0);
  BOOST_TEST(bytes[0] == 7);
  BOOST_TEST(bytes[1] == 1);
  x86.check();
}

BOOST_AUTO_TEST_CASE(descriptors_are_the_lowest_free_and_errors_are_linuxs) {
  BOOST_TEST(open("short", kReadOnly) == 3);
  BOOST_TEST(open("short", kReadWrite) == 4);
  BOOST_TEST(kernel.close(a, 3) == 0);
  BOOST_TEST(kernel.close(a, 3) == -EBADF);
  BOOST_TEST(open("two pages", kReadOnly) == 3);
  BOOST_TEST(open("missing", kReadOnly) == -ENOENT);
  BOOST_TEST(open("short", kReadWrite | kCreate | kExclusive) == -EEXIST);
  BOOST_TEST(open("short", 3) == -EINVAL);
  BOOST_TEST(kernel.read(a, 9, kBuffer, 1) == -EBADF);
  BOOST_TEST(kernel.read(a, fd("short", kWriteOnly), kBuffer, 1) == -EBADF);
  BOOST_TEST(kernel.write(a, 3, kBuffer, 1) == -EBADF);
  BOOST_TEST(kernel.fstat(a, 9, kBuffer) == -EBADF);
  BOOST_TEST(kernel.fsync(a, 9) == -EBADF);
  BOOST_TEST(kernel.fsync(a, 1) == -EINVAL);
  for (int i = 6; i < 1024; ++i) BOOST_TEST_REQUIRE(open("short", kReadOnly) == i);
  BOOST_TEST(open("short", kReadOnly) == -EMFILE);
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(read_ends_at_the_end_and_at_memory_that_is_not_there) {
  const int file = fd("two pages", kReadOnly);
  BOOST_TEST(kernel.read(a, file, kBuffer + 3, 10) == 10);
  BOOST_TEST(value(a, kBuffer + 3, 8) == 0x0706050403020100U);
  BOOST_TEST(kernel.read(a, file, kBuffer + 2 * kPage - 50, 100) == 50);
  BOOST_TEST(kernel.read(a, file, 0x5000, 1) == -EFAULT);
  BOOST_TEST(kernel.read(a, file, ~0ULL - 4, 8) == -EFAULT);
  BOOST_TEST(kernel.read(a, file, kBuffer, 2 * kPage) == static_cast<std::int64_t>(kPage + 100 - 60));
  BOOST_TEST(kernel.read(a, file, kBuffer, 10) == 0);
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(the_kernel_touches_no_kernel_page_for_a_process) {
  kernel.map(a, Vpn(0x700), Ppn(0x5000), {.read = true, .write = true, .exec = false, .kernel = true}, false);
  BOOST_TEST(kernel.write(a, 1, 0x700000, 8) == -EFAULT);
  BOOST_TEST(kernel.write(a, 1, 0x6FFFFC, 8) == -EFAULT);
  BOOST_TEST(kernel.read(a, fd("short", kReadOnly), 0x700000, 5) == -EFAULT);
  BOOST_TEST(kernel.fstat(a, 3, 0x6FFFF0) == -EFAULT);
  BOOST_TEST(kernel.output_of(a).empty());
  check();
}

BOOST_AUTO_TEST_CASE(the_kernel_respects_what_the_process_may_do) {
  BOOST_TEST(mmap(kFile, kPage, kRead, kPrivate | kAnonymous | kFixed, -1) == static_cast<std::int64_t>(kFile));
  BOOST_TEST(kernel.read(a, fd("short", kReadOnly), kFile, 5) == -EFAULT);
  BOOST_TEST(kernel.write(a, 1, kFile, 5) == 5);
  check();
}

BOOST_AUTO_TEST_CASE(write_appends_grows_and_reaches_the_disk_at_fsync) {
  const int file = fd("short", kReadWrite | kAppend);
  store(a, kBuffer, 8, 0x2E2E2E2E2E2E2E21);
  BOOST_TEST(kernel.write(a, file, kBuffer, 1) == 1);
  BOOST_TEST(on_disk("short").substr(0, 5) == "short");
  BOOST_TEST(kernel.fsync(a, file) == 0);
  BOOST_TEST(on_disk("short") == "short!");
  BOOST_TEST(kernel.write(a, file, kBuffer, 2 * kPage) == static_cast<std::int64_t>(2 * kPage));
  BOOST_TEST(kernel.close(a, file) == 0);
  BOOST_TEST(on_disk("short").size() == 6 + 2 * kPage);
  BOOST_TEST(on_disk("short").substr(0, 9) == "short!!..");
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(fork_shares_the_position_of_an_open_file) {
  const int file = fd("two pages", kReadOnly);
  const auto child = static_cast<ProcessId>(kernel.fork(a, "B"));
  BOOST_TEST(kernel.read(a, file, kBuffer, 3) == 3);
  BOOST_TEST(kernel.read(child, file, kBuffer, 1) == 1);
  BOOST_TEST(value(child, kBuffer, 1) == 3U);
  BOOST_TEST(value(a, kBuffer, 1) == 0U);
  kernel.exit(child, 7);
  int status = 0;
  BOOST_TEST(kernel.wait(a, &status) == child);
  BOOST_TEST(status == 7);
  BOOST_TEST(kernel.wait(a) == -ECHILD);
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(wait_tells_living_children_from_none) {
  BOOST_TEST(kernel.wait(a) == -ECHILD);
  const auto child = static_cast<ProcessId>(kernel.fork(a, "B"));
  BOOST_TEST(kernel.wait(a) == 0);
  kernel.exit(a);
  BOOST_TEST(kernel.wait(child) == -ECHILD);
  kernel.exit(child);
}

BOOST_AUTO_TEST_CASE(mmap_of_files_has_linuxs_errors) {
  const int readable = fd("short", kReadOnly), both = fd("short", kReadWrite), write_only = fd("short", kWriteOnly);
  BOOST_TEST(mmap(0, kPage, kRead, kPrivate, 9) == -EBADF);
  BOOST_TEST(mmap(0, kPage, kRead, kPrivate, 1) == -ENODEV);
  BOOST_TEST(mmap(0, kPage, kRead, kPrivate, write_only) == -EACCES);
  BOOST_TEST(mmap(0, kPage, kRead | kWrite, kShared, readable) == -EACCES);
  BOOST_TEST(mmap(0, kPage, kRead | kWrite, kPrivate, readable) > 0);
  BOOST_TEST(mmap(0, kPage, kRead, kPrivate, readable, 7) == -EINVAL);
  BOOST_TEST(mmap(0, kPage, kRead, kPrivate, readable, ~0ULL << 12) == -EOVERFLOW);
  BOOST_TEST(mmap(0, 0, kRead, kPrivate, both) == -EINVAL);
  // A call that fails has unmapped nothing.
  store(a, kBuffer, 8, 5);
  BOOST_TEST(mmap(kBuffer, kPage, kRead | kWrite, kShared | kFixed, readable) == -EACCES);
  BOOST_TEST(value(a, kBuffer, 8) == 5U);
  const std::int64_t shared = mmap(0, kPage, kRead, kShared, readable);
  BOOST_TEST(kernel.mprotect(a, static_cast<std::uint64_t>(shared), kPage, kRead | kWrite) == -EACCES);
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(behind_the_last_page_of_a_file_there_is_a_bus_error) {
  mmap(kFile, 4 * kPage, kRead, kShared | kFixed, fd("two pages", kReadOnly));
  BOOST_TEST(value(a, kFile + kPage + 99, 1) == (kPage + 99) % 251);
  BOOST_TEST(value(a, kFile + kPage + 100, 1) == 0U);
  const Outcome behind = load(a, kFile + 2 * kPage, 1);
  BOOST_TEST(behind.sigbus);
  BOOST_TEST(!behind.segv);
  BOOST_TEST(kernel.write(a, 1, kFile + 2 * kPage, 1) == -EFAULT);
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(a_mapping_outlives_its_descriptor) {
  const int file = fd("short", kReadWrite);
  mmap(kFile, kPage, kRead | kWrite, kShared | kFixed, file);
  kernel.close(a, file);
  store(a, kFile, 1, 'S');
  BOOST_TEST(on_disk("short") == "short");
  BOOST_TEST(kernel.munmap(a, kFile, kPage) == 0);
  BOOST_TEST(on_disk("short") == "Short");
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(msync_and_madvise_have_linuxs_errors) {
  mmap(kFile, kPage, kRead | kWrite, kShared | kFixed, fd("short", kReadWrite));
  BOOST_TEST(kernel.msync(a, kFile, kPage, 5) == -EINVAL);
  BOOST_TEST(kernel.msync(a, kFile, kPage, 8) == -EINVAL);
  BOOST_TEST(kernel.msync(a, kFile + 1, kPage, 4) == -EINVAL);
  store(a, kFile, 1, 'S');
  BOOST_TEST(kernel.msync(a, kFile - kPage, 3 * kPage, 4) == -ENOMEM);
  BOOST_TEST(on_disk("short") == "Short");  // all the same
  BOOST_TEST(kernel.madvise(a, kFile + 1, kPage, 4) == -EINVAL);
  BOOST_TEST(kernel.madvise(a, kFile, kPage, 99) == -EINVAL);
  BOOST_TEST(kernel.madvise(a, kFile, 2 * kPage, 4) == -ENOMEM);
  BOOST_TEST(kernel.madvise(a, kFile, kPage, 1) == 0);
  BOOST_TEST(kernel.madvise(a, kFile, kPage, 4) == 0);
  BOOST_TEST(value(a, kFile, 1) == static_cast<std::uint64_t>('S'));
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(mremap_has_linuxs_errors) {
  mmap(kFile, 2 * kPage, kRead | kWrite, kPrivate | kAnonymous | kFixed, -1);
  const auto mremap = [&](std::uint64_t at, std::uint64_t old_len, std::uint64_t new_len, int flags,
                          std::uint64_t to = 0) { return kernel.mremap(a, at, old_len, new_len, flags, to); };
  BOOST_TEST(mremap(kFile + 1, kPage, kPage, 0) == -EINVAL);
  BOOST_TEST(mremap(kFile, kPage, 0, 0) == -EINVAL);
  BOOST_TEST(mremap(kFile, kPage, kPage, 2) == -EINVAL);
  BOOST_TEST(mremap(kFile, kPage, kPage, 4) == -EINVAL);
  BOOST_TEST(mremap(kFile, kPage, kPage, 3, 0x700001) == -EINVAL);
  BOOST_TEST(mremap(kFile, 2 * kPage, 2 * kPage, 3, kFile + kPage) == -EINVAL);
  BOOST_TEST(mremap(0x700000, kPage, kPage, 0) == -EFAULT);
  BOOST_TEST(mremap(kFile, 3 * kPage, 4 * kPage, 1) == -EFAULT);
  BOOST_TEST(mremap(kFile, 0, kPage, 1) == -EINVAL);
  BOOST_TEST(mremap(kFile, kPage, 2 * kPage, 0) == -ENOMEM);
  store(a, kFile, 8, 1);
  store(a, kFile + kPage, 8, 2);
  const auto moved = static_cast<std::uint64_t>(mremap(kFile, kPage, 3 * kPage, 1));
  BOOST_TEST(moved != kFile);
  BOOST_TEST(value(a, moved, 8) == 1U);
  BOOST_TEST(value(a, moved + kPage, 8) == 0U);
  BOOST_TEST(load(a, kFile, 8).segv);
  BOOST_TEST(value(a, kFile + kPage, 8) == 2U);
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(a_moved_copy_on_write_page_stays_one) {
  mmap(kFile, kPage, kRead | kWrite, kPrivate | kAnonymous | kFixed, -1);
  store(a, kFile, 8, 1);
  const auto child = static_cast<ProcessId>(kernel.fork(a, "B"));
  BOOST_TEST(kernel.mremap(a, kFile, kPage, kPage, 3, 0x900000) == 0x900000);
  store(a, 0x900000, 8, 2);
  BOOST_TEST(value(child, kFile, 8) == 1U);
  BOOST_TEST(value(a, 0x900000, 8) == 2U);
  kernel.exit(child);
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(brk_moves_the_end_of_the_heap_or_says_where_it_is) {
  BOOST_TEST(kernel.brk(a, 0) == 0x800000U);
  BOOST_TEST(kernel.brk(a, 0x800010) == 0x800010U);
  store(a, 0x800FF8, 8, 3);  // the rest of the page
  BOOST_TEST(load(a, 0x801000, 1).segv);
  BOOST_TEST(kernel.brk(a, 0x7FFFFF) == 0x800010U);
  BOOST_TEST(kernel.brk(a, ~0ULL) == 0x800010U);
  mmap(0x803000, kPage, kRead, kPrivate | kAnonymous | kFixed, -1);
  BOOST_TEST(kernel.brk(a, 0x803001) == 0x800010U);
  BOOST_TEST(kernel.brk(a, 0x803000) == 0x803000U);
  store(a, 0x802000, 8, 3);
  BOOST_TEST(kernel.brk(a, 0x800000) == 0x800000U);
  BOOST_TEST(load(a, 0x800000, 1).segv);
  exit_leaves_nothing();
}

BOOST_AUTO_TEST_CASE(a_fault_outside_every_area_is_told_from_one_that_is_not_permitted) {
  mmap(kFile, kPage, kRead, kPrivate | kAnonymous | kFixed, -1);
  BOOST_TEST((load(a, 0x500000, 1).segv_code == SegvCode::MapErr));
  BOOST_TEST((store(a, kFile, 1, 1).segv_code == SegvCode::AccErr));
  BOOST_TEST((load(a, kFile, 1).segv_code == SegvCode::None));
  BOOST_TEST((store(a, kFile, 1, 1).segv_code == SegvCode::AccErr));
}

BOOST_AUTO_TEST_SUITE_END()

// A supervisor that may write to read-only pages, or must say that it means user pages.
BOOST_AUTO_TEST_CASE(read_copies_a_shared_page_first_in_every_mode) {
  for (const auto bit : {&Environment::wp, &Environment::smap}) {
    System s("corei7");
    Environment environment = s.kernel.environment();
    environment.wp = bit != &Environment::wp;
    environment.smap = bit == &Environment::smap;
    s.kernel.set_environment(environment);
    s.kernel.disk().add("f", {1, 2, 3, 4});
    const ProcessId a = s.process("A");
    s.kernel.add_area(a, VirtAddr(kBuffer), VirtAddr(kBuffer + kPage), rw(), false);
    s.kernel.start();
    s.store(a, kBuffer, 4, 0xAAAAAAAA);
    const auto b = static_cast<ProcessId>(s.kernel.fork(a, "B"));
    BOOST_TEST(s.kernel.open(b, "f", kReadOnly) == 3);
    BOOST_TEST(s.kernel.read(b, 3, kBuffer, 4) == 4);
    BOOST_TEST(s.value(a, kBuffer, 4) == 0xAAAAAAAAU);
    BOOST_TEST(s.value(b, kBuffer, 4) == 0x04030201U);
    s.check();
  }
}

// What a page that the user put over a file holds is not the file's, nor what is stored to it.
BOOST_AUTO_TEST_CASE(a_large_page_mapped_by_name_over_a_file_leaves_the_file_alone) {
  for (const char* machine : {"corei7", "sv39"}) {
    BOOST_TEST_CONTEXT(machine) {
      System s(machine);
      s.kernel.disk().add("f", std::vector<std::uint8_t>(kPage, 0x5A));
      const ProcessId a = s.process("A"), b = s.process("B");
      s.kernel.start();
      for (const ProcessId pid : {a, b}) {
        BOOST_TEST(s.kernel.open(pid, "f", kReadWrite) == 3);
        BOOST_TEST(s.kernel.mmap(pid, kFile, kPage, kRead | kWrite, kShared | kFixed, 3, 0) ==
                   static_cast<std::int64_t>(kFile));
      }
      BOOST_TEST(s.value(b, kFile, 1) == 0x5AU);
      const std::uint64_t block = s.platform.machine().regions.front().base.value + (8ULL << 20);
      s.kernel.map(a, Vpn(kFile / kPage), Ppn(block / kPage), rw(), {.level = 1});
      s.store(a, kFile, 1, 0x11);
      const std::int64_t c = s.kernel.fork(b, "C", ForkKind::Copy);
      BOOST_TEST_REQUIRE(c > 0);
      const std::int64_t d = s.kernel.mmap(b, kFile + kPage, kPage, kRead, kPrivate | kFixed, 3, 0);
      BOOST_TEST(s.value(b, static_cast<std::uint64_t>(d), 1) == 0x5AU);
      BOOST_TEST(s.value(static_cast<ProcessId>(c), kFile, 1) == 0x5AU);
      BOOST_TEST(s.value(a, kFile, 1) == 0x11U);
      s.check();
    }
  }
}

// What entries cannot say the kernel must make good: no dirty bit (flat32), no write bit (ptbr16).
BOOST_AUTO_TEST_CASE(private_file_pages_are_private_on_every_machine) {
  for (const Machine& machine : machines()) {
    BOOST_TEST_CONTEXT(machine.name) {
      System s(machine);
      const std::uint64_t page = machine.format.page_size();
      s.kernel.disk().add("f", std::vector<std::uint8_t>(page, 0x11));
      const ProcessId a = s.process("A"), b = s.process("B");
      s.kernel.start();
      for (const ProcessId pid : {a, b}) BOOST_TEST(s.kernel.open(pid, "f", kReadWrite) == 3);
      BOOST_TEST(s.kernel.mmap(a, page, page, kRead | kWrite, kShared | kFixed, 3, 0) ==
                 static_cast<std::int64_t>(page));
      BOOST_TEST(s.kernel.mmap(b, page, page, kRead | kWrite, kPrivate | kFixed, 3, 0) ==
                 static_cast<std::int64_t>(page));
      BOOST_TEST(s.value(b, page, 1) == 0x11U);
      s.store(b, page, 1, 0x22);
      BOOST_TEST(s.value(a, page, 1) == 0x11U);
      s.store(a, page, 1, 0x33);
      BOOST_TEST(s.value(b, page, 1) == 0x22U);
      BOOST_TEST(s.kernel.sync() == 0);
      std::array<std::uint8_t, 1> byte{};
      BOOST_TEST(s.kernel.disk().read(FileId{}, 0, byte) == 0);
      BOOST_TEST(byte[0] == 0x33);
      s.check();
    }
  }
}

}  // namespace vm::test
