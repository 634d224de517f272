"""Commands about the program itself: what is installed, and how a shell completes its words."""
