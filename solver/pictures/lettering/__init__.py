"""Names in pictures: letters that fonts have, and labels that do not cover each other."""
