"""The outside world, standing in: separate processes with their own books, reached over real HTTP only."""
