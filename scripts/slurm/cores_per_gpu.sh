#!/bin/bash
# Print how many cores the cluster's nodes have for each of their GPUs, the fewest; all of a node without GPUs.
sinfo --noheader --Node --format='%c %G' | awk '{
  gpus = match($2, /gpu[^,(]*:[0-9]+/) ? substr($2, RSTART, RLENGTH) : "1"
  sub(/.*:/, "", gpus); share = int($1 / gpus)
  if (!least || share < least) least = share
} END { print least ? least : 1 }'
