-- One line about each function of Lua 5.4's own library, for `?name`.
--
--   library.of(string.format)      "string.format(format, ...) -> the text that ..."
--
-- Found by value: what a user's own `print` does is not known here.

local LINES = [==[
assert(v [, message]) -> its arguments; raises message where v is false or nil
collectgarbage([option = "collect" [, argument]]): "collect" | "count" (kilobytes) | "stop" | "step"
dofile([path]) -> what the chunk in the file returns
error(message [, level = 1]): raises; level 2 blames the caller's line, 0 adds no position
getmetatable(v) -> its metatable, or that one's __metatable
ipairs(list) -> iterator over i, list[i] for i = 1, 2, ... up to the first nil
load(chunk [, name [, mode = "bt" [, env]]]) -> function | nil, message; chunk: text or a function
loadfile([path [, mode = "bt" [, env]]]) -> function | nil, message
next(t [, key]) -> the next key and value after key, in no order; nil at the end
pairs(t) -> iterator over key, value, in no order
pcall(f, ...) -> true and f's results | false, error
print(...): writes the arguments as text, with tabs between and a newline behind
rawequal(a, b) -> whether a == b without __eq
rawget(t, key) -> t[key] without __index
rawlen(v) -> #v without __len
rawset(t, key, value) -> t, after t[key] = value without __newindex
require(name) -> what the module returned, path; runs its file the first time only
select(n, ...) -> the arguments from the n-th on; select("#", ...) -> their number
setmetatable(t, metatable) -> t
tonumber(v [, base]) -> number, or nil where v is none
tostring(v) -> text
type(v) -> "nil" | "boolean" | "number" | "string" | "table" | "function" | "thread" | "userdata"
warn(message, ...): writes a warning, where they are on (warn "@on")
xpcall(f, handler, ...) -> true and f's results | false, handler(error)
coroutine.close(co) -> true | false, error; ends a suspended coroutine
coroutine.create(f) -> coroutine
coroutine.isyieldable([co]) -> whether it can yield
coroutine.resume(co, ...) -> true and what it yields or returns | false, error
coroutine.running() -> the running coroutine, whether it is the main one
coroutine.status(co) -> "running" | "suspended" | "normal" | "dead"
coroutine.wrap(f) -> function that resumes a new coroutine and raises its errors
coroutine.yield(...) -> the arguments of the next resume
debug.debug(): reads and runs lines from standard input until `cont`
debug.gethook([thread]) -> hook, mask, count
debug.getinfo([thread,] f [, what]) -> table about a function or a level of the stack
debug.getlocal([thread,] f, i) -> name, value of a local of a level; the name of a parameter of f
debug.getmetatable(v) -> its metatable, whatever __metatable says
debug.getregistry() -> the registry
debug.getupvalue(f, i) -> name, value of an upvalue
debug.getuservalue(u [, n = 1]) -> user value of a userdata, true
debug.sethook([thread,] hook, mask [, count]): calls hook on calls, returns, lines, instructions
debug.setlocal([thread,] level, i, value) -> name of the local
debug.setmetatable(v, metatable) -> v
debug.setupvalue(f, i, value) -> name of the upvalue
debug.setuservalue(u, value [, n = 1]) -> u
debug.traceback([thread,] [message [, level = 1]]) -> message and the stack as text
debug.upvalueid(f, i) -> what tells two upvalues apart
debug.upvaluejoin(f, i, g, j): upvalue i of f becomes upvalue j of g
io.close([file]) closes a file, or the default output
io.flush() writes out what the default output buffers
io.input([file]) -> the default input, which becomes file (a path or a file) if that is given
io.lines([path, ...]) -> iterator over the lines, or what the formats say
io.open(path [, mode = "r"]) -> file | nil, message, number; "r" "w" "a" "r+" "w+" "a+", with "b"
io.output([file]) -> the default output, which becomes file if that is given
io.popen(command [, mode = "r"]) -> file that is the command's output or input
io.read(...) -> what the formats say of the default input: "l" "L" "n" "a" or a number of bytes
io.tmpfile() -> file that is removed at the end
io.type(v) -> "file" | "closed file" | nil
io.write(...) -> the default output, after writing the arguments to it
math.abs(x) -> |x|
math.acos(x) -> arc cosine in radians
math.asin(x) -> arc sine in radians
math.atan(y [, x = 1]) -> arc tangent of y/x in radians, in the right quadrant
math.ceil(x) -> the smallest integer >= x
math.cos(x) -> cosine of x radians
math.deg(x) -> degrees of x radians
math.exp(x) -> e^x
math.floor(x) -> the largest integer <= x
math.fmod(x, y) -> remainder of x/y rounded towards zero
math.log(x [, base = e]) -> logarithm
math.max(x, ...) -> the largest
math.min(x, ...) -> the smallest
math.modf(x) -> integral part, fractional part
math.rad(x) -> radians of x degrees
math.random([m [, n]]) -> float in [0,1); integer in 1..m or m..n; math.random(0): all bits random
math.randomseed([x [, y]]) seeds math.random (nn's generators are others)
math.sin(x) -> sine of x radians
math.sqrt(x) -> square root
math.tan(x) -> tangent of x radians
math.tointeger(x) -> x as an integer, or nil where it is none
math.type(x) -> "integer" | "float" | nil
math.ult(m, n) -> whether m < n as unsigned integers
os.clock() -> seconds of processor time used
os.date([format = "%c" [, time]]) -> text, or a table for "*t"; "!" in front: UTC
os.difftime(t2, t1) -> seconds from t1 to t2
os.execute([command]) -> true | nil, "exit" | "signal", number
os.exit([code = true [, close = false]]): ends the program
os.getenv(name) -> value of the environment variable, or nil
os.remove(path) -> true | nil, message, number
os.rename(from, to) -> true | nil, message, number
os.setlocale(locale [, category = "all"]) -> its name, or nil
os.time([t]) -> seconds since 1970 of now, or of a table with year, month, day, ...
os.tmpname() -> name of a new temporary file
package.loadlib(path, function) -> C function | nil, message, where
package.searchpath(name, path [, separator = "." [, replacement = "/"]]) -> file | nil, message
string.byte(s [, i = 1 [, j = i]]) -> the codes of bytes i..j
string.char(...) -> text of these bytes
string.dump(f [, strip = false]) -> binary chunk of a function
string.find(s, pattern [, init = 1 [, plain = false]]) -> first, last, captures... | nil
string.format(format, ...) -> the text: %d %i %u %c %x %o %e %f %g %a %s %q %p %%
string.gmatch(s, pattern [, init = 1]) -> iterator over the captures of all matches
string.gsub(s, pattern, replacement [, n]) -> text, number of matches; by a text, table or function
string.len(s) -> number of bytes
string.lower(s) -> in lower case
string.match(s, pattern [, init = 1]) -> the captures, or the match | nil
string.pack(format, ...) -> the values as binary text
string.packsize(format) -> length of string.pack's result
string.rep(s, n [, separator = ""]) -> n copies
string.reverse(s) -> backwards
string.sub(s, i [, j = -1]) -> bytes i..j; negative positions count from the end
string.unpack(format, s [, i = 1]) -> the values in binary text, the position behind them
string.upper(s) -> in upper case
table.concat(list [, separator = "" [, i = 1 [, j = #list]]]) -> the entries as one text
table.insert(list, [position = #list + 1,] v): moves up what stands behind
table.move(a, first, last, to [, b = a]) -> b, with a[first..last] copied to b[to..]
table.pack(...) -> list of the arguments, with their number in n
table.remove(list [, position = #list]) -> the entry that was there; moves down what stands behind
table.sort(list [, less]): in place; less(a, b): whether a comes first
table.unpack(list [, i = 1 [, j = #list]]) -> the entries as values
utf8.char(...) -> text of these code points
utf8.codepoint(s [, i = 1 [, j = i [, lax = false]]]) -> code points that begin in bytes i..j
utf8.codes(s [, lax = false]) -> iterator over position, code point
utf8.len(s [, i = 1 [, j = -1 [, lax = false]]]) -> number of characters | nil, bad position
utf8.offset(s, n [, i]) -> the byte where the n-th character begins
]==]

local library = {lines = {}}

local by_value = {}
for line in LINES:gmatch("[^\n]+") do
  local folder, name = line:match("^(%w+)%.(%w+)%(")
  name = name or line:match("^(%w+)%(")
  local place = folder and _G[folder] or _G
  if type(place) == "table" and place[name] ~= nil then
    by_value[place[name]] = line
    library.lines[#library.lines + 1] = line
  end
end

--- library.of(v) -> the line about a function of Lua's library, or nil.
function library.of(v)
  return by_value[v]
end

return library
