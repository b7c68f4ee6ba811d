"""E-mail: MIME, Outlook, TNEF, mailboxes and calendars."""
