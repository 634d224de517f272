"""Commands that ask more than one answer can say: each solves many problems, or one in many ways."""
