"""Use cases on datasets that stored documents answer: uploads and profiles. Light."""
