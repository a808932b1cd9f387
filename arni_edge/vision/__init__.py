"""Eyes: counts people per zone in a worker process, and keeps what is known about it in the daemon."""
