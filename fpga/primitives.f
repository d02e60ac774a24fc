fpga/primitives/EHXPLLL.sv
fpga/primitives/SB_PLL40_PAD.sv
