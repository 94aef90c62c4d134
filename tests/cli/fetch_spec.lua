-- fetch_spec.lua - data/fetch, with small files in MNIST's place and no network
--
-- The script runs in a folder of its own, with a list of checksums made for the test; a file://
-- address stands for a mirror.

local support = require "tests.cli.support"

local quote, shell = support.quote, support.shell

local NAMES = {"train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

describe("data/fetch", function()
  local folder, source, fetched

  before_each(function()
    folder = support.folder()
    source, fetched = folder .. "/source", folder .. "/project/data/mnist"
    shell(("mkdir -p %s/project/data %s && cp data/fetch %s/project/data"):format(
      folder, source, folder))
    for i, name in ipairs(NAMES) do
      support.write_file(source .. "/" .. name, (name .. "\n"):rep(1000 * i))
    end
    shell(("cd %s && sha256sum * >../project/data/mnist.sha256 && gzip %s"):format(
      source, NAMES[1]))
  end)
  after_each(function() support.remove(folder) end)

  local function fetch(arguments, environment)
    local variables = "-u NNLUA_DATA NNLUA_MIRRORS=file:///none " .. (environment or "")
    return shell(("cd / && env %s %s/project/data/fetch %s"):format(
      variables, folder, arguments or ""))
  end

  -- The files in data/mnist, hidden ones too.
  local function names()
    return shell("ls -A " .. quote(fetched)).stdout
  end

  local both = NAMES[2] .. "\n" .. NAMES[1] .. ".gz\n"

  it("copies from --from DIR, and says nothing when all is there", function()
    assert.equal(0, fetch("--from " .. source).status)
    assert.equal(both, names())
    local again = fetch()
    assert.same({status = 0, stdout = "", stderr = ""}, again)
  end)

  it("copies from $NNLUA_DATA and from ../shared/mnist", function()
    assert.equal(0, fetch("", "NNLUA_DATA=" .. source).status)
    assert.equal(both, names())
    shell(("rm -r %s && mkdir %s/shared && mv %s %s/shared/mnist"):format(
      fetched, folder, source, folder))
    assert.equal(0, fetch().status)
    assert.equal(both, names())
  end)

  it("downloads, from the next mirror when one has nothing", function()
    shell("cd " .. source .. " && gzip " .. NAMES[2])
    local result = fetch("", ("NNLUA_MIRRORS='file:///none file://%s'"):format(source))
    assert.equal(0, result.status)
    assert.equal(NAMES[2] .. ".gz\n" .. NAMES[1] .. ".gz\n", names())
  end)

  it("resumes a download that broke off", function()
    shell("cd " .. source .. " && gzip " .. NAMES[2])
    shell(("mkdir %s && cd %s && head -c 20 %s/%s.gz >%s.gz.part"):format(
      fetched, fetched, source, NAMES[1], NAMES[1]))
    assert.equal(0, fetch("", "NNLUA_MIRRORS=file://" .. source).status)
    assert.equal(NAMES[2] .. ".gz\n" .. NAMES[1] .. ".gz\n", names())
  end)

  it("refuses damaged files and leaves none behind", function()
    support.write_file(source .. "/" .. NAMES[2], "not what the list says")
    local result = fetch("--from " .. source)
    assert.equal(1, result.status)
    assert.truthy(result.stderr:find(source .. "/" .. NAMES[2] .. " is damaged", 1, true))
    assert.truthy(result.stderr:find("not found and not downloaded: " .. NAMES[2] .. " (", 1, true))
    assert.equal(NAMES[1] .. ".gz\n", names())
  end)

  it("replaces a damaged file", function()
    assert.equal(0, fetch("--from " .. source).status)
    support.write_file(fetched .. "/" .. NAMES[2], "damaged")
    support.write_file(fetched .. "/" .. NAMES[1], "damaged")
    assert.equal(0, fetch("--from " .. source).status)
    assert.equal(both, names())
    assert.equal("", fetch().stdout)
  end)

  it("fails without the files, unless they are optional", function()
    local result = fetch()
    assert.equal(1, result.status)
    assert.truthy(result.stderr:find("run data/fetch --from FOLDER", 1, true))
    local optional = fetch("--optional --offline")
    assert.equal(0, optional.status)
    assert.truthy(optional.stderr:find("synthetic digits will be used", 1, true))
    assert.equal("", names())
  end)

  it("names a bad option or folder", function()
    assert.equal(2, fetch("--form x").status)
    local result = fetch("--from /none")
    assert.equal(2, result.status)
    assert.equal("fetch: --from: no such folder: /none\n", result.stderr)
  end)

  it("fetches another set, by the sums of its compressed files", function()
    shell(("cd %s && gzip -f %s; sha256sum *.gz >../project/data/kmnist.sha256"):format(
      source, NAMES[2]))
    local mirror = ("NNLUA_MIRRORS=file://%s"):format(source)
    local result = fetch("kmnist", mirror)
    assert.equal(0, result.status, result.stderr)
    assert.equal("", names()) -- MNIST's folder is not there
    fetched = folder .. "/project/data/kmnist"
    assert.equal(NAMES[2] .. ".gz\n" .. NAMES[1] .. ".gz\n", names())
    assert.equal("", fetch("kmnist").stdout)
    -- the same bytes, compressed otherwise, are another file
    shell(("cd %s && gzip -dc %s.gz | gzip -1 >x && mv x %s.gz"):format(fetched, NAMES[1],
                                                                      NAMES[1]))
    local again = fetch("kmnist --offline")
    assert.equal(1, again.status)
    assert.truthy(again.stderr:find("put the KMNIST files into a folder and run data/fetch kmnist",
                                    1, true), again.stderr)
    shell(("mv %s %s/kmnist"):format(source, folder))
    assert.equal(0, fetch("kmnist", "NNLUA_DATA=" .. folder).status)
  end)

  it("names a set that it does not know", function()
    local result = fetch("cifar")
    assert.equal(2, result.status)
    assert.equal("fetch: no data set 'cifar': mnist, fashion_mnist or kmnist\n", result.stderr)
    assert.equal(2, fetch("mnist kmnist").status)
  end)
end)
