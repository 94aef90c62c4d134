-- pictures.lua - what the specs of nn.plot share: a folder of their own, and pictures read back by
-- programs that did not draw them: PNG files by libpng, PDF files by poppler's pdftotext.

local lfs = require "lfs"
local nn = require "nnlua"

local pictures = {}

--- Texts that a shell, gnuplot, its enhanced mode, its printf or XML would take for something else.
pictures.HOSTILE =
  [[a "b" 'c' \n \101 `touch x` $(touch x) $HOME @term {/Bold d}_2^3 %d %% <e> &amp; # ä€]]

--- An empty folder of its own.
function pictures.folder()
  local path = os.tmpname()
  os.remove(path)
  assert(lfs.mkdir(path))
  return path
end

--- Removes a folder of files.
function pictures.remove(folder)
  for name in lfs.dir(folder) do os.remove(folder .. "/" .. name) end
  assert(lfs.rmdir(folder))
end

function pictures.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

-- XML's entities undone.
local function unescaped(text)
  return (text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&apos;", "'")
              :gsub("&amp;", "&"))
end

--- The texts of an SVG, entities undone.
function pictures.texts(path)
  local texts = {}
  for text in pictures.read(path):gmatch("<text[^>]*>(.-)</text>") do
    texts[#texts + 1] = unescaped(text:gsub("<[^>]*>", ""))
  end
  return texts
end

--- Fails unless each of the texts stands in the SVG, as a whole.
function pictures.shows(path, ...)
  local shown = {}
  for _, text in ipairs(pictures.texts(path)) do shown[text] = true end
  for _, text in ipairs {...} do
    assert(shown[text], ("'%s' is not among: %s"):format(text,
                                                         table.concat(pictures.texts(path), " | ")))
  end
end

local Png = {}
Png.__index = Png

--- The pixels of a PNG: {width, height}, and methods.
function pictures.png(path)
  local x = assert(nn.io.load_png(path))
  return setmetatable({x = x:to("int64"), width = x:size(3), height = x:size(2)}, Png)
end

--- The colour at x, y, from 1 at the top left: {red, green, blue}.
function Png:at(x, y)
  return self.x[{{1, 3}, y, x}]:totable()
end

--- [height, width]: 1 where a pixel has this colour ("#rrggbb"), up to `margin` (default 1) in each
--- channel.
function Png:mask(colour, margin)
  local mask
  for c = 1, 3 do
    local v = tonumber(colour:sub(2 * c, 2 * c + 1), 16)
    local hit = (self.x[c] - v):abs():le(margin or 1):to("int64")
    mask = mask and mask * hit or hit
  end
  return mask
end

-- The stretches of a list of numbers that are not 0, longer than two: list of {first, last}.
local function stretches(list)
  local found, first = {}, nil
  for i = 1, #list + 1 do
    local hit = list[i] and list[i] > 0
    if hit and not first then
      first = i
    elseif not hit and first then
      if i - first > 2 then found[#found + 1] = {first, i - 1} end
      first = nil
    end
  end
  return found
end

--- The areas of a colour that no column of pixels without it parts, from left to right: list of
--- {left, right, top, bottom, count}. Of rows below `from` only: not of title and legend.
function Png:areas(colour, margin, from)
  local mask, areas = self:mask(colour, margin), {}
  if from then mask[{{1, from}}]:fill_(0) end
  for i, columns in ipairs(stretches(mask:sum(1):totable())) do
    local part = mask[{{}, {columns[1], columns[2]}}]
    local rows = part:sum(2):totable()
    local top, bottom = 1, #rows
    while rows[top] == 0 do top = top + 1 end
    while rows[bottom] == 0 do bottom = bottom - 1 end
    areas[i] = {left = columns[1], right = columns[2], top = top, bottom = bottom,
                count = part:sum():item()}
  end
  return areas
end

--- The words of a one-page PDF, with their boxes in points: list of {text, left, top, right,
--- bottom}, and the page's width and height.
function pictures.words(path)
  local pipe = assert(io.popen("pdftotext -bbox '" .. path .. "' -", "r"))
  local xml = pipe:read("a")
  assert(pipe:close(), "pdftotext failed")
  local words = {}
  for left, top, right, bottom, text in
    xml:gmatch('<word xMin="(.-)" yMin="(.-)" xMax="(.-)" yMax="(.-)">(.-)</word>') do
    words[#words + 1] = {text = unescaped(text), left = tonumber(left), top = tonumber(top),
                         right = tonumber(right), bottom = tonumber(bottom)}
  end
  local width, height = xml:match('<page width="([%d.]+)" height="([%d.]+)"')
  return words, tonumber(width), tonumber(height)
end

--- Fails unless all words of the PDF lie within the page and none meets another. A box is as high
--- as the font's highest and lowest letters: a fifth of it, at either end, is left out.
--- Gives the words and the page's width.
function pictures.assert_legible(path)
  local words, width, height = pictures.words(path)
  assert(#words > 0, "there are no words")
  for i, a in ipairs(words) do
    assert(a.left >= 0 and a.top >= 0 and a.right <= width and a.bottom <= height,
           ("'%s' leaves the page"):format(a.text))
    for k = 1, i - 1 do
      local b = words[k]
      local across = math.min(a.right, b.right) - math.max(a.left, b.left)
      local down = math.min(a.bottom, b.bottom) - math.max(a.top, b.top)
      local room_x = 0.2 * math.min(a.right - a.left, b.right - b.left)
      local room_y = 0.2 * math.min(a.bottom - a.top, b.bottom - b.top)
      assert(across <= room_x or down <= room_y,
             ("'%s' and '%s' meet in %s"):format(b.text, a.text, path))
    end
  end
  return words, width
end

return pictures
