-- A sweep's file run as a script: one trial, what it reports and comes to.

local cli = require "nnlua.cli"
local core = require "nnlua.core"
local open_sqlite = require "nnlua.sweep.storage.sqlite"
local options = require "nnlua.options"
local proposal = require "nnlua.sweep.proposal"
local settings = require "nnlua.sweep.settings"
local Store = require "nnlua.sweep.storage.store"
local study = require "nnlua.sweep.study"
local Tpe = require "nnlua.sweep.sampler.tpe"
local Trial = require "nnlua.sweep.trial"

-- The internal values of the parameters that --set leaves open: those of the first good point, else
-- the middle of each range, the first of each list.
local function defaults(sweep)
  local internal, point = {}, sweep.points[1] or {}
  for _, distribution in ipairs(sweep.distributions) do
    internal[distribution.name] = point[distribution.name] or distribution:middle()
  end
  return internal
end

-- Of the values that --set gives: those of the sweep's parameters, the others, which the trial may
-- ask for while it runs. A name that resembles a parameter's is a mistake.
local function sort_out(program, sweep, values)
  local own, other, known = {}, {}, options.sorted_keys(sweep.given.parameters)
  for _, name in ipairs(options.sorted_keys(values)) do
    if sweep.given.parameters[name] ~= nil then
      own[name] = values[name]
    else
      local hint = options.suggest(name, known)
      if hint ~= "" then
        cli.fail(program, ("option '--set': the sweep has no parameter '%s'%s"):format(name, hint),
                 2)
      end
      other[name] = values[name]
    end
  end
  return own, other
end

-- The trial's row, as a worker claims it, of a study that lives in memory.
local function claim(store, sweep, repetition)
  local found = study.create(store, sweep)
  local internal = defaults(sweep)
  store:add(found.id, 1, {internal = internal, params = sweep:values(internal),
                          key = proposal.key(sweep, internal)}, repetition)
  local row
  for i = 1, repetition do -- a worker of its own for each: one has one trial at a time
    row = store:claim(found.id, "alone " .. i, {lease = math.huge, attempts = 1})
  end
  return row
end

local function metrics_text(metrics)
  local words = {}
  for i, name in ipairs(options.sorted_keys(metrics)) do
    words[i] = name .. " " .. settings.short(metrics[name])
  end
  return table.concat(words, "  ")
end

--- alone(sweep): runs one trial with the values of --set on the command line.
return function(sweep)
  local program = arg[0]
  local opts = cli.parse(program, ("Runs one trial of the sweep '%s'; nnlua sweep %s runs all.")
    :format(sweep.name, program), {
      {"set", nil, "values of parameters (default: of the first point, or the middle of the range)",
       kind = "string", many = true, metavar = "NAME=VALUE"},
      {"repetition", 1, "which of the sweep's seeds", min = 1},
    }, arg)
  local values, message = settings.parse(opts.set)
  if not values then cli.fail(program, message, 2) end
  local own, other = sort_out(program, sweep, values)
  sweep = cli.try(program, sweep.with, sweep, own)
  sweep.pruner = nil -- the trial is run to its end
  local store <close> = Store(assert(open_sqlite(":memory:")))
  local row = claim(store, sweep, opts.repetition)
  local trial <close> = Trial(sweep, store, row, {
    lease = math.huge, fixed = other, tpe = function() return Tpe(sweep.sign) end,
    dir = ("%s/alone/%s"):format(study.folder(sweep.name), os.date("%Y%m%d-%H%M%S")),
    reported = function(step, metrics)
      print(("%d: %s"):format(step, metrics_text(metrics)))
    end,
  })
  print(("%s: %s"):format(sweep.name, settings.line(row.params)))
  core.manual_seed(trial.seed)
  local result = sweep.run(trial, trial.params)
  for _, name in ipairs(options.sorted_keys(other)) do
    if row.params[name] == nil then
      io.stderr:write(("%s: the trial never asked for '%s'%s\n"):format(program, name,
        options.suggest(name, options.sorted_keys(row.params))))
    end
  end
  local value = result or trial:value()
  if math.type(value) == nil then
    cli.fail(program, ("the metric '%s' was never reported"):format(sweep.metric))
  end
  print(("%s %s"):format(sweep.metric, settings.text(value)))
end
