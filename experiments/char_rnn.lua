-- char_rnn.lua - an LSTM learns a text character by character and writes in its manner
--
--   nnlua experiments/char_rnn.lua [FILE]        learn FILE, or without one nnlua's documentation
--   nnlua experiments/char_rnn.lua --from runs/char_rnn/DATE-TIME/model.safetensors --sample 1000
--   nnlua experiments/char_rnn.lua --checkpoint-every 5 --out DIR, then --resume DIR
--   nnlua experiments/char_rnn.lua --help
--
-- The text is cut into as many streams as a batch has rows. Every step of training reads the next
-- few characters of all streams and is told to predict the one after each; the state goes on from
-- step to step, the gradient does not (truncated backpropagation through time). Ends in a sample, a
-- picture of the losses, and the model with its alphabet, from which --from writes more.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local NAME = "char_rnn"

local opts = cli.parse(NAME, "A character LSTM learns a text and writes in its manner.", {
  {"text", "", "the file to learn; without one nnlua's documentation", positional = true},
  {"epochs", 20, "passes over the text", min = 1},
  {"batch", 16, "streams that are read at the same time", min = 1},
  {"steps", 64, "characters that a gradient goes back", min = 1},
  {"hidden", 256, "units of a layer", min = 1},
  {"layers", 1, "LSTM layers", min = 1},
  {"embedding", 32, "numbers that stand for a character", min = 1},
  {"dropout", 0.2, "share of each layer's output that is dropped while training", min = 0,
   below = 1},
  {"lr", 0.003, "learning rate of Adam at the start; it falls to a tenth", above = 0},
  {"clip", 5.0, "largest norm of a gradient", above = 0},
  {"held_out", 0.05, "share of the text, its end, for the validation loss", min = 0, max = 0.5},
  {"sample", 300, "characters to write", min = 0},
  {"temperature", 0.7, "of the samples: 0 takes the likeliest character, 1 draws by probability",
   min = 0},
  {"prime", "", "what a sample begins with"},
  {"from", nil, "a saved model to write with, instead of learning", kind = "string",
   metavar = "FILE"},
  {"seed", 42, "of weights, dropout and samples", min = 0, max = 2 ^ 32 - 1},
  {"out", nil, "folder for the results (default: runs/char_rnn/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  {"no_plots", false, "draw no picture", once = true},
  cli.live, table.unpack(cli.checkpoints),
}, arg)

-- Characters are those of UTF-8, or bytes where a text is not UTF-8.
local function characters(text)
  local list = {}
  for character in text:gmatch(utf8.len(text) and utf8.charpattern or ".") do
    list[#list + 1] = character
  end
  return list
end

-- The distinct characters in order; alphabet.index[character] is its number.
local function new_alphabet(list)
  local alphabet, index = {}, {}
  for _, character in ipairs(list) do
    if not index[character] then
      index[character] = 0
      alphabet[#alphabet + 1] = character
    end
  end
  table.sort(alphabet)
  for i, character in ipairs(alphabet) do index[character] = i end
  alphabet.index = index
  return alphabet
end

-- The numbers of the characters of a list, as a tensor [n].
local function encode(alphabet, list)
  local numbers = {}
  for i, character in ipairs(list) do
    numbers[i] = alphabet.index[character]
    if not numbers[i] then
      error(("the model has never seen the character '%s'"):format(character), 0)
    end
  end
  return nn.tensor(numbers, {dtype = "int64"})
end

-- The network: scores of the next character, for characters [steps, rows] and the state before.
local CharRNN = nn.class("CharRNN", nn.Module)

function CharRNN:init(size, config)
  self.embedding = nn.Embedding(size, config.embedding)
  self.lstm = nn.LSTM(config.embedding, config.hidden,
                      {num_layers = config.layers, dropout = config.dropout})
  self.dropout = nn.Dropout(config.dropout)
  self.output = nn.Linear(config.hidden, size)
end

function CharRNN:forward(x, h, c)
  local y
  y, h, c = self.lstm(self.embedding(x), h, c)
  return self.output(self.dropout(y)), h, c
end

-- Writes n characters behind `prime`, in eval mode; draws come from a generator of their own, so
-- that samples do not change the training.
local function write(model, alphabet, n, prime)
  local generator = nn.Generator(opts.seed)
  local begin = characters(prime ~= "" and prime or alphabet.index["\n"] and "\n" or alphabet[1])
  model:eval()
  local text = nn.no_grad(function()
    local x, h, c = encode(alphabet, begin):reshape(-1, 1), nil, nil
    local written = {}
    for i = 1, n do
      local scores
      scores, h, c = model(x, h, c)
      scores = scores[{-1, 1}]
      local number
      if opts.temperature == 0 then
        number = scores:argmax():item()
      else
        local shares = nn.softmax(scores / opts.temperature):totable()
        local left = nn.rand({generator = generator, dtype = "float64"}):item()
        number = 1
        while number < #shares and left >= shares[number] do
          left = left - shares[number]
          number = number + 1
        end
      end
      written[i] = alphabet[number]
      x = nn.full({1, 1}, number, {dtype = "int64"})
    end
    return table.concat(written)
  end)
  model:train()
  return prime .. text
end

-- A saved model is its tensors and, as text, what it takes to build it and read its numbers.
local function save(path, model, alphabet)
  return nn.io.save_safetensors(path, model:state_dict(), {
    alphabet = nn.io.json_encode(nn.io.json_array(table.move(alphabet, 1, #alphabet, 1, {}))),
    config = nn.io.json_encode({hidden = opts.hidden, layers = opts.layers,
                                embedding = opts.embedding, dropout = opts.dropout}),
  })
end

local function load_model(path)
  local dict, metadata = nn.io.load_safetensors(path)
  if not dict then return nil, metadata end
  if not (metadata and metadata.alphabet and metadata.config) then
    error(path .. ": not a model of char_rnn: it has no alphabet", 0)
  end
  local alphabet = new_alphabet(nn.io.json_decode(metadata.alphabet))
  local model = CharRNN(#alphabet, nn.io.json_decode(metadata.config))
  return model:load_state_dict(dict), alphabet
end

if opts.from then
  local model, alphabet = cli.try(NAME, load_model, opts.from)
  print(cli.try(NAME, write, model, alphabet, opts.sample, opts.prime))
  return
end

-- The text: a file, or the documentation that lies beside this script's folder.
local function read_file(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text = file:read("a")
  file:close()
  if not text then return nil, path .. ": cannot be read" end
  return text
end

local function documentation()
  local folder, parts = (arg[0]:match("^(.*/)") or "") .. "../", {}
  for i, name in ipairs {"README.md", "docs/guide.md", "docs/reference.md"} do
    local text, message = read_file(folder .. name)
    if not text then return nil, message .. ": give a file to learn" end
    parts[i] = text
  end
  return table.concat(parts, "\n")
end

local text = opts.text == "" and cli.try(NAME, documentation) or cli.try(NAME, read_file, opts.text)
local title = opts.text == "" and "nnlua's documentation" or opts.text
local list = characters(text)
local alphabet = new_alphabet(list)
local numbers = #list > 0 and encode(alphabet, list) or nn.zeros(0, {dtype = "int64"})
local held_out = math.floor(#list * opts.held_out)
local rows = (#list - held_out - 1) // opts.batch -- characters of a stream
if rows < opts.steps then
  cli.fail(NAME, ("%s has %d characters: too few for %d streams of %d steps"):format(
    title, #list, opts.batch, opts.steps))
end

-- [rows, batch]: stream b is column b; the targets are one character further.
local function streams(first)
  return numbers[{{first, first + rows * opts.batch - 1}}]:reshape(opts.batch, rows):t()
           :contiguous()
end
local x, y = streams(1), streams(2)
local validation = held_out > 1 and numbers[{{#list - held_out + 1, #list}}] or nil

nn.manual_seed(opts.seed)
local model = CharRNN(#alphabet, opts)
local criterion = nn.CrossEntropyLoss()
local parameters = model:parameters()
local optimizer = nn.optim.Adam(parameters, {lr = opts.lr})

local function loss_of(scores, targets)
  return criterion(scores:reshape(-1, #alphabet), targets:reshape(-1))
end

-- The mean loss of predicting the held-out text, read from its beginning; NaN where there is none.
local function validate()
  if not validation then return 0 / 0 end
  model:eval()
  local n = #validation
  local loss = nn.no_grad(function()
    return loss_of((model(validation[{{1, n - 1}}]:unsqueeze(2))), validation[{{2, n}}]):item()
  end)
  model:train()
  return loss
end

local run <close> = cli.try(NAME, nn.run, {
  name = NAME, dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts, text = title, alphabet = #alphabet},
  columns = {"epoch", "train_loss", "validation_loss", "lr"},
})

-- What goes on from step to step besides model and optimizer: the state of all streams, and the sum
-- of the epoch's losses.
local memory, batches = {total = 0}, rows // opts.steps
local saver <close> = cli.try(NAME, nn.checkpoint.saver, run:path("checkpoints"),
                              {model = model, optimizer = optimizer, run = run, extra = memory},
                              {every = opts.checkpoint_every and opts.checkpoint_every * batches,
                               resume = opts.resume ~= nil})
print(("%s: %d characters, %d different ones; LSTM of %d x %d units"):format(
  title, #list, #alphabet, opts.layers, opts.hidden))

local progress <close> = cli.progress {
  total = opts.epochs, unit = "epoch", start = saver.step / batches,
  curves = opts.live and {history = run.history, x = "epoch",
                          y = {"train_loss", "validation_loss"}}}
local started = nn.clock()

-- One step, on that batch of every stream.
local function train(batch)
  local part = {{(batch - 1) * opts.steps + 1, batch * opts.steps}}
  optimizer:zero_grad()
  local scores, h, c = model(x[part], memory.h, memory.c)
  memory.h, memory.c = h:detach(), c:detach()
  local loss = loss_of(scores, y[part])
  loss:backward()
  nn.clip_grad_norm(parameters, opts.clip) -- recurrent networks have steep places
  optimizer:step()
  memory.total = memory.total + loss:item()
  return loss:item()
end

-- The row of an epoch; now and then, a sample.
local function report(epoch)
  local train_loss = memory.total / batches
  run:log {epoch = epoch, train_loss = train_loss, validation_loss = validate(),
           lr = optimizer.groups[1].lr}
  progress:print(("epoch %d, %.0f s: training loss %.3f, validation loss %.3f"):format(
    epoch, nn.clock() - started, train_loss, run:last("validation_loss")))
  if train_loss ~= train_loss then
    cli.fail(NAME, ("the loss is not a number after epoch %d; try a smaller --lr"):format(epoch))
  end
  if opts.sample > 0 and (epoch & (epoch - 1) == 0 or epoch == opts.epochs) then
    local sample = cli.try(NAME, write, model, alphabet, opts.sample, opts.prime)
    progress:print("  | " .. sample:gsub("\n", "\n  | "))
  end
end

-- One loop over the steps of all epochs, so that a checkpoint may stand anywhere in it.
for step = saver.step + 1, opts.epochs * batches do
  local epoch, batch = (step - 1) // batches + 1, (step - 1) % batches + 1
  if batch == 1 then
    -- Along a cosine from lr to lr/10.
    local way = (1 + math.cos(math.pi * (epoch - 1) / opts.epochs)) / 2
    optimizer.groups[1].lr = opts.lr * (0.1 + 0.9 * way)
    memory.h, memory.c, memory.total = nil, nil, 0
  end
  local loss = train(batch)
  progress:update(step / batches, ("loss %.3f"):format(loss))
  if batch == batches then report(epoch) end
  saver:update(step)
end
saver:close()
progress:finish()

local path = run:path("model.safetensors")
cli.try(NAME, save, path, model, alphabet)
if not opts.no_plots then
  local drawn, message = nn.plot.lines(run:path("loss.png"), {
    x = run.history.epoch, xlabel = "epoch", ylabel = "cross-entropy per character",
    title = ("A character LSTM learns %s"):format(title),
    series = {{name = "train", y = run.history.train_loss},
              {name = "validation", y = run.history.validation_loss}}})
  if not drawn then io.stderr:write("no picture: ", message, "\n") end
end
print(("results in %s; more of this: nnlua %s --from %s"):format(run.dir, arg[0], path))
