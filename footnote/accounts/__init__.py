"""People: registered, signed in, allowed, shared with, audited."""
