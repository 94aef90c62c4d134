# documentation.awk - the comments of src/bind that document Lua functions, as entries of a C array
#
# A comment documents if it stands at the left margin and begins with the signature of a function or
# a method as users call it: nn.zeros(...), x:matmul(...). Its lines go on behind "** ".
# {"text", "file", line} for each; a text longer than C's guaranteed 4095 characters is an error.

function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/\?/, "\\?", text) # no trigraphs
    gsub(/\n/, "\\n", text)
    return "\"" text "\""
}

function finish() {
    sub(/ *\*\/.*$/, "", text)
    if (length(text) > 4000) {
        printf "%s:%d: the comment is too long\n", FILENAME, line > "/dev/stderr"
        exit 1
    }
    printf "{%s, %s, %d},\n", quoted(text), quoted(FILENAME), line
    text = ""
}

/^\/\* [a-z]+([.:][A-Za-z_][A-Za-z_0-9]*)+\(/ && !/^\/\* core\./ {
    text = substr($0, 4)
    line = FNR
    if ($0 ~ /\*\//) finish()
    next
}

text != "" {
    part = $0
    sub(/^\*\* ?/, "", part)
    text = text "\n" part
    if ($0 ~ /\*\//) finish()
}
