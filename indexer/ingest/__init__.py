"""Files found, compared with what is indexed, read and written."""
