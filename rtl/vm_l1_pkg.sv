// SPDX-License-Identifier: Apache-2.0
//
// Types shared by the parts of the non-blocking cache (vm_l1).
package vm_l1_pkg;
  import vm_pkg::*;

  // One access on its way. addr: physical, but for an access of the core before the end of S1, which has only the
  // bits inside its page. through: a store that goes to memory too, and makes no line dirty.
  typedef struct packed {
    client_e client;
    logic [IdBits-1:0] id;
    logic write;
    logic uncached;
    logic through;
    logic [7:0] strb;
    logic [PaMax-1:0] addr;
    logic [63:0] wdata;
  } l1_access_t;

  // An access that did not hit in S1. known: it has missed; otherwise it has to look again. serial: it is for
  // vm_l1_serial.
  typedef struct packed {
    l1_access_t access;
    logic known;
    logic serial;
  } slow_t;

  // Why something goes through S0 and S1.
  typedef enum logic [1:0] {
    PassNew    = 2'd0,  // a client's access, for the first time
    PassReplay = 2'd1,  // again, for the miss register that owns its set
    PassSerial = 2'd2,  // for vm_l1_serial: looks, and stores if it hits; answers nobody
    PassAnswer = 2'd3   // only answers: an error, or the data beside it
  } l1_pass_e;

endpackage
