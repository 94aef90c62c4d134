-- csv_spec.lua - tables as text: what is read, what it becomes, what is refused and where

local nn = require "nnlua"
local support = require "tests.spec.support"

local raises, parse = support.raises, nn.io.parse_csv
local path

before_each(function() path = os.tmpname() end)
after_each(function() os.remove(path) end)

local function write(text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
  return path
end

local function read(name)
  local file <close> = assert(io.open(name, "rb"))
  return file:read("a")
end

local IRIS = "length,width,species\n5.1,3.5,setosa\n7,3.2,virginica\n6.3,3.3,setosa\n"

describe("nn.io.load_csv", function()
  it("gives columns by name and number", function()
    local t = nn.io.load_csv(write(IRIS))
    assert.same({"length", "width", "species"}, t.names)
    assert.equal(3, t.rows)
    assert.equal("Table of 3 rows: length, width, species", tostring(t))
    assert.equal("float32", t:column("length"):dtype())
    support.equal(t:column("width", {dtype = "float64"}),
                  nn.tensor({3.5, 3.2, 3.3}, {dtype = "float64"}))
    assert.is_true(t:column(1) == t:column("length"))
    support.equal(t:tensor(), nn.tensor {{5.1, 3.5}, {7, 3.2}, {6.3, 3.3}})
    support.equal(t:tensor {"width"}, nn.tensor {{3.5}, {3.2}, {3.3}})
    assert.equal("float64", t:tensor({dtype = "float64"}):dtype())
    assert.same({"setosa", "virginica", "setosa"}, t:text("species"))
    assert.same({"5.1", "7", "6.3"}, t:text("length"))
  end)

  it("codes a column as classes, in the order of another file if asked", function()
    local t = nn.io.load_csv(write(IRIS))
    local labels, classes = t:classes("species")
    assert.same({"setosa", "virginica"}, classes)
    support.equal(labels, nn.tensor({1, 2, 1}, {dtype = "int64"}))
    labels = t:classes("species", {classes = {"virginica", "setosa"}})
    assert.same({2, 1, 2}, labels:totable())
    raises({"row 2 of column 'species' is 'virginica'", "1 classes"}, t.classes, t, "species",
           {classes = {"setosa"}})
    labels, classes = parse("digit\n10\n9\n10\n"):classes("digit")
    assert.same({"9", "10"}, classes)
    assert.same({2, 1, 2}, labels:totable())
    raises({"row 1", "nan"}, t.classes, parse("a\nnan\n"), "a")
  end)

  it("reads gzip, and returns nil and a message for a file that cannot be read", function()
    local packed = path .. ".gz"
    finally(function() os.remove(packed) end)
    assert.is_true(nn.io.save_csv(packed, parse(IRIS)))
    assert.same({"setosa", "virginica", "setosa"}, nn.io.load_csv(packed):text("species"))
    local t, message = nn.io.load_csv("/none.csv")
    assert.is_nil(t)
    assert.equal("cannot read '/none.csv': No such file or directory", message)
  end)

  it("leaves nothing behind when memory is out", function()
    write(IRIS)
    local t = nn.io.load_csv(path)
    for _, run in ipairs {
      function() nn.io.load_csv(path) end,
      function() nn.io.save_csv(path, t) end,
    } do
      assert.is_true(support.failing_allocations(run) > 4)
    end
    assert.equal(IRIS, read(path))
  end)
end)

describe("nn.io.parse_csv", function()
  it("follows RFC 4180: quotes, doubled quotes, line ends inside and of all kinds", function()
    local t = parse('\xEF\xBB\xBFa,"b ""c"""\r\n"x,y",1\r"1\n2",2\n\r\n"""",3')
    assert.same({"a", 'b "c"'}, t.names)
    assert.same({"x,y", "1\n2", '"'}, t:text("a"))
    assert.same({1, 2, 3}, t:column(2):totable())
  end)

  it("knows a header by its having no number, or is told", function()
    assert.same({"1", "2"}, parse("1,x\n2,y\n").names)
    assert.equal(2, parse("1,x\n2,y\n").rows)
    assert.same({"1", "x"}, parse("1,x\n2,y\n", {header = true}).names)
    assert.equal(2, parse("a,x\n2,y\n", {header = false}).rows)
    assert.same({"1", "x"}, parse(",x\n2,y\n").names)
    assert.same({0, 0}, parse("a,b\n"):tensor():shape()[1] == 0 and {0, 0} or nil)
  end)

  it("takes other delimiters", function()
    assert.same({{1, 2}, {3, 4}}, parse("1;2\n3;4", {delimiter = ";"}):tensor():totable())
    assert.same({{1, 2}, {3, 4}}, parse("1\t2\n3\t4", {delimiter = "\t"}):tensor():totable())
    for _, delimiter in ipairs {"", ",,", "e", "1", ".", "-", '"', "\n"} do
      raises({"bad option 'delimiter'"}, parse, "1", {delimiter = delimiter})
    end
  end)

  it("reads numbers to the last bit, whatever the locale", function()
    local texts = {"0.1", "1e22", "1e23", "9007199254740993", "123456789012345678901234567890",
                   "4.9e-324", "2.4703282292062327e-324", "1.7976931348623157e308", "1e400", "-0.0",
                   "+.5", "5.", "0.000000000000000000000000000001", "8.5e-23",
                   "2.2250738585072011e-308", "1e-400", "00012", "9.5367431640625e-7"}
    local before = os.setlocale(nil, "numeric")
    finally(function() os.setlocale(before, "numeric") end)
    local expected = {}
    for i, text in ipairs(texts) do expected[i] = text * 1.0 end
    for _, locale in ipairs {"C", "de_DE.UTF-8"} do
      os.setlocale(locale, "numeric") -- only where the system has it
      local found = parse(table.concat(texts, "\n")):column(1, {dtype = "float64"}):totable()
      for i, value in ipairs(expected) do
        assert.equal(("<d"):pack(value), ("<d"):pack(found[i]), texts[i])
      end
    end
    local odd = parse("inf\n-Infinity\nNaN\n 2 \n"):column(1):totable()
    assert.is_true(odd[1] == math.huge and odd[2] == -math.huge and odd[3] ~= odd[3])
    assert.equal(2, odd[4])
    for _, text in ipairs {"0x10", "1e", ".", "1_000", "1.2.3", "--1", "nan(1)", "1 2", "e5"} do
      raises({"line 1, column 1 ('1'): '" .. text .. "' is not a number"}, parse, text,
             {header = false, types = {["1"] = "number"}})
    end
  end)

  it("names line, column and its name where a number is bad or missing", function()
    raises({"text: line 3, column 2 ('b'): '2x' is not a number"}, parse, 'a,b\n"1\n",2x\n', {
      types = {b = "number", a = "text"}})
    local t = parse("a,b\n1,2\n3,two\n")
    raises({"column 'b'", "holds texts: line 3 holds 'two'"}, t.column, t, "b")
    raises({"column 'b'", "line 3 holds 'two'"}, t.tensor, t, {"a", "b"})
    raises({"line 3, column 1 ('a'): the cell is empty", 'missing = "nan"'}, parse,
           "a,b\n1,2\n,4\n")
    local x = parse("a,b\n1,2\n ,4\n", {missing = "nan"}):column("a"):totable()
    assert.is_true(x[1] == 1 and x[2] ~= x[2])
    assert.same({"x", ""}, parse("a,b\nx,1\n,2\n"):text("a"))
  end)

  it("names the line of what is no table", function()
    raises({"line 3 has 1 cell, expected 2"}, parse, "a,b\n1,2\n3\n")
    raises({"line 2 has 3 cells, expected 2"}, parse, "a,b\n1,2,3\n")
    raises({"line 2, column 2: the quote has no end"}, parse, 'a,b\n1,"2\n3,4\n')
    raises({"line 2, column 1: text behind the closing quote"}, parse, 'a,b\n"1"2,3\n')
    raises({"line 2, column 2: a quote inside a cell"}, parse, 'a,b\n1,2"3\n')
    raises({"two columns have the name 'a'"}, parse, "a,b,a\n1,2,3\n")
    raises({"the CSV text is empty"}, parse, "\n\n")
    raises({"UTF-16"}, parse, "\xFF\xFEa\0")
  end)

  it("keeps the columns asked for, and checks its options", function()
    local t = parse(IRIS, {columns = {"width", 1}})
    assert.same({"width", "length"}, t.names)
    assert.same({3, 2}, t:tensor():shape())
    raises({"no column 'widht'", "did you mean 'width'?"}, parse, IRIS, {columns = {"widht"}})
    raises({"no column 'x'", "'types'"}, parse, IRIS, {types = {x = "text"}})
    raises({"bad option 'types'", "'number' or 'text' expected"}, parse, IRIS,
           {types = {width = "float"}})
    raises({"bad option 'header'"}, parse, IRIS, {header = "maybe"})
    raises({"bad option 'missing'", "error|nan"}, parse, IRIS, {missing = "zero"})
    raises({"did you mean 'header'?"}, parse, IRIS, {headers = true})
    assert.same({"5.1", "7", "6.3"}, parse(IRIS, {types = {length = "text"}}):text(1))
  end)

  it("refuses columns that are not there, and dtypes that cannot hold the values", function()
    local t = parse(IRIS)
    raises({"no column 'widht'", "did you mean 'width'?"}, t.column, t, "widht")
    raises({"1..3 expected, got 4"}, t.column, t, 4)
    raises({"1..3 expected, got nil"}, t.column, t)
    raises({"column 'width' holds values that int64 cannot hold"}, t.column, t, "width",
           {dtype = "int64"})
    local big = parse("id\n9007199254740991\n"):column("id", {dtype = "int64"})
    assert.equal(9007199254740991, big:totable()[1])
  end)
end)

describe("nn.io.save_csv", function()
  it("writes numbers that read back as the same ones, shortly", function()
    nn.manual_seed(1)
    assert.is_true(nn.io.save_csv(path, nn.tensor({{0.1, 1e300}, {-2, 1 / 3}}, {dtype = "float64"}),
                                  {names = {"a", "b"}}))
    assert.equal("a,b\n0.1,1e+300\n-2,0.3333333333333333\n", read(path))
    for _, dtype in ipairs {"float32", "float64"} do
      local x = (nn.randn(200, 3, {dtype = dtype}) * 1e-3):exp()
      assert.is_true(nn.io.save_csv(path, x))
      support.equal(nn.io.load_csv(path):tensor({dtype = dtype}), x)
    end
    local y = nn.tensor({1, math.maxinteger}, {dtype = "int64"})
    assert.is_true(nn.io.save_csv(path, {{"n", y}, {"s", {"a,b", 'say "x"'}}}))
    assert.equal('n,s\n1,"a,b"\n9223372036854775807,"say ""x"""\n', read(path))
    assert.is_true(nn.io.save_csv(path, nn.tensor({true, false}, {dtype = "bool"})))
    assert.equal("1\n0\n", read(path))
  end)

  it("brings back texts of every kind", function()
    local texts = {"", " x ", "a\nb", '"', ",", "ü", "\r", "0\0"}
    for _, delimiter in ipairs {",", ";"} do
      assert.is_true(nn.io.save_csv(path, {{"s", texts}}, {delimiter = delimiter}))
      local t = nn.io.load_csv(path, {delimiter = delimiter, types = {s = "text"}})
      assert.same(texts, t:text("s"))
    end
  end)

  it("raises for bad arguments, and the file is intact", function()
    write("old")
    raises({"3 dimensions"}, nn.io.save_csv, path, nn.zeros(1, 2, 3))
    raises({"list of columns expected, got number"}, nn.io.save_csv, path, 3)
    raises({"list of 2 names"}, nn.io.save_csv, path, nn.zeros(1, 2), {names = {"a"}})
    raises({"column 2 is [3], expected [2]"}, nn.io.save_csv, path,
           {{"a", {"x", "y"}}, {"b", nn.zeros(3)}, {"c", {"x", "y"}}})
    raises({"row 2 of column 1 is a number"}, nn.io.save_csv, path, {{"a", {"x", 3}}})
    raises({"column 1 is not a pair"}, nn.io.save_csv, path, {{3, {"x"}}})
    local ok, message = nn.io.save_csv("/none/x.csv", nn.zeros(1))
    assert.is_nil(ok)
    assert.is_truthy(message:find("No such file", 1, true))
    assert.equal("old", read(path))
  end)
end)
