"""The janitor: find and remove what nobody needs any more. Light."""
