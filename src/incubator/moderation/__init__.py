"""The queue, remarks, accepting or returning work, and advancing teams."""
