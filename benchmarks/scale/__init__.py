"""Past one machine: what a cluster, shards, several homes and several processes give and cost."""
