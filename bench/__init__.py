"""`make bench`: figures of speed and memory, with machine and versions. Nothing here passes or fails."""
