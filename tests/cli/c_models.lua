-- c_models.lua FOLDER - exports the models of exported_models.lua as C, with a program around them
--
-- NAME.c, NAME.input and NAME.output: 3 rows of floats each; and main.c, which runs all of them and
-- prints "NAME passed" where no output differs by more than 4 + sqrt(K) units of 2^-24 of the
-- largest output. K counts the terms of the sums that an output goes through: the engine adds in
-- another order, so that roundings of half a unit with random signs differ; 4 units are for
-- functions, of which the engine's are within 2 ulp and those of libm within 1.

local models = require "tests.cli.exported_models"
local nn = require "nnlua"

local folder = arg[1]

local MAIN = [[
#include <stdio.h>
#include <stdlib.h>
%s
static float input[10000], output[10000], right[10000];

static void get(const char *path, float *data, size_t count)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fread(data, sizeof(float), count, file) != count) {
        perror(path);
        exit(1);
    }
    fclose(file);
}

static void compare(const char *name, void run(const float *, float *), int in, int out, int terms)
{
    char path[4096];
    float largest = 0, difference = 0;
    snprintf(path, sizeof path, "%%s/%%s.input", "%s", name);
    get(path, input, (size_t)(3 * in));
    snprintf(path, sizeof path, "%%s/%%s.output", "%s", name);
    get(path, right, (size_t)(3 * out));
    for (int row = 0; row < 3; row++) run(input + row * in, output + row * out);
    for (int i = 0; i < 3 * out; i++) {
        if (!(fabsf(output[i] - right[i]) <= difference)) difference = fabsf(output[i] - right[i]);
        largest = fmaxf(largest, fabsf(right[i]));
    }
    double units = (double)(difference / largest) * 16777216.0;
    if (units <= 4 + sqrt(terms))
        printf("%%s passed\n", name);
    else
        printf("%%s failed: %%g units\n", name, units);
}

int main(void)
{
%s    return 0;
}
]]

local includes, calls = {}, {}
for _, entry in ipairs(models) do
  local name, shape, model = table.unpack(entry)
  if entry.c ~= false then
    model(models.batch(entry, 8)) -- what has running statistics has some now
    local source = nn.export.c_source(model, {input_shape = shape, name = "net_" .. name})
    assert(nn.io.write_file(("%s/%s.c"):format(folder, name), source))
    model:eval()
    local x = models.batch(entry, 3)
    local stem = ("%s/%s"):format(folder, name)
    assert(nn.io.write_file(stem .. ".input", x:to("float32"):tobytes()))
    assert(nn.io.write_file(stem .. ".output", model(x):to("float32"):tobytes()))
    local terms = 0
    for _, tensor in ipairs(model:parameters()) do
      terms = terms + tensor:numel() // tensor:size(1)
    end
    includes[#includes + 1] = ('#include "%s.c"\n'):format(name)
    print(name)
    calls[#calls + 1] = ('    compare("%s", net_%s, NET_%s_INPUT_SIZE, NET_%s_OUTPUT_SIZE, %d);\n')
      :format(name, name, name:upper(), name:upper(), terms)
  end
end
assert(nn.io.write_file(folder .. "/main.c", MAIN:format(table.concat(includes), folder, folder,
                                                          table.concat(calls))))
