"""What can be wrong in a home's data, found and repaired."""
