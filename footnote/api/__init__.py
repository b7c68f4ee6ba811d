"""The HTTP API: Footnote's own routes under `/api/v1`, OpenAI's shapes under `/v1`."""
