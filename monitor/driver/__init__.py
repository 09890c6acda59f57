"""Driver mode: the state of one driver, judged from numbers and time, without pixels."""
