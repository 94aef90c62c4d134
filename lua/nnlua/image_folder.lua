-- Folders of images by class: DIR/CLASS/NAME.png, what other programs call an image folder.

local core = require "nnlua.core"
local options = require "nnlua.options"

local image_folder = {}

local function is_png(name)
  return name:lower():find("%.png$") ~= nil and name:sub(1, 1) ~= "."
end

-- The class folders of dir and, in order, {path, label} of each image; or nil and a message.
local function list(dir)
  local names, is_directory = core.io.read_directory(dir)
  if not names then return nil, is_directory end
  local classes, files = {}, {}
  for i, name in ipairs(names) do
    if is_directory[i] and name:sub(1, 1) ~= "." then
      local folder = dir .. "/" .. name
      local inside, message = core.io.read_directory(folder)
      if not inside then return nil, message end
      classes[#classes + 1] = name
      for _, file in ipairs(inside) do
        if is_png(file) then files[#files + 1] = {folder .. "/" .. file, #classes} end
      end
    end
  end
  return classes, files
end

local function size_text(x)
  return "[" .. table.concat(x:shape(), ",") .. "]"
end

--- image_folder.load(dir): nn.io.load_image_folder.
function image_folder.load(dir)
  if type(dir) ~= "string" then
    core.arg_error(1, "load_image_folder", "string expected, got " .. options.type_name(dir))
  end
  local classes, files = list(dir)
  if not classes then return nil, files end
  if #files == 0 then
    options.raise("load_image_folder: '%s' has no sub-folder with PNG files", dir)
  end
  local images, labels = nil, core.zeros(#files, {dtype = "int64"})
  local first
  for i, file in ipairs(files) do
    local image, message = core.io.load_png(file[1])
    if not image then return nil, message end
    if not images then
      first = image
      images = core.zeros(#files, image:size(1), image:size(2), image:size(3), {dtype = "uint8"})
    elseif size_text(image) ~= size_text(first) then
      options.raise("load_image_folder: '%s' is %s, '%s' is %s", file[1], size_text(image),
                    files[1][1], size_text(first))
    end
    images[i] = image
    labels[i] = file[2]
  end
  return images, labels, classes
end

return image_folder
