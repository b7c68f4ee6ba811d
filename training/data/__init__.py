"""Examples: weak pairs, synthetic pairs, people's questions; the split; hard negatives."""
