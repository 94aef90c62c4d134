-- A regression tree, and the variance that it and its marginals have over the whole space.
--
-- Invariants: while a tree grows, the samples of a node are a contiguous part of one list per
-- feature, in the order of its values, so that nothing is sorted but once for the whole forest.

local tree = {}

local DEEPEST = 64

-- Where to cut a node, samples first..last of every list, in two: the feature and the threshold (of
-- a choice: the value that leaves the others), or nil if no cut is possible or needed.
local function best_split(features, lists, values, weights, first, last)
  local some = lists[1]
  local weight, sum, lowest, highest = 0, 0.0, math.huge, -math.huge
  for at = first, last do
    local i = some[at]
    local y, w = values[i], weights[i]
    weight, sum = weight + w, sum + w * y
    if y < lowest then lowest = y end
    if y > highest then highest = y end
  end
  local mean = sum / weight
  if lowest == highest then return nil, nil, lowest end
  -- The squared error falls by sum_left^2 / weight_left + sum_right^2 / weight_right, of values
  -- whose mean is 0.
  local best, feature, threshold = 0.0, nil, nil
  for f, list in ipairs(lists) do
    local x = features[f].values
    if features[f].count then
      local sums, counts = {}, {}
      for at = first, last do
        local i = list[at]
        local c, w = x[i], weights[i]
        sums[c] = (sums[c] or 0.0) + w * (values[i] - mean)
        counts[c] = (counts[c] or 0) + w
      end
      for c = 1, features[f].count do
        local part = counts[c]
        if part and part < weight then
          local gain = sums[c] * sums[c] * (1 / part + 1 / (weight - part))
          if gain > best then best, feature, threshold = gain, f, c end
        end
      end
    else
      local left, part = 0.0, 0
      local here = x[list[first]]
      for at = first, last - 1 do
        local i = list[at]
        local w = weights[i]
        left, part = left + w * (values[i] - mean), part + w
        local next_x = x[list[at + 1]]
        if next_x > here then
          local gain = left * left * (1 / part + 1 / (weight - part))
          if gain > best then
            best, feature, threshold = gain, f, here + (next_x - here) / 2
            if threshold >= next_x then threshold = here end -- neighbours among floats
          end
          here = next_x
        end
      end
    end
  end
  return feature, threshold, mean
end

-- Puts the samples that belong to the left half first, in every list, in their order.
local function partition(lists, is_left, spare, first, last)
  local cut
  for _, list in ipairs(lists) do
    local left, right = first, 0
    for at = first, last do
      local i = list[at]
      if is_left[i] then
        list[left] = i
        left = left + 1
      else
        right = right + 1
        spare[right] = i
      end
    end
    table.move(spare, 1, right, left, list)
    cut = left - 1
  end
  return cut
end

-- The space as one box: by feature the part of it that a node covers, {low, high, share}, or
-- {allowed = {value = true}, share} of a choice. Boxes share the parts they do not change.
local function whole(features)
  local box = {}
  for f, feature in ipairs(features) do
    if feature.count then
      local allowed = {}
      for c = 1, feature.count do allowed[c] = true end
      box[f] = {allowed = allowed, share = 1.0}
    else
      box[f] = {low = feature.low, high = feature.high, share = 1.0}
    end
  end
  return box
end

local function halves(features, box, f, threshold)
  local feature, part = features[f], box[f]
  local left, right = {table.unpack(box)}, {table.unpack(box)}
  if feature.count then
    local others = {}
    for c = 1, feature.count do others[c] = part.allowed[c] and c ~= threshold or nil end
    left[f] = {allowed = {[threshold] = true}, share = 1 / feature.count}
    right[f] = {allowed = others, share = part.share - 1 / feature.count}
  else
    local range = feature.high - feature.low
    left[f] = {low = part.low, high = threshold, share = (threshold - part.low) / range}
    right[f] = {low = threshold, high = part.high, share = (part.high - threshold) / range}
  end
  return left, right
end

