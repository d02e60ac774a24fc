fpga/vm_board_reset.sv
fpga/vm_demo_pkg.sv
fpga/vm_demo_memory.sv
fpga/vm_demo.sv
fpga/vm_debounce.sv
fpga/vm_pll_ice40.sv
fpga/vm_icebreaker.sv
