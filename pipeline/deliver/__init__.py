"""From a digest (or its reviewed file) to the group: document → parts in the target's unit → sent once, with a receipt."""
