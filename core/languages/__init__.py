"""The languages of pages for people, and what the service says in each of them."""
