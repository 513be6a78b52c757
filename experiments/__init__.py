"""The course's claims, each measured with a control over several seeds; `make claims` runs them again."""
