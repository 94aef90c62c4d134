-- Rows of cells as lines of text with aligned columns.
--
-- Widths are counted in characters, not bytes: names hold arrows.

local text_table = {}

local function pad(text, width, right)
  local space = (" "):rep(width - utf8.len(text))
  return right and space .. text or text .. space
end

--- text_table.lines(rows, left) -> list of lines. The first `left` columns are aligned to the left,
--- the others to the right; two spaces stand between columns, none at the end of a line.
function text_table.lines(rows, left)
  local width, lines = {}, {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do width[i] = math.max(width[i] or 0, utf8.len(cell)) end
  end
  for i, row in ipairs(rows) do
    local cells = {}
    for j, cell in ipairs(row) do cells[j] = pad(cell, width[j], j > left) end
    lines[i] = table.concat(cells, "  "):gsub(" +$", "")
  end
  return lines
end

return text_table
