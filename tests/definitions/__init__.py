"""What is found when a function is defined."""
