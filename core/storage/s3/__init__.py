"""The object store: any S3 endpoint."""
