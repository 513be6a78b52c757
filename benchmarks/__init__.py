"""Speed against the usual ways of doing the same."""
