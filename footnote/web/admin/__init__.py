"""The pages People, Status and Account."""
