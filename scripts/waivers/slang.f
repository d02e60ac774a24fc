-Wextra
-Werror
// `unique case` with a default: the default says what an impossible value does, the style of the house.
-Wno-case-redundant-default
// A cast that changes nothing in one machine is needed in another.
-Wno-useless-cast
