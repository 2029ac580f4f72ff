"""The installation as a whole: whose it is, whom to ask for help, and how it is set up when it is new."""
