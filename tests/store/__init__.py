"""What every body of the store must keep: state and log commit together, positions have no holes."""
