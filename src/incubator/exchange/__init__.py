"""What teams show each other: opened work and peers' remarks, published cases, and the search over what one may read."""
