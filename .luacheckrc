-- What luacheck may assume: Lua 5.4 and nothing global but its standard library; in the specs
-- also busted's words.
std = "lua54"
max_line_length = 100
exclude_files = { "build", "runs", "data/mnist" }
files["tests/spec"] = { std = "+busted" }
files["tests/cli"] = { std = "+busted" }
files["tests/fixtures"] = { max_line_length = false } -- recorded by scripts
