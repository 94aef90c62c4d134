-- nnlua runs - lists the runs that experiments keep
print("runs", #arg, ...)
