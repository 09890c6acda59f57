"""Driver mode: the signs of one driver, judged from numbers and time, without pixels."""
