"""`make eval`: the figures on every set, through the program's public commands, held against floors that only rise."""
