-- autoencoder.lua - digits squeezed through two numbers and drawn again from these
--
--   nnlua experiments/autoencoder.lua [--epochs 20] [--code 2] [--data DIR] [--out DIR]
--   nnlua experiments/autoencoder.lua --checkpoint-every 1 --out DIR, then --resume DIR
--
-- An encoder makes a short code of each image, a decoder an image of the code; both learn from the
-- difference of the pixels alone. No label is used, yet the codes of one digit come to lie
-- together: a picture shows the plane of codes, another some digits beside what became of them.

local nn = require "nnlua"
local cli = require "nnlua.cli"

local opts = cli.parse("autoencoder", "Compresses digits to a few numbers.", {
  {"epochs", 20, "passes over the training images", min = 1},
  {"hidden", {128, 32}, "sizes of the encoder's hidden layers; the decoder's are the reverse",
   min = 1},
  {"code", 2, "numbers in a code", min = 1},
  {"batch", 64, "images in a batch", min = 1},
  {"lr", 0.002, "learning rate", above = 0},
  {"train", 10000, "training images", min = 1, max = 60000},
  {"test", 2000, "test images", min = 10, max = 10000},
  {"seed", 42, "of weights and shuffling", min = 0, max = 2 ^ 32 - 1},
  {"data", nil, "folder of the MNIST files", kind = "string", metavar = "DIR"},
  {"out", nil, "folder for the results (default: runs/autoencoder/DATE-TIME)", kind = "string",
   metavar = "DIR"},
  {"no_plots", false, "draw no pictures", once = true},
  cli.live, table.unpack(cli.checkpoints),
}, arg)

nn.manual_seed(opts.seed)
local digits = cli.try("autoencoder", nn.data.digits,
                       {train = opts.train, test = opts.test, dir = opts.data})
local x, test_x = nn.data.pixels(digits.train.images), nn.data.pixels(digits.test.images)
local note = digits.source == "mnist" and "" or (" (%s)"):format(digits.title)

-- Linear layers of the given sizes, ReLU between them.
local function chain(sizes)
  local part = nn.Sequential()
  for i = 1, #sizes - 1 do
    if i > 1 then part:add(nn.ReLU()) end
    part:add(nn.Linear(sizes[i], sizes[i + 1]))
  end
  return part
end

local sizes = {x:size(2), table.unpack(opts.hidden)}
sizes[#sizes + 1] = opts.code
local reversed = {}
for i, size in ipairs(sizes) do reversed[#sizes + 1 - i] = size end

local encoder, decoder = chain(sizes), chain(reversed):add(nn.Sigmoid())
local model = nn.Sequential(encoder, decoder)
print(("%s: %d training, %d test images"):format(digits.title, opts.train, opts.test))
print(model:summary {1, x:size(2)})

local optimizer = nn.optim.Adam(model:parameters(), {lr = opts.lr})
local train = nn.data.loader {dataset = nn.data.TensorDataset(x, x), batch_size = opts.batch,
                              shuffle = true}
local run <close> = cli.try("autoencoder", nn.run, {
  name = "autoencoder", dir = opts.resume or opts.out, resume = opts.resume ~= nil,
  config = {options = opts, data = digits.title, layers = sizes, nnlua = nn.version},
  columns = {"epoch", "loss", "validation_loss"},
})

local function line(row)
  return ("epoch %2d  train error %.4f  test error %.4f%s"):format(row.epoch, row.loss,
                                                                   row.validation_loss, note)
end

cli.try("autoencoder", nn.fit, {
  model = model, criterion = nn.MSELoss(), optimizer = optimizer,
  train = train, validation = {test_x, test_x}, batch_size = 1000, epochs = opts.epochs,
  callbacks = {nn.fit.log(run, line), nn.fit.stop_on_nan()}, live = opts.live,
  checkpoint = cli.fit_checkpoint(opts, run:path("checkpoints"), #train),
})
cli.try("autoencoder", nn.io.save_safetensors, run:path("model.safetensors"), model:state_dict(),
        {data = digits.title, layers = table.concat(sizes, "-")})

-- Rows of originals, each above the row of what the decoder made of their codes.
local function draw_reconstructions(count, columns)
  local h, w = digits.test.images:size(2), digits.test.images:size(3)
  local originals = test_x[{ {1, count} }]
  local copies = nn.no_grad(function() return model(originals) end)
  local images, labels = {}, {}
  for first = 1, count, columns do
    local last = math.min(first + columns - 1, count)
    for _, rows in ipairs {originals, copies} do
      for i = first, last do
        images[#images + 1] = rows[i]:reshape(h, w)
        labels[#labels + 1] = rawequal(rows, originals) and "digit" or "copy"
      end
    end
  end
  assert(nn.plot.images(run:path("reconstructions.png"), {
    images = images, columns = columns, labels = labels, range = {0, 1},
    title = ("Digits and their copies from %d numbers%s"):format(opts.code, note)}))
end

-- The first two numbers of each code.
local function draw_codes()
  local codes = nn.no_grad(function() return encoder(test_x) end)
  assert(nn.plot.points(run:path("codes.png"), {
    points = codes[{ {}, {1, 2} }], labels = digits.test.labels, classes = digits.classes,
    title = "Where the encoder puts test digits" .. note,
    xlabel = "first number of the code", ylabel = "second number"}))
end

local function draw_pictures()
  draw_reconstructions(10, 5)
  if opts.code >= 2 then draw_codes() end
end
if not opts.no_plots then
  local drawn, message = pcall(draw_pictures)
  if not drawn then io.stderr:write("no pictures: ", message, "\n") end
end
print("results in " .. run.dir)