local function variance_of(shares, values)
  local mean, variance = 0.0, 0.0
  for i, share in ipairs(shares) do mean = mean + share * values[i] end
  for i, share in ipairs(shares) do variance = variance + share * (values[i] - mean) ^ 2 end
  return variance
end

-- The variance of the mean over all features but one. cuts: its thresholds.
local function marginal_variance(feature, f, leaves, cuts)
  local shares, steps = {}, {}
  if feature.count then
    for c = 1, feature.count do
      shares[c], steps[c] = 1 / feature.count, 0.0
      for _, leaf in ipairs(leaves) do
        local part = leaf.box[f]
        if part.allowed[c] then steps[c] = steps[c] + leaf.value * leaf.volume / part.share end
      end
    end
    return variance_of(shares, steps)
  end
  if #cuts == 0 then return 0.0 end
  table.sort(cuts)
  local place, range = {[feature.low] = 1}, feature.high - feature.low
  local low, count = feature.low, 1
  for _, cut in ipairs(cuts) do
    if cut > low then
      shares[count] = (cut - low) / range
      count, low = count + 1, cut
      place[cut] = count
    end
  end
  shares[count] = (feature.high - low) / range
  place[feature.high] = count + 1
  for i = 1, count + 1 do steps[i] = 0.0 end -- differences first
  for _, leaf in ipairs(leaves) do
    local part = leaf.box[f]
    local height = leaf.value * leaf.volume / part.share
    local from, to = place[part.low], place[part.high]
    steps[from] = steps[from] + height
    steps[to] = steps[to] - height
  end
  for i = 2, count do steps[i] = steps[i] + steps[i - 1] end
  return variance_of(shares, steps)
end

--- tree.grower(features, values) -> grow. features: list of {values, low, high} or, of a choice,
--- {values (integers from 1), count}; values: what is learned, one for each sample.
--- grow(weights) -> the variance of the tree that learned from samples with these weights (counts,
--- 0: left out), list of its marginals' variances by feature.
function tree.grower(features, values)
  local sorted = {}
  for f, feature in ipairs(features) do
    local x, list = feature.values, {}
    for i = 1, #values do list[i] = i end
    table.sort(list, function(a, b)
      if x[a] ~= x[b] then return x[a] < x[b] end
      return a < b
    end)
    sorted[f] = list
  end

  return function(weights)
    local lists, cuts, leaves, spare, is_left = {}, {}, {}, {}, {}
    for f, list in ipairs(sorted) do
      lists[f], cuts[f] = {}, {}
      for _, i in ipairs(list) do
        if weights[i] > 0 then lists[f][#lists[f] + 1] = i end
      end
    end
    if #lists == 0 then return 0.0, {} end
    local nodes = {{first = 1, last = #lists[1], depth = 0, box = whole(features)}}
    while #nodes > 0 do
      local node = table.remove(nodes)
      local first, last = node.first, node.last
      local f, threshold, mean = best_split(features, lists, values, weights, first, last)
      if f and node.depth < DEEPEST then
        local x, count, list = features[f].values, features[f].count, lists[f]
        for at = first, last do
          local i = list[at]
          if count then is_left[i] = x[i] == threshold else is_left[i] = x[i] <= threshold end
        end
        local cut = partition(lists, is_left, spare, first, last)
        local left, right = halves(features, node.box, f, threshold)
        cuts[f][#cuts[f] + 1] = threshold
        nodes[#nodes + 1] = {first = cut + 1, last = last, depth = node.depth + 1, box = right}
        nodes[#nodes + 1] = {first = first, last = cut, depth = node.depth + 1, box = left}
      else
        local volume = 1.0
        for _, part in ipairs(node.box) do volume = volume * part.share end
        leaves[#leaves + 1] = {value = mean, volume = volume, box = node.box}
      end
    end

    local volumes, means, marginals = {}, {}, {}
    for l, leaf in ipairs(leaves) do volumes[l], means[l] = leaf.volume, leaf.value end
    for f, feature in ipairs(features) do
      marginals[f] = marginal_variance(feature, f, leaves, cuts[f])
    end
    return variance_of(volumes, means), marginals
  end
end

return tree
