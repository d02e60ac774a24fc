/* SPDX-License-Identifier: Apache-2.0
 *
 * Bare-metal program for qemu-system-riscv64 (machine virt): answers the cases the host left in memory, then powers
 * off. Machine mode makes loads and stores with MPRV, and fetches by MRET. */
#include "qemu_exchange.h"

struct ends {
  uint64_t value, cause;
};
struct ends ask(uint64_t kind, uint64_t va, uint64_t mstatus, uint64_t stored);

/* ask: a trap, the fetched page's ECALL among them, comes back to its caller. The registers a page changes are a0 only.
 */
__asm__(
    ".section .start, \"ax\", @progbits\n"
    ".globl _start\n"
    "_start:\n"
    "  li sp, 0x80400000\n"
    "  li t0, -1\n"
    "  csrw pmpaddr0, t0\n"
    "  li t0, 31\n"
    "  csrw pmpcfg0, t0\n"
    "  call main\n"
    "  li t0, 0x100000\n"
    "  li t1, 0x5555\n"
    "  sw t1, 0(t0)\n"
    "1: j 1b\n"
    ".text\n"
    ".globl ask\n"
    "ask:\n"
    "  la t0, trapped\n"
    "  csrw mtvec, t0\n"
    "  li t0, 2\n"
    "  csrw mstatus, a2\n"
    "  beqz a0, fetch\n"
    "  beq a0, t0, store\n"
    "  ld a0, 0(a1)\n"
    "  j done\n"
    "store:\n"
    "  sd a3, 0(a1)\n"
    "done:\n"
    "  li a1, -1\n"
    "  csrw mstatus, zero\n"
    "  ret\n"
    "fetch:\n"
    "  csrw mepc, a1\n"
    "  li a0, 0\n"
    "  mret\n"
    ".align 2\n"
    "trapped:\n"
    "  csrr a1, mcause\n"
    "  csrw mstatus, zero\n"
    "  ret\n");

#define WRITE_CSR(csr, value) __asm__ volatile("csrw " csr ", %0" ::"r"((uint64_t)(value)) : "memory")

static volatile uint64_t* word(uint64_t pa) { return (volatile uint64_t*)pa; }

static void answer(volatile struct QemuCase* c) {
  for (uint32_t i = 0; i < c->length; ++i) *word(c->at[i]) = c->value[i];
  WRITE_CSR("0x30A", c->menvcfg);
  WRITE_CSR("satp", c->satp);
  __asm__ volatile("sfence.vma" ::: "memory");
  const uint64_t before = c->hint ? *word(c->hint) : 0;
  const struct ends e = ask(c->kind, c->va, c->mstatus, c->stored);
  uint64_t tval = 0;
  __asm__ volatile("csrr %0, mtval" : "=r"(tval));
  c->cause = e.cause;
  c->tval = tval;
  c->result = e.value;
  if (c->kind == 2 && c->hint) {
    c->result = *word(c->hint);
    *word(c->hint) = before;
  }
  for (uint32_t i = 0; i < c->length; ++i) {
    c->after[i] = *word(c->at[i]);
    *word(c->at[i]) = 0;
  }
}

int main(void) {
  volatile struct QemuExchange* x = (volatile struct QemuExchange*)(uint64_t)QEMU_EXCHANGE_AT;
  for (uint64_t i = 0; i < x->count; ++i) {
    answer(&x->cases[i]);
    x->answered = i + 1;
  }
  return 0;
}
