// SPDX-License-Identifier: Apache-2.0
//
// Types shared by every module: requests, responses, faults, and the two configuration records.
// A machine is data: `machine_t` (geometry, widths, memory map) holds a `format_t` (page-table format).
// Payload structs have the maximum width of any machine; bits a machine does not have are constant zero
// and disappear in synthesis.
//
// Byte lanes: data on every port travels in byte lanes, as on AXI. The byte at address `a` is on lane
// `a mod 8`, for misaligned and page-crossing accesses too (eight bytes never need one lane twice), so no
// port contains a shifter; the core aligns.
package vm_pkg;

  localparam int unsigned VaMax = 64;     // virtual address, as the core gives it
  localparam int unsigned PaMax = 56;     // physical address
  localparam int unsigned AsidMax = 16;
  localparam int unsigned IdBits = 4;     // tag of a request on any port
  localparam int unsigned MemIdBits = 4;  // of the requests of one source on the memory port
  localparam int unsigned MaxLevels = 5;
  localparam int unsigned MaxRegions = 4;

  // ---------------------------------------------------------------- page-table format

  // How the bits of an entry are read; vm_pte_pkg is the only file that knows the layouts.
  typedef enum logic [1:0] {
    PteFlat  = 2'd0,  // positions given by the *Bit fields below
    PteRiscv = 2'd1,  // all widths of RISC-V (R2)
    PteX86   = 2'd2   // 4- and 5-level paging (X17)
  } pte_kind_e;

  // What the virtual-address bits above VaBits must be.
  typedef enum logic {
    UpperZero = 1'b0,  // all zero
    UpperSign = 1'b1   // copies of bit VaBits-1 (canonical)
  } upper_va_e;

  localparam logic [7:0] NoBit = 8'hFF;  // a Pte*Bit that the format does not have

  typedef struct packed {
    pte_kind_e Kind;
    logic [7:0] Levels;                       // 1 = one flat table
    logic [7:0] MinLevels;                    // fewest levels that can be chosen at run time
    logic [7:0] MaxLeafLevel;                 // highest level at which a leaf is legal
    logic [MaxLevels-1:0][7:0] IndexBits;     // VPN bits per level, [0] = leaf level
    logic [7:0] PageBits;                     // page offset bits
    logic [7:0] PteBytesLog2;                 // 0..3
    logic PteBigEndian;                       // first byte in memory is the entry's high byte
    logic [7:0] PpnLsb;                       // PPN field in the entry
    logic [7:0] PpnBits;
    // PteFlat: bit positions, or NoBit. A missing kernel bit means every page is a user page; a missing
    // read, write or execute bit means the right is always given.
    logic [7:0] ValidBit;
    logic [7:0] KernelBit;
    logic [7:0] ReadBit;
    logic [7:0] WriteBit;
    logic [7:0] ExecBit;
    upper_va_e UpperVa;
    logic Napot;  // Svnapot
    logic Pbmt;   // Svpbmt
    logic HwAd;   // accessed and dirty bits can be updated by hardware
  } format_t;

  // ---------------------------------------------------------------- machine

  typedef enum logic {
    WalkMemory = 1'b0,  // the walker reads entries straight from the memory port
    WalkCache  = 1'b1   // the walker reads entries through the data cache
  } walk_port_e;

  typedef struct packed {
    logic [15:0] Sets;  // power of two
    logic [7:0]  Ways;  // power of two; 0 = no TLB
  } tlb_geometry_t;

  typedef struct packed {
    logic [15:0] Sets;       // power of two
    logic [7:0]  Ways;       // power of two; 0 = no cache, every access goes on to memory
    logic [15:0] LineBytes;  // power of two, 4 or more
  } cache_geometry_t;

  typedef struct packed {
    logic [PaMax:0] Base;
    logic [PaMax:0] Size;  // 0 = region not used
    logic Cacheable;
    logic Atomic;          // LR, SC and AMOs are possible
  } region_t;

  typedef struct packed {
    format_t Format;
    logic [7:0] VaBits;
    logic [7:0] PaBits;   // what a translation can reach: PpnBits + PageBits
    logic [7:0] BusBits;  // what the table base, the host port and the memory port can reach, >= PaBits
    logic [7:0] AsidBits; // 0 = no ASIDs
    tlb_geometry_t Itlb;          // L1, base pages
    tlb_geometry_t Dtlb;
    logic [7:0] SuperEntries;     // of each L1 TLB, fully associative: superpages, NAPOT. Power of two, or 0
    tlb_geometry_t L2Tlb;         // shared by both ports, base pages
    logic [15:0] WalkCacheSets;   // entries of the walk cache of each level above 0. Power of two, or 0
    logic L2Prefetch;             // after a walk, the next page goes into the L2 TLB too
    logic [7:0] HitLatency;       // cycles from acceptance to the answer of an L1 TLB hit: 1 or 2
    cache_geometry_t Icache;
    cache_geometry_t Dcache;
    logic AliasResolution;        // sets of Icache and Dcache may reach beyond the page (vm_port)
    logic [7:0] Misses;           // outstanding in each first-level cache: 0 = vm_cache, which waits; else vm_l1
    logic [7:0] Waiters;          // vm_l1: accesses that can wait for each miss. Power of two
    logic CriticalFirst;          // vm_l1: lines are read from the word that is wanted, wrapping
    cache_geometry_t L2Cache;     // between the first level and memory; unified, physically indexed
    cache_geometry_t L3Cache;     // behind L2Cache
    walk_port_e WalkPort;
    logic Atomics;        // the data port takes LR, SC and AMOs
    logic TrapSwap;       // the table base changes in hardware when an exception starts
    logic ArrayPort;      // TLB and cache arrays can be read and written from outside
    logic Parity;         // RAM of TLBs, walk caches and first-level caches has parity bits (M13)
    region_t [MaxRegions-1:0] Regions;  // what is in no region is a hole
  } machine_t;

  // ---------------------------------------------------------------- core ports

  typedef enum logic [1:0] {
    AccessFetch = 2'd0,
    AccessLoad  = 2'd1,
    AccessStore = 2'd2
  } access_e;

  // What an access of the data port is beside a load or a store. An LR is a load, an SC and an AMO are stores; an AMO
  // needs the right to read too (R12, R35). Acquire and release have no wires: an atomic is performed when everything before
  // it was answered, and nothing after it is accepted before its answer, so each is both.
  typedef enum logic [3:0] {
    AtomicNone = 4'd0,
    AtomicLr   = 4'd1,
    AtomicSc   = 4'd2,
    AtomicSwap = 4'd3,
    AtomicAdd  = 4'd4,
    AtomicXor  = 4'd5,
    AtomicAnd  = 4'd6,
    AtomicOr   = 4'd7,
    AtomicMin  = 4'd8,
    AtomicMax  = 4'd9,
    AtomicMinu = 4'd10,
    AtomicMaxu = 4'd11
  } atomic_e;

  // Why an access failed. Every cause can be told from every other; nothing wraps or is truncated.
  typedef enum logic [3:0] {
    FaultNone        = 4'd0,
    FaultVa          = 4'd1,   // upper virtual-address bits are not what UpperVa asks for (R4, X1)
    FaultLimit       = 4'd2,   // VPN at or above the table limit
    FaultInvalid     = 4'd3,   // entry not valid (R7, X3)
    FaultPrivilege   = 4'd4,   // user access to a kernel page; supervisor access to a user page (R11, X6, X8)
    FaultRead        = 4'd5,   // R12
    FaultWrite       = 4'd6,   // R12, X7
    FaultExec        = 4'd7,   // R12, X8
    FaultEntryAccess = 4'd8,   // an entry's address lies in a hole of the physical map (R6)
    FaultEntryBus    = 4'd9,   // bus error while an entry was read (R6)
    FaultAccess      = 4'd10,  // the translated address lies in a hole, or its PPN is wider than PaBits (R6, R14); an
                               // atomic, where the map has none
    FaultBus         = 4'd11,  // bus error on the data itself
    FaultReserved    = 4'd12,  // reserved bits or encodings, misaligned superpage, pointer at level 0 (R7..R10, X4)
    FaultAccessed    = 4'd13,  // accessed bit clear, and software keeps it (R13)
    FaultDirty       = 4'd14,  // store with the dirty bit clear, and software keeps it (R13)
    FaultMisaligned  = 4'd15   // an atomic that is no aligned word or doubleword: refused before translation (R34)
  } fault_e;

  // Means something only if cause is not FaultNone.
  // va: the first byte of the access that faulted (for a crossing access, in the page that faulted: R15).
  // by_entry: an entry decided, level, pte_addr and pte; without it (FaultVa, FaultLimit, FaultBus, FaultMisaligned,
  // FaultAccess in Bare mode) these mean nothing. FaultEntryAccess and FaultEntryBus have pte = 0. FaultAccess carries the
  // leaf entry that named the hole. code: as the architecture reports it (arch_code).
  typedef struct packed {
    fault_e cause;
    access_e access;
    logic user;
    logic [VaMax-1:0] va;
    logic by_entry;
    logic [2:0] level;
    logic [PaMax-1:0] pte_addr;
    logic [63:0] pte;
    logic [15:0] code;
  } fault_t;

  // The access covers 2**size bytes from va, at any alignment. wdata in byte lanes. atomic: data port of a machine with
  // Atomics, others take no notice of it; `access` means nothing then, and wdata is what an AMO combines with memory.
  // sum: RISC-V SUM; x86: EFLAGS.AC of an explicit access. mxr: RISC-V MXR.
  typedef struct packed {
    logic [IdBits-1:0] id;
    access_e access;
    atomic_e atomic;
    logic user;
    logic sum;
    logic mxr;
    logic [1:0] size;
    logic [VaMax-1:0] va;
    logic [63:0] wdata;
  } core_req_t;

  // rdata in byte lanes; lanes that were not asked for carry no meaning, nor does any lane on a fault. An LR or AMO answers
  // with what memory held before, words as they are; an SC with 0 if it has stored, else 1.
  typedef struct packed {
    logic [IdBits-1:0] id;
    logic [63:0] rdata;
    fault_t fault;
  } core_rsp_t;

  // ---------------------------------------------------------------- inside a port (after the splitter)

  // One access inside one aligned unit of UnitBytes (see unit_bytes). `probe` asks for the translation
  // only (an atomic has one, and vm_rmw the rest); `phys` says that `va` is a physical address which a probe of this
  // same access has passed, and `uncached` and `through` what that said about it.
  typedef struct packed {
    logic [IdBits-1:0] id;
    access_e access;
    logic user;
    logic sum;
    logic mxr;
    logic atomic;
    logic amo;
    logic probe;
    logic phys;
    logic uncached;
    logic through;
    logic [7:0] strb;
    logic [VaMax-1:0] va;
    logic [63:0] wdata;
  } unit_req_t;

  typedef struct packed {
    logic [IdBits-1:0] id;
    logic [63:0] rdata;
    logic [PaMax-1:0] pa;
    logic cacheable;
    logic through;
    fault_t fault;
  } unit_rsp_t;

  // What is told of every piece of an access as its translation is answered, for an observer: the first piece of an
  // access comes first, and there is none if translation was refused.
  typedef struct packed {
    logic valid;
    logic [PaMax-1:0] pa;
  } piece_t;

  // ---------------------------------------------------------------- translation

  // Memory type: the encodings of the x86 PAT, and two of Svpbmt.
  typedef enum logic [2:0] {
    TypeUncached       = 3'd0,
    TypeWriteCombining = 3'd1,
    TypeNonCacheable   = 3'd2,  // Svpbmt NC
    TypeIo             = 3'd3,  // Svpbmt IO
    TypeWriteThrough   = 3'd4,
    TypeWriteProtect   = 3'd5,
    TypeWriteBack      = 3'd6,  // as the physical map says
    TypeUncachedMinus  = 3'd7
  } mem_type_e;

  // Rights and attributes of a page, the same for every format; x86: of the whole path.
  typedef struct packed {
    mem_type_e mem_type;
    logic g;  // global
    logic d;  // stores need not set the dirty bit any more
    logic u;  // user page
    logic r;
    logic w;
    logic x;
  } attr_t;

  localparam attr_t AttrAll = '{mem_type: TypeWriteBack, g: 1'b0, d: 1'b1, u: 1'b1, r: 1'b1, w: 1'b1, x: 1'b1};

  typedef enum logic [2:0] {
    SourceBare = 3'd0,  // no translation: Bare mode, or `phys`
    SourceTlb  = 3'd1,
    SourceWalk = 3'd2,
    SourceNone = 3'd3,  // refused before any lookup (FaultVa, FaultLimit)
    SourceL2   = 3'd4
  } source_e;

  // Mode bits beside the root. Formats without such a bit have it constant: flat and RISC-V wp = 1; RISC-V
  // smep = smap = 1, x86 adue = 1, the others 0.
  typedef struct packed {
    logic adue;   // RISC-V menvcfg.ADUE: hardware updates A and D
    logic pbmte;  // RISC-V menvcfg.PBMTE
    logic pg;     // x86 CR0.PG
    logic wp;     // x86 CR0.WP
    logic pge;    // x86 CR4.PGE
    logic pcide;  // x86 CR4.PCIDE
    logic smep;   // x86 CR4.SMEP
    logic smap;   // x86 CR4.SMAP
    logic nxe;    // x86 EFER.NXE
    logic la57;   // x86 CR4.LA57
  } env_t;

  // The rights an access needs: known before the page is.
  typedef struct packed {
    logic user;    // a user page
    logic kernel;  // none
    logic r;
    logic w;
    logic x;
    logic rx;      // r or x
  } need_t;

  // And what it needs of a hit.
  typedef struct packed {
    need_t rights;
    logic dirty;  // the dirty bit set
  } hit_need_t;

  // amo: a store that reads.
  function automatic need_t access_needs(env_t env, access_e access, logic amo, logic user, logic sum, logic mxr);
    need_t need;
    need = '0;
    need.user = user;
    unique case (access)
      AccessFetch: begin
        need.kernel = !user && env.smep;
        need.x = 1'b1;
      end
      AccessStore: begin
        need.kernel = !user && env.smap && !sum;
        need.w = user || env.wp;
        need.r = amo;
      end
      default: begin
        need.kernel = !user && env.smap && !sum;
        need.r = !mxr;
        need.rx = mxr;
      end
    endcase
    return need;
  endfunction

  // The one permission function, for the hit path and the miss path alike (M8, R11, R12, X6..X8). The dirty bit is
  // not its business.
  function automatic fault_e access_fault(attr_t attr, need_t need);
    if ((need.user && !attr.u) || (need.kernel && attr.u)) return FaultPrivilege;
    if (need.x && !attr.x) return FaultExec;
    if (need.w && !attr.w) return FaultWrite;
    if ((need.r && !attr.r) || (need.rx && !attr.r && !attr.x)) return FaultRead;
    return FaultNone;
  endfunction

  // May a hit be used as it is?
  function automatic logic hit_granted(attr_t attr, hit_need_t need);
    return access_fault(attr, need.rights) == FaultNone && (attr.d || !need.dirty);
  endfunction

  // How the architecture names a fault: RISC-V exception code; x86 vector << 8 | error code (X9, X25); flat: 0.
  function automatic logic [15:0] arch_code(pte_kind_e kind, env_t env, fault_e cause, access_e access, logic user);
    logic is_access;  // memory that is not there, or does not answer
    is_access = cause == FaultEntryAccess || cause == FaultEntryBus || cause == FaultAccess || cause == FaultBus;
    if (cause == FaultNone) return 16'd0;
    unique case (kind)
      PteRiscv: begin
        if (cause == FaultMisaligned) return (access == AccessLoad) ? 16'd4 : 16'd6;
        unique case (access)
          AccessFetch: return is_access ? 16'd1 : 16'd12;
          AccessStore: return is_access ? 16'd7 : 16'd15;
          default: return is_access ? 16'd5 : 16'd13;
        endcase
      end
      PteX86: begin
        if (is_access) return 16'h1200;           // machine check
        if (cause == FaultMisaligned) return 16'h1100;  // alignment check
        if (cause == FaultVa) return 16'h0D00;    // general protection (X1)
        return {8'h0E, 3'b0, access == AccessFetch && (env.nxe || env.smep), cause == FaultReserved, user,
                access == AccessStore, cause != FaultInvalid};
      end
      default: return 16'd0;
    endcase
  endfunction

  // What the MMU is asked. phys: va is a physical address that has been checked already, uncached and through what came
  // out.
  // atomic: LR (a load), SC or AMO (stores), only where the map has atomics. amo: needs the right to read as well.
  typedef struct packed {
    logic [IdBits-1:0] id;
    access_e access;
    logic user;
    logic sum;
    logic mxr;
    logic atomic;
    logic amo;
    logic probe;
    logic phys;
    logic uncached;
    logic through;
    logic [VaMax-1:0] va;
  } xlat_req_t;

  // pa (BusBits wide), cacheable and through mean something only without a fault.
  typedef struct packed {
    xlat_req_t req;
    source_e source;
    mem_type_e mem_type;
    logic cacheable;  // region and memory type allow this access to be cached
    logic through;    // what is cached there is written through
    logic [PaMax-1:0] pa;
    fault_t fault;
  } xlat_rsp_t;

  // Verdict of a walk: all but the look at the final address. napot: the leaf spans 16 base pages.
  typedef struct packed {
    fault_e cause;
    logic [2:0] level;
    logic napot;
    logic [PaMax-1:0] pte_addr;
    logic [63:0] pte;
  } walk_result_t;

  // The table the walker starts from, held by vm_ctl; it changes only while nothing is in flight.
  typedef struct packed {
    logic translate;     // 0: Bare
    logic [2:0] levels;  // of the tables
    logic [PaMax-1:0] base;
    logic [63:0] limit;
    logic [AsidMax-1:0] asid;
    env_t env;
    logic [63:0] pat;      // x86 IA32_PAT
    mem_type_e root_type;  // of the root table's memory
  } context_t;

  // Invalidation of translations: those with (!by_vpn || they cover vpn) && (global ? globals : (!by_asid || same
  // ASID)). Super part, walk caches and L2 take the scope with start; the base part of an L1 TLB is gone through one
  // set per cycle with set_valid, or loses everything at once with all. With start and set_valid comes compare: the keys
  // of the L1 TLBs are vpn and asid, not those of a lookup. It may come in other cycles in which there is no lookup.
  typedef struct packed {
    logic compare;
    logic start;
    logic all;
    logic set_valid;    // look at the set of `vpn`
    logic by_vpn;
    logic by_asid;
    logic globals;
    logic [VaMax-1:0] vpn;
    logic [AsidMax-1:0] asid;
  } tlb_inv_t;

  // ---------------------------------------------------------------- cache, host and memory ports

  typedef enum logic [1:0] {
    ClientCore = 2'd0,
    ClientWalk = 2'd1,
    ClientHost = 2'd2
  } client_e;

  // S0 of a cache: the address gives the set (for the core the virtual one: its index bits lie inside the page)
  // and, for the physical clients, the tag. uncached and through are used for the physical clients only; the core says
  // them in S1. through: a store that is cached goes to memory, too.
  typedef struct packed {
    logic write;
    logic uncached;
    logic through;
    logic [7:0] strb;
    logic [PaMax-1:0] addr;
    logic [63:0] wdata;
  } cache_req_t;

  typedef struct packed {
    logic clean;
    logic invalidate;
    logic by_addr;
    logic [PaMax-1:0] addr;
  } maint_req_t;

  // The walk port: read an entry, or compare it as a whole with `expected` and replace it by `desired` if equal, as one
  // indivisible access (X11, R13). Data in byte lanes. The payload of a compare-and-set holds until its answer.
  // cacheable: by the physical map and the memory type of the table; through: if so, what is written goes to memory, too.
  typedef struct packed {
    logic cas;
    logic cacheable;
    logic through;
    logic [7:0] strb;
    logic [PaMax-1:0] addr;
    logic [63:0] expected;
    logic [63:0] desired;
  } walk_req_t;

  // success: a compare-and-set has replaced the entry. data: the entry as it was found.
  typedef struct packed {
    logic [63:0] data;
    logic err;
    logic success;
  } walk_rsp_t;

  // An LR, SC or AMO, translated: an aligned word or doubleword. Data in byte lanes.
  typedef struct packed {
    atomic_e op;
    logic cacheable;
    logic [7:0] strb;
    logic [PaMax-1:0] addr;
    logic [63:0] wdata;
  } atomic_req_t;

  typedef struct packed {
    logic [63:0] data;
    logic err;
  } atomic_rsp_t;

  // Physical access, coherent with the data cache; must lie inside one aligned unit of UnitBytes.
  typedef struct packed {
    logic [IdBits-1:0] id;
    logic write;
    logic [7:0] strb;
    logic [PaMax-1:0] addr;
    logic [63:0] wdata;
  } host_req_t;

  typedef struct packed {
    logic [IdBits-1:0] id;
    logic [63:0] rdata;
    logic err;  // hole or bus error
  } host_rsp_t;

  typedef enum logic [1:0] {
    MemFetch = 2'd0,
    MemData  = 2'd1,
    MemWalk  = 2'd2
  } mem_src_e;

  // A burst of len+1 beats of 64 bits. Single beats: addr is the first byte, strb the lanes taken (reads
  // too: a device sees exactly the bytes asked for). Bursts: addr is aligned to the line, strb all ones; with
  // CriticalFirst a read may begin at any beat of its line, and wraps at the end. At most one request per src and id is
  // outstanding; with Misses = 0 every id is 0.
  typedef struct packed {
    mem_src_e src;
    logic [MemIdBits-1:0] id;
    logic write;
    logic [7:0] len;
    logic [7:0] strb;
    logic [PaMax-1:0] addr;
  } mem_req_t;

  typedef struct packed {
    logic [63:0] data;
    logic last;
  } mem_wdata_t;

  // A read answers with len+1 beats, a write with one beat after its last data beat; `last` marks the end.
  // Answers of different sources or ids come in any order, their beats interleaved.
  typedef struct packed {
    mem_src_e src;
    logic [MemIdBits-1:0] id;
    logic [63:0] rdata;
    logic err;
    logic last;
  } mem_rsp_t;

  // ---------------------------------------------------------------- control, fence, array ports

  typedef enum logic [3:0] {
    // Flat formats
    CtlBase       = 4'd0,  // address of the root table
    CtlLimit      = 4'd1,  // number of VPNs the table serves, 0 .. 2**VpnBits (reset: all)
    CtlAsid       = 4'd2,
    CtlMode       = 4'd3,  // 0 = Bare (reset), 1 = translate
    CtlTrapBase   = 4'd4,  // table base that an exception switches to (TrapSwap)
    CtlTrapEnter  = 4'd5,  // the core starts an exception: base := trap base. Not refused in user mode
    CtlTrapReturn = 4'd6,  // base := the base before CtlTrapEnter
    // The others
    CtlRoot       = 4'd7,  // RISC-V satp, x86 CR3
    CtlEnv        = 4'd8,  // 0 PG, 1 WP, 2 PGE, 3 PCIDE, 4 SMEP, 5 SMAP, 6 NXE, 7 LA57 (x86); 8 ADUE, 9 PBMTE (RISC-V)
    CtlPat        = 4'd9   // x86 IA32_PAT
  } ctl_reg_e;

  typedef struct packed {
    logic [IdBits-1:0] id;
    logic user;
    ctl_reg_e index;
    logic [63:0] data;
  } ctl_req_t;

  // refused: user mode, or a value the register cannot hold, or a register the machine does not have;
  // nothing changed.
  typedef struct packed {
    logic [IdBits-1:0] id;
    logic refused;
  } ctl_rsp_t;

  typedef enum logic [2:0] {
    FenceTlb        = 3'd0,  // invalidate translations: by VA, by ASID, with or without global ones (tlb_inv_t)
    CacheClean      = 3'd1,  // data cache, whole or the line of one physical address: write back dirty
    CacheInvalidate = 3'd2,  //   drop without writing back
    CacheCleanInvalidate = 3'd3,
    FetchSync       = 3'd4   // clean the data cache, then invalidate the instruction cache
  } fence_op_e;

  // addr: virtual for FenceTlb, physical for the cache operations. by_addr = 0: whole structure.
  typedef struct packed {
    logic [IdBits-1:0] id;
    logic user;
    fence_op_e op;
    logic by_addr;
    logic by_asid;
    logic globals;
    logic [VaMax-1:0] addr;
    logic [AsidMax-1:0] asid;
  } fence_req_t;

  typedef struct packed {
    logic [IdBits-1:0] id;
    logic refused;  // user mode; nothing done
  } fence_rsp_t;

  typedef enum logic [3:0] {
    ArrayItlb        = 4'd0,
    ArrayDtlb        = 4'd1,
    ArrayIcacheTag   = 4'd2,
    ArrayIcacheData  = 4'd3,
    ArrayDcacheTag   = 4'd4,
    ArrayDcacheData  = 4'd5,
    ArrayL2Tlb       = 4'd6,   // flip only, as all that follow
    ArrayWalkCache   = 4'd7,   // way: the level of the pointer
    ArrayL2CacheTag  = 4'd8,
    ArrayL2CacheData = 4'd9,
    ArrayL3CacheTag  = 4'd10,
    ArrayL3CacheData = 4'd11
  } array_e;

  // TLB entry:  data0 = {valid [63], mem_type [60:58], g [57], d [56], u,r,w,x [55:52], vpn [51:0]},
  //             data1 = {asid [59:44], ppn [43:0]}; base part of an L1 TLB. What the format has no bits for reads as
  //             it is everywhere: written back, dirty, not global
  // Cache tag:  data0 = {valid [63], dirty [62], line address = PA without the line offset [55:0]}
  // Cache data: data0 = the 64-bit word `word` of the line (32-bit lines: low half)
  // flip (Parity): bit data0[7:0] of the word as it is stored turns over, and nothing else. From bit 0 up, of TLBs and walk
  // caches: attributes (attr_bits, pointer_bits), PPN (ppn_w), ASID (at least 1), tag, valid (TLBs), parity; of a cache tag:
  // tag, valid, parity, the two dirty bits; of cache data: the word, parity
  typedef struct packed {
    logic flip;
    logic write;  // means nothing with flip
    array_e array;
    logic [15:0] index;  // the set
    logic [7:0] way;
    logic [7:0] word;
    logic [63:0] data0;
    logic [63:0] data1;
  } array_req_t;

  typedef struct packed {
    logic [63:0] data0;
    logic [63:0] data1;
  } array_rsp_t;

  // ---------------------------------------------------------------- event strobes

  // One-cycle pulses for performance counters, straight from where things happen; take them into registers first
  // (vm_counters does). docs/architecture.md numbers the bits, which are in the order of vm_counters' indices.
  typedef struct packed {
    logic l2_hit;           // the L2 TLB hands an entry to this port
    logic l1_miss;          // the walker takes this port's miss; a hit that would deny is one
    logic l1_super;         // hit of the super part
    logic l1_base;          // hit of the base part
    logic [14:0] outcome;   // a translation leaves: bit fault_e; [0] without fault
  } port_events_t;

  typedef struct packed {
    logic prefetch;         // the page after one that was walked goes into the L2 TLB
    logic restart;          // begun at a walk-cache entry, starts over from the root
    logic update_failed;    // compare-and-set found another entry: judged afresh
    logic update;           // accessed or dirty bit set by hardware
    logic walk_cache_hit;   // a walk begins below the root
    logic walk;             // a walk begins
    logic walking;          // not a pulse: high in every cycle of a walk
  } walk_events_t;

  // Lookups as the core, the walker and the host make them; a replay after a refill is not another one.
  typedef struct packed {
    logic lost;             // what was stored in a line, or a word of it, is lost by an upset
    logic refetch;          // a clean line is fetched again, as a word of it was wrong; the miss counts, too
    logic write_back;       // a dirty line has been written to memory
    logic uncached;         // or a written-through store
    logic miss;
    logic hit;
  } cache_events_t;

  // Of an L2 or L3 cache.
  typedef struct packed {
    logic lost;             // what was stored in a line, or a word of it, is lost by an upset
    logic refetch;          // a clean line is read from below again, as a word of it was wrong
  } lower_events_t;

  // Lookups that met entries with wrong parity, which are gone now.
  typedef struct packed {
    logic walk_cache;
    logic l2;
    logic [1:0] l1;         // base parts: [0] fetch, [1] data
  } upset_events_t;

  typedef struct packed {
    upset_events_t upset;
    logic [4:0] fence;      // answered and not refused, bit fence_op_e
    walk_events_t walker;
    port_events_t [1:0] port;
  } mmu_events_t;

  // LR, SC and AMOs.
  typedef struct packed {
    logic sc_failed;        // an SC found no reservation, and has not stored
    logic done;             // one has been performed, a failed SC included
  } atomic_events_t;

  typedef struct packed {
    lower_events_t [1:0] lower;  // [0] L2, [1] L3
    atomic_events_t atomic;
    cache_events_t [1:0] cache;  // [0] instruction, [1] data
    mmu_events_t mmu;
  } events_t;

  // ---------------------------------------------------------------- derived geometry

  function automatic int unsigned vpn_bits(machine_t cfg);
    return 32'(cfg.VaBits) - 32'(cfg.Format.PageBits);
  endfunction

  // Width of a PPN inside the MMU: what the bus reaches. An entry's PPN beyond it is a fault, never cut off (R6).
  function automatic int unsigned ppn_w(machine_t cfg);
    return 32'(cfg.BusBits) - 32'(cfg.Format.PageBits);
  endfunction

  // VPN bits below the index of this level, which a leaf there leaves to the offset; with Levels: all VPN bits.
  function automatic int unsigned index_lsb(format_t f, int unsigned level);
    int unsigned n;
    n = 0;
    for (int unsigned l = 0; l < MaxLevels; l++) begin
      if (l < level) n += 32'(f.IndexBits[l]);
    end
    return n;
  endfunction

  // Do the bits above a virtual address of so many bits break the rule (R4, X1)?
  function automatic logic upper_bad(upper_va_e rule, logic [VaMax-1:0] va, int unsigned width);
    logic [VaMax-1:0] upper;
    if (width >= VaMax) return 1'b0;
    if (rule == UpperZero) return (va >> width) != '0;
    upper = VaMax'($signed(va) >>> (width - 1));
    return upper != '0 && upper != '1;
  endfunction

  // Attributes as a TLB stores them: only the bits a format has.
  function automatic int unsigned attr_bits(format_t f);
    unique case (f.Kind)
      PteRiscv: return f.Pbmt ? 8 : 6;
      PteX86: return 8;
      default: return 4;
    endcase
  endfunction
  function automatic logic [7:0] attr_to_bits(format_t f, attr_t a);
    unique case (f.Kind)
      PteRiscv: return {a.mem_type == TypeIo, a.mem_type == TypeNonCacheable, a.g, a.d, a.u, a.r, a.w, a.x};
      PteX86: return {a.mem_type, a.g, a.d, a.u, a.w, a.x};
      default: return {4'b0, a.u, a.r, a.w, a.x};
    endcase
  endfunction
  function automatic attr_t attr_from_bits(format_t f, logic [7:0] b);
    attr_t a;
    a = AttrAll;
    unique case (f.Kind)
      PteRiscv: begin
        {a.g, a.d, a.u, a.r, a.w, a.x} = b[5:0];
        if (f.Pbmt && b[7]) a.mem_type = TypeIo;
        if (f.Pbmt && b[6]) a.mem_type = TypeNonCacheable;
      end
      PteX86: begin
        a.mem_type = mem_type_e'(b[7:5]);
        {a.g, a.d, a.u, a.w, a.x} = b[4:0];
      end
      default: {a.u, a.r, a.w, a.x} = b[3:0];
    endcase
    return a;
  endfunction

  // The same for a pointer entry: what it can take away from the pages below, and the type of the table it points to.
  function automatic int unsigned pointer_bits(format_t f);
    unique case (f.Kind)
      PteRiscv: return 1;
      PteX86: return 6;
      default: return 9;
    endcase
  endfunction
  function automatic logic [8:0] pointer_to_bits(format_t f, attr_t a);
    unique case (f.Kind)
      PteRiscv: return {8'b0, a.g};
      PteX86: return {3'b0, a.mem_type, a.u, a.w, a.x};
      default: return a;
    endcase
  endfunction
  function automatic attr_t pointer_from_bits(format_t f, logic [8:0] b);
    attr_t a;
    a = AttrAll;
    unique case (f.Kind)
      PteRiscv: a.g = b[0];
      PteX86: begin
        a.mem_type = mem_type_e'(b[5:3]);
        {a.u, a.w, a.x} = b[2:0];
      end
      default: a = attr_t'(b);
    endcase
    return a;
  endfunction

  // Bits to index n things, at least 1 so that no vector has width zero.
  function automatic int unsigned idx_bits(int unsigned n);
    return (n > 1) ? $clog2(n) : 1;
  endfunction

  // How many bits of an address choose set and byte of a cache.
  function automatic int unsigned cache_index_bits(cache_geometry_t g);
    return (g.Ways == 0) ? 0 : $clog2(32'(g.Sets)) + $clog2(32'(g.LineBytes));
  endfunction

  // The largest aligned piece that lies in one page, one line and one beat: 4 or 8 bytes.
  function automatic int unsigned unit_bytes(machine_t cfg);
    int unsigned u;
    u = 8;
    if ((32'd1 << cfg.Format.PageBits) < u) u = 32'd1 << cfg.Format.PageBits;
    if (cfg.Icache.Ways != 0 && 32'(cfg.Icache.LineBytes) < u) u = 32'(cfg.Icache.LineBytes);
    if (cfg.Dcache.Ways != 0 && 32'(cfg.Dcache.LineBytes) < u) u = 32'(cfg.Dcache.LineBytes);
    return u;
  endfunction

endpackage
