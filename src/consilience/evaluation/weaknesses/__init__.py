"""Where the model fails: weak slices, unequal groups, wrong rows, wrong labels, worn inputs, leaks."""
