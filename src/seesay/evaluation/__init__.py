"""Models answer on data, and what they answer is scored and compared."""
