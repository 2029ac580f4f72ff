"""A pitch day: the running order, the team before the jury, the timer, the screen in the hall."""
