-- busted.lua - runs busted under the interpreter that runs this file: nnlua or lua5.4.
--
-- Arguments are busted's own. Debian's `busted` program is for one fixed interpreter.

require "busted.runner"({standalone = false})
