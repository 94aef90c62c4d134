-- index.lua - whether the index of runs says what the folders say, and SQLite's own shell reads it

local support = require "tests.cli.support"

local index = {}

--- index.query(root, sql) -> what sqlite3's shell prints, without the last newline
function index.query(root, sql)
  local result = support.shell(("sqlite3 %s %s"):format(support.quote(root .. "/index.sqlite"),
                                                        support.quote(sql)))
  return ((result.stdout .. result.stderr):gsub("\n$", ""))
end

--- index.problem(root) -> what is wrong with the index of the runs below root after a listing, or
--- nil. A folder counts once there is a file of a run in it; what the index has of them is what it
--- has once it is made anew.
function index.problem(root)
  local listing = support.run("runs --json --dir " .. support.quote(root))
  if listing.status ~= 0 or listing.stderr ~= "" then return listing.stderr end
  local said = index.query(root, "PRAGMA integrity_check; SELECT count(*) FROM runs")
  local folders = support.shell(("find %s -name run.json -printf '%%h\\n' -o -name config.json "
    .. "-printf '%%h\\n' -o -name metrics.csv -printf '%%h\\n' | sort -u | wc -l"):format(
      support.quote(root)))
  local expected = "ok\n" .. folders.stdout:match("%d+")
  if said ~= expected then return ("sqlite3 says %s, expected %s"):format(said, expected) end
  support.run("runs rebuild --dir " .. support.quote(root))
  local anew = support.run("runs --json --dir " .. support.quote(root))
  if anew.stdout ~= listing.stdout then return "the index differs from the folders" end
end

return index
