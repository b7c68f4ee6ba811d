"""Documents → synthetic examples → adapter → proof → promotion."""
